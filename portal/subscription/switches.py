"""The sending service is to be told how a platform stands: a row of the outbox, written with what has changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal.kit import outbox

SWITCH_ERRAND = "switch_on"


def announce(db: Connection, platform_id: int, *, at: datetime, key: str | None = None, **cause: Any) -> None:
    """Have the service told after the commit, again and again until it has heard.

    What it is told is composed when it is told. key: by which the row is found again; without one there is a row for
    each change, also of two at one instant. cause: what stands in the row beside the platform.
    """
    payload = {"platform_id": platform_id} | cause
    outbox.put(db, outbox.ERRAND, SWITCH_ERRAND, payload, at=at, platform_id=platform_id, key=key)
