"""The worker finds out whether there is anybody to tell of guessed passwords, long after the page has answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal import standing
from portal.accounts import alarms
from portal.accounts.queries import Administrator
from portal.parts import Parts


def tell_sign_in_trouble(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    def may_sign_in(person: Administrator) -> bool:
        place = standing.find(db, person.platform_id, at=at, zone=parts.settings.timezone)
        return place.state.may_sign_in

    alarms.answer(db, payload, may_sign_in, at=at)
