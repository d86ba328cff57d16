"""The worker's answer to a recovery request: here it is found out what is true, long after the page has answered."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal import standing
from portal.accounts import recovery
from portal.accounts.queries import Administrator
from portal.parts import Parts
from portal.rules.lifecycle import State


def answer_user_names(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    recovery.answer_user_names(db, payload, _describer(db, parts, at), at=at)


def answer_reset(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    recovery.answer_reset(db, parts.links, payload, _describer(db, parts, at), at=at)


def _describer(db: Connection, parts: Parts, at: datetime) -> Callable[[Administrator], str | None]:
    """Tells the state of a person's platform; None for one that is deleted, of which nobody hears anything."""

    def describe(person: Administrator) -> str | None:
        place = standing.find(db, person.platform_id, at=at, zone=parts.settings.timezone)
        return None if place.state is State.DELETED else str(place.state)

    return describe
