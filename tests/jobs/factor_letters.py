"""What makes the mails about second factors leave: cases of `test_letters`."""

from collections.abc import Callable

from portal.accounts import factors
from portal.accounts.events import Event
from portal.subscription import second_factor
from tests.helpers.house import House


def factor_changed(house: House, language: str, change: Event = Event.APP_ADDED) -> None:
    person = house.person("m1234", language=language)
    house.add_app(person)
    with house.parts.database.write() as db:
        factors.changed(db, person, change, at=house.clock.now())


def factor_changed_by_a_move(house: House, language: str) -> None:
    factor_changed(house, language, Event.APP_MOVED)


def factor_changed_by_new_codes(house: House, language: str) -> None:
    factor_changed(house, language, Event.RECOVERY_CODES_MADE)


def factor_changed_by_taking_it_off(house: House, language: str) -> None:
    factor_changed(house, language, Event.APP_REMOVED)


def second_factor_demanded(house: House, language: str) -> None:
    house.platform(1234, additional_seats=1)
    first = house.person("m1234", language=language)
    house.person("m1234-marco", language=language)
    with house.parts.database.write() as db:
        assert second_factor.demand(db, by=first, at=house.clock.now())


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case
    for case in (
        factor_changed,
        factor_changed_by_a_move,
        factor_changed_by_new_codes,
        factor_changed_by_taking_it_off,
        second_factor_demanded,
    )
}
