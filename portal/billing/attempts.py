"""An attempt to pay by a provider: whether it may begin, and which one goes on where one is open already.

Where RULES.md is silent:
- One attempt is open at a time: whoever presses the button twice, or comes back from the provider's page, goes on with
  the payment that is open there. An attempt that the provider never answered is asked again for STARTING, as the same
  one, and begun anew after that: nobody knows the address of the page on which the first could be paid.
- While a bank is confirming a payment, no second one is begun.
- What a transfer has brought in part is completed by a transfer: a card would pay the whole once more.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from portal.billing import orders, queries, verdicts
from portal.billing.queries import Order, Payment
from portal.rules import orders as rules
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.prices import PriceLists
from portal.rules.settlement import Settlement
from portal.rules.terms import CARD_CONFIRMATION
from portal.standing import Standing

STARTING = timedelta(minutes=1)  # a question to a provider is over by then, one way or the other


class NotNow(StrEnum):
    """Why nobody is sent to pay."""

    NOT_WAITING = "not-waiting"  # paid, cancelled or expired
    NOTHING_TO_PAY = "nothing-to-pay"
    ON_ITS_WAY = "on-its-way"  # a bank is confirming a payment
    TOO_LATE = "too-late"
    PAID_BEFORE = "paid-before"  # the same, by another order
    CHANGED = "changed"  # the platform is no longer what the price was counted for
    PARTLY_PAID = "partly-paid"  # of the ways that pay the whole


_FORESEEN = {
    Settlement.GIVE_BACK_LATE: NotNow.TOO_LATE,
    Settlement.GIVE_BACK_SECOND: NotNow.PAID_BEFORE,
    Settlement.GIVE_BACK_CHANGED: NotNow.CHANGED,
}


def why_not(db: Connection, order: Order, place: Standing, prices: PriceLists) -> NotNow | None:
    """Why the order cannot be paid now, in whatever way; None where it can."""
    if rules.state(order.state, order.open_until, place.at) is not OrderState.AWAITING_PAYMENT:
        return NotNow.NOT_WAITING
    if order.total.cents == 0:
        return NotNow.NOTHING_TO_PAY
    if any(payment.state is PaymentState.PENDING for payment in queries.payments_of(db, order.id)):
        return NotNow.ON_ITS_WAY
    return _FORESEEN.get(verdicts.foresee(order, place, prices))


def begin(db: Connection, order: Order, place: Standing, prices: PriceLists, way: Way) -> Payment | NotNow:
    """The payment with which to ask the provider: the one that is open there, or a new one."""
    if refused := why_not(db, order, place, prices):
        return refused
    if verdicts.so_far(db, order).cents:
        return NotNow.PARTLY_PAID
    found = _going_on(queries.payments_of(db, order.id), way, place.at)
    return found or orders.begin_payment(db, order, way, at=place.at)


def _going_on(payments: Iterable[Payment], way: Way, at: datetime) -> Payment | None:
    """The newest attempt of this way that can still be paid, or is just being asked for."""
    mine = [payment for payment in payments if payment.way is way and payment.state is PaymentState.BEGUN]
    if not mine:
        return None
    newest = mine[-1]
    life = CARD_CONFIRMATION if newest.address else STARTING
    return newest if at - newest.begun_at < life else None
