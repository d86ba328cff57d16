"""The events as a chain: the digest of each is sealed together with the seal of the one before it.

Events are written without a lock, by everybody. The worker seals them afterwards, in slices: an event gets the next
`sequence`, a digest (SHA-256 over its facts and a random salt) and a seal (SHA-256 over the previous seal, the
sequence and the digest). The order of the chain is the order of sealing, not that of the ids, which may be committed
out of order. The end of the chain stands in a row of its own, so that a cut-off end is found as well.

When a platform is purged its events are erased and not removed: the facts and the salt go, the digest stays, and the
chain holds. How many were erased is counted, so that it can be compared with the certificates of the purges: an event
that somebody else erased is one too many.

What it does not protect from: somebody who can write the database and computes the whole chain anew, its end included
(compare the end that `portal activity verify` prints with one that was kept elsewhere); and a change of the last
minute's events, which are not sealed yet. The `id` is among the facts: the customer's list tells by it which of two
events of the same instant was first.
"""

import hashlib
import json
import secrets
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
ERASED = "erased"  # the tag of an event whose facts are gone
SALT_BYTES = 16
_THE_ONE = 1  # the id of the row that keeps the end
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_UNSEALED = select(events).where(events.c.sequence.is_(None)).order_by(events.c.id).limit(SLICE)
_ANY_UNSEALED = select(events.c.id).where(events.c.sequence.is_(None)).limit(1)
_END = select(chain.c.sequence, chain.c.seal).where(chain.c.id == _THE_ONE)
_SEAL = (
    update(events)
    .where(events.c.id == bindparam("event"))
    .values(sequence=bindparam("place"), seal=bindparam("made"), salt=bindparam("with"), digest=bindparam("facts"))
)
_OF_PLATFORM = (
    select(events.c.id)
    .where(events.c.platform_id == bindparam("platform_id"), events.c.sequence.is_not(None))
    .order_by(events.c.id)
    .limit(bindparam("most"))
)
_NOTHING: dict[str, Any] = {"platform_id": None, "administrator_id": None, "network": None, "details": {}}
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
    erased: int  # how many of them were erased
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
        salt = secrets.token_hex(SALT_BYTES)
        facts = digest_of(sequence + 1, row, salt)
        sequence, last = sequence + 1, seal_of(last, sequence + 1, facts)
        sealed.append({"event": row.id, "place": sequence, "made": last, "with": salt, "facts": facts})
    if sealed:
        db.execute(_SEAL, sealed)
        db.execute(update(chain).where(chain.c.id == _THE_ONE).values(sequence=sequence, seal=last))
    return len(sealed)


def erase(db: Connection, platform_id: int, *, most: int) -> list[str]:
    """Erase the facts of the oldest sealed events of a platform, `most` at a time; returns their digests.

    What is not sealed yet is left for a later call: seal first.
    """
    ids = db.execute(_OF_PLATFORM, {"platform_id": platform_id, "most": most}).scalars().all()
    digests = db.execute(select(events.c.digest).where(events.c.id.in_(ids)).order_by(events.c.id)).scalars().all()
    db.execute(update(events).where(events.c.id.in_(ids)).values(_NOTHING | {"tag": ERASED, "salt": None}))
    return list(digests)


def seal_of(previous: str, sequence: int, digest: str) -> str:
    """The seal of an event at its place, after the previous seal: 64 hexadecimal digits."""
    return hashlib.sha256(f"{previous}{sequence}:{digest}".encode("ascii")).hexdigest()


def digest_of(sequence: int, row: Row[Any], salt: str) -> str:
    """The digest of an event's facts at its place: 64 hexadecimal digits."""
    facts = {
        name: row._mapping[name] for name in ("id", "tag", "platform_id", "administrator_id", "network", "details")
    }
    facts |= {"sequence": sequence, "at": (row.at - _EPOCH) // _MICROSECOND}
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))  # ASCII, so that it has one spelling
    return hashlib.sha256((salt + canonical).encode("ascii")).hexdigest()


def verify(db: Connection) -> Intact | Broken:
    """Walk the chain from its beginning. Events may be sealed meanwhile: they are of no account."""
    end, end_seal = _end(db)
    place, erased, last = 0, 0, BEGINNING
    for row in _walk(db, end):
        place += 1
        if row is not None and row.sequence != place:
            return Broken(place, Fault.MISSING)
        last = seal_of(last, place, row.digest or "") if row else ""
        if row is None or row.seal != last or not _holds(place, row):
            return Broken(place, Fault.CHANGED)
        erased += row.salt is None
    if place < end:
        return Broken(place + 1, Fault.MISSING)
    if last != end_seal:
        return Broken(place, Fault.END)
    return _outside(db, end) or Intact(place, erased, last)


def _holds(place: int, row: Row[Any]) -> bool:
    """Whether the facts are those of the digest, or all of them are gone."""
    if row.salt is not None:
        return bool(row.digest == digest_of(place, row, row.salt))
    return bool(row.tag == ERASED) and all(row._mapping[name] == nothing for name, nothing in _NOTHING.items())


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
