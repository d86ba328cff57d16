"""SMS credits: how long a lot lives whatever the channels do, and which one is spent first."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules import credits
from portal.rules.credits import Balance, Lot, LotState, LotView, NotEnough, Take
from portal.rules.dates import end_of, start_of
from portal.rules.terms import BUSINESS_ZONE, GRACE_DAYS, SMS_ONLY_LOT_MONTHS

ROME = BUSINESS_ZONE
TICK = timedelta(microseconds=1)
E = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)
DAYS = st.dates(date(2024, 1, 1), date(2034, 12, 31))


def test_an_sms_only_lot_lasts_twenty_four_months() -> None:
    assert SMS_ONLY_LOT_MONTHS == 24


@pytest.mark.parametrize(
    ("bought_on", "last_day"),
    [
        (date(2026, 11, 22), date(2028, 11, 22)),
        (date(2026, 12, 31), date(2028, 12, 31)),
        (date(2027, 1, 1), date(2029, 1, 1)),
        (date(2026, 2, 28), date(2028, 2, 28)),
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2024, 8, 31), date(2026, 8, 31)),
    ],
)
def test_an_sms_only_lot_is_good_through_the_whole_last_day(bought_on: date, last_day: date) -> None:
    lot = credits.buy(1, bought_on, 10, expires_on=None)
    assert credits.last_day(lot, None) == last_day
    assert credits.lot_state(lot, None, end_of(last_day, ROME) - TICK, ROME) is LotState.SPENDABLE
    assert credits.lot_state(lot, None, end_of(last_day, ROME), ROME) is LotState.EXPIRED


def test_the_example_of_the_rules_bought_2026_11_22() -> None:
    lot = credits.buy(1, date(2026, 11, 22), 10, expires_on=None)
    end = datetime(2028, 11, 22, 23, tzinfo=UTC)  # 2028-11-23 00:00 in Rome
    assert credits.lot_state(lot, None, end - TICK, ROME) is LotState.SPENDABLE
    assert credits.lot_state(lot, None, end, ROME) is LotState.EXPIRED


@pytest.mark.parametrize(
    ("kept_until", "expires_on", "last_day"),
    [
        (None, E, E),  # bought beside e-mail: its expiry is E …
        (None, date(2027, 11, 22), date(2027, 11, 22)),  # … and moves with each renewal
        (date(2026, 11, 21), E, E),  # SMS-only that adds e-mail: the later of both
        (E, E, E),
        (date(2026, 11, 23), E, date(2026, 11, 23)),
        (date(2028, 11, 22), E, date(2028, 11, 22)),
        (date(2028, 11, 22), None, date(2028, 11, 22)),  # SMS-only
        (None, None, date(2028, 1, 31)),  # became SMS-only and nobody stored a date: 24 months
    ],
)
def test_the_last_day_in_every_combination_of_channels(
    kept_until: date | None, expires_on: date | None, last_day: date
) -> None:
    assert credits.last_day(Lot(1, date(2026, 1, 31), 10, kept_until), expires_on) == last_day


def test_a_lot_bought_beside_email_has_no_date_of_its_own() -> None:
    assert credits.buy(1, date(2026, 1, 7), 10, expires_on=E) == Lot(1, date(2026, 1, 7), 10, None)


@pytest.mark.parametrize(
    ("lot", "expires_on", "kept_until"),
    [
        (Lot(1, date(2026, 5, 4), 10), date(2027, 2, 28), date(2028, 5, 4)),  # its 24 months are later
        (Lot(1, date(2026, 5, 4), 10), date(2029, 2, 28), date(2029, 2, 28)),  # the last E is later
        (Lot(1, date(2026, 5, 4), 10, date(2031, 1, 1)), date(2029, 2, 28), date(2031, 1, 1)),
        (Lot(1, date(2026, 5, 4), 10, date(2026, 6, 1)), date(2026, 6, 30), date(2028, 5, 4)),
    ],
)
def test_dropping_email_keeps_the_latest_promise(lot: Lot, expires_on: date, kept_until: date) -> None:
    assert credits.drop_email(lot, expires_on).kept_until == kept_until


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (end_of(E, ROME) - TICK, LotState.SPENDABLE),
        (end_of(E, ROME), LotState.FROZEN),
        (end_of(E + timedelta(days=GRACE_DAYS), ROME) - TICK, LotState.FROZEN),
        (end_of(E + timedelta(days=GRACE_DAYS), ROME), LotState.EXPIRED),
    ],
)
def test_in_the_grace_the_lots_that_follow_e_are_frozen_and_a_renewal_frees_them(
    at: datetime, expected: LotState
) -> None:
    lot = Lot(1, date(2026, 1, 7), 10)
    assert credits.lot_state(lot, E, at, ROME) is expected
    assert credits.lot_state(lot, date(2027, 11, 22), at, ROME) is LotState.SPENDABLE
    assert not credits.may_write_off(lot, E, at, ROME)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 23), LotState.SPENDABLE),  # its own date is still to come
        (date(2026, 11, 25), LotState.SPENDABLE),
        (date(2026, 11, 26), LotState.FROZEN),  # own date over, but a renewal would still carry it on
        (date(2026, 12, 2), LotState.FROZEN),
        (date(2026, 12, 3), LotState.EXPIRED),
    ],
)
def test_a_lot_with_its_own_date_in_the_grace(day: date, expected: LotState) -> None:
    lot = Lot(1, date(2024, 11, 25), 10, kept_until=date(2026, 11, 25))
    assert credits.lot_state(lot, E, start_of(day, ROME), ROME) is expected


def test_only_an_sms_only_lot_is_written_off_by_the_night() -> None:
    lot = credits.buy(1, date(2026, 11, 22), 10, expires_on=None)
    end = end_of(date(2028, 11, 22), ROME)
    assert not credits.may_write_off(lot, None, end - TICK, ROME)
    assert credits.may_write_off(lot, None, end, ROME)
    assert not credits.may_write_off(lot, E, end, ROME)


LOTS = [
    Lot(1, date(2026, 3, 1), 5, kept_until=date(2028, 3, 1)),
    Lot(4, date(2026, 2, 1), 10),
    Lot(3, date(2026, 1, 1), 10),
    Lot(2, date(2026, 2, 1), 10),
    Lot(5, date(2020, 1, 1), 0),
]


@pytest.mark.parametrize(
    ("quantity", "takes"),
    [
        (1, (Take(3, 1),)),
        (10, (Take(3, 10),)),
        (11, (Take(3, 10), Take(2, 1))),
        (25, (Take(3, 10), Take(2, 10), Take(4, 5))),
        (35, (Take(3, 10), Take(2, 10), Take(4, 10), Take(1, 5))),
        (36, NotEnough(1)),
        (1000, NotEnough(965)),
    ],
)
def test_what_expires_first_is_spent_first_then_the_oldest(quantity: int, takes: tuple[Take, ...] | NotEnough) -> None:
    assert credits.spend(LOTS, quantity, E, NOON, ROME) == takes


def test_frozen_and_expired_lots_are_not_spent() -> None:
    in_grace = end_of(E, ROME)
    assert credits.spend(LOTS, 5, E, in_grace, ROME) == (Take(1, 5),)
    assert credits.spend(LOTS, 6, E, in_grace, ROME) == NotEnough(1)
    assert credits.balance(LOTS, E, in_grace, ROME) == Balance(spendable=5, frozen=30)
    assert credits.balance(LOTS, E, in_grace - TICK, ROME) == Balance(spendable=35, frozen=0)
    assert credits.balance(LOTS, E, end_of(date(2026, 12, 2), ROME), ROME) == Balance(spendable=5, frozen=0)
    assert credits.balance([], None, NOON, ROME) == Balance(0, 0)


def test_the_overview_shows_each_lot_with_its_last_day() -> None:
    shown = credits.view(LOTS[2], E, end_of(E, ROME), ROME)
    assert shown == LotView(3, date(2026, 1, 1), 10, E, LotState.FROZEN)


def test_a_balance_is_the_sum_of_movements() -> None:
    assert credits.remaining([]) == {}
    assert credits.remaining([(1, 10), (1, -10)]) == {1: 0}
    with pytest.raises(ValueError, match=r"below zero: \[2\]"):
        credits.remaining([(1, 10), (2, 5), (2, -6)])


@pytest.mark.parametrize("quantity", [0, -1])
def test_nothing_is_neither_bought_nor_spent(quantity: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        credits.spend(LOTS, quantity, E, NOON, ROME)
    with pytest.raises(ValueError, match="at least one"):
        credits.buy(1, E, quantity, None)
    assert credits.buy(1, E, 1, None).remaining == 1
    with pytest.raises(ValueError, match="-1 credits"):
        Lot(1, E, -1)


@given(DAYS, st.lists(st.sampled_from(["renew", "add", "drop"]), max_size=8), st.data())
@settings(max_examples=150)
def test_no_renewal_and_no_change_of_channels_ever_shortens_the_life_of_a_lot(
    bought_on: date, events: list[str], data: st.DataObject
) -> None:
    expires_on = data.draw(st.none() | DAYS.filter(lambda day: day >= bought_on))
    lot = credits.buy(1, bought_on, 10, expires_on)
    for event in events:
        before = credits.last_day(lot, expires_on)
        if event == "renew" and expires_on is not None:
            expires_on += timedelta(days=data.draw(st.integers(1, 800)))
        elif event == "add" and expires_on is None:
            expires_on = data.draw(DAYS)
        elif event == "drop" and expires_on is not None:
            lot, expires_on = credits.drop_email(lot, expires_on), None
        assert credits.last_day(lot, expires_on) >= before


@given(
    st.lists(st.tuples(DAYS, st.integers(0, 50), st.none() | DAYS), max_size=6),
    st.none() | DAYS,
    st.integers(1, 200),
    DAYS,
)
@settings(max_examples=150)
def test_spending_takes_all_or_nothing_and_only_what_can_be_spent(
    bought: list[tuple[date, int, date | None]], expires_on: date | None, quantity: int, day: date
) -> None:
    lots = [Lot(n, when, left, kept) for n, (when, left, kept) in enumerate(bought)]
    at = start_of(day, ROME)
    spendable = credits.balance(lots, expires_on, at, ROME).spendable
    answer = credits.spend(lots, quantity, expires_on, at, ROME)
    if quantity > spendable:
        assert answer == NotEnough(quantity - spendable)
        return
    assert isinstance(answer, tuple)
    assert sum(take.quantity for take in answer) == quantity
    days = [credits.last_day(lots[take.lot_id], expires_on) for take in answer]
    assert days == sorted(days)
    for take in answer:
        assert 0 < take.quantity <= lots[take.lot_id].remaining
        assert credits.lot_state(lots[take.lot_id], expires_on, at, ROME) is LotState.SPENDABLE


def test_the_day_ends_in_the_business_zone_and_a_naive_instant_is_a_fault() -> None:
    lot = Lot(1, date(2026, 1, 7), 10)
    eleven_at_night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert credits.lot_state(lot, E, eleven_at_night, ROME) is LotState.FROZEN
    assert credits.lot_state(lot, E, eleven_at_night, ZoneInfo("Europe/Lisbon")) is LotState.SPENDABLE
    with pytest.raises(ValueError, match="time zone"):
        credits.lot_state(lot, E, eleven_at_night.replace(tzinfo=None), ROME)
