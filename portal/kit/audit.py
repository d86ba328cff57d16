"""What was done, by whom, when, from where: rows that a customer may read, never changed afterwards.

`portal.kit.chain` seals them, so that a change is found. The log has a line of each, with ids alone: it is there also
where the transaction is undone, which the line of the request tells.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, Integer, String, Table, and_, or_, select

from portal.kit.db import Instant, metadata

log = logging.getLogger("portal")
events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("tag", String(64), nullable=False),
    Column("platform_id", Integer),
    Column("administrator_id", Integer),
    Column("network", String(64)),
    Column("details", JSON, nullable=False),
    Column("sequence", Integer, unique=True, index=True),  # its place in the chain, given when it is sealed
    Column("seal", String(64)),
    Column("salt", String(32)),  # random, so that nobody can guess the facts from the digest; gone with them
    Column("digest", String(64)),  # of the facts: what the seal is made of, and what stays when they are erased
    Index(None, "platform_id", "at"),
)

# The end of the chain: what the last sealed event was, so that its loss is found too.
chain = Table(
    "event_chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("seal", String(64), nullable=False),
)

_EVENT = events.insert()
_SHOWN = ("by", "member", "approved_by")  # of the facts of an event, what its line of the log has: who did it


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it was written."""

    id: int
    at: datetime
    tag: str
    platform_id: int | None
    administrator_id: int | None
    network: str | None
    details: dict[str, Any]


_SELECT = select(*(events.c[name] for name in Recorded.__slots__))


def record(
    db: Connection,
    tag: str,
    *,
    at: datetime,
    platform_id: int | None = None,
    administrator_id: int | None = None,
    network: str | None = None,
    **details: Any,
) -> None:
    """Write one event. `details` are ids, dates and words of our own; never a password, token or full e-mail."""
    row = {"at": at, "tag": tag, "platform_id": platform_id, "administrator_id": administrator_id}
    db.execute(_EVENT, row | {"network": network, "details": details})
    facts = {"platform": platform_id, "administrator": administrator_id} | {name: details.get(name) for name in _SHOWN}
    log.info("activity", extra={"act": str(tag)} | {name: fact for name, fact in facts.items() if fact is not None})


def of_platform(
    db: Connection,
    platform_id: int,
    *,
    limit: int,
    tags: Iterable[str] | None = None,
    before: tuple[datetime, int] | None = None,
) -> list[Recorded]:
    """The newest events of a platform, at most `limit`: of these tags, and older than the instant and id `before`."""
    found = _SELECT.where(events.c.platform_id == platform_id)
    if tags is not None:
        found = found.where(events.c.tag.in_(list(tags)))
    if before is not None:
        at, event_id = before
        found = found.where(or_(events.c.at < at, and_(events.c.at == at, events.c.id < event_id)))
    rows = db.execute(found.order_by(events.c.at.desc(), events.c.id.desc()).limit(limit))
    return [Recorded(*row) for row in rows]
