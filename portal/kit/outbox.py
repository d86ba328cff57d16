"""What must happen after a commit: a row written before it, and claimed by a worker after it.

A row is a mail to send, a task to do in one transaction, or an errand: something to ask or tell another system, which
happens outside of any transaction and may happen twice.

A claim is a lease: a worker that dies lets go of its row when the lease ends.
Each claim has a number (`attempts`), and only the newest one may settle its row: a worker that comes back after its
lease was taken over changes nothing. The one exception is a mail that has left: that is true whoever says it, and it
stops every further attempt.

A row stays when it is done, with outcome and error, for the people who have to look; its payload does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
    update,
)

from portal.kit.db import Instant, insert_once, metadata

MAIL, TASK, ERRAND = "mail", "task", "errand"
LEASE = timedelta(minutes=4)  # longer than any one attempt: a conversation with the mail server is cut off at half
RETRY_AFTER = tuple(
    timedelta(seconds=s) for s in (15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 86400)
)  # about three days in all, after which a person has to look
NO_WAIT = timedelta(0)
LONGEST_WAIT = max(RETRY_AFTER)
MOST_CLAIMS = len(RETRY_AFTER) + 1  # one more means that a worker died of the row: it is not handed out for ever
CANDIDATES = 20  # rows looked at for one that no other worker has just taken


class Outcome(StrEnum):
    """How a row ended."""

    SENT = "sent"  # accepted by the mail server
    HANDLED = "handled"  # the task is done
    REFUSED = "refused"  # the mail server does not know the recipient
    EXPIRED = "expired"  # what the mail says was no longer true: not sent
    FAILED = "failed"  # given up; somebody has to look
    HELD = "held"  # waited when a backup was made that was restored: portal/kit/held.py
    DROPPED = "dropped"  # held, and then never done, for the reason in `error`


outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String(8), nullable=False),
    Column("name", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("platform_id", Integer, index=True),  # whose it is: to be shown to staff, and to go with the platform
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
    Index(None, "done_at", "topic", "due_at"),
)


class Progress(StrEnum):
    """How far a row is, for whoever asked for it."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"  # given up: somebody has to look


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
    platform_id: int | None = None,
    recipient: str | None = None,
    language: str | None = None,
    key: str | None = None,
    useless_after: datetime | None = None,
    wait: timedelta = NO_WAIT,
) -> bool:
    """Queue a mail, a task or an errand; returns False when a row with this deduplication key is there already.

    wait: how long it is not to be done yet. Raises ValueError for more than LONGEST_WAIT.
    """
    if wait > LONGEST_WAIT:
        raise ValueError(f"nothing waits here for longer than {LONGEST_WAIT}")
    row: dict[str, Any] = {"topic": topic, "name": name, "payload": payload, "recipient": recipient}
    row |= {"platform_id": platform_id}
    row |= {"language": language}
    row |= {
        "deduplication_key": key,
        "created_at": at,
        "due_at": at + wait,
        "useless_after": useless_after,
        "attempts": 0,
    }
    return insert_once(db, outbox, row)


def claim(db: Connection, *, at: datetime) -> Message | None:
    """Take the oldest due row for the length of a lease, or None. Of many workers each gets another row.

    Tasks and errands go before mails: a mail server that takes its time must not hold up money that has arrived.
    """
    ready = (outbox.c.done_at.is_(None), _due(at), _free(at))
    for first in (outbox.c.topic.in_((TASK, ERRAND)), outbox.c.topic == MAIL):
        oldest = select(outbox.c.id).where(*ready, first).order_by(outbox.c.due_at, outbox.c.id).limit(CANDIDATES)
        for (candidate,) in db.execute(oldest).all():
            taken = db.execute(
                update(outbox)
                .where(outbox.c.id == candidate, *ready)
                .values(claimed_until=at + LEASE, attempts=outbox.c.attempts + 1)
            )
            if taken.rowcount == 1:
                return Message(*db.execute(select(*_COLUMNS).where(outbox.c.id == candidate)).one())
    return None


# A wait or a lease of twice the greatest length there is: the clock was put back (the demonstration's can be). Only
# twice, because the clocks of two workers differ a little, and none may take a row for free that another has claimed.
def _due(at: datetime) -> ColumnElement[bool]:
    """A new row that is to be done at once is due whatever the clock says that wrote it."""
    fresh = (outbox.c.attempts == 0) & (outbox.c.due_at == outbox.c.created_at)
    return or_(fresh, outbox.c.due_at <= at, outbox.c.due_at > at + 2 * LONGEST_WAIT)


def _free(at: datetime) -> ColumnElement[bool]:
    until = outbox.c.claimed_until
    return or_(until.is_(None), until <= at, until > at + 2 * LEASE)


def finish(db: Connection, message: Message, outcome: Outcome, *, at: datetime, error: str | None = None) -> bool:
    """Done for good, and what it was made of forgotten; returns False, changing nothing, if the claim is not ours."""
    mine = _open(message) if outcome is Outcome.SENT else _open(message) & _ours(message)
    values = {"done_at": at, "outcome": outcome, "error": error, "claimed_until": None, "payload": {}}
    return db.execute(update(outbox).where(mine).values(values)).rowcount == 1


def is_last(message: Message) -> bool:
    """Whether this is the last attempt: when it fails, a person has to look."""
    return message.attempts > len(RETRY_AFTER)


def retry(db: Connection, message: Message, *, at: datetime, error: str) -> bool:
    """Put off to the next attempt; returns False, and ends the row, when there is none left or it would be too late."""
    if is_last(message):
        finish(db, message, Outcome.FAILED, at=at, error=error)
        return False
    due = at + RETRY_AFTER[message.attempts - 1]
    if message.useless_after is not None and due >= message.useless_after:
        finish(db, message, Outcome.EXPIRED, at=at, error=error)
        return False
    values = {"due_at": due, "claimed_until": None, "error": error}
    db.execute(update(outbox).where(_open(message) & _ours(message)).values(values))
    return True


def _open(message: Message) -> ColumnElement[bool]:
    return (outbox.c.id == message.id) & outbox.c.done_at.is_(None)


def _ours(message: Message) -> ColumnElement[bool]:
    """Nobody has claimed the row since."""
    return outbox.c.attempts == message.attempts


def find_progress(db: Connection, key: str) -> Progress | None:
    """How far the row with this deduplication key is; None where there never was one."""
    row = db.execute(select(outbox.c.done_at, outbox.c.outcome).where(outbox.c.deduplication_key == key)).one_or_none()
    if row is None:
        return None
    if row.done_at is None:
        return Progress.WAITING
    return Progress.DONE if row.outcome in (Outcome.SENT, Outcome.HANDLED) else Progress.FAILED


def outcomes_of(db: Connection, prefix: str) -> list[str | None]:
    """How each row ended whose deduplication key begins so; None for one that is still to be done."""
    begins = outbox.c.deduplication_key.startswith(prefix, autoescape=True)
    return list(db.execute(select(outbox.c.outcome).where(begins)).scalars())


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail of a platform, as staff may see it: what it was and what became of it, nothing of what stood in it."""

    name: str
    recipient: str
    created_at: datetime
    done_at: datetime | None
    outcome: str | None
    attempts: int


def mails_of(db: Connection, platform_id: int, *, limit: int) -> list[Sent]:
    """The newest mails of a platform."""
    columns = [outbox.c[name] for name in Sent.__slots__]
    mine = select(*columns).where(outbox.c.platform_id == platform_id, outbox.c.topic == MAIL)
    return [Sent(*row) for row in db.execute(mine.order_by(outbox.c.id.desc()).limit(limit))]


def forget(db: Connection, key: str) -> None:
    """Remove a row that is done, with the address it was sent to."""
    db.execute(delete(outbox).where(outbox.c.deduplication_key == key, outbox.c.done_at.is_not(None)))


def make_up(db: Connection, keys: Iterable[str], *, before: datetime) -> int:
    """Count rows as handled that failed before the instant, and whose work has been done since; returns how many."""
    failed = (outbox.c.outcome == Outcome.FAILED) & (outbox.c.done_at < before)
    mine = failed & outbox.c.deduplication_key.in_(list(keys))
    return db.execute(update(outbox).where(mine).values(outcome=Outcome.HANDLED)).rowcount


@dataclass(frozen=True, slots=True)
class Queued:
    """The rows of a kind that are still to be done: how many, how many of them now, and how many after a fault."""

    waiting: int = 0
    due: int = 0
    retrying: int = 0
    oldest_due_at: datetime | None = None


def queues(db: Connection, *, at: datetime) -> dict[str, Queued]:
    """What waits of each kind. A row that a worker has just claimed is due until it has ended."""
    due, tried = outbox.c.due_at <= at, outbox.c.attempts > 0
    columns = (outbox.c.topic, due.label("due"), tried.label("tried"), func.count(), func.min(outbox.c.due_at))
    rows = db.execute(select(*columns).where(outbox.c.done_at.is_(None)).group_by(outbox.c.topic, "due", "tried")).all()
    return {kind: _queued([tuple(row) for row in rows if row.topic == kind]) for kind in (MAIL, TASK, ERRAND)}


def _queued(rows: list[Any]) -> Queued:
    return Queued(
        sum(count for _, _, _, count, _ in rows),
        sum(count for _, due, _, count, _ in rows if due),
        sum(count for _, due, tried, count, _ in rows if tried and not due),
        min((oldest for _, due, _, _, oldest in rows if due), default=None),
    )


def ended(db: Connection, *, since: datetime) -> dict[tuple[str, str], int]:
    """How many rows of each kind ended with each outcome since then."""
    columns = (outbox.c.topic, outbox.c.outcome, func.count())
    rows = db.execute(select(*columns).where(outbox.c.done_at >= since).group_by(outbox.c.topic, outbox.c.outcome))
    counted = {(kind, outcome): count for kind, outcome, count in rows}
    return {(kind, outcome): counted.get((kind, outcome), 0) for kind in (MAIL, TASK, ERRAND) for outcome in Outcome}


def waiting(db: Connection) -> int:
    """How many rows are still to be done."""
    return db.execute(select(func.count()).select_from(outbox).where(outbox.c.done_at.is_(None))).scalar_one()
