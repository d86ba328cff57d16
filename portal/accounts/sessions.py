"""Server-side sessions: the cookie holds a random token and a signed instant; the row is the judge."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, bindparam, select, update

from portal.accounts.events import Event
from portal.accounts.links import HALFWAY_PURPOSES
from portal.accounts.queries import ADMINISTRATOR_COLUMNS, Administrator, lock_administrator
from portal.accounts.tables import administrators, sessions
from portal.kit import audit, links, nested
from portal.rules import sessions as rules
from portal.rules import terms
from portal.rules.factors import Factor
from portal.rules.sessions import EndReason

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Started:
    """A new session. The token is seen this once; what has to be told of the session later is told by its id."""

    id: int
    token: str


@dataclass(frozen=True, slots=True)
class Live:
    """Somebody who is signed in, for as long as `life` says if they do nothing more."""

    session_id: int
    administrator: Administrator
    started_at: datetime
    last_active_at: datetime
    proven_at: datetime  # when the password was last typed in it
    factor: Factor  # with what the person came in
    life: rules.Alive
    write_due: bool  # the row lags behind: `touch` it


@dataclass(frozen=True, slots=True)
class Over:
    """A session that was, whose, and why it is no more. `noted`: the row says so already."""

    session_id: int
    administrator: Administrator
    reason: EndReason
    noted: bool


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The session that is open when the same person signs in again."""

    started_at: datetime
    last_active_at: datetime
    device: str

    def alive(self, at: datetime, idle: timedelta) -> bool:
        """The row lags, so in doubt it is asked about."""
        return rules.possibly_alive(self.started_at, self.last_active_at, at, idle)


FOUND = (
    *(
        sessions.c[name]
        for name in ("id", "started_at", "last_active_at", "proven_at", "factor", "ended_at", "ended_because")
    ),
    *ADMINISTRATOR_COLUMNS,
)  # what `judge` wants to know; portal/glance.py reads it together with the platform
HAS_TOKEN = sessions.c.token_hash == bindparam("token_hash")
_LIVE = select(sessions.c.started_at, sessions.c.last_active_at, sessions.c.device).where(
    sessions.c.administrator_id == bindparam("administrator_id"), sessions.c.ended_at.is_(None)
)
_START = sessions.insert().returning(sessions.c.id)


def judge(row: Sequence[Any], *, at: datetime, cookie_at: datetime | None, idle: timedelta) -> Live | Over:
    """What a token stands for at instant `at`, by the row that was found by it: the values of FOUND.

    cookie_at: the last activity that the signed cookie tells.
    """
    session_id, started_at, stored_at, proven_at, factor, ended_at, because, *person = row
    administrator = Administrator(*person)
    if ended_at is not None:
        return Over(session_id, administrator, EndReason(because), noted=True)
    last_active_at = rules.last_activity(cookie_at or stored_at, stored_at, at)
    if not administrator.enabled:
        return Over(session_id, administrator, EndReason.DISABLED, noted=False)
    life = rules.liveness(started_at, last_active_at, at, idle)
    if isinstance(life, rules.Ended):
        return Over(session_id, administrator, life.reason, noted=False)
    due = rules.activity_write_due(stored_at, at)
    return Live(session_id, administrator, started_at, last_active_at, proven_at, Factor(factor), life, due)


def find_elsewhere(db: Connection, administrator_id: int, *, at: datetime, idle: timedelta) -> Elsewhere | None:
    """The session of this person that may still be alive."""
    return next((one for one in _open(db, administrator_id) if one.alive(at, idle)), None)


def start(
    db: Connection,
    administrator: Administrator,
    *,
    at: datetime,
    network: str,
    device: str,
    factor: Factor = Factor.PASSWORD,
    idle: timedelta = terms.IDLE_TIMEOUT,
    earlier: list[Elsewhere] | None = None,
) -> Started:
    """End whatever session the person has, and open a new one.

    Holds the person's row: of two starts at once the second one takes over from the first. earlier: what is open, for
    a caller who has read it since holding that row.
    """
    if earlier is None:
        lock_administrator(db, administrator.id)
        earlier = _open(db, administrator.id)
    taken_over = any(_end_earlier(db, administrator.id, one, at=at, idle=idle) for one in earlier)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row: dict[str, Any] = {"token_hash": token_hash(token), "administrator_id": administrator.id}
    row |= {"device": device[:120], "factor": factor, "network": network}
    row |= {"started_at": at, "last_active_at": at, "proven_at": at}
    session_id = db.execute(_START, row).scalar_one()
    event = Event.TAKEN_OVER if taken_over else Event.SIGNED_IN
    who = {"platform_id": administrator.platform_id, "administrator_id": administrator.id}
    audit.record(db, event, at=at, network=network, factor=factor, **who)
    return Started(session_id, token)


def renew(db: Connection, token: str, *, at: datetime) -> str | None:
    """The password was typed again in this session: its new token; the old one opens nothing any more.

    The session stays the one it was, and as old as it was: a proof does not lengthen the absolute life. None where it
    has ended, or was renewed, meanwhile.
    """
    fresh = secrets.token_urlsafe(TOKEN_BYTES)
    live = (sessions.c.token_hash == token_hash(token)) & sessions.c.ended_at.is_(None)
    values = {"token_hash": token_hash(fresh), "proven_at": at, "last_active_at": at}
    return fresh if db.execute(update(sessions).where(live).values(values)).rowcount == 1 else None


def _open(db: Connection, administrator_id: int) -> list[Elsewhere]:
    return [Elsewhere(*row) for row in db.execute(_LIVE, {"administrator_id": administrator_id})]


def open_column(administrator_id: ColumnElement[int]) -> ScalarSelect[str]:
    """The session of the row's person that nobody has ended, as a column, which `read_open` reads."""
    columns = nested.rows_of(*(sessions.c[name] for name in Elsewhere.__slots__))
    its = (sessions.c.administrator_id == administrator_id) & sessions.c.ended_at.is_(None)
    return select(columns).where(its).scalar_subquery()


def read_open(column: str) -> list[Elsewhere]:
    """One at the most: the database sees to it."""
    return [
        Elsewhere(nested.instant(began), nested.instant(seen), device) for began, seen, device in nested.read(column)
    ]


def _end_earlier(db: Connection, administrator_id: int, earlier: Elsewhere, *, at: datetime, idle: timedelta) -> bool:
    """Whether a session was taken over. One that had died of itself, unnoticed, is closed under its own reason."""
    died = rules.liveness(earlier.started_at, earlier.last_active_at, at, idle)
    reason = died.reason if not earlier.alive(at, idle) and isinstance(died, rules.Ended) else EndReason.TAKEN_OVER
    end_all(db, administrator_id, reason, at=at)
    return reason is EndReason.TAKEN_OVER


def touch(db: Connection, session_id: int, *, at: datetime) -> None:
    """Let the row catch up with the activity that the cookie already tells."""
    behind = (sessions.c.id == session_id) & sessions.c.ended_at.is_(None) & (sessions.c.last_active_at < at)
    db.execute(update(sessions).where(behind).values(last_active_at=at))


def end(db: Connection, session_id: int, reason: EndReason, *, at: datetime) -> bool:
    """End one session for good; every copy of its cookie is worthless from the commit on."""
    live = (sessions.c.id == session_id) & sessions.c.ended_at.is_(None)
    return db.execute(update(sessions).where(live).values(ended_at=at, ended_because=reason)).rowcount == 1


def end_all(db: Connection, administrator_id: int, reason: EndReason, *, at: datetime, but: int | None = None) -> int:
    """End the sessions of a person, all or all `but` one; returns how many there were."""
    live = (sessions.c.administrator_id == administrator_id) & sessions.c.ended_at.is_(None)
    if but is not None:
        live &= sessions.c.id != but
    return db.execute(update(sessions).where(live).values(ended_at=at, ended_because=reason)).rowcount


def people_signed_in(db: Connection) -> list[Administrator]:
    """Everybody with a session that nobody has ended; a clock may have, unnoticed."""
    joined = sessions.join(administrators)
    query = select(*ADMINISTRATOR_COLUMNS).select_from(joined).where(sessions.c.ended_at.is_(None))
    return [Administrator(*row) for row in db.execute(query.order_by(administrators.c.id))]


def end_by_staff(db: Connection, person: Administrator, reason: str, *, at: datetime, by: str) -> bool:
    """Sign the person out, and whoever is on the way in as them begins anew. False: nobody was signed in."""
    lock_administrator(db, person.id)
    links.withdraw(db, person.id, HALFWAY_PURPOSES, at=at)
    if not end_all(db, person.id, EndReason.BY_STAFF, at=at):
        return False
    platform_id, event = person.platform_id, Event.SESSION_ENDED
    audit.record(db, event, at=at, platform_id=platform_id, administrator_id=person.id, by=by, reason=reason)
    return True


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
