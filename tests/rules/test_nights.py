"""When a night begins, and which nights are still to be worked: in Rome, over the change of clocks, and far away."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import dates, nights
from portal.rules.terms import NIGHT_FROM, NIGHTS_MADE_UP
from tests.rules.instants import INSTANTS, ROME, TICK, rome

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(days=1)
FAR = [ZoneInfo(name) for name in ("Pacific/Auckland", "Pacific/Kiritimati", "America/New_York", "Pacific/Honolulu")]


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 11, 22), "2026-11-22 04:00"),
        (date(2026, 7, 1), "2026-07-01 04:00"),
        (date(2026, 3, 28), "2026-03-28 04:00"),
        (date(2026, 3, 29), "2026-03-29 04:00"),  # 2 o'clock is 3 o'clock
        (date(2026, 10, 25), "2026-10-25 04:00"),  # 2 o'clock comes twice
        (date(2026, 10, 26), "2026-10-26 04:00"),
    ],
)
def test_a_night_begins_at_four_by_the_clocks_of_the_business(day: date, begins: str) -> None:
    assert time(4) == NIGHT_FROM
    assert nights.begins_at(day, ROME) == rome(begins)
    assert nights.to_work(day, rome(begins) - TICK, ROME) == []
    assert nights.to_work(day, rome(begins), ROME) == [day]
    assert nights.to_work(day, rome(begins) + TICK, ROME) == [day]


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2026-11-21 23:59:59.999999", [YESTERDAY]),
        ("2026-11-22 00:00:00", []),  # the 21st in UTC
        ("2026-11-22 00:59:59.999999", []),
        ("2026-11-22 01:00:00", [YESTERDAY]),  # missed, and not too early for it
        ("2026-11-22 03:59:59.999999", [YESTERDAY]),
        ("2026-11-22 04:00:00", [YESTERDAY, TODAY]),
        ("2026-11-22 23:59:59.999999", [YESTERDAY, TODAY]),
        ("2026-11-23 00:30:00", []),
        ("2026-11-23 04:00:00", [YESTERDAY, TODAY, TODAY + timedelta(days=1)]),
    ],
)
def test_what_was_missed_is_made_up_for_but_never_while_two_calendars_differ(at: str, found: list[date]) -> None:
    assert nights.to_work(YESTERDAY, rome(at), ROME) == found


@pytest.mark.parametrize(("at", "begun"), [("01:59:59.999999", False), ("02:00:00", True)])
def test_in_summer_the_calendars_differ_an_hour_longer(at: str, begun: bool) -> None:
    assert bool(nights.to_work(date(2026, 6, 30), rome(f"2026-07-01 {at}"), ROME)) is begun


def test_before_the_first_night_nothing_was_missed() -> None:
    assert nights.to_work(None, rome("2026-11-22 12:00"), ROME) == [TODAY]


@pytest.mark.parametrize("missed", [NIGHTS_MADE_UP - 1, NIGHTS_MADE_UP, NIGHTS_MADE_UP + 1, 400])
def test_a_month_of_missed_nights_is_made_up_for_and_no_more(missed: int) -> None:
    found = nights.to_work(TODAY - timedelta(days=missed), rome("2026-11-22 12:00"), ROME)
    assert found[-1] == TODAY
    assert found[0] == TODAY - timedelta(days=min(missed, NIGHTS_MADE_UP))
    assert found == sorted(set(found))
    assert len(found) == (found[-1] - found[0]).days + 1


def test_a_clock_that_was_put_back_asks_for_nothing() -> None:
    assert nights.to_work(TODAY + timedelta(days=30), rome("2026-11-22 12:00"), ROME) == []


@pytest.mark.parametrize("zone", FAR, ids=str)
def test_far_away_a_night_begins_when_the_day_has_begun_in_utc_too(zone: ZoneInfo) -> None:
    begins = nights.begins_at(TODAY, zone)
    assert begins.astimezone(zone).date() == TODAY
    assert begins.astimezone(UTC).date() == TODAY
    assert begins.astimezone(zone).time() >= NIGHT_FROM
    assert nights.to_work(TODAY, begins - TICK, zone) == []


@given(INSTANTS, st.sampled_from([ROME, *FAR]), st.none() | st.integers(0, 40))
def test_every_day_has_its_night_within_the_day(at: datetime, zone: ZoneInfo, missed: int | None) -> None:
    today = dates.business_date(at, zone)
    first = None if missed is None else today - timedelta(days=missed)
    end = dates.end_of(today, zone) - TICK
    assert nights.to_work(first, end, zone)[-1] == today
    assert all(day <= today for day in nights.to_work(first, at, zone))
