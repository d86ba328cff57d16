"""The printed codes: each counts once, a new set kills the one before, and only their hashes are stored."""

import pytest
from sqlalchemy import func, select

from portal.accounts import recovery_codes
from portal.accounts.queries import Administrator
from portal.accounts.tables import recovery_codes as table
from portal.kit.hashing import Busy, Hasher
from portal.rules.factors import read_recovery_code, write_recovery_code
from portal.rules.terms import RECOVERY_CODE_LENGTH, RECOVERY_CODES
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together


def use(house: House, person: Administrator, code: str, hasher: Hasher | None = None) -> bool:
    """As `second_factor.prove` does it: hash first, then one conditional update."""
    with house.parts.database.read() as db:
        like = recovery_codes.find_like(db, person.id)
    if like is None:
        return False
    with (hasher or house.parts.hasher).turn() as turn:
        code_hash = turn.hash_like(like, code)
    with house.parts.database.write() as db:
        return recovery_codes.use(db, person.id, code_hash, at=house.clock.now())


def test_a_set_has_ten_different_codes_that_people_can_type() -> None:
    hasher = Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=1)
    codes, hashes = recovery_codes.make(hasher)
    assert len(set(codes)) == len(set(hashes)) == RECOVERY_CODES == 10
    assert {len(code) for code in codes} == {RECOVERY_CODE_LENGTH} == {10}
    assert [read_recovery_code(write_recovery_code(code)) for code in codes] == codes


def test_no_code_is_stored(house: House) -> None:
    codes = house.add_codes(house.person())
    with house.parts.database.read() as db:
        stored = db.execute(select(table.c.code_hash)).scalars().all()
    assert all(text.startswith("$argon2id$") for text in stored)
    assert not [code for code in codes for text in stored if code in text]


@both_databases
def test_each_code_counts_once(house: House) -> None:
    person = house.person()
    codes = house.add_codes(person)
    assert [use(house, person, code) for code in codes] == [True] * RECOVERY_CODES
    assert [use(house, person, code) for code in codes] == [False] * RECOVERY_CODES


@both_databases
def test_of_twenty_simultaneous_uses_of_one_code_one_passes(house: House) -> None:
    person = house.person()
    code = house.add_codes(person)[3]
    with house.parts.database.read() as db:
        like = recovery_codes.find_like(db, person.id)
    assert like is not None
    with house.parts.hasher.turn() as turn:
        code_hash = turn.hash_like(like, code)

    def once(_number: int) -> bool:
        with house.parts.database.write() as db:
            return recovery_codes.use(db, person.id, code_hash, at=house.clock.now())

    assert together(once, 20).count(True) == 1


def test_a_new_set_kills_the_one_before(house: House) -> None:
    person = house.person()
    old, new = house.add_codes(person), house.add_codes(person)
    assert not [code for code in old if use(house, person, code)]
    assert use(house, person, new[0])


@both_databases
def test_of_several_new_sets_at_once_one_counts_as_a_whole(house: House) -> None:
    person = house.person()
    sets = [recovery_codes.make(house.parts.hasher) for _ in range(4)]

    def replace(number: int) -> None:
        with house.parts.database.write() as db:
            recovery_codes.replace(db, person, sets[number][1], at=house.clock.now())

    for _ in range(10):
        together(replace, 4)
        with house.parts.database.read() as db:
            assert db.execute(select(func.count()).select_from(table)).scalar_one() == RECOVERY_CODES
    counting = [[use(house, person, code) for code in codes] for codes, _ in sets]
    assert sorted(counting) == [*[[False] * RECOVERY_CODES] * 3, [True] * RECOVERY_CODES]


def test_the_codes_of_somebody_else_count_nowhere(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m1235")
    house.add_codes(anna)
    theirs = house.add_codes(bruno)
    assert not use(house, anna, theirs[0])
    assert use(house, bruno, theirs[0])


def test_whoever_has_no_codes_has_none_that_counts(house: House) -> None:
    assert not use(house, house.person(), "abcdefgh23")


def test_codes_still_count_after_the_parameters_of_hashing_have_changed(house: House) -> None:
    person = house.person()
    codes = house.add_codes(person)
    stronger = Hasher(memory=2048, time_cost=2, parallelism=2, simultaneous=1)
    assert use(house, person, codes[5], stronger)


def test_a_set_is_not_made_where_all_places_are_taken() -> None:
    hasher = Hasher(memory=1024, time_cost=1, parallelism=1, simultaneous=1)
    with hasher.turn(), pytest.raises(Busy):
        recovery_codes.make(hasher)
