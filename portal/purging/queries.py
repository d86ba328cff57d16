"""Deletions, read as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from portal.kit.erasing import Removed
from portal.purging.steps import EVENTS
from portal.subscription.tables import purges


@dataclass(frozen=True, slots=True)
class Purge:
    """A deletion on its way, or done. removed: rows and digest of each step so far; kept: rows of tables that stay."""

    id: int
    platform_id: int
    marked_at: datetime
    due_at: datetime
    began_at: datetime | None
    erased_at: datetime | None
    finished_at: datetime | None
    removed: dict[str, Removed]
    kept: dict[str, int]


def find_marked(db: Connection) -> list[Purge]:
    """The deletions that are not done yet, the oldest first."""
    going = purges.c.stopped_at.is_(None) & purges.c.finished_at.is_(None)
    return [value_of(row) for row in db.execute(select(purges).where(going).order_by(purges.c.id))]


def find(db: Connection, platform_id: int) -> Purge | None:
    """The deletion of this platform that was not stopped."""
    row = db.execute(select(purges).where(purges.c.platform_id == platform_id, purges.c.stopped_at.is_(None))).first()
    return value_of(row) if row else None


def find_erased(db: Connection) -> list[Purge]:
    """The deletions of which nothing is left but the certificate, the oldest first."""
    done = select(purges).where(purges.c.erased_at.is_not(None))
    return [value_of(row) for row in db.execute(done.order_by(purges.c.id))]


def erased_events(db: Connection) -> int:
    """How many events all deletions together have erased: the chain has to count the same."""
    return sum(int(one.get(EVENTS, [0])[0]) for one in db.execute(select(purges.c.removed)).scalars())


def value_of(row: Row[Any]) -> Purge:
    """The value of a whole row."""
    facts = {name: row._mapping[name] for name in Purge.__slots__}
    return Purge(**facts | {"removed": {name: Removed(*step) for name, step in row.removed.items()}})
