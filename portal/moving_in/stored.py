"""What is here already of the platforms that an import speaks of, read as values, many at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select

from portal.accounts.tables import administrators
from portal.billing.tables import invoices
from portal.credits.tables import lots, movements
from portal.rules.seats import Grant
from portal.subscription.tables import platforms, seat_grants, terms

SLICE = 500  # platforms, or invoices, asked for at once: fewer than the parameters a database takes


@dataclass(frozen=True, slots=True)
class StoredTerm:
    starts_on: date
    ends_on: date
    edition: str
    trial: bool


@dataclass(frozen=True, slots=True)
class StoredPerson:
    platform: int
    name: str
    email: str
    language: str
    first: bool
    password_hash: str | None = field(repr=False)
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredLot:
    bought_on: date
    credits: int
    left: int
    kept_until: date | None


@dataclass(slots=True)
class Stored:
    """A platform as it is here, with everything that an import would compare with."""

    id: int
    email: bool
    sms: bool
    company: str
    cancelled_at: datetime | None
    deleted_at: datetime | None
    terms: list[StoredTerm] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    people: dict[str, StoredPerson] = field(default_factory=dict)
    lots: list[StoredLot] = field(default_factory=list)

    @property
    def expires_on(self) -> date | None:
        """E: the terms of a platform that has given up e-mail are history."""
        return self.terms[-1].ends_on if self.email and self.terms else None


@dataclass(frozen=True, slots=True)
class StoredInvoice:
    """former: it came with an import, and was not issued here."""

    number: str
    former: bool
    platform: int
    issued_on: date
    billing: dict[str, Any]
    offer: dict[str, Any]
    seller: dict[str, Any]
    currency: str
    net: int
    tax: int
    total: int


def load(db: Connection, numbers: Iterable[int], *, hold: bool = False) -> dict[int, Stored]:
    """Those of these platforms that are here. hold: nobody changes them until the commit."""
    found: dict[int, Stored] = {}
    for some in _slices(sorted(numbers)):
        found |= _load(db, some, hold)
    return found


def _load(db: Connection, some: list[int], hold: bool) -> dict[int, Stored]:
    columns = [platforms.c[name] for name in ("id", "email_channel", "sms_channel", "company")]
    mine = select(*columns, platforms.c.cancelled_at, platforms.c.deleted_at).where(platforms.c.id.in_(some))
    rows = db.execute(mine.order_by(platforms.c.id).with_for_update() if hold else mine)
    found = {row.id: Stored(*row) for row in rows}
    here = list(found)
    if here:
        _load_terms(db, here, found)
        _load_people(db, here, found)
        _load_lots(db, here, found)
    return found


def _load_terms(db: Connection, here: list[int], found: dict[int, Stored]) -> None:
    columns = [terms.c[name] for name in ("platform_id", *StoredTerm.__slots__)]
    for number, *facts in db.execute(select(*columns).where(terms.c.platform_id.in_(here)).order_by(terms.c.starts_on)):
        found[number].terms.append(StoredTerm(*facts))
    columns = [seat_grants.c[name] for name in ("platform_id", *Grant.__slots__)]
    mine = select(*columns).where(seat_grants.c.platform_id.in_(here))
    for number, *facts in db.execute(mine.order_by(seat_grants.c.id)):
        found[number].grants.append(Grant(*facts))


def _load_people(db: Connection, here: list[int], found: dict[int, Stored]) -> None:
    names = ("username", "platform_id", "full_name", "email", "language", "role", "password_hash", "disabled_at")
    mine = select(*(administrators.c[name] for name in names)).where(administrators.c.platform_id.in_(here))
    for username, number, *facts in db.execute(mine):
        name, email, language, role, *rest = facts
        found[number].people[username] = StoredPerson(number, name, email, language, role == "first", *rest)


def _load_lots(db: Connection, here: list[int], found: dict[int, Stored]) -> None:
    """Those that no order has paid for: what was bought in the portal is never taken for what moves in."""
    bought = func.max(movements.c.amount)  # the purchase: every other movement is below it
    columns = (lots.c.platform_id, lots.c.bought_on, bought, func.sum(movements.c.amount), lots.c.kept_until)
    mine = select(*columns).join(movements).where(lots.c.platform_id.in_(here), lots.c.order_id.is_(None))
    for number, *facts in db.execute(mine.group_by(lots.c.id).order_by(lots.c.id)):
        found[number].lots.append(StoredLot(*facts))


def load_invoices(db: Connection, numbers: Iterable[str], former: str) -> dict[str, StoredInvoice]:
    """Those of these numbers that are here. former: the series of what came with an import."""
    names = ("number", "series", "platform_id", "issued_on", "billing", "offer", "seller")
    columns = [invoices.c[name] for name in (*names, "currency", "net", "tax", "total")]
    found = {}
    for some in _slices(sorted(numbers)):
        for number, series, *facts in db.execute(select(*columns).where(invoices.c.number.in_(some))):
            found[number] = StoredInvoice(number, series == former, *facts)
    return found


def _slices(everything: list[Any]) -> Iterator[list[Any]]:
    rest = iter(everything)
    while some := list(islice(rest, SLICE)):
        yield some
