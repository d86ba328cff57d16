"""Terms follow each other day by day, and what a person may do with them ends at a known instant."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.dates import ONE_DAY, add_months, end_of, start_of
from portal.rules.lifecycle import Life, end_of_grace
from portal.rules.money import Money
from portal.rules.renewal import (
    EditionChange,
    Refusal,
    Term,
    edition_change,
    edition_starts_on,
    find_cancel_refusal,
    find_edition_refusal,
    find_purchase_refusal,
    find_renewal_refusal,
    find_undo_cancel_refusal,
    find_undo_downgrade_refusal,
    first_term,
    new_term,
    next_term,
    renew_from,
)
from portal.rules.terms import RENEW_FROM_DAYS
from tests.rules.instants import INSTANTS, ROME, rome

E = date(2026, 11, 22)
YEAR = Term(date(2025, 11, 23), E, anchor=date(2025, 11, 23))
PAID = Life(E)
CANCELLED = Life(E, cancelled=True)
TRIAL = Life(E, trial=True)
DELETED = Life(E, deleted_at=rome("2026-12-03 04:00"))
SMS_ONLY = Life(None)
QUIET = Life(None, quiet_since=date(2025, 1, 1))
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
LENGTHS = st.lists(st.sampled_from([1, 3, 6, 12, 24]), min_size=2, max_size=6)


# --- terms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ("2026-03-01", 12, ["2027-02-28", "2028-02-29", "2029-02-28"]),
        ("2027-01-31", 1, ["2027-02-27", "2027-03-30", "2027-04-29", "2027-05-30"]),
        ("2026-11-30", 3, ["2027-02-27", "2027-05-29", "2027-08-29", "2027-11-29"]),
        ("2028-02-29", 12, ["2029-02-27", "2030-02-27", "2031-02-27", "2032-02-28", "2033-02-27"]),
        ("2026-12-31", 1, ["2027-01-30", "2027-02-27", "2027-03-30"]),
    ],
)
def test_terms_keep_the_day_of_their_anchor(anchor: str, months: int, expected: list[str]) -> None:
    terms = [new_term(date.fromisoformat(anchor), months)]
    while len(terms) < len(expected):
        terms.append(next_term(terms[-1], months))
    assert [term.ends_on.isoformat() for term in terms] == expected


@given(DAYS, LENGTHS)
def test_terms_tile(anchor: date, lengths: list[int]) -> None:
    terms = [new_term(anchor, lengths[0])]
    for months in lengths[1:]:
        terms.append(next_term(terms[-1], months))
    assert all(after.starts_on == before.ends_on + ONE_DAY for before, after in pairwise(terms))
    assert terms[-1].ends_on == add_months(anchor, sum(lengths)) - ONE_DAY
    assert sum(term.days for term in terms) == (terms[-1].ends_on - anchor).days + 1


def test_a_year_is_365_days_long_with_its_first_and_its_last() -> None:
    assert Term(date(2026, 3, 1), date(2027, 2, 28), anchor=date(2026, 3, 1)).days == 365
    assert Term(date(2026, 3, 1), date(2026, 3, 1), anchor=date(2026, 3, 1)).days == 1


def test_a_term_that_ends_before_it_starts_is_a_fault() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Term(date(2026, 3, 2), date(2026, 3, 1), anchor=date(2026, 3, 2))


def test_an_imported_term_of_odd_length_is_renewed_from_the_day_after_it() -> None:
    odd = Term(date(2026, 3, 1), date(2026, 11, 22), anchor=date(2026, 3, 1))
    assert next_term(odd, 12) == Term(date(2026, 11, 23), date(2027, 11, 22), anchor=date(2026, 11, 23))


@pytest.mark.parametrize(
    ("received_on", "starts_on", "ends_on"),
    [
        ("2026-11-10", "2026-11-23", "2027-11-22"),  # early: the rest of the trial is kept
        ("2026-11-22", "2026-11-23", "2027-11-22"),  # on E
        ("2026-11-23", "2026-11-23", "2027-11-22"),  # on the first day of grace: no gap
        ("2026-11-24", "2026-11-24", "2027-11-23"),  # later: from the day the features are on
        ("2026-12-02", "2026-12-02", "2027-12-01"),  # on the last day of grace
    ],
)
def test_the_first_term_loses_no_trial_day_and_no_paid_day(received_on: str, starts_on: str, ends_on: str) -> None:
    term = first_term(E, date.fromisoformat(received_on), 12)
    assert (term.starts_on.isoformat(), term.ends_on.isoformat()) == (starts_on, ends_on)
    assert term.anchor == term.starts_on


def test_an_sms_only_platform_that_adds_email_starts_on_the_day_it_pays() -> None:
    assert first_term(None, date(2026, 11, 22), 12).starts_on == date(2026, 11, 22)


# --- when a renewal may be bought --------------------------------------------------------------------------


def test_the_next_term_may_be_bought_from_ninety_days_before_e() -> None:
    assert renew_from(E) == date(2026, 8, 24)
    assert (E - renew_from(E)).days == RENEW_FROM_DAYS == 90


@pytest.mark.parametrize(
    ("life", "at", "refusal"),
    [
        (PAID, "2026-08-23 23:59:59.999999", Refusal.TOO_EARLY),
        (PAID, "2026-08-24 00:00:00", None),
        (PAID, "2026-08-24 00:00:00.000001", None),
        (CANCELLED, "2026-08-23 23:59:59.999999", Refusal.TOO_EARLY),
        (CANCELLED, "2026-08-24 00:00:00", None),  # and undoes the cancellation
        (CANCELLED, "2026-11-22 23:59:59.999999", None),
        (PAID, "2026-11-22 23:59:59.999999", None),
        (PAID, "2026-11-23 00:00:00", None),
        (CANCELLED, "2026-11-23 00:00:00", None),
        (PAID, "2026-12-02 23:59:59.999999", None),
        (CANCELLED, "2026-12-02 23:59:59.999999", None),
        (PAID, "2026-12-03 00:00:00", Refusal.TOO_LATE),
        (CANCELLED, "2026-12-03 00:00:00", Refusal.TOO_LATE),
        (PAID, "2030-01-01 00:00:00", Refusal.TOO_LATE),  # the purge never came: still too late
        (DELETED, "2026-12-03 03:59:59", Refusal.TOO_LATE),
        (DELETED, "2026-12-03 04:00:00", Refusal.DELETED),
        (TRIAL, "2026-11-22 12:00:00", Refusal.TRIAL_PURCHASES),
        (TRIAL, "2026-12-02 23:59:59.999999", Refusal.TRIAL_PURCHASES),
        (TRIAL, "2026-12-03 00:00:00", Refusal.TOO_LATE),
        (SMS_ONLY, "2026-11-22 12:00:00", Refusal.NO_SUBSCRIPTION),
        (QUIET, "2026-11-22 12:00:00", Refusal.TOO_LATE),
    ],
)
def test_a_renewal_is_bought_between_e_minus_90_and_e_plus_10(life: Life, at: str, refusal: Refusal | None) -> None:
    last_term = YEAR if life.expires_on and not life.trial else None
    assert find_renewal_refusal(life, last_term, rome(at), ROME) is refusal


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ("2026-11-22 23:59:59.999999", Refusal.ALREADY_RENEWED),
        ("2026-11-23 00:00:00", None),  # the future term has become the present one
        ("2026-12-22 12:00:00", None),
    ],
)
def test_at_most_one_term_lies_in_the_future(at: str, refusal: Refusal | None) -> None:
    month = Term(date(2026, 11, 23), date(2026, 12, 22), anchor=date(2025, 11, 23))
    assert find_renewal_refusal(Life(month.ends_on), month, rome(at), ROME) is refusal


@given(st.sampled_from([PAID, CANCELLED]), INSTANTS)
def test_the_window_of_renewal_is_one_stretch_of_time(life: Life, at: datetime) -> None:
    inside = start_of(E - timedelta(days=90), ROME) <= at < end_of_grace(E, ROME)
    assert (find_renewal_refusal(life, YEAR, at, ROME) is None) is (inside and at >= start_of(YEAR.starts_on, ROME))


@pytest.mark.parametrize(
    ("life", "at", "refusal"),
    [
        (TRIAL, "2026-10-24 00:00:00", None),
        (TRIAL, "2026-11-22 23:59:59.999999", None),
        (TRIAL, "2026-11-23 00:00:00", None),
        (TRIAL, "2026-12-02 23:59:59.999999", None),
        (TRIAL, "2026-12-03 00:00:00", Refusal.TOO_LATE),
        (replace(TRIAL, cancelled=True), "2026-12-02 23:59:59.999999", None),
        (SMS_ONLY, "2026-11-22 12:00:00", None),
        (QUIET, "2026-11-22 12:00:00", Refusal.TOO_LATE),
        (PAID, "2026-11-22 12:00:00", Refusal.ALREADY_PURCHASED),
        (PAID, "2026-11-23 12:00:00", Refusal.ALREADY_PURCHASED),
        (DELETED, "2026-12-03 04:00:00", Refusal.DELETED),
    ],
)
def test_a_trial_purchases_until_e_plus_10(life: Life, at: str, refusal: Refusal | None) -> None:
    assert find_purchase_refusal(life, rome(at), ROME) is refusal


# --- cancelling --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "at", "cancel", "undo"),
    [
        (PAID, "2026-01-01 00:00:00", None, Refusal.NOT_CANCELLED),
        (PAID, "2026-11-22 23:59:59.999999", None, Refusal.NOT_CANCELLED),
        (PAID, "2026-11-23 00:00:00", Refusal.EXPIRED, Refusal.EXPIRED),
        (CANCELLED, "2026-11-22 23:59:59.999999", Refusal.ALREADY_CANCELLED, None),
        (CANCELLED, "2026-11-23 00:00:00", Refusal.EXPIRED, Refusal.EXPIRED),
        (PAID, "2026-12-02 23:59:59.999999", Refusal.EXPIRED, Refusal.EXPIRED),
        (PAID, "2026-12-03 00:00:00", Refusal.TOO_LATE, Refusal.TOO_LATE),
        (DELETED, "2026-12-03 04:00:00", Refusal.DELETED, Refusal.DELETED),
        (TRIAL, "2026-11-22 12:00:00", Refusal.NO_SUBSCRIPTION, Refusal.NO_SUBSCRIPTION),
        (SMS_ONLY, "2026-11-22 12:00:00", Refusal.NO_SUBSCRIPTION, Refusal.NO_SUBSCRIPTION),
        (QUIET, "2026-11-22 12:00:00", Refusal.TOO_LATE, Refusal.TOO_LATE),
    ],
)
def test_a_subscription_is_cancelled_and_kept_until_the_last_day(
    life: Life, at: str, cancel: Refusal | None, undo: Refusal | None
) -> None:
    assert find_cancel_refusal(life, rome(at), ROME) is cancel
    assert find_undo_cancel_refusal(life, rome(at), ROME) is undo


# --- editions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "at", "refusal"),
    [
        (PAID, "2026-11-22 23:59:59.999999", None),
        (CANCELLED, "2026-11-22 23:59:59.999999", None),
        (PAID, "2026-11-23 00:00:00", Refusal.ONLY_WITH_RENEWAL),
        (PAID, "2026-12-02 23:59:59.999999", Refusal.ONLY_WITH_RENEWAL),
        (PAID, "2026-12-03 00:00:00", Refusal.TOO_LATE),
        (DELETED, "2026-12-03 04:00:00", Refusal.DELETED),
        (TRIAL, "2026-11-22 12:00:00", Refusal.TRIAL_PURCHASES),
        (SMS_ONLY, "2026-11-22 12:00:00", Refusal.NO_SUBSCRIPTION),
    ],
)
def test_the_edition_changes_by_itself_only_while_it_is_paid(life: Life, at: str, refusal: Refusal | None) -> None:
    assert find_edition_refusal(life, rome(at), ROME) is refusal


@pytest.mark.parametrize(
    ("old", "new", "change", "starts_on"),
    [
        (12000, 12001, EditionChange.UPGRADE, "2026-06-01"),
        (12000, 12000, EditionChange.UPGRADE, "2026-06-01"),  # costs nothing, so nothing to wait for
        (12000, 11999, EditionChange.DOWNGRADE, "2026-11-23"),
    ],
)
def test_more_starts_at_once_and_less_with_the_next_term(
    old: int, new: int, change: EditionChange, starts_on: str
) -> None:
    assert edition_change(Money(old, "EUR"), Money(new, "EUR")) is change
    assert edition_starts_on(change, E, today=date(2026, 6, 1)) == date.fromisoformat(starts_on)


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ("2026-11-22 23:59:59.999999", None),
        ("2026-11-23 00:00:00", Refusal.IN_EFFECT),
        ("2026-11-23 00:00:00.000001", Refusal.IN_EFFECT),
    ],
)
def test_a_downgrade_is_taken_back_until_it_starts(at: str, refusal: Refusal | None) -> None:
    assert find_undo_downgrade_refusal(E + ONE_DAY, rome(at), ROME) is refusal


@given(DAYS, INSTANTS)
def test_somebody_can_always_either_cancel_or_has_passed_e(day: date, at: datetime) -> None:
    assert (find_cancel_refusal(Life(day), at, ROME) is None) is (at < end_of(day, ROME))
