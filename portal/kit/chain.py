"""The events as a chain: each is sealed together with the seal of the one before it.

Events are written without a lock, by everybody. The worker seals them afterwards, in slices: an event gets the next
`sequence` and a seal, SHA-256 over the previous seal and the facts of the row. The order of the chain is the order of
sealing, not that of the ids, which may be committed out of order. The end of the chain stands in a row of its own, so
that a cut-off end is found as well.

What it does not protect from: somebody who can write the database and computes the whole chain anew, its end included
(compare the end that `portal activity verify` prints with one that was kept elsewhere); and a change of the last
minute's events, which are not sealed yet. The `id` is among the facts: the customer's list tells by it which of two
events of the same instant was first.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from portal.kit.audit import chain, events
from portal.kit.db import insert_once

SLICE = 500  # events sealed in one transaction, or read at once
BEGINNING = "0" * 64  # what stands before the first seal
_THE_ONE = 1  # the id of the row that keeps the end
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_UNSEALED = select(events).where(events.c.sequence.is_(None)).order_by(events.c.id).limit(SLICE)
_ANY_UNSEALED = select(events.c.id).where(events.c.sequence.is_(None)).limit(1)
_END = select(chain.c.sequence, chain.c.seal).where(chain.c.id == _THE_ONE)
_SEAL = (
    update(events).where(events.c.id == bindparam("event")).values(sequence=bindparam("place"), seal=bindparam("made"))
)
_SEALED = (
    select(events)
    .where(events.c.sequence > bindparam("after"), events.c.sequence <= bindparam("last"))
    .order_by(events.c.sequence)
    .limit(bindparam("size"))
)
_OUTSIDE = select(events.c.sequence).where(or_(events.c.sequence < 1, events.c.sequence > bindparam("last")))


UNREADABLE = (TypeError, ValueError, OverflowError)  # what a row raises that holds no JSON or no instant


class Fault(StrEnum):
    """How a chain is broken."""

    CHANGED = "changed"  # the row is not what was sealed, or stands where another one was
    MISSING = "missing"
    INSERTED = "inserted"  # a place in the chain that no sealing gave
    END = "end"  # the last event is not the one that the end of the chain remembers


@dataclass(frozen=True, slots=True)
class Intact:
    count: int
    seal: str  # of the last event: whoever keeps it elsewhere can tell a chain that was made anew


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain does not hold."""

    sequence: int
    fault: Fault


def waiting(db: Connection) -> bool:
    """Whether any event is not sealed yet."""
    return db.execute(_ANY_UNSEALED).first() is not None


def seal(db: Connection) -> int:
    """Seal the oldest events that are not sealed, SLICE at most; returns how many. Holds the end until the commit."""
    insert_once(db, chain, {"id": _THE_ONE, "sequence": 0, "seal": BEGINNING})
    sequence, last = db.execute(_END.with_for_update()).one()
    sealed = []
    for row in db.execute(_UNSEALED):  # asked for once the end is held: nobody else seals these
        sequence, last = sequence + 1, seal_of(last, sequence + 1, row)
        sealed.append({"event": row.id, "place": sequence, "made": last})
    if sealed:
        db.execute(_SEAL, sealed)
        db.execute(update(chain).where(chain.c.id == _THE_ONE).values(sequence=sequence, seal=last))
    return len(sealed)


def seal_of(previous: str, sequence: int, row: Row[Any]) -> str:
    """The seal of an event at its place, after the previous seal: 64 hexadecimal digits."""
    facts = {
        name: row._mapping[name] for name in ("id", "tag", "platform_id", "administrator_id", "network", "details")
    }
    facts |= {"sequence": sequence, "at": (row.at - _EPOCH) // _MICROSECOND}
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))  # ASCII, so that it has one spelling
    return hashlib.sha256((previous + canonical).encode("ascii")).hexdigest()


def verify(db: Connection) -> Intact | Broken:
    """Walk the chain from its beginning. Events may be sealed meanwhile: they are of no account."""
    end, end_seal = _end(db)
    place, last = 0, BEGINNING
    for row in _walk(db, end):
        place += 1
        if row is not None and row.sequence != place:
            return Broken(place, Fault.MISSING)
        last = seal_of(last, place, row) if row else ""
        if row is None or row.seal != last:
            return Broken(place, Fault.CHANGED)
    if place < end:
        return Broken(place + 1, Fault.MISSING)
    if last != end_seal:
        return Broken(place, Fault.END)
    return _outside(db, end) or Intact(place, last)


def _end(db: Connection) -> tuple[int, str]:
    """Where the chain ends, as it was noted; the beginning where nothing was ever sealed."""
    row = db.execute(_END).one_or_none()
    return (row.sequence, row.seal) if row else (0, BEGINNING)


def _walk(db: Connection, last: int) -> Iterator[Row[Any] | None]:
    """The sealed events up to the place `last`, in order, read in slices; None for one that cannot be read."""
    after = 0
    while rows := _slice(db, after, last):
        yield from rows
        if rows[-1] is None:
            return
        after = rows[-1].sequence


def _slice(db: Connection, after: int, last: int) -> Sequence[Row[Any] | None]:
    """The next events; one by one where the slice holds one that cannot be read."""
    for size in (SLICE, 1):
        try:
            return db.execute(_SEALED, {"after": after, "last": last, "size": size}).all()
        except UNREADABLE:
            continue
    return [None]


def _outside(db: Connection, last: int) -> Broken | None:
    """A place before the first or after the end. What was sealed since the end was read has moved the end with it."""
    places = db.execute(_OUTSIDE.order_by(events.c.sequence), {"last": last}).scalars().all()
    moved, _ = _end(db)
    return next((Broken(place, Fault.INSERTED) for place in places if not last < place <= moved), None)
