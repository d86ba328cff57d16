"""Whether a browser is known, as the sign-in asks."""

from datetime import datetime

from sqlalchemy import Connection, select

from portal.accounts import devices


def is_known(db: Connection, username: str, token: str, *, at: datetime) -> bool:
    return db.execute(select(devices.HELD), devices.asked(username, token, at=at)).scalar() is not None
