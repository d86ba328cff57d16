"""Exports: seven days to the instant, and three in any day."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.rules.exports import Stage, kept_until, next_from, stage
from portal.rules.terms import EXPORT_LIFE, EXPORT_WINDOW, EXPORTS_PER_PLATFORM

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def test_the_numbers_are_those_of_the_rules() -> None:
    assert (timedelta(days=7), 3, timedelta(days=1)) == (EXPORT_LIFE, EXPORTS_PER_PLATFORM, EXPORT_WINDOW)


@pytest.mark.parametrize(
    ("after", "found"),
    [(-TICK, Stage.READY), (timedelta(0), Stage.OVER), (TICK, Stage.OVER)],
)
def test_a_finished_one_is_there_for_seven_days_and_not_an_instant_longer(after: timedelta, found: Stage) -> None:
    assert stage(kept_until(TEN), None, TEN + EXPORT_LIFE + after) is found


def test_what_is_not_ready_is_being_made_until_it_fails() -> None:
    assert stage(None, None, TEN + timedelta(days=400)) is Stage.MAKING
    assert stage(None, TEN, TEN) is Stage.FAILED


def test_three_may_be_asked_for_at_once() -> None:
    assert next_from([], TEN) is None
    assert next_from([TEN] * (EXPORTS_PER_PLATFORM - 1), TEN) is None
    assert next_from([TEN] * EXPORTS_PER_PLATFORM, TEN) == TEN + EXPORT_WINDOW


@pytest.mark.parametrize(("after", "refused"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
def test_the_fourth_waits_until_the_first_is_a_day_old(after: timedelta, refused: bool) -> None:
    asked = [TEN, TEN + HOUR, TEN + 2 * HOUR]
    found = next_from(reversed(asked), TEN + EXPORT_WINDOW + after)
    assert found == (TEN + EXPORT_WINDOW if refused else None)


def test_of_more_than_three_the_third_last_is_waited_for() -> None:
    asked = [TEN + number * HOUR for number in range(5)]
    assert next_from(asked, TEN + 5 * HOUR) == TEN + 2 * HOUR + EXPORT_WINDOW


def test_what_lies_ahead_of_a_clock_that_was_put_back_counts_for_nothing() -> None:
    assert next_from([TEN + TICK] * 3, TEN) is None
    assert next_from([TEN] * 3, TEN) is not None
