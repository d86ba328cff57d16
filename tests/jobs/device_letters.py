"""The mails about sign-ins and guesses, made leave by what makes them leave."""

from collections.abc import Callable

from portal.accounts import alarms, devices, mails, not_me, queries, sessions
from portal.accounts.devices import Remembered
from portal.accounts.links import Purpose
from portal.kit.links import Link
from portal.rules.factors import Factor
from tests.helpers.house import House


def come_in(house: House, language: str, *, known: bool = False, failures: int = 0) -> int:
    """Somebody comes in; returns the id of the session."""
    person, at = house.person("m1234", language=language), house.clock.now()
    with house.parts.database.write() as db:
        facts = {"network": "198.51.100.0/24", "device": "Firefox · Linux"}
        factor = Factor.PASSWORD if known else Factor.APP
        started = sessions.start(db, person, at=at, factor=factor, **facts)
        seen = Remembered("x", known=known, others=True)
        assert not_me.notify(db, house.parts.links, person, started.id, seen, failures=failures)
    return started.id


def new_device(house: House, language: str) -> None:
    come_in(house, language)


def new_device_after_failures(house: House, language: str) -> None:
    come_in(house, language, known=True, failures=12)


def taken_back(house: House, language: str) -> None:
    session = come_in(house, language)
    at, maker = house.clock.now(), house.parts.links
    with house.parts.database.write() as db:
        link_id = maker.issue(db, Purpose.NOT_ME, session, at=at, expires_at=at.replace(hour=10))
        link = maker.find(db, maker.token(db, link_id), Purpose.NOT_ME, at=at)
        assert isinstance(link, Link)
        assert not_me.take_back(db, maker, link, at=at)


def sign_in_trouble(house: House, language: str, *, known: bool = False) -> None:
    person = house.person("m1234", language=language)
    with house.parts.database.write() as db:
        if known:
            queries.lock_administrator(db, person.id)
            devices.remember(db, person, "", "Firefox · Linux", at=house.clock.now())
        alarms.ask(db, "m1234", at=house.clock.now())


def sign_in_trouble_with_known_browsers(house: House, language: str) -> None:
    sign_in_trouble(house, language, known=True)


def password_known(house: House, language: str) -> None:
    person = house.person("m1234", language=language)
    with house.parts.database.write() as db:
        mails.password_known(db, to=person, at=house.clock.now())


CASES: dict[str, Callable[[House, str], None]] = {
    case.__name__: case
    for case in (
        new_device,
        new_device_after_failures,
        taken_back,
        sign_in_trouble,
        sign_in_trouble_with_known_browsers,
        password_known,
    )
}
