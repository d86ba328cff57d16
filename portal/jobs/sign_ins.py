"""The day of a sign-in, where the platform was held while somebody came in."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from portal.parts import Parts
from portal.subscription import actions


def note(db: Connection, _parts: Parts, payload: dict[str, Any], _at: datetime) -> None:
    """Write it now, and wait for the platform if need be: nothing else is held."""
    actions.write_sign_in(db, payload["platform_id"], date.fromisoformat(payload["day"]))
