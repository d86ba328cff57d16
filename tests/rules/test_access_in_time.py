"""Until which microsecond each act is open: the state, the window and the table together, as the portal asks them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.access import Act, Allowed, Decision, Reason, Refused, Role, decide
from portal.rules.dates import ONE_DAY, business_date, end_of, start_of
from portal.rules.lifecycle import Life, end_of_grace, find_purge_refusals, state
from portal.rules.renewal import renewal_window
from tests.rules.instants import INSTANTS, ROME, rome

E = date(2026, 11, 22)
YEAR_STARTS_ON = date(2025, 11, 23)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@dataclass(frozen=True, slots=True)
class Case:
    """A platform, and the first day of the last paid term; None where no e-mail subscription has been bought."""

    life: Life
    last_starts_on: date | None = None


PAID = Case(Life(E), YEAR_STARTS_ON)
CANCELLED = Case(Life(E, cancelled=True), YEAR_STARTS_ON)
RENEWED = Case(Life(date(2027, 11, 22)), E + ONE_DAY)  # the next year is paid
RENEWED_CANCELLED = Case(Life(date(2027, 11, 22), cancelled=True), E + ONE_DAY)
NEXT_MONTH = Case(Life(date(2026, 12, 22)), E + ONE_DAY)  # the next month is paid: its own E - 90 is long past
DELETED = Case(Life(E, deleted_at=rome("2026-12-03 04:00")), YEAR_STARTS_ON)
TRIAL = Case(Life(E, trial=True))
TRIAL_CANCELLED = Case(Life(E, trial=True, cancelled=True))
SMS_ONLY = Case(Life(None))
QUIET = Case(Life(None, quiet_since=date(2025, 1, 1)))


def ask(act: Act, case: Case, at: datetime) -> Decision:
    window = None
    if case.last_starts_on and case.life.expires_on:
        window = renewal_window(case.last_starts_on, case.life.expires_on, business_date(at, ROME))
    return decide(act, Role.FIRST, state(case.life, at, ROME), window=window)


def told(act: Act, case: Case, at: datetime) -> str:
    """ "yes", or the name of the refusal."""
    answer = ask(act, case, at)
    return "yes" if isinstance(answer, Allowed) else answer.reason.value


@pytest.mark.parametrize(
    ("case", "at", "expected"),
    [
        (PAID, "2025-11-23 00:00:00", "too-early"),
        (PAID, "2026-08-23 23:59:59.999999", "too-early"),  # E - 91
        (PAID, "2026-08-24 00:00:00", "yes"),  # E - 90
        (PAID, "2026-08-24 00:00:00.000001", "yes"),
        (PAID, "2026-11-22 23:59:59.999999", "yes"),
        (PAID, "2026-11-23 00:00:00", "yes"),
        (PAID, "2026-12-02 23:59:59.999999", "yes"),  # the last microsecond of the grace
        (PAID, "2026-12-03 00:00:00", "due-for-deletion"),
        (PAID, "2030-01-01 00:00:00", "due-for-deletion"),  # the purge never came: still too late
        (CANCELLED, "2025-11-23 00:00:00", "yes"),  # and undoes the cancellation
        (CANCELLED, "2026-08-23 23:59:59.999999", "yes"),  # E - 90 is not asked
        (CANCELLED, "2026-08-24 00:00:00", "yes"),
        (CANCELLED, "2026-11-22 23:59:59.999999", "yes"),
        (CANCELLED, "2026-11-23 00:00:00", "yes"),
        (CANCELLED, "2026-12-02 23:59:59.999999", "yes"),
        (CANCELLED, "2026-12-03 00:00:00", "due-for-deletion"),
        (RENEWED, "2026-08-24 00:00:00", "already-renewed"),
        (RENEWED, "2026-11-22 23:59:59.999999", "already-renewed"),
        (RENEWED, "2026-11-23 00:00:00", "too-early"),  # the future term has become the present one
        (RENEWED, "2027-08-23 23:59:59.999999", "too-early"),
        (RENEWED, "2027-08-24 00:00:00", "yes"),
        (RENEWED_CANCELLED, "2026-11-22 23:59:59.999999", "already-renewed"),
        (RENEWED_CANCELLED, "2026-11-23 00:00:00", "yes"),
        (NEXT_MONTH, "2026-11-22 23:59:59.999999", "already-renewed"),
        (NEXT_MONTH, "2026-11-23 00:00:00", "yes"),
        (NEXT_MONTH, "2026-12-22 12:00:00", "yes"),
        (DELETED, "2026-12-03 03:59:59.999999", "due-for-deletion"),
        (DELETED, "2026-12-03 04:00:00", "deleted"),
        (TRIAL, "2026-11-22 12:00:00", "purchase-first"),
        (TRIAL, "2026-12-02 23:59:59.999999", "purchase-first"),
        (TRIAL, "2026-12-03 00:00:00", "due-for-deletion"),
        (SMS_ONLY, "2026-11-22 12:00:00", "purchase-first"),
        (QUIET, "2026-01-01 23:59:59.999999", "purchase-first"),
        (QUIET, "2026-01-02 00:00:00", "due-for-deletion"),
    ],
)
def test_a_renewal_is_bought_between_e_minus_90_and_e_plus_10(case: Case, at: str, expected: str) -> None:
    assert told(Act.RENEW, case, rome(at)) == expected


@pytest.mark.parametrize(
    ("case", "at", "expected"),
    [
        (TRIAL, "2026-10-24 00:00:00", "yes"),
        (TRIAL, "2026-11-22 23:59:59.999999", "yes"),
        (TRIAL, "2026-11-23 00:00:00", "yes"),
        (TRIAL, "2026-12-02 23:59:59.999999", "yes"),
        (TRIAL, "2026-12-03 00:00:00", "due-for-deletion"),
        (TRIAL_CANCELLED, "2026-12-02 23:59:59.999999", "yes"),
        (SMS_ONLY, "2026-11-22 12:00:00", "yes"),
        (QUIET, "2026-01-01 23:59:59.999999", "yes"),
        (QUIET, "2026-01-02 00:00:00", "due-for-deletion"),
        (PAID, "2026-11-22 12:00:00", "already-purchased"),
        (PAID, "2026-11-23 12:00:00", "already-purchased"),
        (PAID, "2026-12-03 00:00:00", "due-for-deletion"),
        (DELETED, "2026-12-03 04:00:00", "deleted"),
    ],
)
def test_a_trial_purchases_until_e_plus_10(case: Case, at: str, expected: str) -> None:
    assert told(Act.PURCHASE, case, rome(at)) == expected


@pytest.mark.parametrize(
    ("case", "at", "cancel", "undo"),
    [
        (PAID, "2026-01-01 00:00:00", "yes", "not-cancelled"),
        (PAID, "2026-11-22 23:59:59.999999", "yes", "not-cancelled"),
        (PAID, "2026-11-23 00:00:00", "expired", "expired"),
        (PAID, "2026-12-02 23:59:59.999999", "expired", "expired"),
        (PAID, "2026-12-03 00:00:00", "due-for-deletion", "due-for-deletion"),
        (CANCELLED, "2026-11-22 23:59:59.999999", "already-cancelled", "yes"),
        (CANCELLED, "2026-11-23 00:00:00", "expired", "expired"),
        (CANCELLED, "2026-12-03 00:00:00", "due-for-deletion", "due-for-deletion"),
        (RENEWED, "2026-11-23 00:00:00", "yes", "not-cancelled"),
        (DELETED, "2026-12-03 04:00:00", "deleted", "deleted"),
        (TRIAL, "2026-11-22 12:00:00", "purchase-first", "purchase-first"),
        (TRIAL, "2026-11-23 00:00:00", "purchase-first", "purchase-first"),
        (SMS_ONLY, "2026-11-22 12:00:00", "purchase-first", "not-cancelled"),
        (QUIET, "2026-01-02 00:00:00", "due-for-deletion", "due-for-deletion"),
    ],
)
def test_a_subscription_is_cancelled_and_kept_until_the_last_day(case: Case, at: str, cancel: str, undo: str) -> None:
    assert (told(Act.CANCEL, case, rome(at)), told(Act.UNDO_CANCEL, case, rome(at))) == (cancel, undo)


@pytest.mark.parametrize(
    ("case", "at", "edition", "extras", "invite"),
    [
        (PAID, "2026-11-22 23:59:59.999999", "yes", "yes", "yes"),
        (CANCELLED, "2026-11-22 23:59:59.999999", "yes", "yes", "yes"),
        (PAID, "2026-11-23 00:00:00", "only-with-renewal", "expired", "expired"),
        (CANCELLED, "2026-11-23 00:00:00", "only-with-renewal", "expired", "expired"),
        (PAID, "2026-12-02 23:59:59.999999", "only-with-renewal", "expired", "expired"),
        (PAID, "2026-12-03 00:00:00", "due-for-deletion", "due-for-deletion", "due-for-deletion"),
        (DELETED, "2026-12-03 04:00:00", "deleted", "deleted", "deleted"),
        (TRIAL, "2026-11-22 12:00:00", "purchase-first", "purchase-first", "purchase-first"),
        (TRIAL, "2026-11-23 00:00:00", "purchase-first", "purchase-first", "purchase-first"),
    ],
)
def test_what_is_paid_can_grow_until_e(case: Case, at: str, edition: str, extras: str, invite: str) -> None:
    assert told(Act.CHANGE_EDITION, case, rome(at)) == edition
    assert told(Act.BUY_CREDITS, case, rome(at)) == told(Act.BUY_SEATS, case, rome(at)) == extras
    assert told(Act.INVITE, case, rome(at)) == invite


@pytest.mark.parametrize(
    ("case", "at", "features", "sign_in"),
    [
        (PAID, "2026-11-22 23:59:59.999999", "yes", "yes"),
        (CANCELLED, "2026-11-22 23:59:59.999999", "yes", "yes"),
        (TRIAL, "2026-11-22 23:59:59.999999", "yes", "yes"),
        (PAID, "2026-11-23 00:00:00", "expired", "yes"),
        (CANCELLED, "2026-11-23 00:00:00", "expired", "yes"),
        (TRIAL, "2026-11-23 00:00:00", "purchase-first", "yes"),
        (PAID, "2026-12-02 23:59:59.999999", "expired", "yes"),
        (PAID, "2026-12-03 00:00:00", "due-for-deletion", "due-for-deletion"),
        (DELETED, "2026-12-03 04:00:00", "deleted", "deleted"),
        (SMS_ONLY, "2099-12-31 12:00:00", "yes", "yes"),
        (QUIET, "2026-01-01 23:59:59.999999", "yes", "yes"),
        (QUIET, "2026-01-02 00:00:00", "due-for-deletion", "due-for-deletion"),
    ],
)
def test_features_stop_at_the_end_of_e_and_the_sign_in_ten_days_later(
    case: Case, at: str, features: str, sign_in: str
) -> None:
    assert (told(Act.USE_FEATURES, case, rome(at)), told(Act.SIGN_IN, case, rome(at))) == (features, sign_in)


@given(INSTANTS)
def test_the_time_to_renew_is_one_stretch(at: datetime) -> None:
    opens = start_of(E - timedelta(days=90), ROME)
    assert isinstance(ask(Act.RENEW, PAID, at), Allowed) is (opens <= at < end_of_grace(E, ROME))
    begins = start_of(YEAR_STARTS_ON, ROME)
    assert isinstance(ask(Act.RENEW, CANCELLED, at), Allowed) is (begins <= at < end_of_grace(E, ROME))


@given(DAYS, INSTANTS)
def test_somebody_can_always_either_cancel_or_has_passed_e(day: date, at: datetime) -> None:
    case = Case(Life(day), day)
    assert isinstance(ask(Act.CANCEL, case, at), Allowed) is (at < end_of(day, ROME))


@given(DAYS, st.booleans(), INSTANTS)
def test_the_purge_and_the_renewal_never_meet(day: date, cancelled: bool, at: datetime) -> None:
    case = Case(Life(day, cancelled), day)
    refusals = find_purge_refusals(case.life, at, ROME, open_payment=False, legal_hold=False, warnings_accepted=True)
    assert (not refusals) is (ask(Act.RENEW, case, at) == Refused(Reason.DUE_FOR_DELETION))
