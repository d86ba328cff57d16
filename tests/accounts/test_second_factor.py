"""The step after the password: which code is taken, how many guesses are looked at, and what each of them costs."""

from typing import Any

import pytest
from sqlalchemy import select, update

from portal.accounts import authenticator_apps, limits, recovery, second_factor, sign_in
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.accounts.second_factor import Checks
from portal.accounts.sign_in import Attempt, Proven
from portal.kit import audit, outbox
from portal.kit.hashing import Busy, Hasher
from portal.kit.vault import Unreadable, Vault
from portal.rules.factors import Factor, write_recovery_code
from portal.rules.sessions import EndReason
from portal.rules.terms import FORCED_RESET_FAILURES, SIGN_IN_FAILURES, SIGN_IN_FIRST_WAIT
from tests.conftest import both_databases
from tests.helpers.house import PASSWORD, House
from tests.helpers.together import together

NEVER_MADE = "22222-22222"


def prove(house: House, person: Administrator, typed: str, **facts: Any) -> Factor | None:
    hasher, vault = facts.pop("hasher", house.parts.hasher), facts.pop("vault", house.parts.vault)
    checks = Checks(house.parts.database, hasher, vault)
    return second_factor.prove(checks, person, typed, at=house.clock.now(), **facts)


def wrong(house: House, person: Administrator) -> str:
    """Six digits that are no code of this minute."""
    shown = {house.code(person, earlier=seconds) for seconds in (-30, 0, 30, 60)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in shown)


def fail(house: House, person: Administrator, times: int) -> None:
    for _ in range(times):
        assert prove(house, person, wrong(house, person)) is None


@pytest.fixture
def anna(house: House) -> Administrator:
    person = house.person("m1234")
    house.add_app(person)
    return person


@both_databases
def test_a_code_of_the_app_and_a_recovery_code_are_taken_however_they_are_typed(house: House) -> None:
    person = house.person()
    house.add_app(person)
    codes = house.add_codes(person)
    code = house.code(person)
    assert prove(house, person, f" {code[:3]} {code[3:]} ") is Factor.APP
    assert prove(house, person, write_recovery_code(codes[0]).upper()) is Factor.RECOVERY_CODE
    assert prove(house, person, codes[1]) is Factor.RECOVERY_CODE


def test_a_code_that_was_used_is_taken_no_more(house: House, anna: Administrator) -> None:
    codes, code = house.add_codes(anna), house.code(anna)
    assert prove(house, anna, code) is Factor.APP
    assert prove(house, anna, code) is None
    assert prove(house, anna, codes[0]) is Factor.RECOVERY_CODE
    assert prove(house, anna, codes[0]) is None


def test_the_use_of_a_recovery_code_is_told_and_that_of_the_app_is_not(house: House, anna: Administrator) -> None:
    codes = house.add_codes(anna)
    prove(house, anna, house.code(anna))
    prove(house, anna, NEVER_MADE)
    prove(house, anna, codes[0])
    with house.parts.database.read() as db:
        mails = db.execute(select(outbox.outbox.c.payload).where(outbox.outbox.c.topic == outbox.MAIL)).scalars().all()
        tags = [event.tag for event in audit.of_platform(db, anna.platform_id, limit=10)]
    assert [mail["change"] for mail in mails] == [Event.RECOVERY_CODE_USED]
    assert tags.count(Event.RECOVERY_CODE_USED) == 1
    assert codes[0] not in str(mails)


# --- guesses ---------------------------------------------------------------------------------------------------------


def test_five_wrong_codes_are_looked_at_and_then_the_right_one_waits_too(house: House, anna: Administrator) -> None:
    fail(house, anna, SIGN_IN_FAILURES)
    assert prove(house, anna, house.code(anna)) is None
    house.clock.move(seconds=SIGN_IN_FIRST_WAIT.total_seconds())
    assert prove(house, anna, house.code(anna)) is Factor.APP


def test_four_wrong_codes_keep_nobody_out(house: House, anna: Administrator) -> None:
    fail(house, anna, SIGN_IN_FAILURES - 1)
    assert prove(house, anna, house.code(anna)) is Factor.APP


def test_recovery_codes_are_counted_with_those_of_the_app(house: House, anna: Administrator) -> None:
    codes = house.add_codes(anna)
    fail(house, anna, SIGN_IN_FAILURES - 1)
    assert prove(house, anna, NEVER_MADE) is None
    assert prove(house, anna, codes[0]) is None
    house.clock.move(seconds=SIGN_IN_FIRST_WAIT.total_seconds())
    assert prove(house, anna, codes[0]) is Factor.RECOVERY_CODE


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcde", "a short sentence is easiest", "\x00", "é" * 10])
def test_what_cannot_be_a_code_is_not_counted(house: House, anna: Administrator, typed: str) -> None:
    fail(house, anna, SIGN_IN_FAILURES - 1)
    assert prove(house, anna, typed) is None
    assert prove(house, anna, house.code(anna)) is Factor.APP


def test_a_right_code_forgets_the_wrong_ones(house: House, anna: Administrator) -> None:
    fail(house, anna, SIGN_IN_FAILURES - 1)
    prove(house, anna, house.code(anna))
    house.clock.move(seconds=30)
    fail(house, anna, SIGN_IN_FAILURES - 1)
    assert prove(house, anna, house.code(anna)) is Factor.APP


def test_the_guesses_at_one_person_make_nobody_else_wait(house: House, anna: Administrator) -> None:
    bruno = house.person("m1235")
    house.add_app(bruno)
    fail(house, anna, SIGN_IN_FAILURES)
    assert prove(house, bruno, house.code(bruno)) is Factor.APP


def test_wrong_codes_make_no_password_wait(house: House, anna: Administrator) -> None:
    fail(house, anna, SIGN_IN_FAILURES)
    found = sign_in.prove(
        house.parts.database, house.parts.hasher, Attempt("m1234", PASSWORD, "192.0.2.0/24", house.clock.now())
    )
    assert isinstance(found, Proven)


def test_a_new_password_lifts_the_wait_even_after_a_hundred_in_a_row(house: House, anna: Administrator) -> None:
    for _ in range(FORCED_RESET_FAILURES):
        fail(house, anna, 1)
        house.clock.move(hours=1)
    assert prove(house, anna, house.code(anna)) is None
    house.clock.move(days=1)
    assert prove(house, anna, house.code(anna)) is None
    with house.parts.database.write() as db:
        recovery.store_password(db, anna, "a hash", EndReason.PASSWORD_RESET, at=house.clock.now())
    assert prove(house, anna, house.code(anna)) is Factor.APP


def test_for_load_tests_nothing_is_counted(house: House, anna: Administrator) -> None:
    for _ in range(SIGN_IN_FAILURES + 1):
        assert prove(house, anna, wrong(house, anna), throttled=False) is None
    assert prove(house, anna, house.code(anna), throttled=False) is Factor.APP
    with house.parts.database.write() as db:
        assert limits.claim_factor(db, anna.username, at=house.clock.now())


@both_databases
def test_of_many_simultaneous_tries_with_one_code_one_comes_in(house: House) -> None:
    person = house.person()
    house.add_app(person)
    codes = house.add_codes(person)
    shown, hasher = house.code(person), Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=20)
    for typed in (shown, codes[0]):
        found = together(lambda _, typed=typed: prove(house, person, typed, throttled=False, hasher=hasher), 20)  # type: ignore[misc]
        assert [one for one in found if one is not None] == [
            Factor.APP if typed == shown else Factor.RECOVERY_CODE,
        ]


# --- faults ----------------------------------------------------------------------------------------------------------


def spoil(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(update(authenticator_apps.apps).values(secret="spoilt"))


@both_databases
def test_where_the_secret_cannot_be_read_nobody_comes_in_and_nothing_is_counted(house: House) -> None:
    person = house.person()
    house.add_app(person)
    codes, code = house.add_codes(person), house.code(person)
    spoil(house)
    for _ in range(SIGN_IN_FAILURES + 1):
        with pytest.raises(Unreadable):
            prove(house, person, code)
    assert prove(house, person, codes[0]) is Factor.RECOVERY_CODE


def test_a_key_that_is_gone_from_the_settings_lets_nobody_in(house: House, anna: Administrator) -> None:
    with pytest.raises(Unreadable):
        prove(house, anna, house.code(anna), vault=Vault(["another key of more than 32 characters"]))


def test_where_all_places_to_hash_are_taken_nothing_is_counted_or_used_up(house: House, anna: Administrator) -> None:
    codes = house.add_codes(anna)
    hasher = Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=1)
    with hasher.turn():
        for _ in range(SIGN_IN_FAILURES):
            with pytest.raises(Busy):
                prove(house, anna, codes[0], hasher=hasher)
        assert prove(house, anna, house.code(anna), hasher=hasher) is Factor.APP  # it needs no place
    assert prove(house, anna, codes[0], hasher=hasher) is Factor.RECOVERY_CODE
