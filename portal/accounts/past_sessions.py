"""The sessions of a person as they read them: where they are signed in, and where they were."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from portal.accounts.tables import sessions
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


def ended(db: Connection, administrator_id: int, *, most: int) -> list[Seen]:
    """The newest sessions of the person that have ended, at most so many, the newest first."""
    over = (sessions.c.administrator_id == administrator_id) & sessions.c.ended_at.is_not(None)
    rows = db.execute(select(*_COLUMNS).where(over).order_by(sessions.c.id.desc()).limit(most))
    return [_value(*row) for row in rows]


def _value(device: str, network: str, started_at: datetime, last_active_at: datetime, because: str | None) -> Seen:
    return Seen(device, network, started_at, last_active_at, EndReason(because) if because else None)
