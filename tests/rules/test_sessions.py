"""Sessions: 29:59.999 idle is in, 30:00 is out, 12 hours at most, and one at a time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules import sessions
from portal.rules.sessions import Alive, Ended, EndReason
from portal.rules.terms import (
    ACTIVITY_WRITE_INTERVAL,
    DRAFT_LIFE,
    IDLE_TIMEOUT,
    IDLE_WARNING,
    REAUTHENTICATION_LIFE,
    SESSION_LIFE,
    TAKE_OVER_LIFE,
)

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_the_limits_are_those_of_the_rules() -> None:
    assert timedelta(minutes=30) == IDLE_TIMEOUT
    assert timedelta(minutes=2) == IDLE_WARNING
    assert timedelta(hours=12) == SESSION_LIFE
    assert timedelta(minutes=10) == REAUTHENTICATION_LIFE


@pytest.mark.parametrize(
    ("idle_for", "alive"),
    [
        (timedelta(0), True),
        (minutes(28), True),
        (minutes(30) - MILLISECOND, True),
        (minutes(30) - TICK, True),
        (minutes(30), False),
        (minutes(30) + TICK, False),
        (timedelta(days=400), False),
    ],
)
def test_a_session_ends_at_thirty_minutes_of_idleness(idle_for: timedelta, alive: bool) -> None:
    answer = sessions.liveness(TEN, TEN, TEN + idle_for)
    assert answer == (Alive(TEN + minutes(30), TEN + minutes(28), EndReason.IDLE) if alive else Ended(EndReason.IDLE))


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=12) - TICK, Alive(TEN + SESSION_LIFE, TEN + SESSION_LIFE - minutes(2), EndReason.ABSOLUTE)),
        (timedelta(hours=12), Ended(EndReason.ABSOLUTE)),
        (timedelta(hours=12) + TICK, Ended(EndReason.ABSOLUTE)),
    ],
)
def test_a_session_ends_after_twelve_hours_whatever_the_activity(age: timedelta, expected: Alive | Ended) -> None:
    assert sessions.liveness(TEN, TEN + age, TEN + age) == expected


@pytest.mark.parametrize(
    ("last_active", "reason"),
    [
        (SESSION_LIFE - IDLE_TIMEOUT - TICK, EndReason.IDLE),
        (SESSION_LIFE - IDLE_TIMEOUT, EndReason.ABSOLUTE),  # both at the same instant
        (SESSION_LIFE - IDLE_TIMEOUT + TICK, EndReason.ABSOLUTE),
    ],
)
def test_the_limit_that_came_first_is_the_reason(last_active: timedelta, reason: EndReason) -> None:
    assert sessions.liveness(TEN, TEN + last_active, TEN + timedelta(days=3)) == Ended(reason)


def test_an_idle_limit_may_be_set_shorter_and_is_announced_half_way() -> None:
    idle = minutes(1)
    assert sessions.liveness(TEN, TEN, TEN, idle) == Alive(TEN + idle, TEN + timedelta(seconds=30), EndReason.IDLE)
    assert sessions.liveness(TEN, TEN, TEN + idle, idle) == Ended(EndReason.IDLE)
    assert sessions.warning_time(minutes(4) - 2 * TICK) < IDLE_WARNING
    assert sessions.warning_time(minutes(4)) == IDLE_WARNING


@pytest.mark.parametrize(
    ("cookie", "row", "now", "expected"),
    [
        (5, 3, 6, 5),
        (3, 5, 6, 5),  # an old cookie sent again
        (9, 3, 6, 6),  # written by a node whose clock runs ahead
        (6, 6, 6, 6),
    ],
)
def test_last_activity_is_the_later_of_cookie_and_row_but_never_later_than_now(
    cookie: int, row: int, now: int, expected: int
) -> None:
    answer = sessions.last_activity(TEN + minutes(cookie), TEN + minutes(row), TEN + minutes(now))
    assert answer == TEN + minutes(expected)


@pytest.mark.parametrize(
    ("lag", "due"),
    [
        (-minutes(1), False),
        (timedelta(0), False),
        (ACTIVITY_WRITE_INTERVAL - TICK, False),
        (ACTIVITY_WRITE_INTERVAL, True),
        (ACTIVITY_WRITE_INTERVAL + TICK, True),
    ],
)
def test_the_row_is_written_once_per_interval(lag: timedelta, due: bool) -> None:
    assert sessions.activity_write_due(TEN, TEN + lag) is due


@pytest.mark.parametrize(
    ("since_row", "possible"),
    [
        (IDLE_TIMEOUT, True),
        (IDLE_TIMEOUT + ACTIVITY_WRITE_INTERVAL - TICK, True),
        (IDLE_TIMEOUT + ACTIVITY_WRITE_INTERVAL, False),
    ],
)
def test_the_take_over_question_counts_with_a_row_that_lags(since_row: timedelta, possible: bool) -> None:
    assert sessions.possibly_alive(TEN, TEN, TEN + since_row) is possible
    assert sessions.take_over_needed([(TEN, TEN)], TEN + since_row) is possible


def test_a_row_that_lags_does_not_outlive_twelve_hours() -> None:
    almost = TEN + SESSION_LIFE - TICK
    assert sessions.possibly_alive(TEN, almost, almost)
    assert not sessions.possibly_alive(TEN, almost, TEN + SESSION_LIFE)


def test_one_live_session_among_many_old_ones_asks_the_question() -> None:
    old, live = TEN - timedelta(days=1), TEN - minutes(3)
    assert not sessions.take_over_needed([], TEN)
    assert not sessions.take_over_needed([(old, old), (old, old)], TEN)
    assert sessions.take_over_needed([(old, old), (live, live)], TEN)
    assert not sessions.take_over_needed([(live, live)], TEN, minutes(1))


@given(st.integers(0, 40 * 60), st.integers(0, 59), st.integers(0, 40 * 60))
@settings(max_examples=200)
def test_no_living_session_is_missed_by_the_take_over_question(used_for: int, lag: int, quiet: int) -> None:
    row = TEN + timedelta(seconds=used_for)
    cookie = row + timedelta(seconds=lag)  # the row lags by less than the interval
    now = cookie + timedelta(seconds=quiet)
    if isinstance(sessions.liveness(TEN, sessions.last_activity(cookie, row, now), now), Alive):
        assert sessions.possibly_alive(TEN, row, now)


@pytest.mark.parametrize(
    ("rule", "life"),
    [
        (sessions.freshly_proven, REAUTHENTICATION_LIFE),
        (sessions.resumable, REAUTHENTICATION_LIFE),
        (sessions.take_over_open, TAKE_OVER_LIFE),
        (sessions.draft_kept, DRAFT_LIFE),
    ],
)
def test_what_was_proven_or_kept_lasts_its_life_and_not_longer(rule, life: timedelta) -> None:
    assert rule(TEN, TEN)
    assert rule(TEN, TEN + life - TICK)
    assert not rule(TEN, TEN + life)
    assert not rule(TEN, TEN + life + TICK)


@pytest.mark.parametrize(
    "change", [datetime(2026, 3, 29, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 0, 45, tzinfo=UTC)]
)
def test_thirty_minutes_are_thirty_minutes_when_the_clocks_change(change: datetime) -> None:
    rome = change.astimezone(ZoneInfo("Europe/Rome"))
    for minute, alive in ((29, True), (30, False)):
        now = (change + minutes(minute)).astimezone(ZoneInfo("Europe/Rome"))
        assert isinstance(sessions.liveness(rome, rome, now), Alive) is alive


def test_an_instant_without_a_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="time zone"):
        sessions.liveness(TEN, TEN.replace(tzinfo=None), TEN)
