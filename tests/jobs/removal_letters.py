"""What makes the mails about lost second factors leave: cases of `test_letters`."""

from collections.abc import Callable

from portal.accounts import factor_removals, lost_factors
from portal.accounts.factor_removals import Removal, Stop
from portal.accounts.queries import Administrator
from portal.rules import terms
from tests.helpers.house import House


def factor_removal_asked(house: House, language: str) -> None:
    ask(house, house.person("m1234", language=language))


def factor_removal_done(house: House, language: str) -> None:
    ask(house, house.person("m1234", language=language))
    wait(house)


def factor_removal_done_elsewhere(house: House, language: str) -> None:
    """To the first administrator, after the one to whom it belonged."""
    house.person("m1234", language=language)
    ask(house, house.person("m1234-anna", language=language))
    wait(house)


def factor_removal_stopped(house: House, language: str, why: Stop = Stop.LINK) -> None:
    person = house.person("m1234", language=language)
    ask(house, person)
    with house.parts.database.write() as db:
        assert factor_removals.stop(db, person.id, why, at=house.clock.now())


def ask(house: House, person: Administrator) -> None:
    house.add_app(person)
    with house.parts.database.write() as db:
        at, maker = house.clock.now(), house.parts.links
        reason = "ticket 4711, you lost your phone"
        assert isinstance(lost_factors.ask(db, maker, person, reason=reason, by="giulia", at=at), Removal)


def wait(house: House) -> None:
    house.work()
    house.clock.set(house.clock.now() + terms.FACTOR_REMOVAL_WAIT)


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case
    for case in (
        factor_removal_asked,
        factor_removal_done,
        factor_removal_done_elsewhere,
        factor_removal_stopped,
    )
}
