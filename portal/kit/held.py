"""What waited in the outbox when a backup was made, and is held after the restore: nobody knows whether it was done.

A held row counts as done, with the outcome `held`, and keeps what it is made of; so no worker takes it, and every
question after it gets the answer "somebody has to look". An operator lets go of it, and it is done as if it were new,
or drops it with a reason. `portal/restoring.py` holds, the commands of `portal held` decide.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from portal.kit.outbox import Outcome, outbox


@dataclass(frozen=True, slots=True)
class Held:
    """What it is, and for whom; nothing of what it says."""

    id: int
    topic: str
    name: str
    platform_id: int | None
    recipient: str | None
    created_at: datetime


_COLUMNS = [outbox.c[name] for name in Held.__slots__]
_HELD = outbox.c.outcome == Outcome.HELD


def hold_all(db: Connection, *, at: datetime) -> int:
    """Hold every row that is still to be done; returns how many."""
    values = {"done_at": at, "outcome": Outcome.HELD, "claimed_until": None}
    return db.execute(update(outbox).where(outbox.c.done_at.is_(None)).values(values)).rowcount


def find(db: Connection) -> list[Held]:
    """Everything that is held, the oldest first."""
    return [Held(*row) for row in db.execute(select(*_COLUMNS).where(_HELD).order_by(outbox.c.id))]


def release(db: Connection, ids: Collection[int] | None, reason: str, *, at: datetime) -> int:
    """Let these rows be done, or all of them; returns how many. A mail that is no longer true still stays unsent."""
    values = {"done_at": None, "outcome": None, "error": reason, "attempts": 0, "due_at": at}
    return db.execute(update(outbox).where(_those(ids)).values(values)).rowcount


def drop(db: Connection, ids: Collection[int] | None, reason: str, *, at: datetime) -> int:
    """Never do them, or any of them; returns how many."""
    values = {"done_at": at, "outcome": Outcome.DROPPED, "error": reason, "payload": {}}
    return db.execute(update(outbox).where(_those(ids)).values(values)).rowcount


def _those(ids: Collection[int] | None) -> ColumnElement[bool]:
    return _HELD if ids is None else _HELD & outbox.c.id.in_(list(ids))
