"""SMS credits that staff give: a lot like one that was bought, of a kind of its own, for which nobody has paid.

Where RULES.md is silent:
- It lives as a lot that was bought on the same day would: through E beside e-mail, 24 months on an SMS-only platform.
- The SMS channel is open from then on, as it is after a purchase; the sending service is told.
- The form says which lot was the newest when it was made. Where another one has come meanwhile, nothing is given: so
  the same form twice gives once, and two colleagues who help the same customer notice each other.
- The first administrator gets a mail, since nobody else buys credits; where that access is disabled, everybody else.
"""

from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal import standing
from portal.accounts import queries as accounts
from portal.accounts.queries import Administrator
from portal.credits import actions, mails, queries
from portal.credits.tables import Kind
from portal.desk.acts import Waits, ask_second, record
from portal.desk.events import Event
from portal.desk.people import Act
from portal.rules import staff as rules
from portal.rules.access import Role
from portal.rules.credits import own_last_day
from portal.rules.staff import StaffAct
from portal.staff.approvals import Approval
from portal.standing import Standing
from portal.subscription import sales, switches


class Given(StrEnum):
    """What became of it; only DONE has changed anything."""

    DONE = "done"
    CHANGED = "changed"  # another lot has come meanwhile
    FEATURES_OFF = "features-off"  # nobody could spend them


def give(db: Connection, platform_id: int, credits: int, act: Act, *, newest: int, zone: ZoneInfo) -> Given | Waits:
    """Give the credits, or ask a second person. newest: the lot that was the newest when the form was made."""
    place = standing.lock(db, platform_id, at=act.at, zone=zone)
    if queries.newest_lot(db, platform_id) != newest:
        return Given.CHANGED
    if not rules.may_give_credits(place.state):
        return Given.FEATURES_OFF
    if rules.credits_need_approval(credits):
        return ask_second(db, StaffAct.GRANT_CREDITS, platform_id, {"credits": credits}, act)
    return _give(db, place, credits, act)


def approved(db: Connection, approval: Approval, act: Act, *, zone: ZoneInfo) -> Given:
    """Give what was asked for, unless the features are off by now."""
    place = standing.lock(db, approval.platform_id, at=act.at, zone=zone)
    if not rules.may_give_credits(place.state):
        return Given.FEATURES_OFF
    return _give(db, place, credits_asked(approval), act, approval)


def credits_asked(approval: Approval) -> int:
    return int(approval.facts["credits"])


def _give(db: Connection, place: Standing, credits: int, act: Act, approval: Approval | None = None) -> Given:
    number, today = place.platform.id, place.today
    days: dict[str, Any] = {"bought_on": today, "expires_on": place.expires_on}
    actions.grant(db, number, credits, **days, at=act.at, kind=Kind.GRANTED)
    sales.open_sms(db, number)
    switches.announce(db, number, at=act.at)
    record(db, Event.CREDITS_GRANTED, number, act, approval, credits=credits)
    last_day = place.expires_on or own_last_day(today)
    for person in _readers(db, number):
        mails.credits_granted(
            db,
            to=person,
            credits=credits,
            reason=act.reason,
            last_day=last_day,
            follows=place.expires_on is not None,
            at=act.at,
        )
    return Given.DONE


def _readers(db: Connection, platform_id: int) -> list[Administrator]:
    enabled = [person for person in accounts.administrators_of_platform(db, platform_id) if person.enabled]
    return [person for person in enabled if person.role == Role.FIRST] or enabled
