"""Notices: on their day, at most once whatever the job does, and none once it is renewed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules import reminders
from portal.rules.lifecycle import dormant_last_day, trial_last_day
from portal.rules.reminders import Kind, Notice, Paid
from portal.rules.terms import (
    CREDIT_REMINDER_DAYS,
    REMINDER_DAYS,
    SMS_ONLY_NOTICE_DAYS,
    YEARLY_ONLY_REMINDER_DAYS,
    YEARLY_TERM_MONTHS,
)

E = date(2026, 11, 22)
YEAR = Paid(1234, date(2025, 11, 23), E)
HALF_YEAR = Paid(1234, date(2026, 5, 23), E)
MONTH = Paid(1234, date(2026, 10, 23), E)
TRIAL = Paid(1234, date(2026, 10, 24), E, trial=True)


def day(offset: int, about: date = E) -> date:
    return about + timedelta(days=offset)


def offsets_when_run_daily(find: Callable[[date, set[str]], Notice | None], about: date) -> list[int]:
    """The offsets of the notices sent by a job that runs every day, checked to leave on their own day."""
    sent: set[str] = set()
    offsets = []
    for distance in range(-450, 40):
        notice = find(day(distance, about), sent)
        if notice:
            assert (notice.about, notice.offset) == (about, distance)
            offsets.append(notice.offset)
            sent.add(notice.key)
    return offsets


def test_the_days_are_those_of_the_rules() -> None:
    assert REMINDER_DAYS == (-90, -30, -15, -7, -1, 0, 1, 5, 8, 10)
    assert YEARLY_ONLY_REMINDER_DAYS == (-90,)
    assert YEARLY_TERM_MONTHS == 12
    assert CREDIT_REMINDER_DAYS == (60, 30, 7, 1)
    assert SMS_ONLY_NOTICE_DAYS == (60, 30, 7, 1)


@pytest.mark.parametrize(
    ("paid", "offsets"),
    [
        (YEAR, [-90, -30, -15, -7, -1, 0, 1, 5, 8, 10]),
        (HALF_YEAR, [-30, -15, -7, -1, 0, 1, 5, 8, 10]),
        (MONTH, [-15, -7, -1, 0, 1, 5, 8, 10]),  # E-30 is its first day
        (replace(MONTH, starts_on=date(2026, 10, 22)), [-30, -15, -7, -1, 0, 1, 5, 8, 10]),
        (TRIAL, [-15, -7, -1, 0, 1, 5, 8, 10]),
        (replace(YEAR, cancelled=True), [-30, -15, -7, -1, 0, 1, 5, 8, 10]),
        (replace(YEAR, starts_on=date(2025, 11, 24)), [-30, -15, -7, -1, 0, 1, 5, 8, 10]),  # a day short of a year
        (replace(YEAR, starts_on=date(2025, 11, 22)), [-90, -30, -15, -7, -1, 0, 1, 5, 8, 10]),
    ],
)
def test_a_job_that_runs_every_day_sends_every_notice_on_its_day(paid: Paid, offsets: list[int]) -> None:
    assert offsets_when_run_daily(lambda today, sent: reminders.find_expiry_notice(paid, today, sent), E) == offsets


@pytest.mark.parametrize(
    ("starts_on", "expires_on", "yearly"),
    [
        (date(2026, 3, 1), date(2027, 2, 27), False),
        (date(2026, 3, 1), date(2027, 2, 28), True),
        (date(2028, 2, 29), date(2029, 2, 27), True),
        (date(2028, 2, 29), date(2029, 2, 26), False),
        (date(2026, 1, 1), date(2027, 12, 31), True),
    ],
)
def test_a_yearly_term_has_at_least_twelve_months(starts_on: date, expires_on: date, yearly: bool) -> None:
    assert Paid(1, starts_on, expires_on).is_yearly is yearly


def test_a_trial_of_thirty_days_is_one_in_these_tests() -> None:
    assert trial_last_day(TRIAL.starts_on) == TRIAL.expires_on


@pytest.mark.parametrize(
    ("paid", "kind"),
    [
        (YEAR, Kind.TERM),
        (TRIAL, Kind.TRIAL),
        (replace(YEAR, cancelled=True), Kind.CANCELLED),
        (replace(TRIAL, cancelled=True), Kind.TRIAL),
    ],
)
def test_the_text_follows_the_platform_but_the_key_does_not(paid: Paid, kind: Kind) -> None:
    notice = reminders.find_expiry_notice(paid, day(-7), set())
    assert notice == Notice(kind, E, -7, "expiry:1234:2026-11-22:-7")


def test_cancelling_in_between_does_not_send_the_same_day_twice() -> None:
    sent = {"expiry:1234:2026-11-22:-7"}
    assert reminders.find_expiry_notice(replace(YEAR, cancelled=True), day(-7), sent) is None


@pytest.mark.parametrize(
    ("today", "offset"),
    [
        (day(-91), None),
        (day(-90), -90),
        (day(-89), -90),
        (day(-31), -90),
        (day(-30), -30),
        (day(-2), -7),
        (day(-1), -1),
        (day(0), 0),
        (day(1), 1),
        (day(4), 1),
        (day(5), 5),
        (day(9), 8),
        (day(10), 10),
        (day(11), None),  # "last day" would be a lie now
        (day(400), None),
    ],
)
def test_after_missed_days_only_the_newest_is_sent(today: date, offset: int | None) -> None:
    notice = reminders.find_expiry_notice(YEAR, today, set())
    assert (notice.offset if notice else None) == offset


def test_a_day_run_again_sends_nothing_older_than_what_was_sent() -> None:
    sent = {"expiry:1234:2026-11-22:-7"}
    assert reminders.find_expiry_notice(YEAR, day(-20), sent) is None
    assert reminders.find_expiry_notice(YEAR, day(-2), sent) is None
    assert reminders.find_expiry_notice(YEAR, day(-1), sent) is not None


def test_a_renewal_ends_the_row_of_notices() -> None:
    renewed = Paid(1234, day(1), date(2027, 11, 22))
    sent: set[str] = set()
    for distance in range(-30, 270):
        assert reminders.find_expiry_notice(renewed, day(distance), sent) is None
    notice = reminders.find_expiry_notice(renewed, day(-90, renewed.expires_on), sent)
    assert notice is not None
    assert notice.key == "expiry:1234:2027-11-22:-90"


@pytest.mark.parametrize(
    ("bought_on", "offsets"),
    [
        (date(2024, 11, 22), [-60, -30, -7, -1]),
        (day(-61), [-60, -30, -7, -1]),
        (day(-60), [-30, -7, -1]),
        (day(-1), []),
        (day(0), []),
    ],
)
def test_credits_are_announced_before_their_last_day(bought_on: date, offsets: list[int]) -> None:
    def find(today: date, sent: set[str]) -> Notice | None:
        return reminders.find_credit_notice(1234, bought_on, E, today, sent)

    assert offsets_when_run_daily(find, E) == offsets


def test_credits_are_announced_on_their_last_day_at_the_latest() -> None:
    bought_on = date(2024, 11, 22)
    notice = reminders.find_credit_notice(1234, bought_on, E, E, set())
    assert notice == Notice(Kind.CREDITS, E, -1, "credits:1234:2026-11-22:-1")
    assert reminders.find_credit_notice(1234, bought_on, E, day(1), set()) is None


def test_a_dormant_platform_is_warned_before_the_first_day_it_may_be_deleted() -> None:
    quiet_since = date(2025, 11, 22)
    due_on = dormant_last_day(quiet_since) + timedelta(days=1)
    assert due_on == date(2026, 11, 23)

    def find(today: date, sent: set[str]) -> Notice | None:
        return reminders.find_dormant_notice(1234, quiet_since, today, sent)

    assert offsets_when_run_daily(find, due_on) == [-60, -30, -7, -1]
    assert find(due_on, set()) is None
    assert find(date(2026, 11, 22), set()) == Notice(Kind.DORMANT, due_on, -1, "dormant:1234:2026-11-23:-1")


def test_the_deletion_is_told_once_and_the_purge_knows_the_warnings_before_it() -> None:
    assert reminders.deletion_notice(1234, E) == Notice(Kind.DELETED, E, 0, "deleted:1234:2026-11-22:+0")
    assert reminders.last_warning_keys(YEAR) == tuple(f"expiry:1234:2026-11-22:+{n}" for n in (10, 8, 5, 1))


PAIDS = st.builds(
    lambda start, length, trial, cancelled: Paid(7, start, start + timedelta(days=length), trial, cancelled),
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.integers(0, 800),
    st.booleans(),
    st.booleans(),
)


@given(PAIDS, st.lists(st.integers(-100, 15), max_size=60))
@settings(max_examples=200)
def test_whatever_the_job_does_each_notice_leaves_at_most_once_and_never_backwards(paid: Paid, runs: list[int]) -> None:
    sent: list[str] = []
    offsets = []
    for distance in runs:  # any days, in any order, any of them twice
        today = day(distance, paid.expires_on)
        notice = reminders.find_expiry_notice(paid, today, sent)
        if notice:
            assert day(notice.offset, paid.expires_on) <= today
            sent.append(notice.key)
            offsets.append(notice.offset)
    assert len(sent) == len(set(sent))
    assert offsets == sorted(offsets)


@given(PAIDS, st.sets(st.integers(-100, 15)))
@settings(max_examples=150)
def test_the_day_after_any_gap_the_newest_notice_has_been_sent(paid: Paid, runs: set[int]) -> None:
    sent: set[str] = set()
    for distance in sorted(runs):
        notice = reminders.find_expiry_notice(paid, day(distance, paid.expires_on), sent)
        sent |= {notice.key} if notice else set()
        reached = [offset for offset in reminders.expiry_offsets(paid) if offset <= distance]
        if reached and distance <= 10:
            assert f"expiry:7:{paid.expires_on.isoformat()}:{reached[-1]:+d}" in sent
