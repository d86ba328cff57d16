"""The mails about staff who look as a customer, made leave by what makes them leave: cases of `test_letters`."""

from collections.abc import Callable

from portal.accounts import sessions
from portal.staff import views
from tests.helpers.desk import hire
from tests.helpers.house import House


def view_allowed(house: House, language: str) -> None:
    person = house.person("m1234", language=language)
    with house.parts.database.write() as db:
        sessions.start(db, person, at=house.clock.now(), network="", device="Firefox")
        views.allow(db, person, at=house.clock.now())


def view_begun(house: House, language: str) -> None:
    person, sara = house.person("m1234", language=language), hire(house)
    with house.parts.database.write() as db:
        sessions.start(db, person, at=house.clock.now(), network="", device="Firefox")
        views.allow(db, person, at=house.clock.now())
        assert views.begin(db, person, member=sara, reason="ticket 4711, you called us", at=house.clock.now())


CASES: dict[str, Callable[[House, str], None]] = {case.__name__: case for case in (view_allowed, view_begun)}
