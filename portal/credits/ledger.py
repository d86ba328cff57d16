"""The one writer of the ledger: a movement is appended to its lot, and nobody says what is left after it.

The database counts that itself, from the lot's newest movement and the amount, in the statement that writes the row. So
nobody writes a balance, and yet a balance is read off one row of each lot, however many movements it has. Movements are
numbered in their lot, and a number is given once: two who append to the same state of a lot cannot both succeed, even
where somebody has forgotten to hold it. A lot that would fall below zero is refused by the database too.

`find_broken` counts everything anew, for `portal credits verify`: what does not come out was not written here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from portal.credits.tables import Kind, lots, movements
from portal.kit.db import Database

LOTS_AT_ONCE = 1_000  # counted in one statement, so that none takes long


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement to be written. amount: above zero for what comes, below for what goes; row_key: of a spending."""

    lot_id: int
    amount: int
    kind: Kind
    at: datetime
    row_key: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A lot whose rows do not come out. counted: the sum of its movements; stands: what its newest row says."""

    lot_id: int
    counted: int
    stands: int


_newest = movements.alias("newest")
_NUMBER = select(func.max(movements.c.number)).where(movements.c.lot_id == lots.c.id).scalar_subquery()
_AFTER = select(
    lots.c.id,
    func.coalesce(_newest.c.number, 0) + 1,
    bindparam("credits", type_=movements.c.amount.type),
    func.coalesce(_newest.c.remaining, 0) + bindparam("credits", type_=movements.c.amount.type),
    bindparam("what", type_=movements.c.kind.type),
    bindparam("when", type_=movements.c.at.type),
    bindparam("row_key", type_=movements.c.idempotency_key.type),
).select_from(lots.outerjoin(_newest, (_newest.c.lot_id == lots.c.id) & (_newest.c.number == _NUMBER)))
_COLUMNS = ("lot_id", "number", "amount", "remaining", "kind", "at", "idempotency_key")
_APPEND = movements.insert().from_select(_COLUMNS, _AFTER.where(lots.c.id == bindparam("lot")))


def append(db: Connection, entries: Sequence[Entry]) -> None:
    """Write movements, in this order. The caller holds the lots of which something is taken (`queries.lock_lots`)."""
    db.execute(_APPEND, [_row(entry) for entry in entries])


def _row(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"lot": entry.lot_id, "credits": entry.amount, "what": entry.kind, "when": entry.at}
    return row | {"row_key": entry.row_key}


_IN_LOT = {"partition_by": movements.c.lot_id, "order_by": movements.c.number}
_COUNTED = (
    select(
        movements.c.lot_id,
        movements.c.number,
        movements.c.remaining,
        func.row_number().over(**_IN_LOT).label("place"),
        func.sum(movements.c.amount).over(**_IN_LOT).label("counted"),
    )
    .where(movements.c.lot_id.between(bindparam("first"), bindparam("last")))
    .subquery()
)
_WRONG = or_(_COUNTED.c.remaining != _COUNTED.c.counted, _COUNTED.c.number != _COUNTED.c.place)
_BROKEN = select(_COUNTED.c.lot_id).where(_WRONG).distinct().order_by(_COUNTED.c.lot_id)
_SUMS = select(func.sum(movements.c.amount)).where(movements.c.lot_id == bindparam("lot"))
_STANDS = (
    select(movements.c.remaining)
    .where(movements.c.lot_id == bindparam("lot"))
    .order_by(movements.c.number.desc())
    .limit(1)
)


def find_broken(database: Database) -> Iterator[Broken]:
    """Every lot of which a row is not what its movements add up to, or where one is missing in between."""
    with database.read() as db:
        last = db.execute(select(func.max(lots.c.id))).scalar_one() or 0
        for first in range(1, last + 1, LOTS_AT_ONCE):
            some = {"first": first, "last": first + LOTS_AT_ONCE - 1}
            for lot_id in db.execute(_BROKEN, some).scalars().all():
                counted, stands = (db.execute(query, {"lot": lot_id}).scalar_one() for query in (_SUMS, _STANDS))
                yield Broken(lot_id, int(counted), int(stands))
