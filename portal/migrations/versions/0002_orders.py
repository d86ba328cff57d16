"""Orders, payments, invoices, billing data, contacts, trials; each term has its edition

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

from portal.kit.db import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice_numbers",
        sa.Column("series", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_invoice_numbers")),
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("refers_to", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("offer", sa.JSON(), nullable=False),
        sa.Column("billing", sa.JSON(), nullable=False),
        sa.Column("seller", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("pdf_made_at", Instant(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["refers_to"], ["invoices.id"], name=op.f("fk_invoices_refers_to_invoices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        sa.UniqueConstraint("series", "year", "sequence", name=op.f("uq_invoices_series_year_sequence")),
    )
    op.create_index(op.f("ix_invoices_platform_id_issued_at"), "invoices", ["platform_id", "issued_at"], unique=False)
    op.create_index(
        "uq_invoices_order",
        "invoices",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("refers_to IS NULL"),
        postgresql_where=sa.text("refers_to IS NULL"),
    )
    op.create_table(
        "billing_profiles",
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postcode", sa.String(length=16), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("province", sa.String(length=40), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("vat_number", sa.String(length=20), nullable=False),
        sa.Column("tax_code", sa.String(length=20), nullable=False),
        sa.Column("recipient_code", sa.String(length=7), nullable=False),
        sa.Column("certified_mail", sa.String(length=320), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_billing_profiles_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_billing_profiles")),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_folded", sa.String(length=320), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_contacts_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint(
            "platform_id", "kind", "email_folded", name=op.f("uq_contacts_platform_id_kind_email_folded")
        ),
    )
    op.create_table(
        "payment_methods",
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_payment_methods_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_payment_methods")),
    )
    op.create_table(
        "seat_reductions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("picked", sa.JSON(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_seat_reductions_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_reductions")),
    )
    op.create_index(op.f("ix_seat_reductions_platform_id"), "seat_reductions", ["platform_id"], unique=False)
    op.create_table(
        "trial_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_folded", sa.String(length=320), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("requested_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("platform_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_trial_requests_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_requests")),
    )
    op.create_index(op.f("ix_trial_requests_email_folded"), "trial_requests", ["email_folded"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("offer", sa.JSON(), nullable=False),
        sa.Column("billing", sa.JSON(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("paid_for", sa.Date(), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("open_until", Instant(), nullable=False),
        sa.Column("paid_at", Instant(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_orders_administrator_id_administrators")
        ),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_orders_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("platform_id", "client_key", name=op.f("uq_orders_platform_id_client_key")),
    )
    op.create_index(op.f("ix_orders_platform_id_placed_at"), "orders", ["platform_id", "placed_at"], unique=False)
    op.create_table(
        "payments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("value_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("way", "reference", name=op.f("uq_payments_way_reference")),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"], unique=False)
    op.create_table(
        "staff_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_staff_tasks_order_id_orders")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_staff_tasks_payment_id_payments")),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_staff_tasks_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_tasks")),
    )
    op.create_index(op.f("ix_staff_tasks_order_id"), "staff_tasks", ["order_id"], unique=False)
    op.create_index(op.f("ix_staff_tasks_platform_id"), "staff_tasks", ["platform_id"], unique=False)
    op.add_column("lots", sa.Column("order_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_lots_order_id"), "lots", ["order_id"], unique=True)
    op.add_column("platforms", sa.Column("next_edition", sa.String(length=32), nullable=True))
    op.add_column("seat_grants", sa.Column("order_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_seat_grants_order_id"), "seat_grants", ["order_id"], unique=True)
    op.add_column("terms", sa.Column("edition", sa.String(length=32), nullable=True))
    op.add_column("terms", sa.Column("trial", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE terms SET edition = (SELECT edition FROM platforms WHERE platforms.id = terms.platform_id), "
        "trial = (SELECT trial FROM platforms WHERE platforms.id = terms.platform_id)"
    )
    with op.batch_alter_table("terms") as terms:
        terms.alter_column("edition", existing_type=sa.String(length=32), nullable=False)
        terms.alter_column("trial", existing_type=sa.Boolean(), nullable=False)
    op.drop_column("platforms", "edition")
    op.add_column("terms", sa.Column("order_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_terms_order_id"), "terms", ["order_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_terms_order_id"), table_name="terms")
    op.drop_column("terms", "order_id")
    op.add_column("platforms", sa.Column("edition", sa.String(length=32), nullable=False, server_default="sms"))
    op.execute(
        "UPDATE platforms SET edition = coalesce((SELECT edition FROM terms WHERE terms.platform_id = platforms.id "
        "ORDER BY starts_on DESC LIMIT 1), edition)"
    )
    op.drop_column("terms", "trial")
    op.drop_column("terms", "edition")
    op.drop_index(op.f("ix_seat_grants_order_id"), table_name="seat_grants")
    op.drop_column("seat_grants", "order_id")
    op.drop_column("platforms", "next_edition")
    op.drop_index(op.f("ix_lots_order_id"), table_name="lots")
    op.drop_column("lots", "order_id")
    op.drop_index(op.f("ix_staff_tasks_platform_id"), table_name="staff_tasks")
    op.drop_index(op.f("ix_staff_tasks_order_id"), table_name="staff_tasks")
    op.drop_table("staff_tasks")
    op.drop_index(op.f("ix_payments_order_id"), table_name="payments")
    op.drop_table("payments")
    op.drop_index(op.f("ix_orders_platform_id_placed_at"), table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("ix_trial_requests_email_folded"), table_name="trial_requests")
    op.drop_table("trial_requests")
    op.drop_index(op.f("ix_seat_reductions_platform_id"), table_name="seat_reductions")
    op.drop_table("seat_reductions")
    op.drop_table("payment_methods")
    op.drop_table("contacts")
    op.drop_table("billing_profiles")
    op.drop_index(
        "uq_invoices_order",
        table_name="invoices",
        sqlite_where=sa.text("refers_to IS NULL"),
        postgresql_where=sa.text("refers_to IS NULL"),
    )
    op.drop_index(op.f("ix_invoices_platform_id_issued_at"), table_name="invoices")
    op.drop_table("invoices")
    op.drop_table("invoice_numbers")
