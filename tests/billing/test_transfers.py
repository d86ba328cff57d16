"""A line of the bank's statement becomes money for an order, once; each slip of the keyboard changes nothing."""

from datetime import date

import pytest

from portal.billing import queries, transfers
from portal.billing.queries import Order, Payment
from portal.billing.settle import Result
from portal.billing.transfers import Entry, Slip
from portal.jobs.payments import till
from portal.rules.orders import OrderState, PaymentState, Way
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.shop import PACK
from tests.helpers.together import together

TODAY = date(2026, 11, 20)


@pytest.fixture
def order(house: House) -> Order:
    return house.order()


def confirm(
    house: House, order: Order, day: date = TODAY, reference: str = "TRN 1", cents: int | None = None
) -> Result | Slip:
    with house.parts.database.write() as db:
        found = till(house.parts, house.clock.now())
        return transfers.confirm(db, Entry(order.id, day, reference, cents), found)


def payments(house: House, order: Order) -> list[Payment]:
    with house.parts.database.read() as db:
        return queries.payments_of(db, order.id)


def state(house: House, order: Order) -> OrderState:
    with house.parts.database.read() as db:
        return queries.get_order(db, order.id).state


@both_databases
def test_the_whole_amount_is_the_default_and_delivers(house: House, order: Order) -> None:
    assert confirm(house, order, reference="  trn   1 ") is Result.DELIVERED
    (paid,) = payments(house, order)
    assert (paid.way, paid.reference, paid.state) == (Way.TRANSFER, "TRN 1", PaymentState.RECEIVED)
    assert (paid.amount, paid.value_date) == (order.total, TODAY)
    assert state(house, order) is OrderState.DELIVERED


@both_databases
def test_the_same_line_twice_is_known(house: House, order: Order) -> None:
    assert [confirm(house, order), confirm(house, order, reference="trn 1")] == [Result.DELIVERED, Result.KNOWN]
    assert len(payments(house, order)) == 1


def test_a_part_waits_for_the_rest_which_is_then_the_default(house: House, order: Order) -> None:
    assert confirm(house, order, cents=50000) is Result.SHORT
    house.clock.move(days=3)
    assert confirm(house, order, date(2026, 11, 23), "TRN 2") is Result.DELIVERED
    assert [paid.amount.cents for paid in payments(house, order)] == [50000, 8560]


def test_money_for_what_is_paid_already_is_taken_and_is_a_task(house: House, order: Order) -> None:
    assert confirm(house, order) is Result.DELIVERED
    assert confirm(house, order, reference="TRN 2") is Result.STAFF


@pytest.mark.parametrize(
    ("entry", "slip"),
    [
        (Entry(404, TODAY, "TRN 1"), Slip.NO_SUCH_ORDER),
        (Entry(1, date(2026, 11, 21), "TRN 1"), Slip.IN_THE_FUTURE),
        (Entry(1, date(2026, 11, 19), "TRN 1"), Slip.BEFORE_THE_ORDER),
        (Entry(1, date(2025, 11, 20), "TRN 1"), Slip.BEFORE_THE_ORDER),
        (Entry(1, TODAY, " "), Slip.NO_REFERENCE),
        (Entry(1, TODAY, "x" * 121), Slip.NO_REFERENCE),
        (Entry(1, TODAY, "TRN\x001"), Slip.NO_REFERENCE),
        (Entry(1, TODAY, "TRN 1", 0), Slip.NO_AMOUNT),
        (Entry(1, TODAY, "TRN 1", -5), Slip.NO_AMOUNT),
    ],
)
def test_a_slip_of_the_keyboard_changes_nothing(house: House, order: Order, entry: Entry, slip: Slip) -> None:
    with house.parts.database.write() as db:
        assert transfers.confirm(db, entry, till(house.parts, house.clock.now())) is slip
    assert (payments(house, order), state(house, order)) == ([], OrderState.AWAITING_PAYMENT)


def test_one_transfer_pays_one_order(house: House, order: Order) -> None:
    other = house.order(PACK)
    confirm(house, order)
    assert confirm(house, other) is Slip.OTHER_ORDER
    assert state(house, other) is OrderState.AWAITING_PAYMENT


@both_databases
def test_two_people_who_confirm_the_same_line_take_it_once(house: House, order: Order) -> None:
    assert sorted(together(lambda _: confirm(house, order), 3)) == [Result.DELIVERED, Result.KNOWN, Result.KNOWN]
