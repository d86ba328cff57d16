"""Limits that hold across processes and under simultaneous requests: one row a key, one pure step a claim.

The step (from the rules) gets the row's present state and returns its verdict and the state to keep. The row is locked
between the two, by BEGIN IMMEDIATE on SQLite and by the INSERT … DO UPDATE itself on PostgreSQL, so exactly as many
claims pass as the rule allows, also while somebody clears the key. Keys are stored hashed: they hold user names and
client networks.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Column, Connection, String, Table, Text, bindparam, delete, select, update

from portal.kit.db import Instant, insert_or_change, metadata

Verdict = TypeVar("Verdict")
Step = Callable[[str | None], tuple[Verdict, str]]

limits = Table(
    "limits",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("state", Text),
    Column("changed_at", Instant, nullable=False, index=True),
)

# Built once: each sign-in takes seven steps here.
_KEEP = update(limits).where(limits.c.key == bindparam("name"))
_CLEAR = delete(limits).where(limits.c.key == bindparam("name"))


def claim(db: Connection, key: str, step: Step[Verdict], *, at: datetime) -> Verdict:
    """Apply `step` to the key's state and keep what it returns."""
    name = _name(key)
    row = insert_or_change(db, limits, {"key": name, "state": None, "changed_at": at}, ["changed_at"])
    verdict, new = step(row.state)
    db.execute(_KEEP, {"name": name, "state": new, "changed_at": at})
    return verdict


def clear(db: Connection, key: str) -> None:
    db.execute(_CLEAR, {"name": _name(key)})


def forget(
    db: Connection, useless: Callable[[str | None, datetime], bool], *, before: datetime, after: str = "", most: int
) -> tuple[int, str | None]:
    """Remove, of the next `most` rows that nobody touched since `before`, those that are useless by state and instant.

    after: where the last slice ended. Returns how many went, and where this slice ended; None at the end. Nothing here
    waits for somebody who is just claiming: who claims holds two rows, and each could wait for the other.
    """
    old = (limits.c.changed_at <= before) & (limits.c.key > after)
    found = select(limits).where(old).order_by(limits.c.key).limit(most).with_for_update(skip_locked=True)
    rows = db.execute(found).all()
    gone = [row.key for row in rows if useless(row.state, row.changed_at)]
    db.execute(delete(limits).where(limits.c.key.in_(gone)))
    return len(gone), rows[-1].key if len(rows) == most else None


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
