"""Movements of SMS credits to test with, booked as the portal books them."""

from datetime import datetime

from sqlalchemy import Connection, text

from portal.credits import ledger
from portal.credits.ledger import Entry
from portal.credits.tables import Kind
from tests.helpers.house import House


def book(
    house: House,
    lot_id: int,
    *amounts: int,
    kind: Kind = Kind.SPENT,
    at: datetime | None = None,
    key: str | None = None,
) -> None:
    """Movements of the lot, in this order; `key`: of each, with its number behind it."""
    when = at or house.clock.now()
    keys = [f"{key}#{number}" if key else None for number in range(1, len(amounts) + 1)]
    entries = [Entry(lot_id, amount, kind, when, row) for amount, row in zip(amounts, keys, strict=True)]
    with house.parts.database.write() as db:
        ledger.append(db, entries)


def unchecked(db: Connection) -> None:
    """From here on this database lets a lot fall below zero, as one that somebody has tampered with."""
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    else:
        db.execute(text("ALTER TABLE movements DROP CONSTRAINT IF EXISTS ck_movements_remaining"))


def overdraw(house: House, lot_id: int, amount: int = 10) -> None:
    """Take more out of a lot than there is, which a sound database refuses."""
    with house.parts.database.write() as db:
        unchecked(db)
        ledger.append(db, [Entry(lot_id, -amount, Kind.SPENT, house.clock.now())])
