"""Limits: exactly so many pass, however many knock at once, and from however many processes."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.kit import throttle
from portal.kit.db import Database
from tests.conftest import both_databases
from tests.helpers.together import together

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT = 7
PROGRAM = f"""
import sys
from datetime import UTC, datetime
from portal.kit import throttle
from portal.kit.db import Database

def step(state):
    return int(state or 0) < {LIMIT}, str(int(state or 0) + 1)

database, passed = Database(sys.argv[1]), 0
for _ in range(5):
    with database.write() as db:
        passed += throttle.claim(db, "key", step, at=datetime(2026, 11, 22, 12, tzinfo=UTC))
print(passed)
"""


def step(state: str | None) -> tuple[bool, str]:
    """Let LIMIT claims pass, and count them all."""
    count = int(state or 0)
    return count < LIMIT, str(count + 1)


def claim(database: Database, key: str = "key") -> bool:
    with database.write() as db:
        return throttle.claim(db, key, step, at=NOON)


def states(database: Database) -> list[str | None]:
    with database.read() as db:
        return list(db.execute(select(throttle.limits.c.state)).scalars())


@both_databases
def test_exactly_as_many_pass_as_the_step_allows_in_twenty_threads(database: Database) -> None:
    assert together(lambda _: claim(database), 20).count(True) == LIMIT
    assert states(database) == ["20"]


@both_databases
def test_exactly_as_many_pass_in_four_processes(database: Database, database_url: str) -> None:
    command = [sys.executable, "-c", PROGRAM, database_url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    passed = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(passed) == LIMIT
    assert states(database) == ["20"]


@both_databases
def test_a_claim_meets_somebody_who_clears_the_key_and_nobody_fails(database: Database) -> None:
    """A right password clears the key of a name while another attempt on it is being counted."""

    def act(number: int) -> None:
        for _ in range(25):
            if number % 2:
                claim(database)
            else:
                with database.write() as db:
                    throttle.clear(db, "key")

    together(act, 4)


@both_databases
def test_each_key_counts_for_itself(database: Database) -> None:
    assert [claim(database, "one") for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]
    assert claim(database, "two")


@both_databases
def test_keys_that_are_claimed_together_are_counted_by_one_verdict_in_twenty_threads(database: Database) -> None:
    """Some claim a third key with one of them: whoever counts less than all keys still waits for who counts them."""

    def both(states: Sequence[str | None]) -> tuple[bool, Sequence[str | None]]:
        counts = [int(state or 0) for state in states]
        return max(counts) < LIMIT, [str(count + 1) for count in counts]

    def act(number: int) -> bool:
        keys = ["network", "name"] if number % 2 else ["network", "another name"]
        with database.write() as db:
            return throttle.claim_all(db, keys, both, at=NOON)

    assert together(act, 20).count(True) == LIMIT
    assert sorted(states(database), key=str) == ["10", "10", "20"]


@both_databases
def test_each_of_the_keys_that_are_claimed_together_keeps_its_own_state(database: Database) -> None:
    def name_them(states: Sequence[str | None]) -> tuple[list[str | None], list[str]]:
        return list(states), ["of z", "of a", "of m"]

    for seen in ([None, None, None], ["of z", "of a", "of m"]):
        with database.write() as db:
            assert throttle.claim_all(db, ["z", "a", "m"], name_them, at=NOON) == seen


@both_databases
def test_a_key_of_which_nothing_is_to_be_known_any_more_has_no_row(database: Database) -> None:
    claim(database, "one")
    claim(database, "two")
    with database.write() as db:
        throttle.claim_all(db, ["one", "two", "three"], lambda _: (None, [None, "7", None]), at=NOON)
    assert states(database) == ["7"]
    assert claim(database, "one")


@both_databases
def test_the_step_sees_nothing_first_and_then_what_it_said_last(database: Database) -> None:
    seen: list[str | None] = []

    def note(state: str | None) -> tuple[None, str]:
        seen.append(state)
        return None, f"after {state}"

    for _ in range(3):
        with database.write() as db:
            throttle.claim(db, "key", note, at=NOON)
    assert seen == [None, "after None", "after after None"]


@both_databases
def test_a_claim_that_is_not_committed_does_not_count(database: Database) -> None:
    def fail() -> None:
        with database.write() as db:
            throttle.claim(db, "key", step, at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert states(database) == []


@both_databases
def test_a_cleared_key_starts_again(database: Database) -> None:
    assert [claim(database) for _ in range(LIMIT + 1)][-1] is False
    with database.write() as db:
        throttle.clear(db, "key")
    assert claim(database)


@pytest.mark.parametrize("key", ["name:m1234", "", "\x00", "\ud800", "m\u00fc" * 10_000])
def test_any_key_is_counted_and_none_is_stored_as_it_is(database: Database, key: str) -> None:
    assert claim(database, key)
    with database.read() as db:
        (stored,) = db.execute(select(throttle.limits.c.key)).scalars().all()
    assert stored == hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


@both_databases
def test_what_nobody_touched_for_long_is_forgotten(database: Database) -> None:
    def touch(key: str, at: datetime) -> None:
        with database.write() as db:
            throttle.claim(db, key, step, at=at)

    day, tick = timedelta(days=1), timedelta(microseconds=1)
    touch("old", NOON - day)
    touch("older", NOON - 2 * day)
    touch("just young enough", NOON - day + tick)
    touch("old but used again", NOON - 3 * day)
    touch("old but used again", NOON)
    touch("old and not useless", NOON - 4 * day)
    with database.write() as db:
        useful = NOON - 4 * day
        found = throttle.forget(db, lambda _state, at: at != useful, before=NOON - day, most=10)
    assert found == (2, None)
    assert len(states(database)) == 3


@both_databases
def test_what_is_forgotten_is_forgotten_in_slices(database: Database) -> None:
    with database.write() as db:
        for number in range(5):
            throttle.claim(db, f"key {number}", step, at=NOON)
    after: str | None = ""
    left = []
    while after is not None:
        with database.write() as db:
            _gone, after = throttle.forget(db, lambda _state, _at: True, before=NOON, after=after, most=2)
        left.append(len(states(database)))
    assert left == [3, 1, 0]
