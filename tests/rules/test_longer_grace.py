"""A grace made longer by an exception: it moves the last day to renew and the deletion after it, and nothing else."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.rules import access, credits, offers, reminders, settlement, terms
from portal.rules.access import Act, Allowed, Role
from portal.rules.credits import Lot, LotState
from portal.rules.dates import ONE_DAY, end_of
from portal.rules.lifecycle import (
    ExtensionRefusal,
    Life,
    State,
    days_left,
    end_of_grace,
    find_extension_refusal,
    find_purge_refusals,
    grace_last_day,
    last_day,
    longest_grace,
    next_change,
    state,
)
from portal.rules.offers import NoOffer
from portal.rules.pricing import Offer, TaxTreatment
from portal.rules.reminders import Paid
from portal.rules.renewal import new_term, renewal_window
from tests.rules.instants import INSTANTS, ROME, TICK, rome
from tests.rules.price_lists import LIST

E = date(2026, 11, 22)
L = date(2026, 12, 18)  # E + 26
USUAL, LONGER = Life(E), Life(E, grace_until=L)


# --- boundaries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "usual", "longer"),
    [
        ("2026-11-22 23:59:59.999999", State.ACTIVE, State.ACTIVE),
        ("2026-11-23 00:00:00", State.GRACE, State.GRACE),
        ("2026-12-02 23:59:59.999999", State.GRACE, State.GRACE),
        ("2026-12-03 00:00:00", State.DUE_FOR_DELETION, State.GRACE),
        ("2026-12-18 23:59:59.999999", State.DUE_FOR_DELETION, State.GRACE),
        ("2026-12-19 00:00:00", State.DUE_FOR_DELETION, State.DUE_FOR_DELETION),
        ("2036-01-01 00:00:00", State.DUE_FOR_DELETION, State.DUE_FOR_DELETION),
    ],
)
def test_the_grace_ends_with_its_last_day(at: str, usual: State, longer: State) -> None:
    assert (state(USUAL, rome(at), ROME), state(LONGER, rome(at), ROME)) == (usual, longer)


@pytest.mark.parametrize(
    ("grace_until", "last"),
    [
        (None, date(2026, 12, 2)),
        (E, date(2026, 12, 2)),
        (date(2026, 12, 1), date(2026, 12, 2)),
        (date(2026, 12, 2), date(2026, 12, 2)),
        (date(2026, 12, 3), date(2026, 12, 3)),
    ],
)
def test_an_exception_never_makes_the_grace_shorter(grace_until: date | None, last: date) -> None:
    assert grace_last_day(E, grace_until) == last


def test_page_and_mail_read_the_same_new_day() -> None:
    noon = rome("2026-11-25 12:00")
    assert grace_last_day(E, L) == last_day(LONGER, noon, ROME) == L
    assert days_left(LONGER, noon, ROME) == 24  # 25 November to 18 December, both counted
    assert days_left(LONGER, rome("2026-12-18 23:59:59.999999"), ROME) == 1
    change = next_change(LONGER, noon, ROME)
    assert change
    assert (change.state, change.at) == (State.DUE_FOR_DELETION, rome("2026-12-19 00:00"))


@pytest.mark.parametrize(
    ("at", "until", "refused"),
    [
        ("2026-11-22 23:59:59.999999", L, ExtensionRefusal.NOT_EXPIRED),  # never in advance
        ("2026-11-23 00:00:00", L, None),
        ("2026-11-23 00:00:00", date(2026, 12, 2), ExtensionRefusal.NOT_LONGER),  # E + 10
        ("2026-11-23 00:00:00", date(2026, 12, 3), None),  # E + 11
        ("2026-11-23 00:00:00", date(2027, 1, 1), None),  # E + 40
        ("2026-11-23 00:00:00", date(2027, 1, 2), ExtensionRefusal.TOO_LONG),  # E + 41
        ("2026-12-02 23:59:59.999999", L, None),
        ("2026-12-03 00:00:00", L, None),  # due for deletion, and nothing has begun
        ("2026-12-18 23:59:59.999999", L, None),  # today is a day on which somebody can renew
        ("2026-12-19 00:00:00", L, ExtensionRefusal.PAST),
        ("2027-01-01 23:59:59.999999", date(2027, 1, 1), None),
        ("2027-01-02 00:00:00", date(2027, 1, 1), ExtensionRefusal.PAST),
        ("2027-01-02 00:00:00", date(2027, 1, 2), ExtensionRefusal.TOO_LONG),  # from now on there is no day left
    ],
)
def test_which_day_an_exception_may_name_and_when(at: str, until: date, refused: ExtensionRefusal | None) -> None:
    assert find_extension_refusal(USUAL, until, rome(at), ROME) is refused
    assert (terms.GRACE_DAYS, terms.GRACE_EXTENSION_MOST) == (10, 30)
    assert longest_grace(E) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("until", "refused"),
    [(L - ONE_DAY, ExtensionRefusal.NOT_LONGER), (L, ExtensionRefusal.NOT_LONGER), (L + ONE_DAY, None)],
)
def test_a_later_exception_counts_only_by_being_longer(until: date, refused: ExtensionRefusal | None) -> None:
    assert find_extension_refusal(LONGER, until, rome("2026-11-25 12:00"), ROME) is refused


@pytest.mark.parametrize(
    ("life", "refused"),
    [
        (Life(None), ExtensionRefusal.NOT_EXPIRED),  # SMS-only: it has no E
        (Life(None, quiet_since=date(2020, 1, 1)), ExtensionRefusal.NOT_EXPIRED),
        (Life(E, trial=True), None),
        (Life(E, cancelled=True), None),
        (Life(E, deleted_at=rome("2026-12-04 04:00")), ExtensionRefusal.DELETED),
        (Life(date(2027, 11, 22)), ExtensionRefusal.NOT_EXPIRED),  # renewed meanwhile
    ],
)
def test_whose_grace_can_be_made_longer(life: Life, refused: ExtensionRefusal | None) -> None:
    assert find_extension_refusal(life, L, rome("2026-12-05 12:00"), ROME) is refused


def test_what_has_no_expiry_has_no_grace() -> None:
    with pytest.raises(ValueError, match="without an expiry"):
        Life(None, grace_until=L)


# --- money that arrives late, credits, terms --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "confirmed", "counts"),
    [
        ("2026-12-03 00:00:00", "2026-12-03 00:01:00", True),
        ("2026-12-18 23:59:59.999999", "2026-12-19 23:59:59.999999", True),
        ("2026-12-18 23:59:59.999999", "2026-12-20 00:00:00", False),
        ("2026-12-19 00:00:00", "2026-12-19 00:00:01", False),
    ],
)
def test_a_card_counts_by_the_new_day(begun: str, confirmed: str, counts: bool) -> None:
    assert settlement.card_counts(rome(begun), rome(confirmed), E, ROME, L) is counts
    assert not settlement.card_counts(rome(begun), rome(confirmed), E, ROME)


@pytest.mark.parametrize(
    ("value_date", "confirmed_on", "counts"),
    [
        ("2026-12-18", "2026-12-25", True),  # a Friday, and the fifth working day after it
        ("2026-12-18", "2026-12-26", False),
        ("2026-12-19", "2026-12-21", False),
    ],
)
def test_a_transfer_counts_by_the_new_day(value_date: str, confirmed_on: str, counts: bool) -> None:
    days = (date.fromisoformat(value_date), date.fromisoformat(confirmed_on))
    assert settlement.transfer_counts(*days, E, lambda day: day.weekday() < 5, L) is counts


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2026-12-03 00:00:00", LotState.FROZEN),
        ("2026-12-18 23:59:59.999999", LotState.FROZEN),
        ("2026-12-19 00:00:00", LotState.EXPIRED),
    ],
)
def test_credits_stay_frozen_as_long_as_a_renewal_would_free_them(at: str, found: LotState) -> None:
    lot = Lot(1, date(2026, 1, 7), 50)
    assert credits.lot_state(lot, E, rome(at), ROME, L) is found
    assert credits.view(lot, E, rome(at), ROME, L).state is found
    assert credits.balance([lot], E, rome(at), ROME, L).frozen == (50 if found is LotState.FROZEN else 0)


@pytest.mark.parametrize(
    ("today", "ends_on"),
    [("2026-12-22", date(2026, 12, 22)), ("2026-12-23", None)],  # a month from E + 1: 23 November to 22 December
)
def test_a_term_that_would_be_over_before_it_is_bought_is_not_sold(today: str, ends_on: date | None) -> None:
    last = new_term(date(2025, 11, 23), 12)
    given_ = (LIST, TaxTreatment.ITALIAN_VAT, last, "pro")
    found = offers.renewal(*given_, 1, 0, date.fromisoformat(today))
    assert (found.ends_on if isinstance(found, Offer) else None) == ends_on
    assert ends_on or found is NoOffer.NOTHING_REMAINING
    year = offers.renewal(*given_, 12, 0, date.fromisoformat(today))
    assert isinstance(year, Offer)
    assert (year.starts_on, year.ends_on) == (E + ONE_DAY, date(2027, 11, 22))  # no day is lost, none is gained


# --- notices ----------------------------------------------------------------------------------------------------------


def offsets(grace_until: date | None) -> tuple[int, ...]:
    return reminders.expiry_offsets(Paid(1, date(2025, 11, 23), E, grace_until=grace_until))


@pytest.mark.parametrize(
    ("longer_by", "added"),
    [(1, (11,)), (2, (12,)), (3, (11, 13)), (16, (24, 26)), (30, (38, 40))],
)
def test_two_notices_more_speak_of_the_new_last_day(longer_by: int, added: tuple[int, ...]) -> None:
    assert offsets(E + timedelta(days=10 + longer_by)) == offsets(None) + added
    assert terms.EXTENDED_GRACE_REMINDER_DAYS == (-2, 0)


@pytest.mark.parametrize(("today", "key"), [(L, "+26"), (L - ONE_DAY, "+24"), (L + ONE_DAY, None)])
def test_a_notice_is_due_until_the_new_day_is_over(today: date, key: str | None) -> None:
    paid = Paid(1, date(2025, 11, 23), E, grace_until=L)
    found = reminders.find_expiry_notice(paid, today, set())
    assert (found.key.rpartition(":")[2] if found else None) == key
    assert reminders.find_expiry_notice(paid, date(2026, 12, 10), {"expiry:1:2026-11-22:+10"}) is None


def test_the_purge_asks_for_the_warnings_of_the_new_day_first() -> None:
    keys = reminders.last_warning_keys(Paid(1, date(2025, 11, 23), E, grace_until=L))
    assert [key.rpartition(":")[2] for key in keys] == ["+26", "+24", "+10", "+8", "+5", "+1"]


# --- properties -------------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
LIVES = st.builds(
    lambda day, flag: Life(day, cancelled=flag == "cancelled", trial=flag == "trial"),
    DAYS,
    st.sampled_from(["", "cancelled", "trial"]),
)
LENGTHS = st.integers(1, terms.GRACE_EXTENSION_MOST)


def extended(life: Life, days: int) -> Life:
    assert life.expires_on
    until = grace_last_day(life.expires_on) + timedelta(days=days)
    return Life(life.expires_on, life.cancelled, life.trial, life.deleted_at, None, until)


def may(life: Life, at: datetime, act: Act) -> bool:
    assert life.expires_on
    window = None if life.trial else renewal_window(life.expires_on - timedelta(days=364), life.expires_on, at.date())
    return isinstance(access.decide(act, Role.FIRST, state(life, at, ROME), window=window), Allowed)


@given(LIVES, LENGTHS, INSTANTS)
def test_nothing_changes_before_the_end_of_the_tenth_day(life: Life, days: int, at: datetime) -> None:
    assert life.expires_on
    assume(at < end_of_grace(life.expires_on, ROME))
    longer = extended(life, days)
    assert state(longer, at, ROME) is state(life, at, ROME)
    assert [may(longer, at, act) for act in Act] == [may(life, at, act) for act in Act]


@given(LIVES, LENGTHS, INSTANTS)
def test_in_the_longer_grace_is_allowed_what_was_in_the_grace_and_nothing_more(
    life: Life, days: int, at: datetime
) -> None:
    assert life.expires_on
    longer = extended(life, days)
    inside = end_of_grace(life.expires_on, ROME) <= at < end_of_grace(life.expires_on, ROME, longer.grace_until)
    if inside:
        before = end_of(life.expires_on, ROME)
        assert [may(longer, at, act) for act in Act] == [may(life, before, act) for act in Act]
        assert not may(longer, at, Act.USE_FEATURES)
    elif at >= end_of_grace(life.expires_on, ROME):
        assert state(longer, at, ROME) is State.DUE_FOR_DELETION


@given(LIVES, LENGTHS, INSTANTS)
def test_the_purge_begins_where_the_longer_grace_ends(life: Life, days: int, at: datetime) -> None:
    assert life.expires_on
    longer = extended(life, days)
    facts = {"open_payment": False, "legal_hold": False, "warnings_accepted": True}
    ends = end_of_grace(life.expires_on, ROME, longer.grace_until)
    assert (not find_purge_refusals(longer, at, ROME, **facts)) is (at >= ends)
    assert ends == end_of(grace_last_day(life.expires_on) + timedelta(days=days), ROME)


@given(LIVES, LENGTHS, LENGTHS, INSTANTS)
def test_of_two_exceptions_the_longer_is_the_one_that_counts(life: Life, one: int, two: int, at: datetime) -> None:
    assert life.expires_on
    first, second = extended(life, one), extended(life, two)
    assert second.grace_until
    refused = find_extension_refusal(first, second.grace_until, at, ROME)
    assert refused is not None or (two > one and state(second, at, ROME) is State.GRACE)


@given(LIVES, INSTANTS, st.dates(date(2019, 1, 1), date(2037, 1, 1)))
def test_an_exception_that_is_shorter_than_the_grace_changes_nothing(life: Life, at: datetime, until: date) -> None:
    assert life.expires_on
    assume(until <= grace_last_day(life.expires_on))
    shorter = Life(life.expires_on, life.cancelled, life.trial, None, None, until)
    assert state(shorter, at, ROME) is state(life, at, ROME)
    assert days_left(shorter, at, ROME) == days_left(life, at, ROME)
    assert end_of_grace(life.expires_on, ROME, until) - TICK < end_of_grace(life.expires_on, ROME)


@given(DAYS, LENGTHS, st.lists(st.integers(-100, 45), max_size=60))
def test_each_notice_leaves_at_most_once_and_none_after_the_new_day(day: date, longer: int, runs: list[int]) -> None:
    paid = Paid(7, day - timedelta(days=364), day, grace_until=day + timedelta(days=10 + longer))
    sent: list[str] = []
    for distance in runs:
        today = day + timedelta(days=distance)
        notice = reminders.find_expiry_notice(paid, today, sent)
        if notice:
            assert distance <= 10 + longer
            sent.append(notice.key)
    assert len(sent) == len(set(sent))


@given(DAYS, LENGTHS, st.integers(-100, 10))
def test_no_notice_through_the_tenth_day_is_another_one(day: date, longer: int, distance: int) -> None:
    usual, today = Paid(7, day - timedelta(days=364), day), day + timedelta(days=distance)
    extended_ = Paid(7, usual.starts_on, day, grace_until=day + timedelta(days=10 + longer))
    assert reminders.find_expiry_notice(extended_, today, ()) == reminders.find_expiry_notice(usual, today, ())
