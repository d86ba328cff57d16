"""The work of the nights, step by step: of several workers one does each step, and one that dies lets go of it.

A row is a step of the night of one business day. A claim is a lease, which the worker prolongs as it goes on; it has a
number (`attempts`), and only the newest one may prolong or end it: a worker that comes back after its lease was taken
over learns of it when it wants to go on. Every step is safe to repeat, so nothing is lost or done twice by either.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    or_,
    select,
    update,
)

from portal.kit.db import Instant, insert_once, metadata

LEASE = timedelta(minutes=10)  # far longer than the slice of a step, after which the lease is prolonged
AGAIN_AFTER = timedelta(minutes=15)  # how long a step rests of which something failed
LONGEST_REPORT = 400  # characters

nights = Table(
    "nights",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("day", Date, nullable=False),  # business date
    Column("step", String(40), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_until", Instant),
    Column("again_at", Instant),  # not before this, where something failed
    Column("done_at", Instant),
    Column("report", String(LONGEST_REPORT), nullable=False),
    UniqueConstraint("day", "step"),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A step of the night of a day, claimed as the n-th attempt."""

    id: int
    day: date
    step: str
    attempts: int


_COLUMNS = [nights.c[name] for name in Claim.__slots__]


def first(db: Connection) -> date | None:
    """The oldest night that was begun, as far as is known."""
    found: date | None = db.execute(select(func.min(nights.c.day))).scalar_one()
    return found


def known(db: Connection, *, since: date) -> dict[tuple[date, str], bool]:
    """Every step of a night since that day that was ever begun, and whether it is done."""
    rows = db.execute(select(nights.c.day, nights.c.step, nights.c.done_at).where(nights.c.day >= since))
    return {(day, step): done_at is not None for day, step, done_at in rows}


def summary(db: Connection, *, since: date) -> tuple[int, datetime | None]:
    """Of the nights since that day: how many steps were begun and are not done, and when one was last done."""
    rows = db.execute(select(nights.c.done_at).where(nights.c.day >= since)).scalars().all()
    done = [at for at in rows if at is not None]
    return len(rows) - len(done), max(done, default=None)


def claim(db: Connection, day: date, step: str, *, at: datetime, anew: bool = False) -> Claim | None:
    """Take the step for the length of a lease; None where somebody has it, or it is done, or rests after a fault.

    anew: also where it is done or rests. It then counts as not done until this attempt ends.
    """
    insert_once(db, nights, {"day": day, "step": step, "attempts": 0, "report": ""})
    mine = (nights.c.day == day) & (nights.c.step == step)
    ready = _over(nights.c.claimed_until, LEASE, at)
    if not anew:
        ready &= nights.c.done_at.is_(None) & _over(nights.c.again_at, AGAIN_AFTER, at)
    values = {"claimed_until": at + LEASE, "attempts": nights.c.attempts + 1, "again_at": None, "done_at": None}
    if db.execute(update(nights).where(mine, ready).values(values)).rowcount != 1:
        return None
    return Claim(*db.execute(select(*_COLUMNS).where(mine)).one())


def _over(until: Column[datetime], longest: timedelta, at: datetime) -> ColumnElement[bool]:
    """Whether this wait is over, or cannot be one: the clock was put back (the demonstration's can be)."""
    return or_(until.is_(None), until <= at, until > at + 2 * longest)


def hold(db: Connection, claim: Claim, *, at: datetime) -> bool:
    """Prolong the lease; False, changing nothing, where somebody else has the step by now."""
    return _change(db, claim, claimed_until=at + LEASE)


def finish(db: Connection, claim: Claim, report: str, *, at: datetime) -> bool:
    """The step is done. False as in `hold`."""
    return _change(db, claim, claimed_until=None, done_at=at, report=report[:LONGEST_REPORT])


def put_off(db: Connection, claim: Claim, report: str, *, at: datetime) -> bool:
    """Something failed: the step rests, and is then taken again. False as in `hold`."""
    return _change(db, claim, claimed_until=None, again_at=at + AGAIN_AFTER, report=report[:LONGEST_REPORT])


def let_go(db: Connection, claim: Claim) -> bool:
    """Leave the step in the middle, to whoever comes next. False as in `hold`."""
    return _change(db, claim, claimed_until=None)


def _change(db: Connection, claim: Claim, **values: object) -> bool:
    mine = (nights.c.id == claim.id) & (nights.c.attempts == claim.attempts) & nights.c.done_at.is_(None)
    return db.execute(update(nights).where(mine).values(values)).rowcount == 1
