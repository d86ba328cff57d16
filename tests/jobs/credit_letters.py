"""What makes the mails about credits that staff give leave: cases of `test_letters`."""

from collections.abc import Callable

from portal.desk import credits
from portal.desk.credits import Given
from portal.desk.people import Act
from portal.rules.staff import StaffRole
from tests.helpers.desk import hire
from tests.helpers.house import House


def credits_granted(house: House, language: str, ends_in: int | None = 98, amount: int = 9_480) -> None:
    house.platform(1234, ends_in=ends_in)
    house.person("m1234", language=language)
    act = Act(hire(house, "bea", StaffRole.ADMINISTRATION), "ticket 4711, messages sent twice", house.clock.now())
    with house.parts.database.write() as db:
        zone = house.parts.settings.timezone
        found = credits.give(db, 1234, amount, act, newest=0, zone=zone)
    assert found is Given.DONE


def credits_granted_on_sms_only(house: House, language: str) -> None:
    credits_granted(house, language, None, 1)


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case for case in (credits_granted, credits_granted_on_sms_only)
}
