"""The one writer of the ledger: a movement is appended to its lot, and nobody says what is left after it.

That is counted here alone, from the lot's newest movement and the amount. So nobody writes a balance, and yet a balance
is read off one row of each lot, however many movements it has. Movements are numbered in their lot, and a number is
given once: two who append to the same state of a lot cannot both succeed, even where somebody has forgotten to hold it.
A lot that would fall below zero is refused by the database too.

`find_broken` counts everything anew, for `portal credits verify`: what does not come out was not written here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from portal.credits import queries
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


_HEADS = select(lots.c.id, queries.newest(movements.c.number), queries.newest(movements.c.remaining)).where(
    lots.c.id.in_(bindparam("lot_ids", expanding=True))
)
_INSERT = movements.insert()


def begin(db: Connection, entries: Iterable[Entry]) -> None:
    """Write the first movements of lots that were opened in this transaction, in this order."""
    _write(db, entries, {})


def append(db: Connection, entries: Sequence[Entry]) -> None:
    """Write movements, in this order. The caller holds the lots of which something is taken (`queries.lock_lots`)."""
    found = db.execute(_HEADS, {"lot_ids": list({entry.lot_id for entry in entries})})
    _write(db, entries, {lot_id: (number, left) for lot_id, number, left in found if number is not None})


def _write(db: Connection, entries: Iterable[Entry], heads: dict[int, tuple[int, int]]) -> None:
    """heads: of each lot the number of its newest movement, and what is left after it."""
    rows: list[dict[str, Any]] = []
    for entry in entries:
        number, left = heads.get(entry.lot_id, (0, 0))
        heads[entry.lot_id] = number + 1, left + entry.amount
        row: dict[str, Any] = {"lot_id": entry.lot_id, "number": number + 1, "amount": entry.amount}
        row |= {"remaining": left + entry.amount, "kind": entry.kind, "at": entry.at}
        rows.append(row | {"idempotency_key": entry.row_key})
    db.execute(_INSERT, rows)


_LOT, _PLACE = movements.c.lot_id, movements.c.number
_COUNTED = (
    select(
        _LOT,
        _PLACE,
        movements.c.remaining,
        func.row_number().over(partition_by=_LOT, order_by=_PLACE).label("place"),
        func.sum(movements.c.amount).over(partition_by=_LOT, order_by=_PLACE).label("counted"),
    )
    .where(_LOT.between(bindparam("first"), bindparam("last")))
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
