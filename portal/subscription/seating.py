"""When a term begins with fewer seats: the plan of who goes, made with the renewal and carried out on its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, delete, select, update

from portal.kit import audit
from portal.subscription import queries
from portal.subscription.events import Event
from portal.subscription.tables import seat_reductions


@dataclass(frozen=True, slots=True)
class Reduction:
    """From the business day `due_on` there are fewer seats; `picked`: user names that the customer chose to go."""

    id: int
    platform_id: int
    due_on: date
    picked: tuple[str, ...]


_COLUMNS = [seat_reductions.c[name] for name in Reduction.__slots__]
_OPEN = seat_reductions.c.done_at.is_(None)


def plan_reduction(db: Connection, platform_id: int, *, due_on: date, picked: Sequence[str]) -> None:
    """Plan who goes on `due_on`, the first day of a term with fewer seats; an open plan of that day is replaced.

    Who really goes is decided on the day, by the seats that are paid then: a seat bought meanwhile keeps somebody,
    and where too few are picked the newest follow. Names that belong to nobody are not used.
    """
    queries.lock_platform(db, platform_id)
    withdraw_reduction(db, platform_id, due_on=due_on)
    row = {"platform_id": platform_id, "due_on": due_on, "picked": list(picked)}
    db.execute(seat_reductions.insert().values(row))


def withdraw_reduction(db: Connection, platform_id: int, *, due_on: date) -> bool:
    """Take an open plan back: the term keeps its seats after all. False if there is none."""
    mine = (seat_reductions.c.platform_id == platform_id) & (seat_reductions.c.due_on == due_on)
    return db.execute(delete(seat_reductions).where(mine, _OPEN)).rowcount > 0


def find_reduction(db: Connection, platform_id: int) -> Reduction | None:
    """The next open plan of the platform."""
    mine = select(*_COLUMNS).where(seat_reductions.c.platform_id == platform_id, _OPEN)
    row = db.execute(mine.order_by(seat_reductions.c.due_on).limit(1)).one_or_none()
    return _value(row) if row else None


def due_reductions(db: Connection, today: date) -> list[Reduction]:
    """Every open plan whose day has come, the oldest first; missed days are made up for."""
    due = select(*_COLUMNS).where(_OPEN, seat_reductions.c.due_on <= today)
    return [_value(row) for row in db.execute(due.order_by(seat_reductions.c.due_on, seat_reductions.c.id))]


def finish_reduction(db: Connection, reduction: Reduction, *, at: datetime) -> bool:
    """Mark as carried out; of several workers one gets True, and has to do it in the same transaction."""
    mine = (seat_reductions.c.id == reduction.id) & _OPEN
    if db.execute(update(seat_reductions).where(mine).values(done_at=at)).rowcount == 0:
        return False
    day = reduction.due_on.isoformat()
    audit.record(db, Event.SEATS_REDUCED, at=at, platform_id=reduction.platform_id, due_on=day)
    return True


def _value(row: Row[tuple[object, ...]]) -> Reduction:
    reduction_id, platform_id, due_on, picked = row
    return Reduction(reduction_id, platform_id, due_on, tuple(picked))
