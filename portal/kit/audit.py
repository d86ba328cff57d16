"""What was done, by whom, when, from where: rows that a customer may read, never changed afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Index, Integer, String, Table

from portal.kit.db import Instant, metadata

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
