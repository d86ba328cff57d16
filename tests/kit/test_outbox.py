"""The outbox: each row to one worker at a time, none lost, none settled by somebody whose lease is over."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, select

from portal.kit import outbox
from portal.kit.db import Database
from portal.kit.outbox import ERRAND, LEASE, MAIL, RETRY_AFTER, TASK, Message, Outcome, Progress
from tests.conftest import both_databases

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def db(database: Database) -> Iterator[Connection]:
    with database.write() as connection:
        yield connection


def put(db: Connection, *, at: datetime = AT, name: str = "notice", **facts: Any) -> bool:
    return outbox.put(db, MAIL, name, {"fact": "personal"}, at=at, recipient="anna@example.com", **facts)


def claimed(db: Connection, at: datetime = AT) -> Message:
    found = outbox.claim(db, at=at)
    assert found is not None, "nothing was due"
    return found


def row(db: Connection, number: int = 1) -> Any:
    return db.execute(select(outbox.outbox).where(outbox.outbox.c.id == number)).one()


@both_databases
def test_a_row_is_claimed_once_and_again_at_the_end_of_its_lease(db: Connection) -> None:
    put(db)
    assert claimed(db).attempts == 1
    assert outbox.claim(db, at=AT) is None
    assert outbox.claim(db, at=AT + LEASE - MICROSECOND) is None
    assert claimed(db, AT + LEASE).attempts == 2


@both_databases
def test_a_key_is_taken_once(db: Connection) -> None:
    assert put(db, key="reset-link:7")
    assert not put(db, key="reset-link:7")
    assert put(db, key="reset-link:8")
    assert put(db)
    assert put(db)
    assert outbox.waiting(db) == 4


def test_a_key_stays_taken_when_its_row_is_done(db: Connection) -> None:
    put(db, key="expires:1234:2026-11-22")
    outbox.finish(db, claimed(db), Outcome.SENT, at=AT)
    assert not put(db, key="expires:1234:2026-11-22")


def test_the_oldest_comes_first(db: Connection) -> None:
    for name, minutes in (("second", 2), ("first", 1), ("third", 3)):
        put(db, name=name, at=AT + timedelta(minutes=minutes))
    assert [claimed(db, AT + timedelta(hours=1)).name for _ in range(3)] == ["first", "second", "third"]


def test_money_does_not_wait_behind_a_mail(db: Connection) -> None:
    for topic, minutes in ((MAIL, 1), (TASK, 3), (ERRAND, 2)):
        outbox.put(db, topic, topic, {}, at=AT + timedelta(minutes=minutes))
    assert [claimed(db, AT + timedelta(hours=1)).topic for _ in range(3)] == [ERRAND, TASK, MAIL]


def test_what_has_to_wait_is_due_after_its_time_and_not_before(db: Connection) -> None:
    outbox.put(db, ERRAND, "follow", {}, at=AT, wait=timedelta(minutes=2))
    assert outbox.claim(db, at=AT + timedelta(minutes=2) - MICROSECOND) is None
    assert claimed(db, AT + timedelta(minutes=2)).name == "follow"


def test_nothing_waits_longer_than_the_longest_pause(db: Connection) -> None:
    with pytest.raises(ValueError, match="nothing waits here for longer"):
        outbox.put(db, ERRAND, "follow", {}, at=AT, wait=outbox.LONGEST_WAIT + MICROSECOND)


def test_what_is_done_keeps_how_it_ended_and_not_what_it_said(db: Connection) -> None:
    put(db)
    message = claimed(db)
    assert message.payload == {"fact": "personal"}
    assert outbox.finish(db, message, Outcome.REFUSED, at=AT + SECOND, error="recipient refused: 550")
    kept = row(db)
    assert (kept.outcome, kept.error, kept.done_at) == ("refused", "recipient refused: 550", AT + SECOND)
    assert kept.payload == {}
    assert outbox.waiting(db) == 0
    assert outbox.claim(db, at=AT + timedelta(days=9)) is None


@pytest.mark.parametrize(("attempt", "wait"), list(enumerate(RETRY_AFTER, start=1)))
def test_each_wait_is_over_exactly_when_it_says(db: Connection, attempt: int, wait: timedelta) -> None:
    put(db)
    message = replace(claimed(db), attempts=attempt)
    db.execute(outbox.outbox.update().values(attempts=attempt))
    assert outbox.retry(db, message, at=AT, error="451")
    assert row(db).error == "451"
    assert outbox.claim(db, at=AT + wait - MICROSECOND) is None
    assert claimed(db, AT + wait).attempts == attempt + 1


def test_the_waits_grow_and_add_up_to_three_days() -> None:
    assert list(RETRY_AFTER) == sorted(RETRY_AFTER)
    assert timedelta(days=3) <= sum(RETRY_AFTER, timedelta()) < timedelta(days=4)


def test_after_the_last_attempt_a_row_is_failed_and_stays(db: Connection) -> None:
    put(db)
    at = AT
    for wait in RETRY_AFTER:
        assert outbox.retry(db, claimed(db, at), at=at, error="451")
        at += wait
    assert not outbox.retry(db, claimed(db, at), at=at, error="451 again")
    kept = row(db)
    assert (kept.outcome, kept.error, kept.payload, kept.attempts) == ("failed", "451 again", {}, len(RETRY_AFTER) + 1)


@pytest.mark.parametrize(("left", "again"), [(RETRY_AFTER[0] + MICROSECOND, True), (RETRY_AFTER[0], False)])
def test_an_attempt_that_would_come_too_late_is_not_waited_for(db: Connection, left: timedelta, again: bool) -> None:
    put(db, useless_after=AT + left)
    assert outbox.retry(db, claimed(db), at=AT, error="451") is again
    assert row(db).outcome == (None if again else "expired")


@both_databases
def test_a_worker_whose_row_was_taken_over_settles_nothing(db: Connection) -> None:
    put(db)
    late = claimed(db)
    ours = claimed(db, AT + LEASE)
    for outcome in set(Outcome) - {Outcome.SENT}:
        assert not outbox.finish(db, late, outcome, at=AT + LEASE)
    outbox.retry(db, late, at=AT + LEASE, error="451")
    kept = row(db)
    assert (kept.done_at, kept.error, kept.claimed_until) == (None, None, AT + 2 * LEASE)
    assert outbox.finish(db, ours, Outcome.SENT, at=AT + LEASE)


@both_databases
def test_a_mail_that_has_left_is_sent_whoever_says_so(db: Connection) -> None:
    put(db)
    late = claimed(db)
    ours = claimed(db, AT + LEASE)
    assert outbox.finish(db, late, Outcome.SENT, at=AT + LEASE)
    outbox.retry(db, ours, at=AT + LEASE, error="451")
    assert not outbox.finish(db, ours, Outcome.FAILED, at=AT + LEASE)
    assert (row(db).outcome, row(db).error) == ("sent", None)
    assert outbox.claim(db, at=AT + timedelta(days=9)) is None


@pytest.mark.parametrize("left_as", ["new", "leased", "put off"])
def test_a_clock_put_back_holds_up_nothing(db: Connection, left_as: str) -> None:
    """The demonstration goes a month ahead, leaves something there, and comes back."""
    later = AT + timedelta(days=30)
    put(db, at=later)
    if left_as != "new":
        message = claimed(db, later)
    if left_as == "put off":
        outbox.retry(db, message, at=later, error="451")
    assert claimed(db)


@pytest.mark.parametrize("ahead", [MICROSECOND, SECOND, LEASE])
def test_a_clock_a_little_ahead_takes_no_row_for_free(db: Connection, ahead: timedelta) -> None:
    put(db)
    claimed(db, AT + ahead)
    assert outbox.claim(db, at=AT) is None


@pytest.mark.parametrize("ahead", [MICROSECOND, timedelta(hours=1)])
def test_a_new_row_is_due_whatever_the_clock_said_that_wrote_it(db: Connection, ahead: timedelta) -> None:
    put(db, at=AT + ahead)
    assert claimed(db)


def test_a_clock_put_ahead_makes_everything_due(db: Connection) -> None:
    put(db)
    outbox.retry(db, claimed(db), at=AT, error="451")
    assert claimed(db, AT + timedelta(days=30)).attempts == 2


@both_databases
def test_simultaneous_workers_get_different_rows(database: Database) -> None:
    workers, rows = 4, 24
    with database.write() as db:
        for _ in range(rows):
            put(db)
    start = Barrier(workers)

    def work(_number: int) -> list[int]:
        found = []
        start.wait(10)
        while True:
            with database.write() as db:
                message = outbox.claim(db, at=AT)
            if message is None:
                return found
            found.append(message.id)

    with ThreadPoolExecutor(workers) as pool:
        claims = [number for numbers in pool.map(work, range(workers)) for number in numbers]
    assert sorted(claims) == list(range(1, rows + 1))


def test_more_workers_than_rows_looked_at_leave_none_lying(database: Database) -> None:
    with database.write() as db:
        for _ in range(outbox.CANDIDATES + 5):
            put(db)
    with database.write() as db:
        found = [outbox.claim(db, at=AT) for _ in range(outbox.CANDIDATES + 6)]
    assert found[-1] is None
    assert None not in found[:-1]


@pytest.mark.parametrize(
    ("outcome", "progress"),
    [
        (Outcome.SENT, Progress.DONE),
        (Outcome.HANDLED, Progress.DONE),
        (Outcome.FAILED, Progress.FAILED),
        (Outcome.REFUSED, Progress.FAILED),
        (Outcome.EXPIRED, Progress.FAILED),
    ],
)
def test_whoever_asked_for_a_row_can_see_how_far_it_is(db: Connection, outcome: Outcome, progress: Progress) -> None:
    assert outbox.find_progress(db, "mine") is None
    put(db, key="mine")
    put(db, key="other")
    assert outbox.find_progress(db, "mine") is Progress.WAITING
    message = claimed(db)
    assert outbox.find_progress(db, "mine") is Progress.WAITING
    assert outbox.finish(db, message, outcome, at=AT)
    assert (outbox.find_progress(db, "mine"), outbox.find_progress(db, "other")) == (progress, Progress.WAITING)
