"""The sessions of the staff: rows like those of customers, by the same rules, and apart from them.

One live session a member: a new one ends the one before.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from portal.kit import audit
from portal.rules import sessions as rules
from portal.rules.sessions import Alive, EndReason
from portal.staff.events import Event
from portal.staff.queries import MEMBER_COLUMNS, Member, lock_member, value_of
from portal.staff.tables import staff_members, staff_sessions

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Live:
    """One of the staff who is signed in. write_due: the row lags behind: `touch` it."""

    session_id: int
    member: Member
    write_due: bool


def start(db: Connection, member: Member, *, at: datetime, network: str, device: str) -> str:
    """End whatever session the member has, open a new one, and return its token: the only time it is seen."""
    lock_member(db, member.id)
    end_all(db, member.id, EndReason.TAKEN_OVER, at=at)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {"token_hash": _hash(token), "member_id": member.id, "device": device[:120], "network": network}
    db.execute(staff_sessions.insert().values(row | {"started_at": at, "last_active_at": at}))
    audit.record(db, Event.SIGNED_IN, at=at, network=network, member=member.username)
    return token


def find(db: Connection, token: str, *, at: datetime, cookie_at: datetime | None, idle: timedelta) -> Live | None:
    """Who is signed in by this token at instant `at`; `cookie_at`: the last activity that the signed cookie tells."""
    columns = (staff_sessions.c.id, staff_sessions.c.started_at, staff_sessions.c.last_active_at)
    joined = select(*columns, *MEMBER_COLUMNS).select_from(staff_sessions.join(staff_members))
    mine = (staff_sessions.c.token_hash == _hash(token)) & staff_sessions.c.ended_at.is_(None)
    row = db.execute(joined.where(mine)).one_or_none()
    if row is None:
        return None
    session_id, started_at, stored_at = row[:3]
    member = value_of(row[3:])
    last_active_at = rules.last_activity(cookie_at or stored_at, stored_at, at)
    if not member.enabled or not isinstance(rules.liveness(started_at, last_active_at, at, idle), Alive):
        return None
    return Live(session_id, member, rules.activity_write_due(stored_at, at))


def touch(db: Connection, session_id: int, *, at: datetime) -> None:
    """Let the row catch up with the activity that the cookie already tells."""
    behind = (staff_sessions.c.id == session_id) & staff_sessions.c.ended_at.is_(None)
    db.execute(update(staff_sessions).where(behind, staff_sessions.c.last_active_at < at).values(last_active_at=at))


def end_all(db: Connection, member_id: int, reason: EndReason, *, at: datetime) -> int:
    """End the session of a member; every copy of its cookie is worthless from the commit on."""
    live = (staff_sessions.c.member_id == member_id) & staff_sessions.c.ended_at.is_(None)
    return db.execute(update(staff_sessions).where(live).values(ended_at=at, ended_because=reason)).rowcount


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
