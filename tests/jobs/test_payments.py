"""What the worker asks of a provider when its events are lost, and what it tells it when an order waits no more."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import orders, queries
from portal.billing.queries import Order, Payment
from portal.kit import outbox
from portal.outside.payments import ProviderDown
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.payments import Report
from tests.helpers.house import House
from tests.helpers.shop import PACK


@dataclass
class Stand:
    """A provider that only answers questions."""

    house: House
    way: Way = Way.CARD
    state: PaymentState = PaymentState.BEGUN
    order: Order | None = None
    asked: int = 0
    closed: list[str] = field(default_factory=list)
    down: bool = False

    def look_up(self, reference: str) -> Report:
        self.asked += 1
        if self.down:
            raise ProviderDown("timeout")
        assert self.order is not None
        amount = self.order.total if self.state is PaymentState.RECEIVED else None
        return Report(self.way, f"look-up:{reference}", reference, self.state, amount, self.house.clock.now())

    def close(self, reference: str) -> None:
        self.closed.append(reference)


@pytest.fixture
def stand(house: House) -> Stand:
    house.person("m1234")
    stand = Stand(house)
    house.app.extensions["portal"] = replace(house.parts, providers={Way.CARD: stand})
    stand.order = house.order(PACK)
    return stand


def begin(house: House, order: Order, reference: str | None = "cs_1") -> Payment:
    with house.parts.database.write() as db:
        payment = orders.begin_payment(db, order, Way.CARD, at=house.clock.now())
        if reference:
            orders.note_started(db, payment.id, reference=reference, address="https://pay.example")
    return payment


def state_of(house: House, order: Order) -> OrderState:
    with house.parts.database.read() as db:
        return queries.get_order(db, order.id).state


def follow_row(house: House) -> tuple[str | None, int]:
    """(outcome, attempts) of the errand that follows the payment."""
    table = outbox.outbox
    with house.parts.database.read() as db:
        return db.execute(select(table.c.outcome, table.c.attempts).where(table.c.name == orders.FOLLOW_ERRAND)).one()


def test_a_payment_whose_event_was_lost_is_found_by_asking(house: House, stand: Stand) -> None:
    begin(house, stand.order)
    stand.state = PaymentState.RECEIVED
    house.clock.move(minutes=2, microseconds=-1)
    house.work()
    assert (stand.asked, state_of(house, stand.order)) == (0, OrderState.AWAITING_PAYMENT)
    house.clock.move(microseconds=1)
    house.work()
    assert (stand.asked, state_of(house, stand.order)) == (1, OrderState.DELIVERED)


def test_it_is_asked_again_and_again_until_the_end_is_known(house: House, stand: Stand) -> None:
    begin(house, stand.order)
    for _ in range(4):
        house.clock.move(hours=1)
        house.work()
    assert stand.asked == 4
    assert follow_row(house) == (None, 4)
    stand.state = PaymentState.EXPIRED
    house.clock.move(hours=1)
    house.work()
    assert follow_row(house)[0] == "handled"
    with house.parts.database.read() as db:
        (payment,) = queries.payments_of(db, stand.order.id)
    assert payment.state is PaymentState.EXPIRED


def test_a_provider_that_does_not_answer_is_asked_later(house: House, stand: Stand) -> None:
    begin(house, stand.order)
    stand.down = True
    house.clock.move(minutes=3)
    house.work()
    stand.down, stand.state = False, PaymentState.RECEIVED
    house.clock.move(minutes=3)
    house.work()
    assert state_of(house, stand.order) is OrderState.DELIVERED


def test_the_event_and_the_answer_to_the_question_deliver_once(house: House, stand: Stand) -> None:
    begin(house, stand.order)
    stand.state = PaymentState.RECEIVED
    report = Report(Way.CARD, "evt_1", "cs_1", PaymentState.RECEIVED, stand.order.total, house.clock.now())
    with house.parts.database.write() as db:
        outbox.put(db, outbox.TASK, "payment_report", report.to_json(), at=house.clock.now(), key="event:card:evt_1")
    house.work()
    house.clock.move(hours=1)
    house.work()
    assert stand.asked == 0  # the end was known: nothing to ask
    assert state_of(house, stand.order) is OrderState.DELIVERED


def test_what_was_never_begun_at_the_provider_is_not_asked_for(house: House, stand: Stand) -> None:
    begin(house, stand.order, reference=None)
    house.clock.move(hours=1)
    house.work()
    assert (stand.asked, follow_row(house)[0]) == (0, "handled")


def test_an_order_that_is_cancelled_is_closed_at_the_provider(house: House, stand: Stand) -> None:
    begin(house, stand.order)
    with house.parts.database.write() as db:
        orders.cancel(db, stand.order, by=house.administrator("m1234"), at=house.clock.now())
    house.work()
    assert stand.closed == ["cs_1"]


def test_a_renewal_that_is_paid_closes_the_other_one_at_the_provider(house: House, stand: Stand) -> None:
    house.clock.move(days=20)  # the renewal is open
    first, second = house.order(), house.order()
    begin(house, second, reference="cs_2")
    house.pay(first)
    house.work()
    assert stand.closed == ["cs_2"]


def test_a_payment_that_is_received_is_not_closed(house: House, stand: Stand) -> None:
    payment = begin(house, stand.order)
    with house.parts.database.write() as db:
        payload = {"payment_id": payment.id}
        outbox.put(db, outbox.ERRAND, orders.CLOSE_ERRAND, payload, at=house.clock.now(), wait=timedelta(minutes=1))
    house.pay(stand.order, way=Way.CARD, reference="cs_1")
    house.clock.move(minutes=1)
    house.work()
    assert stand.closed == []
