"""Guesses that their victim hears of: who is told, how often, and by which mail."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import administrators, alarms, devices, limits, queries, second_factor
from portal.accounts.queries import Administrator
from portal.accounts.second_factor import Checks
from portal.kit import outbox, throttle
from portal.kit.audit import events
from portal.outside.post import Letter
from portal.rules.terms import ALARM_MAILS, ALARM_WINDOW, FORCED_RESET_FAILURES, SIGN_IN_FAILURES
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

TICK = timedelta(microseconds=1)
RECOVERY_CODE = "22222-22222"


def trouble(house: House, username: str = "m1234") -> list[Letter]:
    """Strangers have failed often enough; returns the mails that the worker sends."""
    with house.parts.database.write() as db:
        alarms.ask(db, username, at=house.clock.now())
    return house.work()


def tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return list(db.execute(select(events.c.tag).order_by(events.c.id)).scalars())


def make_known(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        queries.lock_administrator(db, person.id)
        devices.remember(db, person, "", "Firefox · Linux", at=house.clock.now())


@both_databases
def test_whose_password_is_guessed_is_told_with_the_way_out(house: House) -> None:
    house.person("m1234")
    (letter,) = trouble(house)
    assert letter.recipient == "m1234@example.com"
    assert "wait up to 15 minutes" in letter.text
    assert "/reset-password?username=m1234" in letter.text
    assert tags(house)[-1] == "accounts.sign_in_trouble"


def test_who_has_known_browsers_hears_that_they_go_on_working(house: House) -> None:
    anna = house.person("m1234")
    assert "go on working" not in trouble(house)[0].text
    house.clock.move(days=1)
    make_known(house, anna)
    assert "go on working" in trouble(house)[0].text


@pytest.mark.parametrize("username", ["m4321", "m1234-invited", "m1234-gone", "m3000", "M1234", ""])
def test_nobody_else_is_written_to(house: House, username: str) -> None:
    """Unknown, invited, disabled, on a platform whose grace is over; and no name that follows no grammar."""
    house.person("m1234")
    house.person("m1234-invited", password=None)
    gone = house.person("m1234-gone")
    house.platform(3000, ends_in=-11)
    house.person("m3000")
    with house.parts.database.write() as db:
        administrators.disable(db, gone, at=house.clock.now())
    house.work()
    assert trouble(house, username) == []


@pytest.mark.parametrize(("waited", "mails"), [(ALARM_WINDOW - TICK, 0), (ALARM_WINDOW, 1), (ALARM_WINDOW + TICK, 1)])
def test_it_is_told_once_a_day(house: House, waited: timedelta, mails: int) -> None:
    house.person("m1234")
    house.person("m2000")
    assert len(trouble(house)) == ALARM_MAILS == 1
    house.clock.instant += waited
    assert len(trouble(house)) == mails
    assert len(trouble(house, "m2000")) == 1


@both_databases
def test_of_many_tasks_at_once_one_mails(house: House) -> None:
    anna = house.person("m1234")
    payload = {"username": "m1234", "at": house.clock.now().isoformat()}

    def answer(_number: int) -> None:
        with house.parts.database.write() as db:
            alarms.answer(db, payload, lambda person: person.id == anna.id, at=house.clock.now())

    together(answer, 5)
    assert len(house.work()) == 1


# --- the second factor -----------------------------------------------------------------------------------------------


def type_code(house: House, person: Administrator, typed: str, *, throttled: bool = True) -> None:
    checks = Checks(house.parts.database, house.parts.hasher, house.parts.vault)
    assert second_factor.prove(checks, person, typed, at=house.clock.now(), throttled=throttled) is None


def wrong(house: House, person: Administrator) -> str:
    shown = {house.code(person, earlier=seconds) for seconds in (-30, 0, 30)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in shown)


@pytest.fixture
def anna(house: House) -> Administrator:
    person = house.person("m1234")
    house.add_app(person)
    house.work()
    return person


@both_databases
def test_wrong_codes_after_the_right_password_are_told_when_they_open_a_wait(house: House) -> None:
    anna = house.person("m1234")
    house.add_app(anna)
    for _ in range(SIGN_IN_FAILURES - 1):
        type_code(house, anna, wrong(house, anna))
    assert house.work() == []
    type_code(house, anna, wrong(house, anna))
    (letter,) = house.work()
    assert letter.subject == "Somebody knows the password of m1234"
    assert letter.recipient == anna.email
    assert tags(house)[-1] == "accounts.password_known"


@pytest.mark.parametrize("codes", [True, False], ids=["with codes", "without codes"])
def test_so_are_wrong_recovery_codes(house: House, anna: Administrator, codes: bool) -> None:
    if codes:
        house.add_codes(anna)
        house.work()
    for _ in range(SIGN_IN_FAILURES):
        type_code(house, anna, RECOVERY_CODE)
    assert len(house.work()) == 1


@pytest.mark.parametrize(("waited", "mails"), [(ALARM_WINDOW - TICK, 0), (ALARM_WINDOW, 1)])
def test_it_is_told_once_a_day_however_long_it_goes_on(
    house: House, anna: Administrator, waited: timedelta, mails: int
) -> None:
    for _ in range(SIGN_IN_FAILURES + 3):
        type_code(house, anna, wrong(house, anna))
    assert len(house.work()) == 1
    house.clock.instant += waited
    for _ in range(SIGN_IN_FAILURES):
        type_code(house, anna, wrong(house, anna))
    assert len(house.work()) == mails


def test_the_two_kinds_of_guesses_are_told_apart(house: House, anna: Administrator) -> None:
    assert len(trouble(house)) == 1
    for _ in range(SIGN_IN_FAILURES):
        type_code(house, anna, wrong(house, anna))
    assert len(house.work()) == 1


def test_the_last_failure_there_may_be_is_told(house: House, anna: Administrator) -> None:
    with house.parts.database.write() as db:
        limits.claim_factor(db, anna.username, at=house.clock.now())
        db.execute(throttle.limits.update().values(state=f"[[],{FORCED_RESET_FAILURES - 1},0,null,null]"))
    type_code(house, anna, wrong(house, anna))
    assert len(house.work()) == 1


def test_where_nothing_is_counted_nothing_is_told(house: House, anna: Administrator) -> None:
    for _ in range(SIGN_IN_FAILURES + 1):
        type_code(house, anna, wrong(house, anna), throttled=False)
    assert house.work() == []


def test_an_attempt_that_waits_is_told_of_by_nobody_twice(house: House, anna: Administrator) -> None:
    for _ in range(SIGN_IN_FAILURES * 3):
        type_code(house, anna, wrong(house, anna))
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox.c.id).where(outbox.outbox.c.name == "password_known")).all()
    assert len(rows) == 1
