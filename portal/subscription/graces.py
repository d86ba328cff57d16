"""Exceptions that make the grace of an expiry longer: which there are, and one more written down.

What one may name, and what it changes, is said in `portal/rules/lifecycle.py`; whoever gives one asks there, while the
platform is held. The newest is the longest, so the latest day is the one that counts.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from portal.kit import audit
from portal.subscription import queries, switches
from portal.subscription.events import Event
from portal.subscription.tables import grace_extensions, purges

table = grace_extensions


@dataclass(frozen=True, slots=True)
class Extension:
    """An exception, as the staff see it: the E it belongs to, and who gave it, why and when."""

    expires_on: date
    last_day: date
    reason: str
    given_by: str
    given_at: datetime


def known(db: Connection, platform_id: int) -> list[Extension]:
    """Every exception that the platform ever got, the newest first."""
    columns = (table.c[name] for name in Extension.__slots__)
    mine = select(*columns).where(table.c.platform_id == platform_id).order_by(table.c.id.desc())
    return [Extension(*row) for row in db.execute(mine)]


def hold(db: Connection, platform_id: int) -> None:
    """Hold the platform, after the mark of its deletion if there is one: in the order in which the purge takes them."""
    db.execute(select(purges.c.id).where(_marked(platform_id)).with_for_update())
    queries.lock_platform(db, platform_id)


def extend(
    db: Connection, platform_id: int, expires_on: date, last_day: date, *, by: str, at: datetime, **told: Any
) -> None:
    """Write the exception down, and take back what was said of a deletion. The caller holds the platform.

    told: the `reason`, and who of the staff gave it (`member`).
    """
    row: dict[str, Any] = {"platform_id": platform_id, "expires_on": expires_on, "last_day": last_day}
    row |= {"reason": told.get("reason", ""), "given_by": told.get("member", by), "given_at": at}
    db.execute(table.insert().values(row))
    audit.record(db, Event.GRACE_EXTENDED, at=at, platform_id=platform_id, due_on=last_day.isoformat(), by=by, **told)
    stopped = update(purges).where(_marked(platform_id)).values(stopped_at=at, stopped_because=Event.GRACE_EXTENDED)
    if db.execute(stopped).rowcount:
        audit.record(db, Event.PURGE_STOPPED, at=at, platform_id=platform_id, because=Event.GRACE_EXTENDED)
    switches.announce(db, platform_id, at=at)


def _marked(platform_id: int) -> ColumnElement[bool]:
    """Said to be deleted, and not begun."""
    going = purges.c.stopped_at.is_(None) & purges.c.began_at.is_(None)
    return (purges.c.platform_id == platform_id) & going
