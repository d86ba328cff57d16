"""Limits that hold across processes and under simultaneous requests: one row a key, one pure step a claim.

A key of which nothing is known has no row; one that is claimed together with others is counted in the same statement.

The step (from the rules) gets the row's present state and returns its verdict and the state to keep. The row is locked
between the two, by BEGIN IMMEDIATE on SQLite and by the INSERT … DO UPDATE itself on PostgreSQL, so exactly as many
claims pass as the rule allows, also while somebody clears the key. Keys are stored hashed: they hold user names and
client networks.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Column, Connection, String, Table, Text, bindparam, delete, select, update

from portal.kit.db import Instant, insert_or_change_all, metadata

Verdict = TypeVar("Verdict")
State = str | None  # None: nothing is known
Step = Callable[[State], tuple[Verdict, State]]
StepOfAll = Callable[[Sequence[State]], tuple[Verdict, Sequence[State]]]

limits = Table(
    "limits",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("state", Text),
    Column("changed_at", Instant, nullable=False, index=True),
)

# Built once: each sign-in comes here twice.
_KEEP = update(limits).where(limits.c.key == bindparam("name"))
_CLEAR = delete(limits).where(limits.c.key == bindparam("name"))


def claim(db: Connection, key: str, step: Step[Verdict], *, at: datetime) -> Verdict:
    """Apply `step` to the key's state and keep what it returns."""

    def alone(states: Sequence[State]) -> tuple[Verdict, Sequence[State]]:
        verdict, new = step(states[0])
        return verdict, [new]

    return claim_all(db, [key], alone, at=at)


def claim_all(db: Connection, keys: Sequence[str], step: StepOfAll[Verdict], *, at: datetime) -> Verdict:
    """As `claim`, of different keys in one step. They are locked in this order, which must be the same everywhere."""
    names = [_name(key) for key in keys]
    touched = [{"key": name, "state": None, "changed_at": at} for name in names]
    found = {row.key: row.state for row in insert_or_change_all(db, limits, touched, ["changed_at"])}
    verdict, new = step([found[name] for name in names])
    states = dict(zip(names, new, strict=True))
    if kept := [
        {"name": name, "state": state, "changed_at": at} for name, state in states.items() if state is not None
    ]:
        db.execute(_KEEP, kept)
    if gone := [{"name": name} for name, state in states.items() if state is None]:
        db.execute(_CLEAR, gone)
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
