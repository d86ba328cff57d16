"""Exports: asked for by an administrator, made by a worker, there for a while. Rows only; the files are the worker's.

Where RULES.md is silent:
- A platform has one export in the making at most: whoever asks meanwhile is led to it, and nothing is counted.
- The first administrator reads every export of the platform; an additional one those that she asked for herself, since
  they hold what the pages show to her and no more (`portal/jobs/export_parts.py`).
- The asker is told by mail when it is ready; the first administrator is told when somebody else has asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select, update

from portal.accounts import queries as accounts
from portal.accounts.queries import Administrator
from portal.kit import audit, outbox
from portal.kit.db import insert_once
from portal.kit.outbox import Progress
from portal.rules import exports as rules
from portal.rules.access import Role
from portal.rules.exports import Stage
from portal.rules.terms import EXPORT_WINDOW
from portal.settings import Settings
from portal.subscription import mails, queries
from portal.subscription.events import Event
from portal.subscription.tables import exports

EXPORT_ERRAND = "export"
LEASE = timedelta(minutes=2)  # longer than a worker is ever silent: it tells of each per cent, and twice a minute


@dataclass(frozen=True, slots=True)
class Export:
    """An export, asked for by the administrator. progress: per cent while it is made. file: its name in the folder."""

    id: int
    platform_id: int
    administrator_id: int
    asked_at: datetime
    progress: int
    file: str | None
    size: int | None
    sha256: str | None
    ready_at: datetime | None
    failed_at: datetime | None
    expires_at: datetime | None
    attempts: int

    def stage(self, at: datetime) -> Stage:
        return rules.stage(self.expires_at, self.failed_at, at)


@dataclass(frozen=True, slots=True)
class TooMany:
    """So many were asked for lately that the next one has to wait until then."""

    next_from: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """A finished file: its name in the folder, its bytes, its SHA-256."""

    file: str
    size: int
    sha256: str


_SELECT: Select[Any] = select(*(exports.c[name] for name in Export.__slots__))
_MAKING = exports.c.ready_at.is_(None) & exports.c.failed_at.is_(None)


def folder(settings: Settings) -> Path:
    """Where the files lie, outside of any served folder. Those of the demonstration, which begins anew, lie apart."""
    return settings.instance_path / ("demo-exports" if settings.demo else "exports")


def ask(db: Connection, by: Administrator, *, network: str, at: datetime) -> Export | TooMany:
    """Have an export made, or lead to the one that is being made. Whether it is allowed now is asked before."""
    queries.lock_platform(db, by.platform_id)
    found = find_making(db, by.platform_id)
    if found and outbox.find_progress(db, _key(found.id)) is Progress.FAILED:
        fail(db, found, at=at)  # its worker has given up, and could not say so
        found = None
    if found:
        return found
    wait = rules.next_from(_asked(db, by.platform_id, at), at)
    return TooMany(wait) if wait else _begin(db, by, network, at)


def _asked(db: Connection, platform_id: int, at: datetime) -> list[datetime]:
    """When the exports of the window were asked for that did not fail."""
    recent = exports.c.failed_at.is_(None) & (exports.c.asked_at > at - EXPORT_WINDOW)
    mine = select(exports.c.asked_at).where(exports.c.platform_id == platform_id, recent)
    return list(db.execute(mine).scalars())


def _begin(db: Connection, by: Administrator, network: str, at: datetime) -> Export:
    row = {"platform_id": by.platform_id, "administrator_id": by.id, "asked_at": at, "progress": 0, "attempts": 0}
    insert_once(db, exports, row)
    made = find_making(db, by.platform_id)
    assert made is not None  # noqa: S101 - written two lines above, in the same transaction
    payload, key = {"export_id": made.id}, _key(made.id)
    outbox.put(db, outbox.ERRAND, EXPORT_ERRAND, payload, at=at, platform_id=by.platform_id, key=key)
    _record(db, Event.EXPORT_ASKED, by, at, network=network)
    first = _first(db, by.platform_id)
    if first and first.id != by.id:
        mails.export_asked(db, to=first, by=by.username, at=at)
    return made


def _key(export_id: int) -> str:
    return f"export:{export_id}"


def _first(db: Connection, platform_id: int) -> Administrator | None:
    """The first administrator, if there is one who can sign in."""
    people = accounts.administrators_of_platform(db, platform_id)
    return next((person for person in people if person.role == Role.FIRST and person.enabled), None)


def find_making(db: Connection, platform_id: int) -> Export | None:
    """The export of the platform that is being made, whoever asked for it."""
    return _value(db.execute(_SELECT.where(exports.c.platform_id == platform_id, _MAKING)).one_or_none())


def find_newest(db: Connection, reader: Administrator) -> Export | None:
    """The newest export that this administrator may read and that is not being made."""
    mine = _SELECT.where(*_readable(reader), ~_MAKING).order_by(exports.c.id.desc()).limit(1)
    return _value(db.execute(mine).one_or_none())


def find(db: Connection, reader: Administrator, export_id: int) -> Export | None:
    """The export of this id, if this administrator may read it. Anybody else's is like none."""
    return _value(db.execute(_SELECT.where(*_readable(reader), exports.c.id == export_id)).one_or_none())


def _readable(reader: Administrator) -> Sequence[Any]:
    mine = [exports.c.platform_id == reader.platform_id]
    return mine if reader.role == Role.FIRST else [*mine, exports.c.administrator_id == reader.id]


def _value(row: Row[Any] | None) -> Export | None:
    return Export(*row) if row else None


def claim(db: Connection, export_id: int, *, at: datetime) -> Export | None:
    """Take the making for the length of a lease, anew from the beginning; None if another worker has it.

    Raises LookupError where there is nothing to make: it is ready, has failed, or is gone with its platform.
    """
    until = exports.c.claimed_until
    free = or_(until.is_(None), until <= at, until > at + 2 * LEASE)  # the last: the clock was put back
    values = {"claimed_until": at + LEASE, "attempts": exports.c.attempts + 1, "progress": 0}
    taken = db.execute(update(exports).where(exports.c.id == export_id, _MAKING, free).values(values)).rowcount == 1
    found = _value(db.execute(_SELECT.where(exports.c.id == export_id, _MAKING)).one_or_none())
    if found is None:
        raise LookupError(f"export {export_id} is not to be made")
    return found if taken else None


def note_progress(db: Connection, export: Export, progress: int, *, at: datetime) -> bool:
    """Tell how far it is, and keep the claim; False if the claim is no longer ours."""
    values = {"progress": progress, "claimed_until": at + LEASE}
    return db.execute(update(exports).where(_ours(export)).values(values)).rowcount == 1


def let_go(db: Connection, export: Export) -> None:
    """Give the claim up, so that the next attempt need not wait for the end of the lease."""
    db.execute(update(exports).where(_ours(export)).values(claimed_until=None))


def finish(db: Connection, export: Export, made: Made, *, at: datetime) -> bool:
    """It is ready: from the commit on it can be downloaded. False, changing nothing, if the claim is no longer ours."""
    values = {"file": made.file, "size": made.size, "sha256": made.sha256, "progress": 100, "claimed_until": None}
    values |= {"ready_at": at, "expires_at": rules.kept_until(at)}
    if db.execute(update(exports).where(_ours(export)).values(values)).rowcount != 1:
        return False
    asker = accounts.get_administrator(db, export.administrator_id)
    _record(db, Event.EXPORT_READY, asker, at)
    if asker.enabled:
        mails.export_ready(db, to=asker, expires_at=rules.kept_until(at), at=at)
    return True


def fail(db: Connection, export: Export, *, at: datetime) -> None:
    """It could not be made, and nobody tries any more: another one may be asked for."""
    done = db.execute(update(exports).where(_ours(export)).values(failed_at=at))
    if done.rowcount == 1:
        _record(db, Event.EXPORT_FAILED, accounts.get_administrator(db, export.administrator_id), at)


def note_download(db: Connection, by: Administrator, *, network: str, at: datetime) -> None:
    _record(db, Event.EXPORT_DOWNLOADED, by, at, network=network)


def _ours(export: Export) -> Any:
    """It is still being made, and nobody has begun again since."""
    return and_(exports.c.id == export.id, exports.c.attempts == export.attempts, _MAKING)


def expire(db: Connection, *, at: datetime) -> list[str]:
    """Forget the files whose time is over; returns their names, to be removed from the folder after the commit."""
    over = exports.c.file.is_not(None) & (exports.c.expires_at <= at)
    found = db.execute(select(exports.c.id, exports.c.file).where(over).with_for_update()).all()
    db.execute(update(exports).where(exports.c.id.in_([row.id for row in found])).values(file=None))
    return [row.file for row in found]


def any_over(db: Connection, *, at: datetime) -> bool:
    """Whether the time of any file is over."""
    over = exports.c.file.is_not(None) & (exports.c.expires_at <= at)
    return db.execute(select(exports.c.id).where(over).limit(1)).first() is not None


def files(db: Connection, platform_id: int | None = None) -> set[str]:
    """The names of all files that can still be downloaded, or of those of one platform."""
    named = select(exports.c.file).where(exports.c.file.is_not(None))
    mine = named if platform_id is None else named.where(exports.c.platform_id == platform_id)
    return {str(name) for name in db.execute(mine).scalars()}


def making(db: Connection) -> set[int]:
    """The ids of all exports that are being made."""
    return set(db.execute(select(exports.c.id).where(_MAKING)).scalars())


def _record(db: Connection, event: Event, person: Administrator, at: datetime, **facts: Any) -> None:
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id, **facts)
