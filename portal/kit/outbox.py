"""What must happen after a commit: a row written before it, and claimed by a worker after it.

A row is a mail to send or a task to do. A claim is a lease: a worker that dies lets go of its row when the lease ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, Integer, String, Table, Text, or_, select, update

from portal.kit.db import Instant, insert_once, metadata

MAIL, TASK = "mail", "task"
LEASE = timedelta(minutes=3)  # longer than any one attempt: the SMTP conversation gives up after 30 s a step
RETRY_AFTER = tuple(
    timedelta(seconds=s) for s in (15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 86400)
)  # about three days in all, after which a person has to look

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(8), nullable=False),
    Column("name", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("recipient", String(320)),
    Column("language", String(8)),
    Column("deduplication_key", String(160), unique=True),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("useless_after", Instant),
    Column("attempts", Integer, nullable=False),
    Column("claimed_until", Instant),
    Column("done_at", Instant),
    Column("outcome", String(16)),
    Column("error", Text),
    Index(None, "done_at", "due_at"),
)


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    topic: str
    name: str
    payload: dict[str, Any]
    recipient: str | None
    language: str | None
    attempts: int
    created_at: datetime
    useless_after: datetime | None


_COLUMNS = [outbox.c[name] for name in Message.__slots__]


def put(
    db: Connection,
    topic: str,
    name: str,
    payload: dict[str, Any],
    *,
    at: datetime,
    recipient: str | None = None,
    language: str | None = None,
    key: str | None = None,
    useless_after: datetime | None = None,
) -> bool:
    """Queue a mail or a task; returns False when a row with this deduplication key is there already."""
    row: dict[str, Any] = {"topic": topic, "name": name, "payload": payload, "recipient": recipient}
    row |= {"language": language}
    row |= {"deduplication_key": key, "created_at": at, "due_at": at, "useless_after": useless_after, "attempts": 0}
    return insert_once(db, outbox, row)


def claim(db: Connection, *, at: datetime) -> Message | None:
    """Take the oldest due row for the length of a lease, or None. Of many workers each gets another row."""
    free = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= at)
    due = (outbox.c.done_at.is_(None), outbox.c.due_at <= at, free)
    candidates = db.execute(select(outbox.c.id).where(*due).order_by(outbox.c.due_at, outbox.c.id).limit(20))
    for (candidate,) in candidates.all():
        taken = db.execute(
            update(outbox)
            .where(outbox.c.id == candidate, *due)
            .values(claimed_until=at + LEASE, attempts=outbox.c.attempts + 1)
        )
        if taken.rowcount == 1:
            return Message(*db.execute(select(*_COLUMNS).where(outbox.c.id == candidate)).one())
    return None


def finish(db: Connection, message: Message, outcome: str, *, at: datetime, error: str | None = None) -> None:
    """Done for good: sent, handled, dropped or failed. What the mail was made of is not kept longer than needed."""
    values = {"done_at": at, "outcome": outcome, "error": error, "claimed_until": None, "payload": {}}
    db.execute(update(outbox).where(outbox.c.id == message.id).values(values))


def retry(db: Connection, message: Message, *, at: datetime, error: str) -> bool:
    """Put off to the next attempt; returns False, and marks the row failed, when there is none left."""
    if message.attempts > len(RETRY_AFTER):
        finish(db, message, "failed", at=at, error=error)
        return False
    due = at + RETRY_AFTER[message.attempts - 1]
    db.execute(update(outbox).where(outbox.c.id == message.id).values(due_at=due, claimed_until=None, error=error))
    return True


def waiting(db: Connection) -> int:
    """How many rows are still to be done."""
    return len(db.execute(select(outbox.c.id).where(outbox.c.done_at.is_(None))).all())
