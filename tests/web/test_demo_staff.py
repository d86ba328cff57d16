"""The desk of staff in the demonstration: what it shows, and a transfer that is taken there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.billing import orders, queries
from portal.billing.queries import Order
from portal.rules.access import Block
from portal.rules.orders import OrderState
from portal.subscription import actions as subscription
from tests.helpers.browser import Browser
from tests.helpers.house import House, build
from tests.helpers.pages import Page
from tests.helpers.shop import PACK

DESK = "/demo/staff"


@pytest.fixture
def demo(tmp_path: Path, database_url: str) -> Iterator[House]:
    found = build(tmp_path, database_url, demo=True)
    yield found
    found.parts.database.close()


@pytest.fixture
def awaited(demo: House) -> Order:
    """Credits for 366.00, ordered at 10:00 on Friday 20 November 2026, to be paid by transfer."""
    order = demo.order(PACK)
    anna = demo.administrator("m1234")
    assert anna is not None
    with demo.parts.database.write() as db:
        orders.choose_transfer(db, order, to=anna, at=demo.clock.now(), zone=demo.parts.settings.timezone)
    return order


@pytest.fixture
def staff(demo: House) -> Browser:
    return demo.browser()


def state(demo: House, order: Order) -> OrderState:
    with demo.parts.database.read() as db:
        return queries.get_order(db, order.id).state


def take(staff: Browser, order: Order, **typed: str) -> Page:
    staff.get(DESK)
    return staff.submit({"order_id": str(order.id), "reference": "CRO 1"} | typed)


def test_the_desk_shows_who_is_awaited_how_much_and_until_when(staff: Browser, awaited: Order) -> None:
    page = staff.get(DESK)
    assert f"{awaited.id} Bianchi S.r.l. 1234 SMS credits €366.00 20 December 2026" in page.text


def test_what_no_longer_waits_is_not_awaited(demo: House, staff: Browser, awaited: Order) -> None:
    demo.clock.move(days=31)
    assert "No order waits for a transfer" in staff.get(DESK).text


def test_a_transfer_delivers_what_it_pays_and_lifts_the_block_of_a_late_payer(
    demo: House, staff: Browser, awaited: Order
) -> None:
    with demo.parts.database.write() as db:
        subscription.block(db, 1234, Block.PAYMENT_OVERDUE, by="test", note="", at=demo.clock.now())
    page = take(staff, awaited)
    assert "is paid and delivered" in page.text
    assert "No order waits for a transfer" in page.text
    assert state(demo, awaited) is OrderState.DELIVERED
    assert demo.place().blocks == []


def test_the_same_reference_again_changes_nothing(demo: House, staff: Browser, awaited: Order) -> None:
    take(staff, awaited)
    assert "known already" in take(staff, awaited).text
    with demo.parts.database.read() as db:
        assert len(queries.payments_of(db, awaited.id)) == 1


@pytest.mark.parametrize(
    ("amount", "told", "task"),
    [
        ("365.99", "waits for the rest", "€365.99 It is less than the order costs"),
        ("366,01", "is paid and delivered", "€0.01 It is more than the order costs"),
    ],
)
def test_another_amount_is_something_to_look_at(
    staff: Browser, awaited: Order, amount: str, told: str, task: str
) -> None:
    page = take(staff, awaited, amount=amount)
    assert told in page.text
    assert task in page.text


def test_money_for_what_is_paid_already_has_to_be_given_back(demo: House, staff: Browser) -> None:
    order = demo.order(PACK)
    demo.pay(order)
    assert "has to be given back" in take(staff, order, amount="366.00").text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"order_id": "9999"}, "There is no such order."),
        ({"order_id": "one"}, "Enter a whole number"),
        ({"value_date": "2026-11-19"}, "before the day of the order"),
        ({"value_date": "2026-11-21"}, "in the future"),
        ({"value_date": "22/11"}, "Write the day such as"),
        ({"reference": " "}, "Write any text"),
        ({"reference": "x" * 121}, "write a shorter one"),
        ({"amount": "12"}, "with its cents"),
        ({"amount": "0.00"}, "nothing to pay"),
    ],
)
def test_a_slip_changes_nothing_and_keeps_what_was_typed(
    demo: House, staff: Browser, awaited: Order, typed: dict[str, str], told: str
) -> None:
    page = take(staff, awaited, **typed)
    assert staff.response is not None
    assert staff.response.status_code == 422
    assert told in page.text
    assert {name: page.value(name) for name in typed} == typed
    assert state(demo, awaited) is OrderState.AWAITING_PAYMENT


def test_another_order_has_another_transfer(demo: House, staff: Browser, awaited: Order) -> None:
    take(staff, awaited)
    second = demo.order(PACK, key="second")
    assert "that of a transfer for another order" in take(staff, second).text
    assert state(demo, second) is OrderState.AWAITING_PAYMENT


def test_the_desk_stands_nowhere_else(browser: Browser) -> None:
    assert browser.open(DESK).status_code == 404
