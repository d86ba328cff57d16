"""Invoices of a former system: the numbers they were issued under, and the figures that were printed, to be looked up.

They are kept beside ours and never taken for ours: no PDF is made of them, nothing of them is credited here, and no
page lays them out as a paper of this portal, which would not be what the customer got. Their series is one of its own,
whose sequence is printed nowhere; their order is a number below zero, since no order of this portal led to them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select, update

from portal.billing.tables import invoice_numbers, invoices
from portal.kit import texts
from portal.kit.db import insert_once
from portal.rules.dates import start_of
from portal.rules.invoices import FORMER
from portal.rules.money import Money

SLICE = 1_000  # rows written with one statement


@dataclass(frozen=True, slots=True)
class Printed:
    """What stood on the paper, as far as it is kept; empty for what was not given. seller: the name at that time."""

    customer: str
    address: str = ""
    vat_number: str = ""
    tax_code: str = ""
    description: str = ""
    seller: str = ""


@dataclass(frozen=True, slots=True)
class FormerInvoice:
    """An invoice of the former system; a credit note has amounts below zero. The amounts are those of the paper."""

    number: str
    platform_id: int
    issued_on: date
    printed: Printed
    net: Money
    tax: Money
    total: Money

    @property
    def is_credit_note(self) -> bool:
        return self.total.cents < 0


_OF_BILLING = ("customer", "address", "vat_number", "tax_code")
_COLUMNS = [
    invoices.c[name]
    for name in ("number", "platform_id", "issued_on", "billing", "offer", "seller", "currency", "net", "tax", "total")
]
_KEPT = invoices.c.series == FORMER


def store(db: Connection, found: Sequence[FormerInvoice], *, at: datetime, zone: ZoneInfo) -> None:
    """Keep them. Raises the database's IntegrityError for a number that is here already."""
    free = {year: _take(db, year, count) for year, count in Counter(one.issued_on.year for one in found).items()}
    least = db.execute(select(func.min(invoices.c.order_id))).scalar_one() or 0
    rows = []
    for place, one in enumerate(found, start=1):
        year = one.issued_on.year
        row = _row(one) | {"year": year, "sequence": free[year], "order_id": min(0, least) - place}
        rows.append(row | {"issued_at": start_of(one.issued_on, zone)})
        free[year] += 1
    for start in range(0, len(rows), SLICE):
        db.execute(invoices.insert(), rows[start : start + SLICE])


def _take(db: Connection, year: int, count: int) -> int:
    """The first of so many free places in the series and year; the counter stays locked until the commit."""
    insert_once(db, invoice_numbers, {"series": FORMER, "year": year, "last": 0, "last_on": date(year, 12, 31)})
    mine = (invoice_numbers.c.series == FORMER) & (invoice_numbers.c.year == year)
    taken = update(invoice_numbers).where(mine).values(last=invoice_numbers.c.last + count)
    return int(db.execute(taken.returning(invoice_numbers.c.last)).scalar_one()) - count + 1


def _row(one: FormerInvoice) -> dict[str, Any]:
    row: dict[str, Any] = {"series": FORMER, "number": one.number, "number_folded": one.number.lower()}
    row |= {"platform_id": one.platform_id}
    row |= {"issued_on": one.issued_on, "language": texts.DEFAULT_LANGUAGE, "note": "", "refers_to": None}
    row |= dict(zip(("billing", "offer", "seller"), to_json(one.printed), strict=True))
    row |= {"currency": one.total.currency, "net": one.net.cents, "tax": one.tax.cents, "total": one.total.cents}
    return row


def to_json(printed: Printed) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """As the three columns of a paper hold it: whom it is for, what was bought, who sold it."""
    facts = asdict(printed)
    return {name: facts[name] for name in _OF_BILLING}, {"description": printed.description}, {"name": printed.seller}


def from_json(billing: Mapping[str, str], offer: Mapping[str, str], seller: Mapping[str, str]) -> Printed:
    facts = dict(billing) | {"description": offer["description"], "seller": seller["name"]}
    return Printed(**{field.name: facts[field.name] for field in fields(Printed)})


def is_former(offer: Mapping[str, Any]) -> bool:
    """Whether the column `offer` of an invoice is one of these: ours has lines."""
    return "lines" not in offer


def invoices_of(db: Connection, platform_id: int) -> list[FormerInvoice]:
    """Those of a platform, newest first; their number is what was, and does not grow."""
    mine = select(*_COLUMNS).where(_KEPT, invoices.c.platform_id == platform_id)
    return [_value(row) for row in db.execute(mine.order_by(invoices.c.issued_at.desc(), invoices.c.id.desc()))]


def find_platform(db: Connection, number: str) -> int | None:
    """The platform of the paper with this number, as it was printed, whatever the case of its letters."""
    mine = select(invoices.c.platform_id).where(invoices.c.number_folded == number.lower())
    return db.execute(mine.limit(1)).scalar_one_or_none()


def _value(row: Row[Any]) -> FormerInvoice:
    amounts = (Money(cents, row.currency) for cents in (row.net, row.tax, row.total))
    printed = from_json(row.billing, row.offer, row.seller)
    return FormerInvoice(row.number, row.platform_id, row.issued_on, printed, *amounts)
