"""Orders, payments, staff's tasks, invoices, and what is printed on them. Amounts are cents of `currency`.

What an order was made of (choices, offer, billing data) is frozen in it as JSON: prices, addresses and taxes may change
afterwards, and the order does not.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from portal.kit.db import Instant, metadata

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(20), nullable=False),
    Column("client_key", String(64), nullable=False),  # made with the page: a second click finds the first order
    Column("choices", JSON, nullable=False),
    Column("offer", JSON, nullable=False),
    Column("billing", JSON, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("paid_for", Date),  # E as it was when the order was placed
    Column("way", String(16)),
    Column("placed_at", Instant, nullable=False),
    Column("open_until", Instant, nullable=False),
    Column("paid_at", Instant),
    Column("delivered_at", Instant),
    Column("cancelled_at", Instant),
    UniqueConstraint("platform_id", "client_key"),
    Index(None, "platform_id", "placed_at"),
    Index(None, "way", "open_until"),  # the transfers that are awaited
)

_OPEN_PAYMENT = text("ended_at IS NULL")
# One row for each attempt to pay and for each sum that has arrived; money for which no order is found has none.
payments = Table(
    "payments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("order_id", ForeignKey("orders.id"), index=True),
    Column("way", String(16), nullable=False),
    Column("reference", String(120)),  # the provider's, or the bank's: the same one twice is the same money
    Column("address", Text),  # where the customer pays
    Column("state", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount", BigInteger, nullable=False),  # asked for, and once received: what has arrived
    Column("begun_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("value_date", Date),
    UniqueConstraint("way", "reference"),
    Index("ix_payments_open", "id", sqlite_where=_OPEN_PAYMENT, postgresql_where=_OPEN_PAYMENT),
)

_OPEN_TASK = text("closed_at IS NULL")
staff_tasks = Table(
    "staff_tasks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("platform_id", ForeignKey("platforms.id"), index=True),
    Column("order_id", ForeignKey("orders.id"), index=True),
    Column("payment_id", ForeignKey("payments.id"), index=True),
    Column("currency", String(3), nullable=False),
    Column("amount", BigInteger, nullable=False),  # to be given back or matched
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", String(64)),
    Column("note", Text, nullable=False),
    Index("ix_staff_tasks_open", "id", sqlite_where=_OPEN_TASK, postgresql_where=_OPEN_TASK),
)

_INVOICE = text("refers_to IS NULL")  # one invoice for each order; credit notes may be several
_CREDIT_NOTE = text("refers_to IS NOT NULL")
_FORMER = text("number_folded IS NOT NULL")
# An invoice outlives the platform it was written for: it points to it without depending on it.
invoices = Table(
    "invoices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String(2), nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", String(20), nullable=False, unique=True),
    Column("number_folded", String(60)),  # of one of a former system, which is looked for in any case of its letters
    Column("platform_id", Integer, nullable=False),
    Column("order_id", Integer, nullable=False),
    Column("refers_to", ForeignKey("invoices.id")),  # of a credit note: the invoice it corrects
    Column("issued_on", Date, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("offer", JSON, nullable=False),  # lines, treatment, dates
    Column("billing", JSON, nullable=False),
    Column("seller", JSON, nullable=False),
    Column("language", String(8), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("pdf_made_at", Instant),
    Column("note", Text, nullable=False),  # of a credit note: why
    UniqueConstraint("series", "year", "sequence"),
    Index(None, "platform_id", "issued_at"),
    Index("ix_invoices_refers_to", "refers_to", sqlite_where=_CREDIT_NOTE, postgresql_where=_CREDIT_NOTE),
    Index("ix_invoices_number_folded", "number_folded", sqlite_where=_FORMER, postgresql_where=_FORMER),
    Index("uq_invoices_order", "order_id", unique=True, sqlite_where=_INVOICE, postgresql_where=_INVOICE),
)

# The last number given in each series and year. The row is locked while an invoice is written, so none is skipped.
invoice_numbers = Table(
    "invoice_numbers",
    metadata,
    Column("series", String(2), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    Column("last_on", Date, nullable=False),
)

billing_profiles = Table(
    "billing_profiles",
    metadata,
    Column("platform_id", ForeignKey("platforms.id"), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("street", String(200), nullable=False),
    Column("postcode", String(16), nullable=False),
    Column("city", String(100), nullable=False),
    Column("province", String(40), nullable=False),
    Column("country", String(2), nullable=False),
    Column("vat_number", String(20), nullable=False, index=True),
    Column("tax_code", String(20), nullable=False),
    Column("recipient_code", String(7), nullable=False),
    Column("certified_mail", String(320), nullable=False),
    Column("email", String(320), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("updated_at", Instant, nullable=False),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    Column("platform_id", ForeignKey("platforms.id"), primary_key=True),
    Column("way", String(16), nullable=False),
    Column("iban", String(34), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("updated_at", Instant, nullable=False),
)
