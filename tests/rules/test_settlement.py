"""Money that arrives counts or becomes a task for staff; it is never lost and never buys a second term."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.lifecycle import Life, end_of_grace, grace_last_day
from portal.rules.settlement import (
    LONGEST_BANK_HOLIDAY,
    Settlement,
    card_counts,
    settle_credits,
    settle_seats,
    settle_term,
    settle_upgrade,
    transfer_counts,
    transfer_deadline,
)
from portal.rules.terms import CARD_CONFIRMATION, TRANSFER_CONFIRMATION_BANK_DAYS
from tests.rules.instants import INSTANTS, ROME, TICK, rome

E = date(2026, 11, 22)  # grace until 2 December 23:59:59.999
BANK_HOLIDAYS = {date(2026, 12, 8), date(2026, 12, 25), date(2026, 12, 26)}


def is_bank_day(day: date) -> bool:
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


@pytest.mark.parametrize(
    ("begun_at", "confirmed_at", "counts"),
    [
        ("2026-12-02 23:59:59.999999", "2026-12-03 00:05:00", True),
        ("2026-12-02 23:59:59.999999", "2026-12-03 23:59:59.999998", True),
        ("2026-12-02 23:59:59.999999", "2026-12-03 23:59:59.999999", True),  # 24 h after it was begun
        ("2026-12-02 23:59:59.999999", "2026-12-04 00:00:00", False),
        ("2026-12-03 00:00:00", "2026-12-03 00:00:01", False),  # begun too late
        ("2026-12-02 10:00:00", "2026-12-03 10:00:00", True),
        ("2026-12-02 10:00:00", "2026-12-03 10:00:00.000001", False),
        ("2026-11-25 10:00:00", "2026-12-02 23:59:59.999999", True),  # slow, but still inside the grace
        ("2026-11-25 10:00:00", "2026-12-03 00:00:00", False),
    ],
)
def test_a_card_payment_begun_in_time_has_a_day_to_be_confirmed(begun_at: str, confirmed_at: str, counts: bool) -> None:
    assert CARD_CONFIRMATION.total_seconds() == 24 * 3600
    assert card_counts(rome(begun_at), rome(confirmed_at), E, ROME) is counts


def test_the_day_of_a_card_payment_is_24_hours_even_when_the_clocks_change() -> None:
    expires_on = date(2026, 10, 14)  # grace until 24 October; on the 25th the clocks go back
    begun = rome("2026-10-24 12:00")
    assert card_counts(begun, rome("2026-10-25 11:00"), expires_on, ROME)
    assert not card_counts(begun, rome("2026-10-25 11:00") + TICK, expires_on, ROME)


def test_it_makes_no_difference_in_which_zone_the_instants_are_written() -> None:
    begun = rome("2026-10-24 12:00").astimezone(ROME)
    too_late = rome("2026-10-25 11:30").astimezone(ROME)  # 23:30 by the clock on the wall, 24:30 in truth
    assert not card_counts(begun, too_late, date(2026, 10, 14), ROME)


@pytest.mark.parametrize(
    ("value_date", "confirmed_on", "counts"),
    [
        ("2026-12-01", "2026-12-10", True),
        ("2026-12-02", "2026-12-09", True),
        ("2026-12-02", "2026-12-10", True),  # Thu 3, Fri 4, Mon 7, (8 is a holiday), Wed 9, Thu 10
        ("2026-12-02", "2026-12-11", False),
        ("2026-12-03", "2026-12-03", False),  # value date too late
        ("2026-11-24", "2026-12-10", True),  # whoever paid early has no less time
    ],
)
def test_a_transfer_counts_by_its_value_date(value_date: str, confirmed_on: str, counts: bool) -> None:
    dates = date.fromisoformat(value_date), date.fromisoformat(confirmed_on)
    assert transfer_counts(*dates, E, is_bank_day) is counts


@pytest.mark.parametrize(
    ("expires_on", "deadline"),
    [
        ("2026-11-22", "2026-12-10"),
        ("2026-12-14", "2027-01-01"),  # E+10 = 24 December: Mon 28 … Fri 1 January, in this calendar
        ("2026-11-25", "2026-12-14"),  # E+10 = Saturday 5 December: Mon 7, Wed 9, Thu 10, Fri 11, Mon 14
    ],
)
def test_staff_have_five_bank_working_days_after_the_grace(expires_on: str, deadline: str) -> None:
    assert TRANSFER_CONFIRMATION_BANK_DAYS == 5
    assert transfer_deadline(date.fromisoformat(expires_on), is_bank_day) == date.fromisoformat(deadline)


def test_a_calendar_without_bank_days_is_a_fault() -> None:
    last = grace_last_day(E)
    assert transfer_deadline(E, lambda day: (day - last).days % LONGEST_BANK_HOLIDAY == 0) == date(2027, 5, 6)
    with pytest.raises(ValueError, match="no bank working day"):
        transfer_deadline(E, lambda day: (day - last).days % (LONGEST_BANK_HOLIDAY + 1) == 0)


@pytest.mark.parametrize(
    ("life", "paid_for", "counts", "expected"),
    [
        (Life(E), E, True, Settlement.DELIVER),
        (Life(E, cancelled=True), E, True, Settlement.DELIVER),
        (Life(E, trial=True), E, True, Settlement.DELIVER),
        (Life(None), None, True, Settlement.DELIVER),
        (Life(E), E, False, Settlement.GIVE_BACK_LATE),
        (Life(date(2027, 11, 22)), E, True, Settlement.GIVE_BACK_SECOND),  # a double click paid it already
        (Life(date(2027, 11, 22)), E, False, Settlement.GIVE_BACK_SECOND),
        (Life(E), None, True, Settlement.GIVE_BACK_SECOND),
        (Life(E, deleted_at=rome("2026-12-05 12:00")), E, True, Settlement.DELIVER),
        (Life(E, deleted_at=rome("2026-12-03 04:00")), E, True, Settlement.GIVE_BACK_LATE),
        (Life(date(2027, 1, 1), deleted_at=rome("2026-12-03 04:00")), E, True, Settlement.GIVE_BACK_LATE),
    ],
)
def test_a_payment_extends_once_or_is_given_back(
    life: Life, paid_for: date | None, counts: bool, expected: Settlement
) -> None:
    assert settle_term(life, paid_for, counts, rome("2026-12-03 12:00"), ROME) is expected


def test_everything_but_an_extension_is_a_task_for_staff() -> None:
    assert [settlement for settlement in Settlement if not settlement.staff_task] == [Settlement.DELIVER]


@given(INSTANTS, INSTANTS)
def test_what_is_confirmed_before_the_purge_may_start_always_counts(begun: datetime, confirmed: datetime) -> None:
    if confirmed < end_of_grace(E, ROME):
        assert card_counts(begun, confirmed, E, ROME)


@given(st.integers(2, 4))
def test_of_several_payments_for_one_term_only_the_first_extends(payments: int) -> None:
    life, found = Life(E), []
    for _ in range(payments):
        found.append(settle_term(life, E, True, rome("2026-11-20 12:00"), ROME))
        life = Life(date(2027, 11, 22))
    assert found == [Settlement.DELIVER] + [Settlement.GIVE_BACK_SECOND] * (payments - 1)


# --- what is not a term


@pytest.mark.parametrize(
    ("at", "life", "found"),
    [
        ("2026-11-22 23:59:59.999999", Life(E), Settlement.DELIVER),
        ("2026-11-22 23:59:59.999999", Life(E, cancelled=True), Settlement.DELIVER),
        ("2026-11-23 00:00:00", Life(E), Settlement.GIVE_BACK_LATE),  # the grace sells no extras
        ("2026-11-22 12:00:00", Life(E, trial=True), Settlement.GIVE_BACK_LATE),
        ("2030-01-01 00:00:00", Life(None), Settlement.DELIVER),
        ("2026-11-22 12:00:00", Life(E, deleted_at=rome("2026-11-22 11:59:59")), Settlement.GIVE_BACK_LATE),
    ],
)
def test_credits_are_delivered_where_they_could_be_sold(at: str, life: Life, found: Settlement) -> None:
    assert settle_credits(life, rome(at), ROME) is found


@pytest.mark.parametrize(
    ("at", "until", "found"),
    [
        ("2026-11-22 23:59:59.999999", E, Settlement.DELIVER),
        ("2026-11-23 00:00:00", E, Settlement.GIVE_BACK_LATE),  # renewed meanwhile: the days that were paid are over
        ("2026-11-23 00:00:00", date(2026, 11, 23), Settlement.DELIVER),
    ],
)
def test_seats_are_delivered_while_their_days_last(at: str, until: date, found: Settlement) -> None:
    assert settle_seats(Life(date(2027, 11, 22)), until, rome(at), ROME) is found


@pytest.mark.parametrize(
    ("life", "same_edition", "found"),
    [
        (Life(E), True, Settlement.DELIVER),
        (Life(E), False, Settlement.GIVE_BACK_CHANGED),
        (Life(date(2027, 11, 22)), True, Settlement.GIVE_BACK_CHANGED),  # renewed meanwhile
        (Life(date(2026, 11, 20)), True, Settlement.GIVE_BACK_LATE),  # in the grace
    ],
)
def test_an_upgrade_is_delivered_to_what_it_was_counted_for(life: Life, same_edition: bool, found: Settlement) -> None:
    assert settle_upgrade(life, E, same_edition, rome("2026-11-21 12:00"), ROME) is found
