"""A grace made longer by an exception that administration records: the rule is `portal/rules/lifecycle.py`.

Giving one and deleting the platform exclude each other: both hold the platform. What comes after the erasing began is
refused; a deletion that was only announced is taken back, and may be announced again when the new day is over.
"""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal import standing
from portal.accounts import queries as accounts
from portal.desk.platforms import Hand
from portal.rules import dates, lifecycle
from portal.rules.lifecycle import ExtensionRefusal
from portal.standing import Standing
from portal.subscription import graces, mails


def extend(db: Connection, platform_id: int, until: date, hand: Hand, *, zone: ZoneInfo) -> ExtensionRefusal | None:
    """Let the platform be renewed through that day, and tell everybody on it; or why not. Raises LookupError."""
    graces.hold(db, platform_id)
    place = standing.find(db, platform_id, at=hand.at, zone=zone)
    refusal = lifecycle.find_extension_refusal(place.life, until, hand.at, zone)
    if refusal:
        return refusal
    assert place.expires_on is not None  # noqa: S101 - a platform without an expiry is refused two lines above
    graces.extend(db, platform_id, place.expires_on, until, by=hand.by, at=hand.at, **hand.told)
    _tell(db, place, place.expires_on, until, hand)
    return None


def _tell(db: Connection, place: Standing, expires_on: date, until: date, hand: Hand) -> None:
    """By mail, to whoever the reminders go to."""
    for person in accounts.administrators_of_platform(db, place.platform.id):
        if person.enabled:
            mails.grace_extended(
                db,
                to=person,
                expires_on=expires_on,
                renewable_until=until,
                deleted_on=until + dates.ONE_DAY,
                reason=hand.reason,
                trial=place.platform.trial,
                useless_after=dates.end_of(until, place.zone),
                at=hand.at,
            )
