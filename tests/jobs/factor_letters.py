"""What makes the mails about second factors leave: cases of `test_letters`."""

from collections.abc import Callable

from portal.accounts import factors
from portal.accounts.events import Event
from portal.accounts.second_factor import Checks, prove
from portal.rules.factors import Factor
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


def factor_changed_by_a_passkey(house: House, language: str) -> None:
    factor_changed(house, language, Event.PASSKEY_ADDED)


def factor_changed_by_one_passkey_less(house: House, language: str) -> None:
    factor_changed(house, language, Event.PASSKEY_REMOVED)


def factor_changed_by_a_code_used_up(house: House, language: str) -> None:
    person = house.person("m1234", language=language)
    house.add_app(person)
    checks = Checks(house.parts.database, house.parts.hasher, house.parts.vault)
    assert prove(checks, person, house.add_codes(person)[0], at=house.clock.now()) is Factor.RECOVERY_CODE


def factor_changed_by_an_undo(house: House, language: str) -> None:
    """The address is changed back: what was added meanwhile goes, and the address restored is told."""
    person = house.person("m1234", language=language)
    house.add_app(person)
    with house.parts.database.write() as db:
        assert factors.remove(db, person, Event.NEW_FACTORS_REMOVED, at=house.clock.now(), since=house.clock.now())


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
        factor_changed_by_a_passkey,
        factor_changed_by_one_passkey_less,
        factor_changed_by_a_code_used_up,
        factor_changed_by_an_undo,
        second_factor_demanded,
    )
}
