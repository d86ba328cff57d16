"""Known devices: made at a complete sign-in, kept by their token, forgotten in time, and of no use to a thief."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import office
from portal.accounts import administrators, devices, queries, recovery
from portal.accounts.devices import Remembered
from portal.accounts.queries import Administrator
from portal.accounts.tables import known_devices as table
from portal.kit.audit import events
from portal.rules import terms
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers import known_devices
from tests.helpers.house import House
from tests.helpers.together import together

TICK = timedelta(microseconds=1)
LIFE = terms.DEVICE_COOKIE_LIFE


def come_in(house: House, person: Administrator, token: str = "", device: str = "Firefox · Linux") -> Remembered:
    with house.parts.database.write() as db:
        queries.lock_administrator(db, person.id)
        return devices.remember(db, person, token, device, at=house.clock.now())


def is_known(house: House, person: Administrator, token: str) -> bool:
    with house.parts.database.write() as db:
        return known_devices.is_known(db, person.username, token, at=house.clock.now())


def seen(house: House, person: Administrator, token: str = "") -> list[devices.Device]:
    with house.parts.database.read() as db:
        return devices.of(db, person, token, at=house.clock.now())


@both_databases
def test_a_browser_is_known_after_the_first_time_and_keeps_its_token(house: House) -> None:
    anna = house.person("m1234")
    first = come_in(house, anna)
    assert (first.known, first.others) == (False, False)
    assert is_known(house, anna, first.token)
    assert come_in(house, anna, first.token) == Remembered(first.token, known=True, others=False)
    second = come_in(house, anna)
    assert (second.known, second.others) == (False, True)
    assert len(seen(house, anna)) == 2


def test_a_stolen_database_holds_no_token(house: House) -> None:
    token = come_in(house, house.person("m1234")).token
    with house.parts.database.read() as db:
        row = db.execute(select(table)).one()
    assert token not in str(tuple(row))
    anna = house.administrator("m1234")
    assert anna is not None
    assert not is_known(house, anna, row.token_hash)
    assert len(token) >= 43  # 256 bits


def test_a_token_is_of_no_use_for_anybody_else(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    token = come_in(house, anna).token
    assert not is_known(house, marco, token)
    come_in(house, marco)
    assert not come_in(house, marco, token).known


@pytest.mark.parametrize("brought", ["x", "x" * 43, "x" * 100_000, "\x00", "\ud800", "é"])
def test_a_token_that_we_have_not_made_is_never_kept(house: House, brought: str) -> None:
    anna = house.person("m1234")
    given = come_in(house, anna, brought).token
    assert given != brought
    assert not is_known(house, anna, brought)


@both_databases
def test_people_who_share_a_browser_are_known_there_together_and_by_no_earlier_token(house: House) -> None:
    """Whoever left a token behind in a browser that others use does not know theirs."""
    eve, anna = house.person("m2000"), house.person("m1234")
    left_behind = come_in(house, eve).token
    shared = come_in(house, anna, left_behind)
    assert not shared.known
    assert shared.token != left_behind
    assert is_known(house, anna, shared.token)
    assert is_known(house, eve, shared.token)
    assert not is_known(house, anna, left_behind)
    assert not is_known(house, eve, left_behind)
    assert come_in(house, eve, shared.token).token == shared.token


@pytest.mark.parametrize(("unused", "known"), [(LIFE - TICK, True), (LIFE, False), (LIFE + TICK, False)])
@both_databases
def test_a_browser_is_forgotten_four_hundred_days_after_its_last_use(
    house: House, unused: timedelta, known: bool
) -> None:
    anna = house.person("m1234")
    token = come_in(house, anna).token
    house.clock.move(days=300)
    come_in(house, anna, token)
    house.clock.instant += unused
    assert is_known(house, anna, token) is known
    assert len(seen(house, anna)) == known
    assert come_in(house, anna, token).known is known
    assert len(seen(house, anna)) == 1


@pytest.mark.parametrize("number", [terms.KNOWN_DEVICES_MAX - 1, terms.KNOWN_DEVICES_MAX, terms.KNOWN_DEVICES_MAX + 1])
@both_databases
def test_twenty_are_kept_and_the_one_used_longest_ago_makes_room(house: House, number: int) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    his, oldest = come_in(house, marco).token, come_in(house, anna).token
    house.clock.move(minutes=1)
    second = come_in(house, anna).token
    house.clock.move(minutes=1)
    come_in(house, anna, oldest)
    for _ in range(number - 2):
        house.clock.move(minutes=1)
        come_in(house, anna)
    assert len(seen(house, anna)) == min(number, 20)
    assert is_known(house, anna, second) is (number <= 20)
    assert is_known(house, anna, oldest)
    assert is_known(house, marco, his)


@both_databases
def test_sign_ins_at_the_same_moment_fail_for_nobody(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    shared = come_in(house, house.person("m2000")).token
    for _ in range(3):
        found = together(lambda number: come_in(house, (anna, marco)[number % 2], shared), 6)
        assert all(one.token for one in found)
    assert all(len(seen(house, person)) <= terms.KNOWN_DEVICES_MAX for person in (anna, marco))


def test_the_list_has_the_newest_first_and_tells_this_one(house: House) -> None:
    anna = house.person("m1234")
    first = come_in(house, anna, device="Firefox · Linux").token
    begun = house.clock.now()
    house.clock.move(days=1)
    come_in(house, anna, device="Safari · iPhone")
    house.clock.move(days=1)
    come_in(house, anna, first, device="Firefox · Windows")
    here, phone = seen(house, anna, first)
    assert here == devices.Device("Firefox · Windows", begun, house.clock.now(), here=True)
    assert (phone.device, phone.here) == ("Safari · iPhone", False)


@both_databases
def test_all_others_are_forgotten_and_the_activity_says_so_once(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    mine, other, his = come_in(house, anna).token, come_in(house, anna).token, come_in(house, marco).token
    for _ in range(2):
        with house.parts.database.write() as db:
            devices.forget_others(db, anna, mine, at=house.clock.now())
    assert [is_known(house, anna, token) for token in (mine, other)] == [True, False]
    assert is_known(house, marco, his)
    with house.parts.database.read() as db:
        tags = list(db.execute(select(events.c.tag)).scalars())
    assert tags.count("accounts.devices_forgotten") == 1


def test_whoever_asks_from_a_browser_that_is_not_known_has_them_all_forgotten(house: House) -> None:
    anna = house.person("m1234")
    token = come_in(house, anna).token
    with house.parts.database.write() as db:
        devices.forget_others(db, anna, "", at=house.clock.now())
    assert not is_known(house, anna, token)


def test_a_new_password_forgets_none(house: House) -> None:
    """Who has to wait because strangers guess must not lose the way around it by doing what helps."""
    anna = house.person("m1234")
    token = come_in(house, anna).token
    with house.parts.database.write() as db:
        recovery.store_password(db, anna, "a hash", EndReason.PASSWORD_RESET, at=house.clock.now())
    assert is_known(house, anna, token)


def test_a_platform_blocked_as_compromised_forgets_those_of_everybody_on_it(house: House) -> None:
    anna, marco, other = house.person("m1234"), house.person("m1234-marco"), house.person("m2000")
    tokens = [(person, come_in(house, person).token) for person in (anna, marco, other)]
    office.block(house.parts, 1234, "abuse", "")
    assert all(is_known(house, *one) for one in tokens)
    office.block(house.parts, 1234, "compromised", "")
    assert [is_known(house, *one) for one in tokens] == [False, False, True]


def test_who_is_disabled_is_known_nowhere(house: House) -> None:
    anna = house.person("m1234")
    token = come_in(house, anna).token
    with house.parts.database.write() as db:
        assert administrators.disable(db, anna, at=house.clock.now())
    assert not is_known(house, anna, token)


def test_long_words_of_a_device_are_cut_and_never_an_error(house: House) -> None:
    anna = house.person("m1234")
    come_in(house, anna, device="è" * 500)
    assert len(seen(house, anna)[0].device) == 120
