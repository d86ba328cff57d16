"""Rows removed for good, a slice at a time, counted and digested: what was removed can be proven, and not be read.

A digest is a chain over the rows in the order of their keys, each hashed with a random salt. So it does not depend on
where one slice ends and the next begins, and nobody who has no copy of a row can find out what stood in it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, select, tuple_

SLICE = 500  # rows removed in one transaction: a few milliseconds in which nobody else writes
BEGINNING = "0" * 64  # the digest of no row


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one table that go: `mine` says which, for the number they belong to. name: in the certificate.

    order: in which they go, by columns that an index has; the primary key unless something else is said.
    """

    name: str
    table: Table
    mine: Callable[[int], ColumnElement[bool]]
    order: tuple[Column[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows have gone so far, and their digest."""

    rows: int = 0
    digest: str = BEGINNING


def count(db: Connection, step: Step, number: int) -> int:
    """How many rows the step would still remove."""
    return db.execute(select(func.count()).select_from(step.table).where(step.mine(number))).scalar_one()


def remove_slice(db: Connection, step: Step, number: int, so_far: Removed, salt: str) -> Removed:
    """Remove the next SLICE rows of the step; the same as `so_far` where none is left."""
    keys = tuple(step.table.primary_key)
    mine = select(step.table).where(step.mine(number)).order_by(*(step.order or keys))
    rows = db.execute(mine.limit(SLICE)).mappings().all()
    if rows:
        these = [[row[key.name] for key in keys] for row in rows]
        db.execute(delete(step.table).where(tuple_(*keys).in_(these)))
    texts = [json.dumps(dict(row), default=_plain, sort_keys=True) for row in rows]
    return Removed(so_far.rows + len(rows), digest(so_far.digest, texts, salt))


def digest(previous: str, texts: Iterable[str], salt: str) -> str:
    """The digest of the rows before and these."""
    for text in texts:
        row = hashlib.sha256(f"{salt}{text}".encode()).hexdigest()
        previous = hashlib.sha256(f"{previous}{row}".encode("ascii")).hexdigest()
    return previous


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no way to write a {type(value).__name__}")
