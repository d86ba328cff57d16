"""The support clock: the examples of RULES.md, windows, holidays, and waiting for the customer."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules.terms import (
    BUSINESS_ZONE,
    CALL_BACK_HOURS,
    ROUND_THE_CLOCK_RESPONSE,
    SOLVED_FIRST_LEVEL_DAYS,
    SOLVED_SECOND_LEVEL_DAYS,
    SUPPORT_WINDOWS,
    TAKEN_IN_CHARGE_HOURS,
)
from portal.rules.working_hours import (
    LONGEST_CLOSURE,
    Hours,
    Promise,
    add_working_days,
    add_working_time,
    due_at,
    promised_time,
    working_time_between,
)

ROME = BUSINESS_ZONE
ITALY = holidays.country_holidays("IT", language="it_IT")
HOURS = Hours(ROME, ITALY.__contains__)
PLAIN = Hours(ROME, lambda day: False)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def test_the_times_are_those_of_the_rules() -> None:
    assert ((time(9), time(13)), (time(14), time(18))) == SUPPORT_WINDOWS
    assert HOURS.of_a_day == 8 * HOUR
    assert TAKEN_IN_CHARGE_HOURS == 4
    assert (SOLVED_FIRST_LEVEL_DAYS, SOLVED_SECOND_LEVEL_DAYS) == (1, 4)
    assert CALL_BACK_HOURS == (2, 4)
    assert 24 * HOUR == ROUND_THE_CLOCK_RESPONSE


def test_the_calendar_knows_that_saint_francis_is_a_national_holiday_again() -> None:
    assert date(2025, 10, 4) not in ITALY
    assert all(date(year, 10, 4) in ITALY for year in (2026, 2027, 2028))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20T17:00", 4, "2026-11-23T12:00"),  # RULES.md: Friday → Monday
        ("2026-11-21T11:00", 4, "2026-11-23T13:00"),  # RULES.md: Saturday → Monday
        ("2026-11-22T23:59", 4, "2026-11-23T13:00"),
        ("2027-10-01T17:00", 4, "2027-10-05T12:00"),  # RULES.md: Monday 4 October is a holiday
        ("2026-10-02T17:00", 4, "2026-10-05T12:00"),  # in 2026 it is a Sunday
        ("2026-11-23T08:59", 4, "2026-11-23T13:00"),
        ("2026-11-23T09:00", 4, "2026-11-23T13:00"),
        ("2026-11-23T09:01", 4, "2026-11-23T14:01"),
        ("2026-11-23T12:59", 1, "2026-11-23T14:59"),
        ("2026-11-23T13:00", 1, "2026-11-23T15:00"),
        ("2026-11-23T13:30", 1, "2026-11-23T15:00"),
        ("2026-11-23T14:00", 1, "2026-11-23T15:00"),
        ("2026-11-23T17:00", 1, "2026-11-23T18:00"),
        ("2026-11-23T18:00", 1, "2026-11-24T10:00"),
        ("2026-12-31T17:00", 4, "2027-01-04T12:00"),  # New Year on a Friday
        ("2027-12-31T17:30", 1, "2028-01-03T09:30"),
        ("2027-03-26T17:00", 2, "2027-03-30T10:00"),  # Easter: Monday is a holiday, and the clocks go forward
        ("2026-10-23T17:00", 2, "2026-10-26T10:00"),  # the clocks go back on the Sunday between
        ("2028-02-28T17:00", 9, "2028-02-29T18:00"),
        ("2026-11-20T17:00", 0, "2026-11-20T17:00"),
        ("2026-11-21T11:00", 0, "2026-11-21T11:00"),
    ],
)
def test_working_time_runs_inside_the_windows_of_working_days(start: str, hours: int, due: str) -> None:
    assert add_working_time(rome(start), hours * HOUR, HOURS) == rome(due).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-12-24T17:00", 1, "2026-12-28T17:00"),  # RULES.md: Christmas, Saint Stephen's day and a Sunday between
        ("2026-11-20T17:00", 1, "2026-11-23T17:00"),
        ("2026-11-21T11:00", 1, "2026-11-23T18:00"),
        ("2026-11-23T09:00", 1, "2026-11-23T18:00"),
        ("2026-11-23T13:30", 1, "2026-11-24T13:00"),
        ("2026-11-20T17:00", 4, "2026-11-26T17:00"),
        ("2026-12-07T10:00", 1, "2026-12-09T10:00"),  # 8 December
    ],
)
def test_a_working_day_is_as_long_as_its_windows(start: str, days: int, due: str) -> None:
    assert add_working_days(rome(start), days, HOURS) == rome(due).astimezone(UTC)


@pytest.mark.parametrize(
    ("promise", "due"),
    [
        (Promise.TAKEN_IN_CHARGE, "2026-11-23T12:00"),
        (Promise.SOLVED_FIRST_LEVEL, "2026-11-23T17:00"),
        (Promise.SOLVED_SECOND_LEVEL, "2026-11-26T17:00"),
        (Promise.CALLED_BACK_FROM, "2026-11-23T10:00"),
        (Promise.CALLED_BACK_BY, "2026-11-23T12:00"),
        (Promise.ANSWERED_AROUND_THE_CLOCK, "2026-11-21T17:00"),
    ],
)
def test_every_promise_has_its_due_time(promise: Promise, due: str) -> None:
    assert due_at(promise, rome("2026-11-20T17:00"), HOURS) == rome(due).astimezone(UTC)


def test_around_the_clock_means_hours_that_pass_even_when_the_clocks_change() -> None:
    due = due_at(Promise.ANSWERED_AROUND_THE_CLOCK, rome("2026-10-24T17:00"), HOURS)
    assert due == rome("2026-10-25T16:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("waiting", "due"),
    [
        ([], "2026-11-23T13:00"),
        ([("2026-11-23T10:00", "2026-11-23T11:00")], "2026-11-23T15:00"),
        ([("2026-11-23T10:00", None)], None),
        ([("2026-11-23T13:00", None)], "2026-11-23T13:00"),  # it was due before the question was asked
        ([("2026-11-23T12:59", None)], None),
        ([("2026-11-23T18:00", "2026-11-24T09:00")], "2026-11-23T13:00"),
        ([("2026-11-23T10:00", "2026-11-25T21:00")], "2026-11-26T12:00"),
        ([("2026-11-23T13:00", "2026-11-23T14:00")], "2026-11-23T13:00"),
        ([("2026-11-23T10:00", "2026-11-23T11:00"), ("2026-11-23T10:30", "2026-11-23T11:30")], "2026-11-23T15:30"),
        ([("2026-11-23T10:00", "2026-11-23T12:00"), ("2026-11-23T10:30", "2026-11-23T11:00")], "2026-11-23T16:00"),
        ([("2026-11-23T12:00", "2026-11-23T12:30"), ("2026-11-23T10:00", "2026-11-23T11:00")], "2026-11-23T15:30"),
        ([("2026-11-20T08:00", "2026-11-23T10:00")], "2026-11-23T15:00"),  # asked before the promise began
        ([("2026-11-20T08:00", "2026-11-20T10:00")], "2026-11-23T13:00"),
    ],
)
def test_the_clock_stands_while_the_customer_is_to_answer(
    waiting: list[tuple[str, str | None]], due: str | None
) -> None:
    stretches = [(rome(begins), rome(ends) if ends else None) for begins, ends in waiting]
    answer = due_at(Promise.TAKEN_IN_CHARGE, rome("2026-11-23T09:00"), HOURS, stretches)
    assert answer == (rome(due).astimezone(UTC) if due else None)


def test_around_the_clock_stands_too_while_the_customer_is_to_answer() -> None:
    promise, start = Promise.ANSWERED_AROUND_THE_CLOCK, rome("2026-11-21T10:00")
    waiting = [(rome("2026-11-22T03:00"), rome("2026-11-22T05:00"))]
    assert due_at(promise, start, HOURS, waiting) == rome("2026-11-22T12:00").astimezone(UTC)
    assert due_at(promise, start, HOURS, [(rome("2026-11-22T10:00"), None)]) == rome("2026-11-22T10:00")
    assert due_at(promise, start, HOURS, [(rome("2026-11-22T09:59"), None)]) is None


def test_an_hour_that_the_clock_skips_or_repeats_inside_a_window_counts_as_it_passes() -> None:
    nights = Hours(ROME, lambda day: day == date(2026, 3, 30), windows=((time(0), time(6)),))
    assert working_time_between(rome("2026-03-29T00:00"), rome("2026-03-30T00:00"), nights) == timedelta(0)  # Sunday
    cairo = Hours(ZoneInfo("Africa/Cairo"), lambda day: False, windows=((time(0), time(6)),))
    friday = datetime(2026, 4, 24, tzinfo=ZoneInfo("Africa/Cairo"))  # the clocks go from 00:00 to 01:00
    assert working_time_between(friday, friday + timedelta(days=1), cairo) == 5 * HOUR


MINUTES = st.integers(0, 60 * 24 * 30)
STARTS = st.integers(0, 60 * 24 * 1000).map(lambda minutes: rome("2026-01-01T00:00") + timedelta(minutes=minutes))


@given(STARTS, MINUTES, MINUTES)
@settings(max_examples=100, deadline=None)
def test_working_time_adds_up(start: datetime, first: int, second: int) -> None:
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    at_once = add_working_time(start, one + two, HOURS)
    assert add_working_time(add_working_time(start, one, HOURS), two, HOURS) == at_once
    assert working_time_between(start, at_once, HOURS) == one + two


@given(STARTS, st.integers(1, 6000))
@settings(max_examples=100, deadline=None)
def test_a_due_time_lies_in_a_window_of_a_working_day(start: datetime, minutes: int) -> None:
    due = add_working_time(start, timedelta(minutes=minutes), HOURS).astimezone(ROME)
    assert HOURS.is_working_day(due.date())
    assert any(opens < due.time() <= closes for opens, closes in SUPPORT_WINDOWS)


@given(STARTS, st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_waiting_moves_the_due_time_by_the_working_time_waited(start: datetime, waits: list[tuple[int, int]]) -> None:
    stretches, at = [], start.astimezone(UTC)
    for gap, length in waits:
        begins = at + timedelta(minutes=gap)
        at = begins + timedelta(minutes=length)
        stretches.append((begins, at))
    due = due_at(Promise.SOLVED_SECOND_LEVEL, start, HOURS, stretches)
    assert due is not None
    waited = sum((working_time_between(a, min(b, due), HOURS) for a, b in stretches), timedelta(0))
    assert working_time_between(start, due, HOURS) - waited == promised_time(Promise.SOLVED_SECOND_LEVEL, HOURS)


def test_nothing_lies_between_an_instant_and_an_earlier_one() -> None:
    start = rome("2026-11-23T10:00")
    assert working_time_between(start, start, HOURS) == timedelta(0)
    assert working_time_between(start, start - HOUR, HOURS) == timedelta(0)
    assert working_time_between(start, start + TICK, HOURS) == TICK


def test_the_only_working_day_of_a_calendar_is_enough_if_it_holds_the_time() -> None:
    once = Hours(ROME, lambda day: day != date(2026, 11, 23))
    assert add_working_time(rome("2026-11-01T10:00"), 8 * HOUR, once) == rome("2026-11-23T18:00").astimezone(UTC)


def test_only_a_calendar_closed_for_more_than_a_year_at_a_stretch_is_a_fault() -> None:
    monday = date(2026, 11, 23)

    def opens_after(days: int) -> Hours:
        return Hours(ROME, lambda day: day < monday + timedelta(days=days))

    start = rome("2026-11-23T10:00")
    assert add_working_time(start, HOUR, opens_after(LONGEST_CLOSURE)) == rome("2027-11-24T10:00").astimezone(UTC)
    with pytest.raises(ValueError, match="no working day"):
        add_working_time(start, HOUR, opens_after(LONGEST_CLOSURE + 1))
    assert add_working_days(start, 5 * 52 * 5, PLAIN) == rome("2031-11-17T10:00").astimezone(UTC)


def test_impossible_questions_are_faults() -> None:
    start = rome("2026-11-23T10:00")
    with pytest.raises(ValueError, match="not taken away"):
        add_working_time(start, -TICK, PLAIN)
    with pytest.raises(ValueError, match="time zone"):
        add_working_time(start.replace(tzinfo=None), HOUR, PLAIN)
    with pytest.raises(ValueError, match="no working day"):
        add_working_time(start, HOUR, Hours(ROME, lambda day: True))
