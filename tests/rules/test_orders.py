"""Until when an order waits for its money, and which money is still money for it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import orders
from portal.rules.money import Money
from portal.rules.orders import Covered, OrderState, PaymentState, Way
from portal.rules.terms import CARD_CONFIRMATION, ORDER_LIFE, TRANSFER_ORDER_DAYS
from tests.rules.instants import INSTANTS, ROME, TICK, rome

PLACED = rome("2026-10-20 18:30:00")


def test_an_order_waits_a_day_for_its_payment() -> None:
    until = orders.open_until(PLACED, None, ROME)
    assert until == orders.open_until(PLACED, Way.CARD, ROME) == PLACED + ORDER_LIFE
    waiting = OrderState.AWAITING_PAYMENT
    assert orders.state(waiting, until, until - TICK) is OrderState.AWAITING_PAYMENT
    assert orders.state(waiting, until, until) is OrderState.EXPIRED


def test_with_a_transfer_it_waits_thirty_calendar_days_though_the_clocks_change() -> None:
    assert TRANSFER_ORDER_DAYS == 30
    assert orders.open_until(PLACED, Way.TRANSFER, ROME) == rome("2026-11-20 00:00:00")


@pytest.mark.parametrize("stored", [OrderState.PAID, OrderState.DELIVERED, OrderState.CANCELLED])
def test_only_what_waits_can_expire(stored: OrderState) -> None:
    assert orders.state(stored, PLACED, PLACED + timedelta(days=999)) is stored


@pytest.mark.parametrize(
    ("begun", "confirmed", "counts"),
    [
        ("2026-10-20 18:30:00", "2026-10-20 18:30:00", True),
        ("2026-10-21 18:29:59.999999", "2026-10-22 18:29:59.999999", True),  # 24 h after it was begun
        ("2026-10-21 18:29:59.999999", "2026-10-22 18:30:00", False),
        ("2026-10-21 18:30:00", "2026-10-21 18:30:01", False),  # the order had expired when it was begun
        ("2026-10-20 18:31:00", "2026-10-21 18:29:59", True),
    ],
)
def test_a_card_payment_begun_while_the_order_waited_has_a_day(begun: str, confirmed: str, counts: bool) -> None:
    until = orders.open_until(PLACED, Way.CARD, ROME)
    assert timedelta(hours=24) == CARD_CONFIRMATION
    assert orders.card_in_time(rome(begun), rome(confirmed), until) is counts


@pytest.mark.parametrize(
    ("way", "value_date", "counts"),
    [
        (Way.TRANSFER, date(2026, 11, 19), True),  # the thirtieth day after the order
        (Way.TRANSFER, date(2026, 11, 20), False),
        (Way.CARD, date(2026, 10, 21), True),  # it expired on the 21st at 18:30: until then it waited
        (Way.CARD, date(2026, 10, 22), False),
    ],
)
def test_a_transfer_counts_by_its_value_date(way: Way, value_date: date, counts: bool) -> None:
    assert orders.transfer_in_time(value_date, orders.open_until(PLACED, way, ROME), ROME) is counts


@pytest.mark.parametrize(
    ("received", "found"), [(36599, Covered.SHORT), (36600, Covered.EXACT), (36601, Covered.OVER), (0, Covered.SHORT)]
)
def test_what_has_arrived_against_the_total(received: int, found: Covered) -> None:
    assert orders.covered(Money(received, "EUR"), Money(36600, "EUR")) is found


def test_currencies_are_not_compared() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        orders.covered(Money(36600, "USD"), Money(36600, "EUR"))


def test_money_may_still_come_of_a_payment_that_is_begun_or_pending() -> None:
    assert {state for state in PaymentState if state.open} == {PaymentState.BEGUN, PaymentState.PENDING}


@given(placed=INSTANTS, way=st.sampled_from([None, *Way]))
def test_every_order_waits_at_first_and_not_for_ever(placed, way) -> None:
    until = orders.open_until(placed, way, ROME)
    assert orders.state(OrderState.AWAITING_PAYMENT, until, placed) is OrderState.AWAITING_PAYMENT
    assert timedelta(0) < until - placed <= timedelta(days=31, hours=2)
