"""Invoices and credit notes: numbered when they are issued, frozen as they were written, never changed afterwards.

A number is the next of its series and year (`rules.invoices`). Its counter is a row that stays locked until the commit,
so that of many at once each gets its own, and what is undone takes no number with it. An invoice keeps copies of all it
says and points to platform and order only by their numbers: it outlives both. The PDF is made later, by an errand.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, bindparam, case, func, select, update

from portal.billing.events import Event
from portal.billing.frozen import BillingData, Seller, offer_from_json, offer_to_json
from portal.billing.tables import invoice_numbers, invoices
from portal.kit import audit, outbox
from portal.kit.db import insert_once
from portal.rules import invoices as rules
from portal.rules.dates import business_date
from portal.rules.invoices import FORMER, NoCredit, Series, Share
from portal.rules.money import Money
from portal.rules.pricing import Line, Offer

PDF_ERRAND = "invoice_pdf"
PAGE_SIZE = 25  # invoices on a page of the list


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice, or a credit note with negative amounts. The amounts are those that were written, not computed again.

    refers_to: number and date of the invoice that a credit note corrects; None for an invoice. note: why it does.
    """

    id: int
    number: str
    platform_id: int
    order_id: int
    refers_to: tuple[str, date] | None
    issued_on: date
    issued_at: datetime
    offer: Offer
    billing: BillingData
    seller: Seller
    language: str
    net: Money
    tax: Money
    total: Money
    pdf_made_at: datetime | None
    note: str

    @property
    def is_credit_note(self) -> bool:
        return self.refers_to is not None


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """A page of the list; pages are counted from 1, and there is always one."""

    invoices: list[Invoice]
    page: int
    pages: int


def issue(
    db: Connection,
    *,
    order_id: int,
    platform_id: int,
    offer: Offer,
    billing: BillingData,
    seller: Seller,
    language: str,
    at: datetime,
    zone: ZoneInfo,
) -> Invoice:
    """Write the invoice of a paid order; its PDF follows.

    The caller has seen to it that the order has none; the database's IntegrityError refuses a second one.
    """
    facts: dict[str, Any] = {"order_id": order_id, "platform_id": platform_id, "refers_to": None}
    facts |= {"offer": offer, "billing": billing, "seller": seller, "language": language, "note": ""}
    return _write(db, Series.INVOICE, facts, Share(offer.net, offer.tax), at=at, zone=zone)


def lock_invoice(db: Connection, invoice_id: int) -> None:
    """Nobody else credits the invoice until the commit."""
    db.execute(select(invoices.c.id).where(invoices.c.id == invoice_id).with_for_update())


def credit_note(
    db: Connection, *, invoice: Invoice, amount: Money | None, reason: str, at: datetime, zone: ZoneInfo, **who: str
) -> Invoice | NoCredit:
    """Take back an invoice, or a part of it. amount: positive, tax included; None: all that is left of it.

    A whole invoice is credited line by line, a part in one line. Parties and language are the invoice's own. who: did
    it, as the activity has it. Raises ValueError for another currency.
    """
    if invoice.is_credit_note:
        return NoCredit.NOT_AN_INVOICE
    lock_invoice(db, invoice.id)
    before = credited(db, invoice)
    part = rules.share(invoice.net, invoice.tax, before, amount)
    if isinstance(part, NoCredit):
        return part
    facts = {name: getattr(invoice, name) for name in ("order_id", "platform_id", "billing", "seller", "language")}
    facts |= {"refers_to": (invoice.number, invoice.issued_on), "note": reason}
    facts |= {"offer": _mirrored(invoice.offer, part, whole=part.total == invoice.total)}
    amounts = Share(-part.net, -part.tax)
    written = _write(db, Series.CREDIT_NOTE, facts, amounts, at=at, zone=zone, of=invoice.id)
    _record(db, invoice, written, at, reason=reason, **who)
    return written


def _record(db: Connection, invoice: Invoice, note: Invoice, at: datetime, **told: str) -> None:
    amount = {"cents": -note.total.cents, "currency": note.total.currency}
    about: dict[str, Any] = {"invoice": invoice.number, "credit_note": note.number} | amount | told
    audit.record(db, Event.CREDIT_NOTE_ISSUED, at=at, platform_id=invoice.platform_id, **about)


def _mirrored(offer: Offer, part: Share, *, whole: bool) -> Offer:
    """What a credit note takes back: the negative of each line, or of the part."""
    if whole:
        return replace(offer, lines=tuple(replace(line, unit_price=-line.unit_price) for line in offer.lines))
    return Offer((Line("credit", 1, -part.net),), offer.currency, offer.treatment)


def _write(
    db: Connection,
    series: Series,
    facts: dict[str, Any],
    amounts: Share,
    *,
    at: datetime,
    zone: ZoneInfo,
    of: int | None = None,
) -> Invoice:
    """Number it, store it, and have its PDF made. facts: of the Invoice, as it has them; of: the one it corrects."""
    year = rules.year_of(at, zone)
    sequence, issued_on = _next_number(db, series, year, business_date(at, zone))
    facts |= {"number": rules.number(series, year, sequence), "issued_on": issued_on, "issued_at": at}
    row = facts | {"series": series, "year": year, "sequence": sequence, "refers_to": of}
    row |= {"offer": offer_to_json(facts["offer"]), "currency": facts["offer"].currency}
    row |= {"billing": facts["billing"].to_json(), "seller": facts["seller"].to_json()}
    row |= {"net": amounts.net.cents, "tax": amounts.tax.cents, "total": amounts.total.cents}
    invoice_id = db.execute(_INSERT, row).scalar_one()
    ask_for_pdf(db, invoice_id, at=at, key=f"invoice-pdf:{invoice_id}")
    facts |= {"net": amounts.net, "tax": amounts.tax, "total": amounts.total}
    return Invoice(invoice_id, pdf_made_at=None, **facts)


def _next_number(db: Connection, series: Series, year: int, today: date) -> tuple[int, date]:
    """The next number and its date; the counter stays locked until the commit."""
    asked = {"of_series": series, "of_year": year, "today": today}
    found = db.execute(_NEXT, asked).one_or_none()
    if found is None:  # the first of its year, or several at once: the counter is begun by one of them
        insert_once(db, invoice_numbers, {"series": series, "year": year, "last": 0, "last_on": today})
        found = db.execute(_NEXT, asked).one()
    sequence, issued_on = found
    return int(sequence), issued_on


def ask_for_pdf(db: Connection, invoice_id: int, *, at: datetime, key: str) -> None:
    """Let the worker make the PDF, now or again: it is always the same."""
    outbox.put(db, outbox.ERRAND, PDF_ERRAND, {"invoice_id": invoice_id}, at=at, key=key)


def note_pdf(db: Connection, invoice_id: int, *, at: datetime) -> None:
    """The PDF is there."""
    db.execute(update(invoices).where(invoices.c.id == invoice_id).values(pdf_made_at=at))


_original = invoices.alias("original")
_SELECT: Select[Any] = select(
    invoices, _original.c.number.label("original_number"), _original.c.issued_on.label("original_on")
).outerjoin_from(invoices, _original, invoices.c.refers_to == _original.c.id)
_OURS = invoices.c.series != FORMER  # what a former system issued is read by `billing.former` alone
# Statements are built once: measured, building one anew costs five times as much as running it.
_BY_ID = _SELECT.where(invoices.c.id == bindparam("invoice_id"))
_OF_ORDER = _SELECT.where(invoices.c.order_id == bindparam("of_order"), invoices.c.refers_to.is_(None))
_INSERT = invoices.insert().returning(invoices.c.id)
_LAST_ON = invoice_numbers.c.last_on
_NEXT = (
    update(invoice_numbers)
    .where(invoice_numbers.c.series == bindparam("of_series"), invoice_numbers.c.year == bindparam("of_year"))
    .values(
        last=invoice_numbers.c.last + 1,
        last_on=case((bindparam("today") > _LAST_ON, bindparam("today")), else_=_LAST_ON),
    )
    .returning(invoice_numbers.c.last, _LAST_ON)
)


def get_invoice(db: Connection, invoice_id: int) -> Invoice:
    """Raises NoResultFound for an id that no invoice has."""
    return _invoice(db.execute(_BY_ID, {"invoice_id": invoice_id}).one())


def find_invoice(db: Connection, platform_id: int | None, number: str) -> Invoice | None:
    """The invoice or credit note of this number, if it is one of this platform. None: of any platform, for staff."""
    if not rules.is_number(number):
        return None
    found = db.execute(_SELECT.where(invoices.c.number == number, _OURS)).one_or_none()
    return _invoice(found) if found and platform_id in (None, found.platform_id) else None


def find_invoice_of_order(db: Connection, order_id: int) -> Invoice | None:
    """The invoice of an order, once it is paid."""
    found = db.execute(_OF_ORDER, {"of_order": order_id}).one_or_none()
    return _invoice(found) if found else None


def invoices_of(db: Connection, platform_id: int, *, page: int = 1, size: int = PAGE_SIZE) -> InvoicePage:
    """Invoices and credit notes of a platform, newest first. A page that does not exist is the nearest that does."""
    mine = (invoices.c.platform_id == platform_id) & _OURS
    count = db.execute(select(func.count()).select_from(invoices).where(mine)).scalar_one()
    pages = max(1, -(-count // size))
    page = min(max(1, page), pages)
    newest = _SELECT.where(mine).order_by(invoices.c.issued_at.desc(), invoices.c.id.desc())
    found = db.execute(newest.limit(size).offset((page - 1) * size))
    return InvoicePage([_invoice(row) for row in found], page, pages)


def credit_notes_of(db: Connection, invoice: Invoice) -> list[Invoice]:
    """What has been credited of an invoice, oldest first."""
    found = db.execute(_SELECT.where(invoices.c.refers_to == invoice.id).order_by(invoices.c.id))
    return [_invoice(row) for row in found]


def credited(db: Connection, invoice: Invoice) -> Money:
    """How much of an invoice has been credited, tax included, as a positive amount."""
    notes = select(func.coalesce(func.sum(invoices.c.total), 0)).where(invoices.c.refers_to == invoice.id)
    return Money(-int(db.execute(notes).scalar_one()), invoice.total.currency)


def _invoice(row: Row[Any]) -> Invoice:
    return Invoice(
        id=row.id,
        number=row.number,
        platform_id=row.platform_id,
        order_id=row.order_id,
        refers_to=(row.original_number, row.original_on) if row.original_number else None,
        issued_on=row.issued_on,
        issued_at=row.issued_at,
        offer=offer_from_json(row.offer),
        billing=BillingData.from_json(row.billing),
        seller=Seller.from_json(row.seller),
        language=row.language,
        net=Money(row.net, row.currency),
        tax=Money(row.tax, row.currency),
        total=Money(row.total, row.currency),
        pdf_made_at=row.pdf_made_at,
        note=row.note,
    )
