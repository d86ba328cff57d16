"""The support clock: it runs only inside the windows of working days, and stands while the customer is to answer.

Source: RULES.md, Support centre. Which days are holidays is a parameter: a predicate over dates, so that this rule
needs no calendar package. One is built from the `holidays` package where the settings are read; the business has the
national holidays of Italy for every level.

Where RULES.md is silent:
- A promise that ends exactly when a window closes is due at that instant, not when the next window opens.
- "1 working day" is as much time as the windows of one day hold, and runs on over the next day: 17:00 + 1 day is
  17:00. Windows are wall-clock times; on a day on which the clocks change an hour inside a window counts as it passes.
- A promise around the clock runs on all days, and stands too while the customer is to answer.
- Waiting stretches may overlap; what overlaps counts once. While one is open there is no due time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count
from zoneinfo import ZoneInfo

from portal.rules.dates import ONE_DAY, as_utc, business_date
from portal.rules.terms import (
    CALL_BACK_HOURS,
    ROUND_THE_CLOCK_RESPONSE,
    SOLVED_FIRST_LEVEL_DAYS,
    SOLVED_SECOND_LEVEL_DAYS,
    SUPPORT_WINDOWS,
    TAKEN_IN_CHARGE_HOURS,
)

SATURDAY = 5  # date.weekday(): Monday is 0
LONGEST_CLOSURE = 366  # days without any window after which the calendar, not the wait, must be at fault
NOTHING = timedelta(0)
Stretch = tuple[datetime, datetime]
Waiting = tuple[datetime, datetime | None]  # from the question to the customer until the answer, None: still open


class Promise(StrEnum):
    """What a support level promises for a ticket or a call."""

    TAKEN_IN_CHARGE = "taken-in-charge"
    SOLVED_FIRST_LEVEL = "solved-first-level"
    SOLVED_SECOND_LEVEL = "solved-second-level"
    CALLED_BACK_FROM = "called-back-from"  # not before this
    CALLED_BACK_BY = "called-back-by"
    ANSWERED_AROUND_THE_CLOCK = "answered-around-the-clock"


@dataclass(frozen=True, slots=True)
class Hours:
    """When support works: the zone, which dates are holidays, the daily windows in wall-clock time, in order."""

    zone: ZoneInfo
    is_holiday: Callable[[date], bool]
    windows: tuple[tuple[time, time], ...] = SUPPORT_WINDOWS

    @property
    def of_a_day(self) -> timedelta:
        """How much time the windows of one working day hold.

        >>> Hours(ZoneInfo("Europe/Rome"), lambda day: False).of_a_day
        datetime.timedelta(seconds=28800)
        """
        return sum((_since_midnight(end) - _since_midnight(start) for start, end in self.windows), NOTHING)

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday, no holiday."""
        return day.weekday() < SATURDAY and not self.is_holiday(day)


def add_working_time(start: datetime, duration: timedelta, hours: Hours) -> datetime:
    """The instant in UTC at which that much working time has passed since `start`; `start` itself for none.

    Raises ValueError for a negative duration, a naive start, or a calendar without a working day for a year.

    >>> hours = Hours(ZoneInfo("Europe/Rome"), lambda day: False)
    >>> friday = datetime.fromisoformat("2026-11-20T17:00+01:00")
    >>> add_working_time(friday, timedelta(hours=4), hours).isoformat()  # Monday 12:00 in Rome
    '2026-11-23T11:00:00+00:00'
    """
    if duration < NOTHING:
        raise ValueError("working time is added, not taken away")
    begin, left = as_utc(start), duration
    if not left:
        return begin
    for opens, closes in _stretches_from(begin, hours):
        runs_from = max(opens, begin)
        if left <= closes - runs_from:
            return runs_from + left
        left -= closes - runs_from
    raise AssertionError("a calendar has no end")  # pragma: no cover


def add_working_days(start: datetime, days: int, hours: Hours) -> datetime:
    """The instant after that many full days' windows: what is left of today counts, the rest falls on later days."""
    return add_working_time(start, days * hours.of_a_day, hours)


def working_time_between(start: datetime, end: datetime, hours: Hours) -> timedelta:
    """How much working time lies in [start, end); none where the end is not after the start."""
    first, last = as_utc(start), as_utc(end)
    if last <= first:
        return NOTHING
    total = NOTHING
    for opens, closes in _stretches_from(first, hours, until=last):
        total += max(min(closes, last) - max(opens, first), NOTHING)
    return total


def promised_time(promise: Promise, hours: Hours) -> timedelta:
    """How much working time (around the clock: time) the promise gives."""
    call_back_from, call_back_by = CALL_BACK_HOURS
    return {
        Promise.TAKEN_IN_CHARGE: timedelta(hours=TAKEN_IN_CHARGE_HOURS),
        Promise.SOLVED_FIRST_LEVEL: SOLVED_FIRST_LEVEL_DAYS * hours.of_a_day,
        Promise.SOLVED_SECOND_LEVEL: SOLVED_SECOND_LEVEL_DAYS * hours.of_a_day,
        Promise.CALLED_BACK_FROM: timedelta(hours=call_back_from),
        Promise.CALLED_BACK_BY: timedelta(hours=call_back_by),
        Promise.ANSWERED_AROUND_THE_CLOCK: ROUND_THE_CLOCK_RESPONSE,
    }[promise]


def due_at(promise: Promise, start: datetime, hours: Hours, waiting: Iterable[Waiting] = ()) -> datetime | None:
    """When the promise made at `start` is due, in UTC; None while the clock stands because the customer is to answer.

    waiting: the stretches of waiting for the customer. One that begins when the promise was already due moves nothing.
    """
    at, left = as_utc(start), promised_time(promise, hours)
    for begins, ends in _in_order(waiting):
        due = _add(promise, at, left, hours)
        if due <= begins:
            return due
        left -= _between(promise, at, begins, hours)
        if ends is None:
            return None
        at = max(at, ends)
    return _add(promise, at, left, hours)


def _add(promise: Promise, at: datetime, duration: timedelta, hours: Hours) -> datetime:
    if promise is Promise.ANSWERED_AROUND_THE_CLOCK:
        return at + duration
    return add_working_time(at, duration, hours)


def _between(promise: Promise, start: datetime, end: datetime, hours: Hours) -> timedelta:
    if promise is Promise.ANSWERED_AROUND_THE_CLOCK:
        return max(end - start, NOTHING)
    return working_time_between(start, end, hours)


def _in_order(waiting: Iterable[Waiting]) -> Iterator[Waiting]:
    """The stretches in UTC, by their beginning; overlaps are harmless, since `due_at` never goes back."""
    stretches = [(as_utc(begins), None if ends is None else as_utc(ends)) for begins, ends in waiting]
    return iter(sorted(stretches, key=lambda stretch: stretch[0]))


def _stretches_from(at: datetime, hours: Hours, until: datetime | None = None) -> Iterator[Stretch]:
    """The open stretches in UTC that end after `at`, in order, up to the day of `until`."""
    first, closed = business_date(at, hours.zone), 0
    last = None if until is None else business_date(until, hours.zone)
    for day in (first + n * ONE_DAY for n in count()):
        if last is not None and day > last:
            return
        stretches = [stretch for stretch in _stretches_of(day, hours) if stretch[1] > at]
        closed = 0 if stretches else closed + 1
        if closed > LONGEST_CLOSURE:
            raise ValueError(f"no working day in the {LONGEST_CLOSURE} days before {day}")
        yield from stretches


def _stretches_of(day: date, hours: Hours) -> list[Stretch]:
    if not hours.is_working_day(day):
        return []
    local = [
        [datetime.combine(day, at, tzinfo=hours.zone).astimezone(UTC) for at in window] for window in hours.windows
    ]
    return [(opens, closes) for opens, closes in local]


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
