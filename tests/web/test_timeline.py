"""The numbers of the pictures, at each boundary."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.rules.credits import LotState, LotView
from portal.rules.dates import start_of
from portal.rules.renewal import Term
from portal.standing import Standing
from portal.subscription import queries
from portal.subscription.queries import PaidTerm, Platform
from portal.web.timeline import GAP, GONE_WIDTH, GRACE_WIDTH, SHORTEST_BAR, WIDTH, bars, timeline
from tests.rules.instants import ROME, rome

STARTS, ENDS = date(2025, 11, 23), date(2026, 11, 22)
PAID = WIDTH - GRACE_WIDTH - GONE_WIDTH - 2 * GAP  # where the paid part ends
GRACE = PAID + GAP  # where the grace begins
GONE = GRACE + GRACE_WIDTH + GAP


def place(at: datetime, *terms: tuple[date, date]) -> Standing:
    created = datetime(2020, 1, 1, tzinfo=UTC)
    platform = Platform(1234, None, bool(terms), True, False, "", created, None, None, None, None, None)
    paid = [PaidTerm(Term(starts, ends, starts), "pro") for starts, ends in terms]
    life = queries.life_of(platform, paid, quiet_since=None)
    return Standing(platform, paid, [], life, at, ROME)


def on(day: str) -> datetime:
    return rome(f"{day} 12:00:00")


@pytest.mark.parametrize(
    ("at", "x"),
    [
        (on("2025-11-22"), 1),  # before the term: at its first day, never outside of the drawing
        (on("2025-11-23"), 1),  # the middle of the first of 365 days
        (on("2026-05-24"), PAID // 2),  # the middle day
        (on("2026-11-21"), PAID - 3),
        (on("2026-11-22"), PAID - 1),  # E is paid
        (rome("2026-11-22 23:59:59.999999"), PAID - 1),
        (rome("2026-11-23 00:00:00"), GRACE + GRACE_WIDTH // 20),  # E + 1: the middle of the first of ten days
        (on("2026-11-27"), GRACE + 9 * GRACE_WIDTH // 20),
        (rome("2026-12-02 23:59:59.999999"), GRACE + 19 * GRACE_WIDTH // 20),  # E + 10 is inside
        (rome("2026-12-03 00:00:00"), GONE + GONE_WIDTH // 2),
        (on("2027-05-01"), GONE + GONE_WIDTH // 2),
    ],
)
def test_today_stands_in_the_middle_of_its_day(at: datetime, x: int) -> None:
    found = timeline(place(at, (STARTS, ENDS)))
    assert found is not None
    assert found.today_x == x


def test_the_days_and_the_parts() -> None:
    found = timeline(place(on("2026-11-20"), (STARTS, ENDS)))
    assert found is not None
    days = (found.starts_on, found.expires_on, found.grace_ends_on, found.deleted_on, found.today)
    assert days == (STARTS, ENDS, date(2026, 12, 2), date(2026, 12, 3), date(2026, 11, 20))
    assert (found.paid_width, found.grace_x, found.gone_x) == (PAID, GRACE, GONE)
    assert found.gone_x + found.gone_width == WIDTH
    assert found.grace_days == 10


@pytest.mark.parametrize(
    ("day", "done", "anchor"),
    [
        ("2025-11-23", 1, "start"),
        ("2026-05-24", PAID // 2, "middle"),
        ("2026-11-22", PAID - 1, "middle"),
        ("2026-12-02", PAID, "end"),
        ("2026-12-03", PAID, "end"),
    ],
)
def test_the_days_behind_are_filled_and_the_word_today_stays_inside(day: str, done: int, anchor: str) -> None:
    found = timeline(place(on(day), (STARTS, ENDS)))
    assert found is not None
    assert (found.done_width, found.anchor) == (done, anchor)


def test_a_paid_next_term_moves_the_expiry_and_keeps_the_start_of_the_running_one() -> None:
    found = timeline(place(on("2026-11-20"), (STARTS, ENDS), (date(2026, 11, 23), date(2027, 11, 22))))
    assert found is not None
    assert (found.starts_on, found.expires_on, found.deleted_on) == (STARTS, date(2027, 11, 22), date(2027, 12, 3))
    assert 0 < found.today_x < PAID // 2 + 1


def test_the_night_in_which_clocks_change_is_a_day_like_any_other() -> None:
    ends = date(2026, 10, 18)  # the grace holds 25 October 2026, which has 25 hours
    at = start_of(ends + timedelta(days=11), ROME)
    last, first_after = place(at - timedelta(seconds=1), (STARTS, ends)), place(at, (STARTS, ends))
    pictures = [timeline(found) for found in (last, first_after)]
    assert [p.today_x for p in pictures if p] == [GRACE + 19 * GRACE_WIDTH // 20, GONE + GONE_WIDTH // 2]


def test_a_platform_that_only_sends_sms_has_no_timeline() -> None:
    assert timeline(place(on("2026-11-20"))) is None


def lot(remaining: int) -> LotView:
    return LotView(1, STARTS, remaining, ENDS, LotState.SPENDABLE)


@pytest.mark.parametrize(
    ("credits", "widths"),
    [
        ((), []),
        ((5000,), [WIDTH]),
        ((900, 12_480), [72, WIDTH]),
        ((1, 100_000), [SHORTEST_BAR, WIDTH]),  # a single credit is seen, too
        ((50, 50), [WIDTH, WIDTH]),
    ],
)
def test_bars_are_as_long_as_their_credits(credits: tuple[int, ...], widths: list[int]) -> None:
    assert [bar.width for bar in bars([lot(each) for each in credits])] == widths
