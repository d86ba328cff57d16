"""Every platform is in exactly one state at every instant, and only a payment takes it back."""

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.dates import end_of
from portal.rules.lifecycle import (
    Change,
    Life,
    PurgeRefusal,
    State,
    days_left,
    dormant_last_day,
    end_of_grace,
    find_purge_refusals,
    grace_last_day,
    last_day,
    next_change,
    state,
    trial_last_day,
)
from portal.rules.terms import GRACE_DAYS, SMS_ONLY_DORMANT_MONTHS, TRIAL_DAYS
from tests.rules.instants import INSTANTS, ROME, TICK, rome, utc

E = date(2026, 11, 22)
PAID = Life(E)
CANCELLED = Life(E, cancelled=True)
TRIAL = Life(E, trial=True)
SMS_ONLY = Life(None)
QUIET = Life(None, quiet_since=date(2026, 11, 22))


# --- boundaries --------------------------------------------------------------------------------------------

RULES_EXAMPLE = [  # E = 2026-11-22: grace 23 Nov 00:00 – 2 Dec 23:59:59.999; deletion may start 3 Dec 00:00
    ("2026-11-21 12:00", "paid"),
    ("2026-11-22 00:00", "paid"),
    ("2026-11-22 23:59:59.999", "paid"),
    ("2026-11-22 23:59:59.999999", "paid"),
    ("2026-11-23 00:00:00", State.GRACE),
    ("2026-11-23 00:00:00.000001", State.GRACE),
    ("2026-12-02 00:00:00", State.GRACE),
    ("2026-12-02 23:59:59.999", State.GRACE),
    ("2026-12-02 23:59:59.999999", State.GRACE),
    ("2026-12-03 00:00:00", State.DUE_FOR_DELETION),
    ("2026-12-03 00:00:00.000001", State.DUE_FOR_DELETION),
    ("2036-01-01 00:00", State.DUE_FOR_DELETION),  # a late purge never re-opens anything
]


@pytest.mark.parametrize(
    ("life", "paid"), [(PAID, State.ACTIVE), (CANCELLED, State.CANCELLED), (TRIAL, State.TRIAL)], ids=lambda x: str(x)
)
@pytest.mark.parametrize(("at", "expected"), RULES_EXAMPLE)
def test_the_state_changes_at_the_end_of_e_and_of_e_plus_10(
    life: Life, paid: State, at: str, expected: State | str
) -> None:
    assert state(life, rome(at), ROME) is (paid if expected == "paid" else expected)


def test_deletion_may_start_on_3_december_at_midnight() -> None:
    assert end_of_grace(E, ROME) == utc("2026-12-02 23:00")
    assert end_of(E, ROME) == utc("2026-11-22 23:00")


@pytest.mark.parametrize(
    ("expires_on", "paid_until", "grace_until", "hours"),
    [
        ("2026-10-18", "2026-10-18 22:00", "2026-10-28 23:00", 241),  # clocks go back inside
        ("2026-03-25", "2026-03-25 23:00", "2026-04-04 22:00", 239),  # forward inside
        ("2026-10-15", "2026-10-15 22:00", "2026-10-25 23:00", 241),  # back on the last day
        ("2026-10-14", "2026-10-14 22:00", "2026-10-24 22:00", 240),
        ("2026-10-25", "2026-10-25 23:00", "2026-11-04 23:00", 240),  # back on E itself
        ("2026-12-31", "2026-12-31 23:00", "2027-01-10 23:00", 240),
        ("2027-02-20", "2027-02-20 23:00", "2027-03-02 23:00", 240),
        ("2028-02-20", "2028-02-20 23:00", "2028-03-01 23:00", 240),
        ("2028-02-29", "2028-02-29 23:00", "2028-03-10 23:00", 240),
    ],
)
def test_the_grace_is_ten_calendar_days_whatever_the_clocks_do(
    expires_on: str, paid_until: str, grace_until: str, hours: int
) -> None:
    day = date.fromisoformat(expires_on)
    assert end_of(day, ROME) == utc(paid_until)
    assert end_of_grace(day, ROME) == utc(grace_until)
    assert end_of_grace(day, ROME) - end_of(day, ROME) == timedelta(hours=hours)
    assert (grace_last_day(day) - day).days == GRACE_DAYS == 10


@pytest.mark.parametrize(
    ("starts_on", "expires_on"),
    [("2026-11-01", "2026-11-30"), ("2027-01-31", "2027-03-01"), ("2028-02-01", "2028-03-01")],
)
def test_a_trial_lasts_thirty_days_with_its_first(starts_on: str, expires_on: str) -> None:
    first, last = date.fromisoformat(starts_on), date.fromisoformat(expires_on)
    assert trial_last_day(first) == last
    assert (last - first).days + 1 == TRIAL_DAYS == 30


def test_a_cancelled_flag_changes_nothing_in_a_trial() -> None:
    assert state(replace(TRIAL, cancelled=True), rome("2026-11-22 12:00"), ROME) is State.TRIAL


def test_a_cancelled_platform_has_the_same_grace() -> None:
    assert state(CANCELLED, rome("2026-11-23 00:00"), ROME) is State.GRACE


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-10 08:59:59.999999", State.DUE_FOR_DELETION),
        ("2026-12-10 09:00:00", State.DELETED),
        ("2030-01-01 00:00:00", State.DELETED),
    ],
)
def test_deleted_begins_with_the_purge(at: str, expected: State) -> None:
    assert state(replace(PAID, deleted_at=rome("2026-12-10 09:00")), rome(at), ROME) is expected


@pytest.mark.parametrize("deleted_at", ["2026-11-01 09:00", "2026-11-23 00:00", "2026-12-03 00:00"])
def test_a_deletion_ends_every_other_state(deleted_at: str) -> None:
    life = replace(PAID, deleted_at=rome(deleted_at))
    assert state(life, rome(deleted_at), ROME) is State.DELETED
    assert state(life, rome("2026-12-24 00:00"), ROME) is State.DELETED
    before = rome(deleted_at) - TICK
    assert next_change(life, before, ROME) == Change(State.DELETED, rome(deleted_at))


# --- SMS-only ----------------------------------------------------------------------------------------------


def test_an_sms_only_platform_in_use_never_expires() -> None:
    assert state(SMS_ONLY, rome("2099-12-31 12:00"), ROME) is State.ACTIVE
    assert next_change(SMS_ONLY, rome("2026-11-22 12:00"), ROME) is None
    assert days_left(SMS_ONLY, rome("2026-11-22 12:00"), ROME) is None


@pytest.mark.parametrize(
    ("quiet_since", "at", "expected"),
    [
        ("2026-11-22", "2027-11-22 23:59:59.999999", State.ACTIVE),
        ("2026-11-22", "2027-11-23 00:00:00", State.DUE_FOR_DELETION),
        ("2026-11-22", "2027-11-23 00:00:00.000001", State.DUE_FOR_DELETION),
        ("2028-02-29", "2029-02-28 23:59:59.999999", State.ACTIVE),
        ("2028-02-29", "2029-03-01 00:00:00", State.DUE_FOR_DELETION),
        ("2026-12-31", "2027-12-31 23:59:59.999999", State.ACTIVE),
        ("2026-12-31", "2028-01-01 00:00:00", State.DUE_FOR_DELETION),
    ],
)
def test_twelve_quiet_months_make_an_sms_only_platform_due(quiet_since: str, at: str, expected: State) -> None:
    assert SMS_ONLY_DORMANT_MONTHS == 12
    assert state(Life(None, quiet_since=date.fromisoformat(quiet_since)), rome(at), ROME) is expected


def test_quiet_does_not_matter_where_there_is_an_expiry_date() -> None:
    assert state(Life(E, quiet_since=date(2020, 1, 1)), rome("2026-11-22 12:00"), ROME) is State.ACTIVE


@pytest.mark.parametrize("flag", [{"trial": True}, {"cancelled": True}])
def test_without_an_expiry_date_there_is_nothing_to_try_or_cancel(flag: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match="neither on trial nor cancelled"):
        Life(None, **flag)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        state(PAID, datetime(2026, 11, 22), ROME)  # noqa: DTZ001


# --- what is left, and what comes next ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "at", "last", "left"),
    [
        (PAID, "2026-11-21 23:59:59.999999", "2026-11-22", 2),
        (PAID, "2026-11-22 00:00:00", "2026-11-22", 1),
        (CANCELLED, "2026-11-22 23:59:59.999999", "2026-11-22", 1),
        (TRIAL, "2026-10-24 00:00:00", "2026-11-22", 30),
        (PAID, "2026-11-23 00:00:00", "2026-12-02", 10),
        (TRIAL, "2026-11-23 00:00:00", "2026-12-02", 10),
        (PAID, "2026-12-02 00:00:00", "2026-12-02", 1),
        (PAID, "2026-12-02 23:59:59.999999", "2026-12-02", 1),
        (PAID, "2026-12-03 00:00:00", None, 0),
        (replace(PAID, deleted_at=rome("2026-11-01 09:00")), "2026-11-02 00:00:00", None, 0),
        (QUIET, "2026-11-22 12:00:00", "2027-11-22", 366),
        (QUIET, "2027-11-22 23:59:59.999999", "2027-11-22", 1),
        (QUIET, "2027-11-23 00:00:00", None, 0),
    ],
)
def test_days_left_count_today_and_the_last_day(life: Life, at: str, last: str | None, left: int) -> None:
    assert last_day(life, rome(at), ROME) == (last and date.fromisoformat(last))
    assert days_left(life, rome(at), ROME) == left


@pytest.mark.parametrize(
    ("life", "at", "expected"),
    [
        (PAID, "2026-11-22 23:59:59.999999", Change(State.GRACE, utc("2026-11-22 23:00"))),
        (PAID, "2026-11-23 00:00:00", Change(State.DUE_FOR_DELETION, utc("2026-12-02 23:00"))),
        (PAID, "2026-12-02 23:59:59.999999", Change(State.DUE_FOR_DELETION, utc("2026-12-02 23:00"))),
        (PAID, "2026-12-03 00:00:00", None),
        (QUIET, "2027-11-22 12:00:00", Change(State.DUE_FOR_DELETION, utc("2027-11-22 23:00"))),
    ],
)
def test_the_overview_knows_what_happens_next(life: Life, at: str, expected: Change | None) -> None:
    assert next_change(life, rome(at), ROME) == expected


# --- the purge ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "conditions", "refusals"),
    [
        ("2026-12-02 23:59:59.999999", {}, (PurgeRefusal.NOT_DUE,)),
        ("2026-12-03 00:00:00", {}, ()),
        ("2026-12-03 00:00:00", {"open_payment": True}, (PurgeRefusal.OPEN_PAYMENT,)),
        ("2026-12-03 00:00:00", {"legal_hold": True}, (PurgeRefusal.LEGAL_HOLD,)),
        ("2026-12-03 00:00:00", {"warnings_accepted": False}, (PurgeRefusal.WARNINGS_NOT_ACCEPTED,)),
        (
            "2026-11-22 12:00:00",
            {"open_payment": True, "legal_hold": True, "warnings_accepted": False},
            (
                PurgeRefusal.NOT_DUE,
                PurgeRefusal.OPEN_PAYMENT,
                PurgeRefusal.LEGAL_HOLD,
                PurgeRefusal.WARNINGS_NOT_ACCEPTED,
            ),
        ),
    ],
)
def test_the_purge_waits_for_every_precondition(
    at: str, conditions: dict[str, bool], refusals: tuple[PurgeRefusal, ...]
) -> None:
    given_facts = {"open_payment": False, "legal_hold": False, "warnings_accepted": True} | conditions
    assert find_purge_refusals(PAID, rome(at), ROME, **given_facts) == refusals


def test_what_is_deleted_is_not_purged_again() -> None:
    life = replace(PAID, deleted_at=rome("2026-12-03 04:00"))
    refusals = find_purge_refusals(
        life, rome("2026-12-04 04:00"), ROME, open_payment=False, legal_hold=False, warnings_accepted=True
    )
    assert refusals == (PurgeRefusal.ALREADY_DELETED,)


# --- laws --------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
LIVES = st.one_of(
    st.builds(Life, DAYS, st.booleans(), st.booleans(), st.none() | INSTANTS),
    st.builds(Life, st.none(), deleted_at=st.none() | INSTANTS, quiet_since=st.none() | DAYS),
)
ORDER = {
    State.TRIAL: 0,
    State.ACTIVE: 0,
    State.CANCELLED: 0,
    State.GRACE: 1,
    State.DUE_FOR_DELETION: 2,
    State.DELETED: 3,
}


@given(LIVES, st.lists(INSTANTS, min_size=2, max_size=6))
def test_without_a_payment_no_state_ever_goes_back(life: Life, moments: list[datetime]) -> None:
    states = [state(life, at, ROME) for at in sorted(moments)]
    assert all(ORDER[before] <= ORDER[after] for before, after in pairwise(states))


@given(LIVES, INSTANTS)
def test_the_state_lasts_until_the_next_change_and_not_a_moment_longer(life: Life, at: datetime) -> None:
    change = next_change(life, at, ROME)
    later = rome("2040-01-01 00:00") if change is None else change.at
    assert state(life, later - TICK, ROME) is state(life, at, ROME)
    if change is not None:
        assert state(life, change.at, ROME) is change.state is not state(life, at, ROME)


@given(LIVES, INSTANTS)
def test_who_can_sign_in_has_days_left(life: Life, at: datetime) -> None:
    left, last = days_left(life, at, ROME), last_day(life, at, ROME)
    assert (left != 0) is state(life, at, ROME).may_sign_in
    assert last is None or at < end_of(last, ROME)


@given(DAYS, st.booleans(), INSTANTS)
def test_the_purge_begins_where_the_grace_ends(day: date, cancelled: bool, at: datetime) -> None:
    life = Life(day, cancelled)
    refusals = find_purge_refusals(life, at, ROME, open_payment=False, legal_hold=False, warnings_accepted=True)
    assert (not refusals) is (at >= end_of_grace(day, ROME))


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_the_zone_of_the_machine_changes_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("TZ", zone)
        time.tzset()
        found = [state(PAID, rome(at), ROME) for at, _ in RULES_EXAMPLE]
        left = days_left(PAID, rome("2026-11-23 00:00"), ROME)
    time.tzset()
    assert found == [State.ACTIVE if expected == "paid" else expected for _, expected in RULES_EXAMPLE]
    assert left == 10


def test_the_dormant_year_is_counted_from_the_last_sign_of_life() -> None:
    assert dormant_last_day(date(2026, 11, 22)) == date(2027, 11, 22)
