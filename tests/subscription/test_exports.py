"""Exports asked for: one in the making whoever asks, three in a day, each for whom it was made."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.accounts.queries import Administrator
from portal.kit import outbox
from portal.kit.outbox import Outcome
from portal.rules.exports import Stage
from portal.rules.terms import EXPORT_WINDOW, EXPORTS_PER_PLATFORM
from portal.subscription import exports
from portal.subscription.exports import Export, Made, TooMany
from portal.subscription.tables import exports as table
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

MADE = Made("1-1-feed.zip", 10, "0" * 64)


@pytest.fixture
def anna(house: House) -> Administrator:
    return house.person("m1234")


def ask(house: House, by: Administrator) -> Export | TooMany:
    with house.parts.database.write() as db:
        return exports.ask(db, by, network="198.51.100.0/24", at=house.clock.now())


def asked(house: House, by: Administrator) -> Export:
    found = ask(house, by)
    assert isinstance(found, Export), f"asked too often: {found}"
    return found


def finish(house: House, export: Export, made: Made = MADE) -> None:
    with house.parts.database.write() as db:
        claimed = exports.claim(db, export.id, at=house.clock.now())
        assert claimed
        assert exports.finish(db, claimed, made, at=house.clock.now())


def count(house: House) -> int:
    with house.parts.database.read() as db:
        return db.execute(select(func.count()).select_from(table)).scalar_one()


@both_databases
def test_of_many_who_ask_at_once_all_are_led_to_one(house: House) -> None:
    people = [house.person("m1234"), house.person("m1234-marco")]
    found = together(lambda number: asked(house, people[number % 2]), 6)
    assert {export.id for export in found} == {found[0].id}
    assert count(house) == 1
    with house.parts.database.read() as db:
        errands = db.execute(select(func.count()).where(outbox.outbox.c.name == exports.EXPORT_ERRAND)).scalar_one()
    assert errands == 1


@both_databases
def test_the_database_itself_holds_one_in_the_making(house: House) -> None:
    anna = house.person("m1234")
    asked(house, anna)
    row = {"platform_id": 1234, "administrator_id": anna.id, "asked_at": house.clock.now(), "progress": 0}
    with pytest.raises(IntegrityError), house.parts.database.write() as db:
        db.execute(table.insert().values(row | {"attempts": 0}))


def test_each_platform_has_its_own(house: House, anna: Administrator) -> None:
    mine, theirs = asked(house, anna), asked(house, house.person("m99"))
    assert mine.id != theirs.id


@both_databases
def test_three_a_day_and_the_fourth_a_day_after_the_first(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    began = house.clock.now()
    for number in range(EXPORTS_PER_PLATFORM):
        finish(house, asked(house, (anna, marco)[number % 2]))
        house.clock.move(hours=1)
    for by in (anna, marco):
        assert ask(house, by) == TooMany(began + EXPORT_WINDOW)
    house.clock.set(began + EXPORT_WINDOW - timedelta(microseconds=1))
    assert isinstance(ask(house, anna), TooMany)
    house.clock.set(began + EXPORT_WINDOW)
    assert isinstance(ask(house, anna), Export)


def test_one_that_failed_does_not_count(house: House, anna: Administrator) -> None:
    for _ in range(EXPORTS_PER_PLATFORM + 1):
        with house.parts.database.write() as db:
            found = exports.ask(db, anna, network="", at=house.clock.now())
            assert isinstance(found, Export)
            exports.fail(db, found, at=house.clock.now())
    assert count(house) == EXPORTS_PER_PLATFORM + 1


def test_looking_for_one_that_is_being_made_counts_for_nothing(house: House, anna: Administrator) -> None:
    for _ in range(10):
        first = asked(house, anna)
    finish(house, first)
    assert isinstance(ask(house, anna), Export)


def test_one_whose_worker_gave_up_without_a_word_blocks_nobody(house: House, anna: Administrator) -> None:
    first = asked(house, anna)
    with house.parts.database.write() as db:
        values = {"done_at": house.clock.now(), "outcome": Outcome.FAILED}
        db.execute(update(outbox.outbox).where(outbox.outbox.c.name == exports.EXPORT_ERRAND).values(values))
    second = asked(house, anna)
    assert second.id != first.id
    with house.parts.database.read() as db:
        found = exports.find(db, anna, first.id)
    assert found
    assert found.stage(house.clock.now()) is Stage.FAILED


@both_databases
def test_the_first_administrator_reads_all_and_another_one_her_own(house: House) -> None:
    anna, marco, other = (house.person(name) for name in ("m1234", "m1234-marco", "m99"))
    mine, theirs = asked(house, anna), None
    finish(house, mine)
    theirs = asked(house, marco)
    finish(house, theirs, Made("2-1-feed.zip", 10, "0" * 64))
    with house.parts.database.read() as db:
        assert [bool(exports.find(db, anna, export.id)) for export in (mine, theirs)] == [True, True]
        assert [bool(exports.find(db, marco, export.id)) for export in (mine, theirs)] == [False, True]
        assert [bool(exports.find(db, other, export.id)) for export in (mine, theirs)] == [False, False]
        newest = {person.username: exports.find_newest(db, person) for person in (anna, marco, other)}
    assert {name: found and found.id for name, found in newest.items()} == {
        "m1234": theirs.id, "m1234-marco": theirs.id, "m99": None
    }  # fmt: skip


def test_the_files_of_a_platform_are_known_by_name(house: House, anna: Administrator) -> None:
    other = house.person("m99")
    for person, name in ((anna, "1-1-feed.zip"), (other, "2-1-feed.zip")):
        finish(house, asked(house, person), Made(name, 10, "0" * 64))
    with house.parts.database.read() as db:
        assert exports.files(db, 1234) == {"1-1-feed.zip"}
        assert exports.files(db) == {"1-1-feed.zip", "2-1-feed.zip"}


def test_of_an_errand_the_outbox_knows_whose_it_is(house: House, anna: Administrator) -> None:
    asked(house, anna)
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox.c.platform_id).where(outbox.outbox.c.name == exports.EXPORT_ERRAND))
        assert rows.scalars().all() == [1234]
