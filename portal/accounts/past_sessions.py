"""The sessions of a person as they read them: where they are signed in, and where they were."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from portal.accounts.tables import sessions
from portal.rules import sessions as rules
from portal.rules.sessions import EndReason


@dataclass(frozen=True, slots=True)
class Seen:
    """A session, alive or not. last_active_at: up to a minute behind. `reason`: why it ended; None while it lives."""

    device: str
    network: str
    started_at: datetime
    last_active_at: datetime
    reason: EndReason | None


_COLUMNS = [sessions.c[name] for name in ("device", "network", "started_at", "last_active_at", "ended_because")]


def get(db: Connection, session_id: int) -> Seen:
    """The session that is asking."""
    return _value(*db.execute(select(*_COLUMNS).where(sessions.c.id == session_id)).one())


def find_live(db: Connection, administrator_id: int, *, at: datetime, idle: timedelta) -> Seen | None:
    """The session in which the person may be at this instant; the row lags, so in doubt it is told."""
    live = (sessions.c.administrator_id == administrator_id) & sessions.c.ended_at.is_(None)
    row = db.execute(select(*_COLUMNS).where(live)).one_or_none()
    found = _value(*row) if row else None
    return found if found and rules.possibly_alive(found.started_at, found.last_active_at, at, idle) else None


def ended(db: Connection, administrator_id: int, *, most: int) -> list[Seen]:
    """The newest sessions of the person that have ended, at most so many, the newest first."""
    over = (sessions.c.administrator_id == administrator_id) & sessions.c.ended_at.is_not(None)
    rows = db.execute(select(*_COLUMNS).where(over).order_by(sessions.c.id.desc()).limit(most))
    return [_value(*row) for row in rows]


def _value(device: str, network: str, started_at: datetime, last_active_at: datetime, because: str | None) -> Seen:
    return Seen(device, network, started_at, last_active_at, EndReason(because) if because else None)
