"""The lots of a platform with what is left of them, and their movements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, bindparam, func, or_, select

from portal.credits.tables import Kind, lots, movements
from portal.kit import nested
from portal.rules.credits import Lot

PAGE = 25  # movements shown at once


def newest(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    """A column of the newest movement of the lot in the row: found by its number, however many there are."""
    its = select(column).where(movements.c.lot_id == lots.c.id).order_by(movements.c.number.desc())
    return its.limit(1).scalar_subquery()


REMAINING = func.coalesce(newest(movements.c.remaining), 0)  # 0: a purge has erased the movements, and not yet the lot
_LAST_AT = newest(movements.c.at)
_MINE = lots.c.platform_id == bindparam("platform_id")
_LOT = (lots.c.id, lots.c.bought_on, REMAINING, lots.c.kept_until)
_LOTS = select(*_LOT).where(_MINE).order_by(lots.c.bought_on, lots.c.id)
_LOTS_OF_MANY = (
    select(lots.c.platform_id, *_LOT, _LAST_AT)
    .where(lots.c.platform_id.in_(bindparam("platform_ids", expanding=True)))
    .order_by(lots.c.bought_on, lots.c.id)
)
_LAST_MOVEMENTS = select(lots.c.id, _LAST_AT).where(_MINE, _LAST_AT.is_not(None))
_LOCK = select(lots.c.id).where(_MINE).order_by(lots.c.id).with_for_update()
_OF_KEYS = (
    select(movements.c.lot_id, movements.c.amount, movements.c.at)
    .where(movements.c.idempotency_key.in_(bindparam("keys", expanding=True)))
    .order_by(movements.c.id)
)
_JOINED = movements.join(lots)
_NEWEST_FIRST = (
    select(
        movements.c.id,
        movements.c.kind,
        movements.c.amount,
        movements.c.at,
        lots.c.bought_on,
        movements.c.idempotency_key,
    )
    .select_from(_JOINED)
    .where(_MINE)
    .order_by(movements.c.at.desc(), movements.c.id.desc())
    .limit(bindparam("most"))
)
_FROM = select(movements.c.at).select_from(_JOINED).where(_MINE, movements.c.id == bindparam("before"))
_BEFORE = _NEWEST_FIRST.where(
    or_(
        movements.c.at < bindparam("since"),
        (movements.c.at == bindparam("since")) & (movements.c.id < bindparam("before")),
    )
)


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the ledger: so many credits came (above zero) or went (below), in the lot that was bought on a day.

    spending: the key by which the sending service reported it, the same on each row of one spending; else None.
    """

    id: int
    kind: Kind
    amount: int
    at: datetime
    bought_on: date
    spending: str | None


@dataclass(frozen=True, slots=True)
class Movements:
    """A page of the ledger, newest first. older: what to give as `before` for the next one; None at the end."""

    rows: tuple[Movement, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class Wallet:
    """Every lot of a platform, oldest first, and the instant of the newest movement of each, by its id."""

    lots: list[Lot]
    last_movements: dict[int, datetime]


def lots_of(db: Connection, platform_id: int) -> list[Lot]:
    """Every lot of the platform, oldest first; what is left of each stands in its newest movement."""
    return [Lot(*row) for row in db.execute(_LOTS, {"platform_id": platform_id})]


def lots_column(platform_id: ColumnElement[int]) -> ScalarSelect[str]:
    """The lots of the row's platform as a column, which `read_wallet` reads (portal/kit/nested.py)."""
    return select(nested.rows_of(*_LOT, _LAST_AT)).where(lots.c.platform_id == platform_id).scalar_subquery()


def read_wallet(column: str) -> Wallet:
    found = Wallet([], {})
    for lot_id, bought_on, left, kept_until, at in nested.read(column):
        found.lots.append(Lot(lot_id, date.fromisoformat(bought_on), left, nested.day(kept_until)))
        if at is not None:
            found.last_movements[lot_id] = nested.instant(at)
    found.lots.sort(key=lambda lot: (lot.bought_on, lot.lot_id))
    return found


def lots_of_many(db: Connection, platform_ids: Sequence[int]) -> dict[int, Wallet]:
    """The lots of each of these platforms, read at once."""
    found = {platform_id: Wallet([], {}) for platform_id in platform_ids}
    for platform_id, lot_id, bought_on, left, kept_until, at in db.execute(
        _LOTS_OF_MANY, {"platform_ids": platform_ids}
    ):
        found[platform_id].lots.append(Lot(lot_id, bought_on, left, kept_until))
        found[platform_id].last_movements[lot_id] = at
    return found


def newest_lot(db: Connection, platform_id: int) -> int:
    """The id of the lot that was opened last; 0 before there is one."""
    mine = select(func.coalesce(func.max(lots.c.id), 0)).where(lots.c.platform_id == platform_id)
    return int(db.execute(mine).scalar_one())


def lock_lots(db: Connection, platform_id: int) -> set[int]:
    """Hold the platform's lots until the commit; returns the ids of those held.

    Whoever takes credits out of a lot holds it first, and takes from no other: a lot that was bought meanwhile is not
    held, and somebody else may be spending it. In the order of the ids, so that two who lock wait and never embrace.
    """
    return set(db.execute(_LOCK, {"platform_id": platform_id}).scalars())


def last_movements(db: Connection, platform_id: int) -> dict[int, datetime]:
    """The instant of the newest movement of each lot, by its id."""
    return dict(db.execute(_LAST_MOVEMENTS, {"platform_id": platform_id}).tuples().all())


def movements_of(db: Connection, platform_id: int, *, before: int | None = None, limit: int = PAGE) -> Movements:
    """The platform's movements, newest first; `before`: only those older than this one.

    Nothing where the platform has no movement of that id: another platform's is like none. Paged by a key and not by
    a count, so that a spending booked between two pages moves no row from one to the other.
    """
    given: dict[str, object] = {"platform_id": platform_id, "most": limit + 1}
    if before is None:
        found = db.execute(_NEWEST_FIRST, given).all()
    else:
        since = db.execute(_FROM, {"platform_id": platform_id, "before": before}).scalar_one_or_none()
        if since is None:
            return Movements((), None)
        found = db.execute(_BEFORE, given | {"since": since, "before": before}).all()
    rows = tuple(_movement(row) for row in found[:limit])
    return Movements(rows, rows[-1].id if len(found) > limit else None)


def _movement(row: Row[tuple[int, str, int, datetime, date, str | None]]) -> Movement:
    number, kind, amount, at, bought_on, key = row
    return Movement(number, Kind(kind), amount, at, bought_on, key_of_row(key) if key else None)


def rows_of_spending(db: Connection, platform_id: int, key: str, *, lots: int) -> list[tuple[int, int, datetime]]:
    """(lot, amount, instant) of each row of a spending, in the order in which they were taken; [] if there is none.

    lots: how many the platform has now, and so at least as many as it had when it spent.
    """
    keys = [row_key(platform_id, key, number) for number in range(1, lots + 1)]
    return [(lot_id, amount, at) for lot_id, amount, at in db.execute(_OF_KEYS, {"keys": keys})]


def row_key(platform_id: int, key: str, number: int) -> str:
    """What stands in the ledger for the n-th row of a spending: one row for each lot it took from.

    The key is the sending service's own, and two platforms may use the same. The number is what follows the last '#',
    so that "a" and "a#1" are never taken for each other. 9 + 1 + 80 + 1 + 9 characters at most.

    >>> row_key(1234, "batch#7", 2)
    '1234:batch#7#2'
    """
    return f"{platform_id}:{key}#{number}"


def key_of_row(text: str) -> str:
    """The sending service's key back from what `row_key` made."""
    return text.partition(":")[2].rpartition("#")[0]
