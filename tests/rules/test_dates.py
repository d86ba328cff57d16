"""Business days begin and end where the calendar of the zone says, and months are counted from the anchor."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.dates import (
    ONE_DAY,
    add_months,
    as_utc,
    business_date,
    end_of,
    falls_on_anchor,
    last_day_of_term,
    months_between,
    start_of,
)
from portal.rules.terms import BUSINESS_ZONE
from tests.rules.instants import ROME, TICK, rome, utc

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
ZONES = st.sampled_from(
    ["Europe/Rome", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut", "America/Havana", "Pacific/Auckland", "UTC"]
).map(ZoneInfo)


def test_the_business_counts_its_days_in_rome() -> None:
    assert BUSINESS_ZONE == ROME


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-12-02 22:59:59.999999", "2026-12-02"),
        ("2026-12-02 23:00:00", "2026-12-03"),  # winter: one hour ahead
        ("2026-07-14 21:59:59.999999", "2026-07-14"),
        ("2026-07-14 22:00:00", "2026-07-15"),  # summer: two
        ("2026-12-31 22:59:59.999999", "2026-12-31"),
        ("2026-12-31 23:00:00", "2027-01-01"),
        ("2028-02-28 23:00:00", "2028-02-29"),
    ],
)
def test_an_instant_falls_on_the_day_in_the_business_zone(at: str, day: str) -> None:
    assert business_date(utc(at), ROME) == date.fromisoformat(day)


@pytest.mark.parametrize("read", [as_utc, lambda at: business_date(at, ROME)])
def test_a_naive_instant_is_refused(read: object) -> None:
    with pytest.raises(ValueError, match="time zone"):
        read(datetime(2026, 11, 22))  # type: ignore[operator]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Europe/Rome", "2026-12-03", "2026-12-02 23:00"),
        ("Europe/Rome", "2026-07-15", "2026-07-14 22:00"),
        ("Europe/Rome", "2026-03-29", "2026-03-28 23:00"),  # clocks go forward at 02:00
        ("Europe/Rome", "2026-03-30", "2026-03-29 22:00"),
        ("Europe/Rome", "2026-10-25", "2026-10-24 22:00"),  # and back at 03:00
        ("Europe/Rome", "2026-10-26", "2026-10-25 23:00"),
        ("Europe/Rome", "2027-01-01", "2026-12-31 23:00"),
        ("Europe/Rome", "2028-02-29", "2028-02-28 23:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00"),  # 00:00 does not exist: 01:00 is the first
        ("Africa/Cairo", "2024-04-26", "2024-04-25 22:00"),  # nor here
        ("America/Toronto", "1919-03-31", "1919-03-31 04:30"),  # 23:30 became 00:30: the gap begins the day before
        ("America/Havana", "2026-11-01", "2026-11-01 04:00"),  # 00:00 comes twice: the first one
        ("Pacific/Apia", "2011-12-30", "2011-12-30 10:00"),  # the day was skipped: no time between it and the next
        ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00"),
    ],
)
def test_a_day_begins_at_its_first_existing_instant(zone: str, day: str, first: str) -> None:
    start = start_of(date.fromisoformat(day), ZoneInfo(zone))
    assert start == utc(first)
    assert start.tzinfo is UTC


class JumpBeforeMidnight(tzinfo):
    """A zone whose clocks go forward by an hour at a second of 28 March, 23:40."""

    hour = timedelta(hours=1)

    def __init__(self, second: int) -> None:
        self.jump = datetime(2026, 3, 28, 23, 40, second)  # noqa: DTZ001

    def utcoffset(self, at: datetime | None) -> timedelta:
        assert at is not None
        wall = at.replace(tzinfo=None)
        ahead = wall >= self.jump + self.hour or (wall >= self.jump and at.fold == 1)
        return self.hour if ahead else timedelta(0)

    def dst(self, at: datetime | None) -> None:
        return None

    def fromutc(self, at: datetime) -> datetime:
        return at + self.hour if at.replace(tzinfo=None) >= self.jump else at


@pytest.mark.parametrize("second", range(8))
def test_the_first_instant_is_found_to_the_second(second: int) -> None:
    start = start_of(date(2026, 3, 29), JumpBeforeMidnight(second))  # type: ignore[arg-type]
    assert start == utc(f"2026-03-28 23:40:0{second}")


def test_every_instant_leaves_in_utc() -> None:
    assert as_utc(rome("2026-11-22 12:00").astimezone(ROME)).tzinfo is UTC


def test_the_last_moment_of_a_day_is_inside_and_the_next_midnight_is_not() -> None:
    end = end_of(date(2026, 11, 22), ROME)
    assert rome("2026-11-22 23:59:59.999999") < end
    assert end == rome("2026-11-23 00:00:00")


@given(DAYS, ZONES)
def test_days_tile_the_line_of_time(day: date, zone: ZoneInfo) -> None:
    assert end_of(day, zone) == start_of(day + ONE_DAY, zone)
    assert start_of(day, zone) < end_of(day, zone)
    assert business_date(start_of(day, zone), zone) == day
    assert business_date(start_of(day, zone) - TICK, zone) == day - ONE_DAY


@pytest.mark.parametrize(
    ("anchor", "months", "day"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2027-01-31", 2, "2027-03-31"),
        ("2027-01-31", 3, "2027-04-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-11-30", 2, "2027-01-30"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-11-22", 24, "2028-11-22"),
        ("2026-11-22", 0, "2026-11-22"),
        ("2027-03-31", -1, "2027-02-28"),
        ("2027-01-31", -2, "2026-11-30"),
    ],
)
def test_months_are_added_to_year_and_month_and_clamped(anchor: str, months: int, day: str) -> None:
    assert add_months(date.fromisoformat(anchor), months) == date.fromisoformat(day)


@given(DAYS, st.integers(-100, 100))
def test_months_between_undoes_add_months(anchor: date, months: int) -> None:
    assert months_between(anchor, add_months(anchor, months)) == months
    assert falls_on_anchor(anchor, add_months(anchor, months))


@pytest.mark.parametrize(
    ("starts_on", "months", "anchor", "ends_on"),
    [
        ("2026-03-01", 12, None, "2027-02-28"),
        ("2027-03-01", 12, None, "2028-02-29"),
        ("2028-02-29", 12, None, "2029-02-27"),
        ("2029-02-28", 12, "2028-02-29", "2030-02-27"),
        ("2031-02-28", 12, "2028-02-29", "2032-02-28"),  # the next one begins on the leap day again
        ("2027-01-31", 1, None, "2027-02-27"),
        ("2027-02-28", 1, "2027-01-31", "2027-03-30"),
        ("2027-03-31", 1, "2027-01-31", "2027-04-29"),
        ("2026-12-01", 1, None, "2026-12-31"),
        ("2027-01-01", 12, None, "2027-12-31"),
    ],
)
def test_a_term_ends_the_day_before_the_anchor_comes_round(
    starts_on: str, months: int, anchor: str | None, ends_on: str
) -> None:
    first = date.fromisoformat(anchor) if anchor else None
    assert last_day_of_term(date.fromisoformat(starts_on), months, first) == date.fromisoformat(ends_on)


@pytest.mark.parametrize("months", [0, -1])
def test_a_term_without_a_month_is_a_fault(months: int) -> None:
    with pytest.raises(ValueError, match="at least one month"):
        last_day_of_term(date(2026, 3, 1), months)


def test_a_term_of_another_anchor_is_a_fault() -> None:
    with pytest.raises(ValueError, match="whole number of months"):
        last_day_of_term(date(2027, 3, 30), 1, anchor=date(2027, 1, 31))


@given(DAYS, st.lists(st.sampled_from([1, 3, 6, 12, 24]), min_size=1, max_size=8))
def test_terms_tile_and_keep_the_anchor(anchor: date, lengths: list[int]) -> None:
    starts_on, months = anchor, 0
    for length in lengths:
        ends_on = last_day_of_term(starts_on, length, anchor)
        months += length
        assert ends_on == add_months(anchor, months) - ONE_DAY
        starts_on = ends_on + ONE_DAY


@pytest.fixture
def machine_zone() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata", "Europe/Rome"])
@pytest.mark.usefixtures("machine_zone")
def test_the_zone_of_the_machine_changes_nothing(zone: str) -> None:
    os.environ["TZ"] = zone
    time.tzset()
    assert business_date(utc("2026-12-02 23:00"), ROME) == date(2026, 12, 3)
    assert start_of(date(2026, 12, 3), ROME) == utc("2026-12-02 23:00")
    assert end_of(date(2026, 3, 29), ROME) - start_of(date(2026, 3, 29), ROME) == timedelta(hours=23)
    assert start_of(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")) == utc("2018-11-04 03:00")
