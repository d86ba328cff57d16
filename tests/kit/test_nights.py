"""Steps of a night: each is done by one of many workers, and taken over from one that died."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.kit import nights
from portal.kit.db import Database
from portal.kit.nights import AGAIN_AFTER, LEASE, LONGEST_REPORT, Claim
from tests.conftest import both_databases
from tests.helpers.together import together

DAY, STEP = date(2026, 11, 22), "reminders"
FOUR = datetime(2026, 11, 22, 3, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def claim(database: Database, at: datetime = FOUR, *, day: date = DAY, anew: bool = False) -> Claim | None:
    with database.write() as db:
        return nights.claim(db, day, STEP, at=at, anew=anew)


def claimed(database: Database, at: datetime = FOUR, *, anew: bool = False) -> Claim:
    found = claim(database, at, anew=anew)
    assert found is not None
    return found


def finish(database: Database, mine: Claim, at: datetime = FOUR) -> bool:
    with database.write() as db:
        return nights.finish(db, mine, "3 done", at=at)


def hold(database: Database, mine: Claim, at: datetime) -> bool:
    with database.write() as db:
        return nights.hold(db, mine, at=at)


def known(database: Database, since: date = DAY) -> dict[tuple[date, str], bool]:
    with database.read() as db:
        return nights.known(db, since=since)


@both_databases
def test_of_many_workers_one_gets_the_step(database: Database) -> None:
    found = together(lambda _: claim(database), 4)
    assert len([mine for mine in found if mine]) == 1


@both_databases
def test_each_day_has_its_own_steps(database: Database) -> None:
    assert claim(database)
    assert claim(database, day=DAY + timedelta(days=1))


def test_a_step_that_is_done_is_not_taken_again(database: Database) -> None:
    assert finish(database, claimed(database))
    assert known(database) == {(DAY, STEP): True}
    assert claim(database, FOUR + timedelta(days=400)) is None


@pytest.mark.parametrize(("after", "free"), [(LEASE - TICK, False), (LEASE, True), (LEASE + TICK, True)])
def test_a_worker_that_dies_lets_go_when_its_lease_ends(database: Database, after: timedelta, free: bool) -> None:
    claimed(database)
    assert (claim(database, FOUR + after) is not None) is free


def test_a_worker_that_goes_on_keeps_its_step(database: Database) -> None:
    mine = claimed(database)
    assert hold(database, mine, FOUR + LEASE - TICK)
    assert claim(database, FOUR + LEASE) is None
    assert claim(database, FOUR + 2 * LEASE - TICK) is not None


def test_whoever_comes_back_after_the_lease_was_taken_over_changes_nothing(database: Database) -> None:
    late = claimed(database)
    mine = claimed(database, FOUR + LEASE)
    assert (late.attempts, mine.attempts) == (1, 2)
    assert not hold(database, late, FOUR + LEASE)
    assert not finish(database, late)
    assert known(database) == {(DAY, STEP): False}
    assert finish(database, mine)
    assert not hold(database, mine, FOUR + LEASE)


@pytest.mark.parametrize(
    ("after", "free"), [(AGAIN_AFTER - TICK, False), (AGAIN_AFTER, True), (AGAIN_AFTER + TICK, True)]
)
def test_a_step_of_which_something_failed_rests_and_is_taken_again(
    database: Database, after: timedelta, free: bool
) -> None:
    with database.write() as db:
        assert nights.put_off(db, claimed_in(db), "1 failed", at=FOUR)
    assert (claim(database, FOUR + after) is not None) is free


def claimed_in(db: object) -> Claim:
    found = nights.claim(db, DAY, STEP, at=FOUR)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_step_that_was_let_go_is_free_at_once(database: Database) -> None:
    mine = claimed(database)
    with database.write() as db:
        assert nights.let_go(db, mine)
    assert claim(database)


def test_an_operator_may_have_it_done_anew_and_until_then_it_is_not_done(database: Database) -> None:
    finish(database, claimed(database))
    mine = claimed(database, FOUR + TICK, anew=True)
    assert known(database) == {(DAY, STEP): False}
    assert finish(database, mine)


def test_but_not_while_a_worker_is_at_it(database: Database) -> None:
    claimed(database)
    assert claim(database, anew=True) is None


@pytest.mark.parametrize("back", [timedelta(days=10), timedelta(hours=2)])
def test_a_clock_that_was_put_back_keeps_no_step(database: Database, back: timedelta) -> None:
    claimed(database)
    assert claim(database, FOUR - back) is not None


def test_a_long_report_is_cut_to_what_the_column_holds(database: Database) -> None:
    mine = claimed(database)
    with database.write() as db:
        assert nights.finish(db, mine, "x" * (LONGEST_REPORT + 1), at=FOUR)
        assert db.execute(select(nights.nights.c.report)).scalar_one() == "x" * LONGEST_REPORT


def test_what_is_older_is_not_asked_for(database: Database) -> None:
    claimed(database)
    assert known(database, DAY + timedelta(days=1)) == {}


def test_the_oldest_night_is_known(database: Database) -> None:
    with database.read() as db:
        assert nights.first(db) is None
    claimed(database)
    claim(database, day=DAY - timedelta(days=40))
    with database.read() as db:
        assert nights.first(db) == DAY - timedelta(days=40)
