"""Terms follow each other day by day, and each day is one on which the next may be bought, or is not."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.dates import ONE_DAY, add_months
from portal.rules.money import Money
from portal.rules.renewal import (
    EditionChange,
    Term,
    Window,
    edition_change,
    edition_starts_on,
    first_term,
    may_undo_downgrade,
    months_of,
    new_term,
    next_term,
    renew_from,
    renewal_window,
)
from portal.rules.terms import RENEW_FROM_DAYS
from tests.rules.instants import ROME, rome

E = date(2026, 11, 22)
YEAR_STARTS_ON = date(2025, 11, 23)
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


# --- when the next term may be bought --------------------------------------------------------------------------


def test_the_next_term_may_be_bought_from_ninety_days_before_e() -> None:
    assert renew_from(E) == date(2026, 8, 24)
    assert (E - renew_from(E)).days == RENEW_FROM_DAYS == 90


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2025-11-22", Window.ALREADY_RENEWED),  # the day before the last paid term starts
        ("2025-11-23", Window.TOO_EARLY),  # its first day
        ("2026-08-23", Window.TOO_EARLY),  # E - 91
        ("2026-08-24", Window.OPEN),  # E - 90
        ("2026-11-22", Window.OPEN),
        ("2026-11-23", Window.OPEN),  # the grace, whose end is a state
        ("2026-12-02", Window.OPEN),
    ],
)
def test_the_window_of_a_yearly_term_opens_ninety_days_before_e(today: str, expected: Window) -> None:
    assert renewal_window(YEAR_STARTS_ON, E, date.fromisoformat(today)) is expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2026-09-23", Window.ALREADY_RENEWED),  # E - 90, but the term has not begun
        ("2026-11-22", Window.ALREADY_RENEWED),
        ("2026-11-23", Window.OPEN),  # the future term has become the present one
        ("2026-12-22", Window.OPEN),
    ],
)
def test_a_term_of_a_month_is_renewed_from_its_first_day(today: str, expected: Window) -> None:
    assert renewal_window(date(2026, 11, 23), date(2026, 12, 22), date.fromisoformat(today)) is expected


@given(DAYS, st.integers(1, 24), DAYS)
def test_a_renewed_term_leaves_no_room_for_a_second_one(starts_on: date, months: int, today: date) -> None:
    term = new_term(starts_on, months)
    after = next_term(term, months)
    if today <= term.ends_on:
        assert renewal_window(after.starts_on, after.ends_on, today) is Window.ALREADY_RENEWED
    else:
        assert renewal_window(after.starts_on, after.ends_on, today) is not Window.ALREADY_RENEWED


# --- editions ----------------------------------------------------------------------------------------------


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
    ("at", "possible"),
    [
        ("2026-11-22 23:59:59.999999", True),
        ("2026-11-23 00:00:00", False),
        ("2026-11-23 00:00:00.000001", False),
    ],
)
def test_a_downgrade_is_taken_back_until_it_starts(at: str, possible: bool) -> None:
    assert may_undo_downgrade(E + ONE_DAY, rome(at), ROME) is possible


# --- how long a term is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "anchor", "months"),
    [
        ("2026-03-01", "2027-02-28", "2026-03-01", 12),
        ("2026-03-01", "2027-02-27", "2026-03-01", None),  # a day less
        ("2026-03-01", "2027-03-01", "2026-03-01", None),  # a day more
        ("2027-01-31", "2027-02-27", "2027-01-31", 1),
        ("2027-02-28", "2027-03-30", "2027-01-31", 1),  # from the clamped day to the day before the anchor's
        ("2027-02-28", "2027-03-27", "2027-01-31", None),  # a month from the 28th, which is not the anchor's
        ("2027-02-28", "2027-03-27", "2027-02-28", 1),
        ("2026-03-15", "2026-04-14", "2026-03-01", None),  # begins between the months of its anchor
        ("2026-03-01", "2026-03-01", "2026-03-01", None),  # one day
        ("2024-02-29", "2025-02-27", "2024-02-29", 12),
    ],
)
def test_a_term_is_whole_months_from_its_anchor_or_of_odd_length(
    starts_on: str, ends_on: str, anchor: str, months: int | None
) -> None:
    assert months_of(Term(*map(date.fromisoformat, (starts_on, ends_on, anchor)))) == months


@given(DAYS, LENGTHS)
def test_each_term_of_a_row_is_as_long_as_it_was_bought(anchor: date, lengths: list[int]) -> None:
    term = new_term(anchor, lengths[0])
    assert months_of(term) == lengths[0]
    for months in lengths[1:]:
        term = next_term(term, months)
        assert months_of(term) == months
