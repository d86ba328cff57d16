"""The worker's answer to a request for a trial: here it is found out who has one, long after the page has answered."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from portal import standing
from portal.accounts.queries import Administrator
from portal.parts import Parts
from portal.rules import dates
from portal.subscription import trials


def answer(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    today = dates.business_date(at, parts.settings.timezone)
    trials.answer(db, parts.links, payload, _trials(db, parts, at), today=today, at=at)


def _trials(db: Connection, parts: Parts, at: datetime) -> Callable[[Administrator], date | None]:
    """Tells the last day of a person's trial, while it runs and while it can still be purchased."""

    def last_day_of(person: Administrator) -> date | None:
        place = standing.find(db, person.platform_id, at=at, zone=parts.settings.timezone)
        return place.expires_on if place.platform.trial and place.state.may_sign_in else None

    return last_day_of
