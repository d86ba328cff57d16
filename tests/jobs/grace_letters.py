"""What makes the mails about a longer grace leave: cases of `test_letters`."""

from collections.abc import Callable
from datetime import timedelta

from portal.desk import graces
from portal.desk.platforms import Hand
from portal.rules import dates
from tests.helpers.house import House


def grace_extended(house: House, language: str, *, trial: bool = False) -> None:
    house.platform(1234, ends_in=-3, trial=trial)
    house.person("m1234", language=language)
    at, zone = house.clock.now(), house.parts.settings.timezone
    until = dates.business_date(at, zone) + timedelta(days=21)
    with house.parts.database.write() as db:
        assert graces.extend(db, 1234, until, Hand("staff", at, "ticket 4711, a bereavement"), zone=zone) is None


def grace_extended_of_a_trial(house: House, language: str) -> None:
    grace_extended(house, language, trial=True)


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case for case in (grace_extended, grace_extended_of_a_trial)
}
