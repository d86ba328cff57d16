"""Known devices: remembered to the microsecond, and told of where something is worth telling."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.rules.devices import remembered_since, told
from portal.rules.terms import DEVICE_COOKIE_LIFE, SIGN_IN_FAILURES

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("unused", "known"),
    [
        (DEVICE_COOKIE_LIFE - TICK, True),
        (DEVICE_COOKIE_LIFE, False),
        (DEVICE_COOKIE_LIFE + TICK, False),
        (timedelta(), True),
        (-TICK, True),  # a clock that was put back
    ],
)
def test_a_browser_is_known_for_four_hundred_days(unused: timedelta, known: bool) -> None:
    assert timedelta(days=400) == DEVICE_COOKIE_LIFE
    assert (remembered_since(TEN + unused) < TEN) is known


@pytest.mark.parametrize("failures", [0, SIGN_IN_FAILURES - 1, SIGN_IN_FAILURES, SIGN_IN_FAILURES + 1])
@pytest.mark.parametrize(
    ("known", "others", "new"),
    [
        (False, True, True),
        (False, False, False),  # the first sign-in of an account, or the first since everything was forgotten
        (True, True, False),
        (True, False, False),
    ],
)
def test_a_new_browser_is_told_of_and_so_is_success_after_many_failures(
    known: bool, others: bool, new: bool, failures: int
) -> None:
    assert told(known=known, others=others, failures=failures) is (new or failures >= SIGN_IN_FAILURES)


def test_an_instant_without_a_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="time zone"):
        remembered_since(TEN.replace(tzinfo=None))
