"""The worker's answer to a recovery request: here it is found out what is true, long after the page has answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal import standing
from portal.accounts import recovery
from portal.accounts.queries import Administrator
from portal.parts import Parts
from portal.rules.lifecycle import State


def answer_user_names(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    def describe(person: Administrator) -> str | None:
        place = standing.find(db, person.platform_id, at=at, zone=parts.settings.timezone)
        return None if place.state is State.DELETED else str(place.state)

    recovery.answer_user_names(db, payload, describe, at=at)


def answer_reset(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    recovery.answer_reset(db, parts.links, payload, at=at)
