"""Known devices: browsers from which somebody has come in completely, remembered by a cookie of their own.

The cookie holds a random token, the table its hash: one row for each person who has come in from that browser. It opens
nothing, it only remembers, so it outlives the sign-out, and nothing of it is bound to an address.

A browser that is new to a person gets a new token, and whoever else is known there moves along with it. So whoever
leaves a token behind in a browser that others use does not know theirs; and one that we have not made is never kept.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, bindparam, delete, select, update

from portal.accounts import limits
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, known_devices
from portal.kit import audit, nested
from portal.rules import devices as rules
from portal.rules.terms import KNOWN_DEVICES_MAX

TOKEN_BYTES = 32
LONGEST_DEVICE = 120  # characters of its words that the table holds
LONGEST_TOKEN = 100  # characters that are looked at; ours have 43
table = known_devices


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that is known to a person. here: the one that is asking."""

    device: str
    first_seen_at: datetime
    last_seen_at: datetime
    here: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """The token that the browser keeps from now on. known: it was known before; others: so was any other."""

    token: str
    known: bool
    others: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the table, for who comes in."""

    last_seen_at: datetime
    id: int
    token_hash: str


_FIND = (
    select(table.c.id)
    .select_from(table.join(administrators))
    .where(
        administrators.c.username == bindparam("username"),
        table.c.token_hash == bindparam("token_hash"),
        table.c.last_seen_at > bindparam("since"),
    )
    .with_for_update(of=table)
)
# A column of the statement that looks for a (folded) user name: the number under which the browser is known there; NULL
# for a stranger's. Holds the row: whoever counts for a device that is being forgotten counts for a stranger.
HELD = select(_FIND.cte("device").c.id).scalar_subquery()
_NEWEST = (table.c.last_seen_at.desc(), table.c.id.desc())
_OF = table.c.administrator_id == bindparam("whose")
_KNOWN = select(*(table.c[name] for name in Known.__slots__)).where(_OF)
_SEEN = update(table).where(_OF, table.c.token_hash == bindparam("which"))
_MOVE = update(table).where(table.c.token_hash == bindparam("which"))
_INSERT = table.insert()


def asked(username: str, token: str, *, at: datetime) -> dict[str, Any]:
    """What `HELD` is asked with: the same whatever is true, and without a cookie too."""
    return {"username": username, "token_hash": _hash(token), "since": rules.remembered_since(at)}


def known_column(administrator_id: ColumnElement[int]) -> ScalarSelect[str]:
    """The known devices of the row's person as a column, which `read_known` reads (portal/kit/nested.py)."""
    columns = nested.rows_of(*(table.c[name] for name in Known.__slots__))
    return select(columns).where(table.c.administrator_id == administrator_id).scalar_subquery()


def read_known(column: str) -> list[Known]:
    return [Known(nested.instant(seen), *rest) for seen, *rest in nested.read(column)]


def remember(
    db: Connection, person: Administrator, token: str, device: str, *, at: datetime, known: list[Known] | None = None
) -> Remembered:
    """The person came in from the browser that has this token, or none. The caller holds the person's row.

    known: the devices, where the caller has read them since.
    """
    kept = _tidied(db, person, _known(db, person) if known is None else known, at)
    seen, same = {"device": device[:LONGEST_DEVICE], "last_seen_at": at}, _hash(token)
    among_them = any(one.token_hash == same for one in kept)
    if among_them and db.execute(_SEEN, seen | {"whose": person.id, "which": same}).rowcount:
        return Remembered(token, known=True, others=len(kept) > 1)
    fresh = secrets.token_urlsafe(TOKEN_BYTES)
    if token:
        db.execute(_MOVE, {"which": same, "token_hash": _hash(fresh)})
    db.execute(_INSERT, seen | {"administrator_id": person.id, "token_hash": _hash(fresh), "first_seen_at": at})
    if len(kept) == KNOWN_DEVICES_MAX:
        _tidied(db, person, _known(db, person), at)
    return Remembered(fresh, known=False, others=bool(kept))


def of(db: Connection, person: Administrator, token: str, *, at: datetime) -> list[Device]:
    """The browsers that are known to the person, the one used last first; `token` is that of the one that asks."""
    here = table.c.token_hash == _hash(token)
    known = _of(person) & (table.c.last_seen_at > rules.remembered_since(at))
    columns = (table.c.device, table.c.first_seen_at, table.c.last_seen_at, here)
    return [Device(*row) for row in db.execute(select(*columns).where(known).order_by(*_NEWEST))]


def forget(db: Connection, person: Administrator) -> None:
    """Forget every browser of the person: for what takes an account back from somebody else, or away."""
    _forget(db, person.username, _of(person))


def forget_others(db: Connection, person: Administrator, token: str, *, at: datetime) -> None:
    """Forget every browser of the person but the one that has this token, as the person asked."""
    if _forget(db, person.username, _of(person) & (table.c.token_hash != _hash(token))):
        event = Event.DEVICES_FORGOTTEN
        audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id)


def forget_one(db: Connection, username: str, device_id: int) -> None:
    """Too much was guessed from this browser: from now on it counts as a stranger's."""
    _forget(db, username, table.c.id == device_id)


def _known(db: Connection, person: Administrator) -> list[Known]:
    return [Known(*row) for row in db.execute(_KNOWN, {"whose": person.id})]


def _tidied(db: Connection, person: Administrator, known: list[Known], at: datetime) -> list[Known]:
    """Forget what has not been used for too long, and what is too many; returns what is kept."""
    since = rules.remembered_since(at)
    newest_first = sorted(known, key=lambda one: (one.last_seen_at, one.id), reverse=True)
    kept = [one for one in newest_first if one.last_seen_at > since][:KNOWN_DEVICES_MAX]
    if len(kept) < len(known):
        _forget(db, person.username, _of(person) & table.c.id.not_in([one.id for one in kept]))
    return kept


def _forget(db: Connection, username: str, which: ColumnElement[bool]) -> int:
    gone = db.execute(delete(table).where(which).returning(table.c.id)).scalars().all()
    for device_id in gone:
        limits.clear_device(db, username, device_id)
    return len(gone)


def _of(person: Administrator) -> ColumnElement[bool]:
    return table.c.administrator_id == person.id


def _hash(token: str) -> str:
    """Of what a cookie holds, whatever that is."""
    return hashlib.sha256(token[:LONGEST_TOKEN].encode("utf-8", "surrogatepass")).hexdigest()
