"""Throttling: exactly N attempts are evaluated, waits double, nobody is locked out for good."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules import throttle
from portal.rules.terms import (
    ALARM_MAILS,
    ALARM_WINDOW,
    FORCED_RESET_FAILURES,
    NETWORK_PREFIX_V4,
    NETWORK_PREFIX_V6,
    PASSKEY_NETWORK_WINDOW,
    PASSKEY_REQUESTS_PER_NETWORK,
    RECOVERY_ACCOUNT_WINDOW,
    RECOVERY_MAILS_PER_ACCOUNT,
    RECOVERY_NETWORK_WINDOW,
    RECOVERY_REQUESTS_PER_NETWORK,
    SIGN_IN_CALM,
    SIGN_IN_FAILURES,
    SIGN_IN_FIRST_WAIT,
    SIGN_IN_LONGEST_WAIT,
    SIGN_IN_NETWORK_FAILURES,
    SIGN_IN_WINDOW,
    TRIAL_ADDRESS_WINDOW,
    TRIAL_MAILS_PER_ADDRESS,
    TRIAL_NETWORK_WINDOW,
    TRIAL_REQUESTS_PER_NETWORK,
)
from portal.rules.throttle import Record, client_network, sign_in_attempt, sign_in_success, window_attempt

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


def fail_at(record: Record, *moments: datetime) -> Record:
    """Anna types a wrong password at each of the moments, and every one of them is looked at."""
    for moment in moments:
        allowed, record = sign_in_attempt(record, moment)
        assert allowed, moment
    return record


def five_failures(start: datetime = TEN) -> Record:
    return fail_at(Record(), *(start + n * SECOND for n in range(SIGN_IN_FAILURES)))


def test_the_limits_are_those_of_the_rules() -> None:
    assert (5, timedelta(minutes=5)) == (SIGN_IN_FAILURES, SIGN_IN_WINDOW)
    assert (timedelta(seconds=30), timedelta(minutes=15)) == (SIGN_IN_FIRST_WAIT, SIGN_IN_LONGEST_WAIT)
    assert FORCED_RESET_FAILURES == 100
    assert throttle.NETWORK_SIGN_INS == (SIGN_IN_NETWORK_FAILURES, SIGN_IN_WINDOW) == (20, timedelta(minutes=5))
    assert throttle.RECOVERY_MAILS == (RECOVERY_MAILS_PER_ACCOUNT, RECOVERY_ACCOUNT_WINDOW) == (5, timedelta(days=1))
    assert throttle.RECOVERY_REQUESTS == (RECOVERY_REQUESTS_PER_NETWORK, RECOVERY_NETWORK_WINDOW)
    assert (20, timedelta(hours=1)) == throttle.RECOVERY_REQUESTS
    assert throttle.ALARMS == (ALARM_MAILS, ALARM_WINDOW) == (1, timedelta(days=1))
    assert throttle.TRIAL_MAILS == (TRIAL_MAILS_PER_ADDRESS, TRIAL_ADDRESS_WINDOW) == (3, timedelta(days=1))
    assert throttle.PASSKEY_REQUESTS == (PASSKEY_REQUESTS_PER_NETWORK, PASSKEY_NETWORK_WINDOW)
    assert (60, timedelta(minutes=5)) == throttle.PASSKEY_REQUESTS
    assert throttle.TRIAL_REQUESTS == (TRIAL_REQUESTS_PER_NETWORK, TRIAL_NETWORK_WINDOW) == (10, timedelta(hours=1))


def test_exactly_five_of_a_burst_are_evaluated() -> None:
    record, evaluated = Record(), 0
    for _ in range(50):
        allowed, record = sign_in_attempt(record, TEN)
        evaluated += allowed
    assert evaluated == SIGN_IN_FAILURES
    assert record.in_a_row == SIGN_IN_FAILURES


@pytest.mark.parametrize(
    ("fifth_after", "waits"),
    [
        (SIGN_IN_WINDOW - TICK, 1),
        (SIGN_IN_WINDOW, 0),  # the first of the five has left the window
        (SIGN_IN_WINDOW + TICK, 0),
    ],
)
def test_five_failures_count_only_inside_five_minutes(fifth_after: timedelta, waits: int) -> None:
    four = fail_at(Record(), TEN, TEN + SECOND, TEN + 2 * SECOND, TEN + 3 * SECOND)
    assert fail_at(four, TEN + fifth_after).waits == waits


@pytest.mark.parametrize(
    ("after", "allowed"),
    [
        (TICK, False),
        (SIGN_IN_FIRST_WAIT - TICK, False),
        (SIGN_IN_FIRST_WAIT, True),
        (SIGN_IN_FIRST_WAIT + TICK, True),
    ],
)
def test_the_first_wait_is_thirty_seconds(after: timedelta, allowed: bool) -> None:
    record = five_failures()
    last = record.last_failure_at
    assert last is not None
    assert sign_in_attempt(record, last + after)[0] is allowed


def test_each_further_failure_doubles_the_wait_up_to_fifteen_minutes() -> None:
    record, seconds = five_failures(), []
    for _ in range(8):
        assert record.blocked_until is not None
        assert record.last_failure_at is not None
        seconds.append((record.blocked_until - record.last_failure_at).total_seconds())
        record = fail_at(record, record.blocked_until)
    assert seconds == [30, 60, 120, 240, 480, 900, 900, 900]


def test_the_longest_wait_holds_from_its_first_instant_on() -> None:
    record = Record(in_a_row=20, waits=9, last_failure_at=TEN, blocked_until=TEN + SIGN_IN_LONGEST_WAIT)
    assert sign_in_attempt(record, TEN) == (False, record)
    assert sign_in_attempt(record, TEN - TICK)[0]  # longer than the longest: a clock was put back


def test_the_owner_hears_of_the_first_longest_wait_and_of_every_one_after_it() -> None:
    record, heard = five_failures(), []
    for _ in range(8):
        heard.append(throttle.alarming(record))
        assert record.blocked_until is not None
        record = fail_at(record, record.blocked_until)
    assert heard == [False] * 5 + [True] * 3  # 30 s, 1, 2, 4, 8 minutes; then 15, 15, 15


@pytest.mark.parametrize(("in_a_row", "heard"), [(FORCED_RESET_FAILURES - 1, False), (FORCED_RESET_FAILURES, True)])
def test_the_owner_hears_of_the_hundredth_failure_however_slow(in_a_row: int, heard: bool) -> None:
    assert throttle.alarming(Record(in_a_row=in_a_row)) is heard


def test_refused_attempts_change_nothing() -> None:
    record = five_failures()
    assert sign_in_attempt(record, TEN + 10 * SECOND) == (False, record)


@pytest.mark.parametrize(("calm", "waits"), [(SIGN_IN_CALM - TICK, 2), (SIGN_IN_CALM, 0), (SIGN_IN_CALM + TICK, 0)])
def test_after_a_calm_hour_the_waits_start_again(calm: timedelta, waits: int) -> None:
    record = five_failures()
    assert record.last_failure_at is not None
    later = fail_at(record, record.last_failure_at + calm)
    assert later.waits == waits
    assert later.in_a_row == SIGN_IN_FAILURES + 1


def test_a_hundred_failures_in_a_row_force_a_reset_however_slow() -> None:
    record = fail_at(Record(), *(TEN + n * timedelta(days=1) for n in range(FORCED_RESET_FAILURES - 1)))
    assert not record.must_reset
    record = fail_at(record, TEN + timedelta(days=200))
    assert record.must_reset
    assert record.in_a_row == 100
    assert sign_in_attempt(record, TEN + timedelta(days=4000)) == (False, record)


def test_a_success_or_a_reset_clears_everything() -> None:
    assert sign_in_success(Record((TEN,), FORCED_RESET_FAILURES, 7, TEN, TEN)) == Record()


def test_the_hundredth_attempt_is_still_evaluated_and_may_succeed() -> None:
    allowed, claimed = sign_in_attempt(Record(in_a_row=FORCED_RESET_FAILURES - 1), TEN)
    assert allowed
    assert claimed.must_reset
    assert not sign_in_success(claimed).must_reset


def test_a_clock_put_back_locks_nobody_out() -> None:
    record = five_failures(TEN + timedelta(days=30))
    assert sign_in_attempt(record, TEN)[0]
    full = Record(tuple(TEN + timedelta(days=30) for _ in range(5)))
    assert window_attempt(full, TEN, *throttle.RECOVERY_MAILS)[0]


@given(st.lists(st.integers(0, 1200), min_size=1, max_size=120))
@settings(max_examples=60)
def test_however_somebody_knocks_evaluations_keep_their_distance(gaps: list[int]) -> None:
    record, at, evaluated = Record(), TEN, []
    for gap in gaps:
        at += timedelta(seconds=gap)
        allowed, after = sign_in_attempt(record, at)
        if allowed:
            evaluated.append(at)
        else:
            assert after == record
        record = after
        assert len(record.moments) < SIGN_IN_FAILURES
        assert throttle.from_json(throttle.to_json(record)) == record
    for first, sixth in zip(evaluated, evaluated[SIGN_IN_FAILURES:], strict=False):
        assert sixth - first >= SIGN_IN_FIRST_WAIT
    assert record.in_a_row == min(len(evaluated), FORCED_RESET_FAILURES)


@pytest.mark.parametrize(
    "window",
    [
        throttle.NETWORK_SIGN_INS,
        throttle.RECOVERY_MAILS,
        throttle.RECOVERY_REQUESTS,
        throttle.ALARMS,
        throttle.PASSKEY_REQUESTS,
    ],
)
def test_a_window_lets_its_limit_through_and_frees_a_place_exactly_at_its_end(window: throttle.Window) -> None:
    record = Record()
    for _ in range(window.limit):
        allowed, record = window_attempt(record, TEN, *window)
        assert allowed
    assert window_attempt(record, TEN, *window) == (False, record)
    assert not window_attempt(record, TEN + window.length - TICK, *window)[0]
    assert window_attempt(record, TEN + window.length, *window)[0]


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9)), min_size=1, max_size=80),
    st.integers(1, 6),
    st.integers(10, 500),
)
@settings(max_examples=150)
def test_at_most_the_limit_in_any_window_even_where_clocks_differ(
    steps: list[tuple[int, int]], limit: int, length: int
) -> None:
    record, at, window, claimed = Record(), TEN, timedelta(seconds=length), []
    for gap, behind in steps:  # each request is served by a node whose clock is up to nine seconds behind
        at += gap * SECOND
        allowed, record = window_attempt(record, at - behind * SECOND, limit, window)
        if allowed:
            claimed.append(record.moments[-1])
        assert len(record.moments) <= limit
    assert claimed == sorted(claimed)
    for first, beyond in zip(claimed, claimed[limit:], strict=False):
        assert beyond - first >= window


def test_a_place_is_refused_only_when_the_window_is_really_full() -> None:
    _, record = window_attempt(Record((TEN, TEN + SECOND)), TEN + 2 * SECOND, 3, timedelta(seconds=10))
    assert record.moments == (TEN, TEN + SECOND, TEN + 2 * SECOND)
    allowed, record = window_attempt(record, TEN + timedelta(seconds=10), 3, timedelta(seconds=10))
    assert allowed
    assert record.moments == (TEN + SECOND, TEN + 2 * SECOND, TEN + timedelta(seconds=10))


def test_a_right_password_gives_its_place_in_the_network_window_back_once() -> None:
    record = Record()
    for _ in range(SIGN_IN_NETWORK_FAILURES):
        _, record = window_attempt(record, TEN, *throttle.NETWORK_SIGN_INS)
    freed = throttle.give_back(record, record.moments[-1])
    assert len(freed.moments) == SIGN_IN_NETWORK_FAILURES - 1
    assert window_attempt(freed, TEN, *throttle.NETWORK_SIGN_INS)[0]
    assert throttle.give_back(Record((TEN,)), TEN + TICK) == Record((TEN,))


@pytest.mark.parametrize(
    "record",
    [
        Record(),
        Record((TEN, TEN + TICK), 3, 2, TEN + SECOND, TEN - TICK),
        Record(in_a_row=100, last_failure_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_record_survives_its_row_to_the_microsecond(record: Record) -> None:
    text = throttle.to_json(record)
    assert throttle.from_json(text) == record
    assert " " not in text


def test_the_row_counts_microseconds_since_1970() -> None:
    assert throttle.to_json(Record((TEN,), 1, 0, None, TEN + TICK)) == "[[1795168800000000],1,0,null,1795168800000001]"


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[]", '[[],"x",0,null,null]', "[[1e400],0,0,null,null]", '[["a"],0,0,null,null]', "[1"]
)
def test_a_broken_record_is_a_fault(text: str) -> None:
    with pytest.raises(ValueError, match="record"):
        throttle.from_json(text)


def test_an_instant_without_a_zone_is_a_fault() -> None:
    for attempt in (lambda at: sign_in_attempt(Record(), at), lambda at: window_attempt(Record(), at, 1, SECOND)):
        with pytest.raises(ValueError, match="time zone"):
            attempt(TEN.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.0", f"203.0.113.0/{NETWORK_PREFIX_V4}"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("203.0.114.0", "203.0.114.0/24"),
        (" 203.0.113.9 ", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8::1", f"2001:db8::/{NETWORK_PREFIX_V6}"),
        ("2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
        ("203.0.113.9:4711", "unknown"),
        ("203.0.113.0/24", "unknown"),
        ("256.0.0.1", "unknown"),
        ("010.0.0.1", "unknown"),
        ("\u0661.1.1.1", "unknown"),
        ("x" * 10_000, "unknown"),
    ],
)
def test_neighbours_share_a_network(address: str, network: str) -> None:
    assert client_network(address) == network


def test_the_waits_grow_and_never_shrink() -> None:
    waits = [throttle.wait_length(n) for n in range(1, 200)]
    assert waits[0] == SIGN_IN_FIRST_WAIT
    assert waits[-1] == SIGN_IN_LONGEST_WAIT
    assert all(later in (2 * earlier, SIGN_IN_LONGEST_WAIT) for earlier, later in itertools.pairwise(waits))
