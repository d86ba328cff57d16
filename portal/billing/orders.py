"""Orders are placed, given a way to be paid, and cancelled. What a payment causes stands in `settle`."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, update

from portal.accounts.queries import Administrator
from portal.billing import choices, mails, queries
from portal.billing.choices import Choice
from portal.billing.events import Event
from portal.billing.frozen import BillingData, offer_to_json
from portal.billing.queries import Order, Payment
from portal.billing.tables import orders, payments
from portal.kit import audit, outbox
from portal.kit.db import insert_once
from portal.rules import orders as rules
from portal.rules.orders import Kind, OrderState, PaymentState, Way
from portal.rules.pricing import Offer
from portal.subscription.queries import lock_platform

FOLLOW_ERRAND, CLOSE_ERRAND = "follow_payment", "close_payment"
FOLLOW_AFTER = timedelta(minutes=2)  # an event of the provider comes sooner; after this we ask
WAITING = (OrderState.AWAITING_PAYMENT,)
OVER = (OrderState.CANCELLED, OrderState.EXPIRED)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it is placed: by whom, what, at which offer, and with which billing data on its invoice."""

    by: Administrator
    kind: Kind
    choice: Choice
    offer: Offer
    billing: BillingData
    paid_for: date | None
    client_key: str


def place(db: Connection, new: NewOrder, *, at: datetime, zone: ZoneInfo) -> Order:
    """Place the order; with a key that was used before, the order that was placed with it then.

    Where that one has been cancelled or has expired, it is a new order: somebody went back to the page, and wants it.
    """
    earlier = queries.find_order_by_key(db, new.by.platform_id, new.client_key)
    if earlier and rules.state(earlier.state, earlier.open_until, at) in OVER:
        return place(db, replace(new, client_key=f"again:{earlier.id}"), at=at, zone=zone)
    row: dict[str, Any] = {"platform_id": new.by.platform_id, "administrator_id": new.by.id, "kind": new.kind}
    row |= {"state": OrderState.AWAITING_PAYMENT, "client_key": new.client_key, "paid_for": new.paid_for}
    row |= {"choices": choices.to_json(new.choice), "offer": offer_to_json(new.offer), "billing": new.billing.to_json()}
    row |= {"currency": new.offer.currency, "total": new.offer.total.cents, "placed_at": at}
    row |= {"open_until": rules.open_until(at, None, zone)}
    placed = insert_once(db, orders, row)
    order = queries.find_order_by_key(db, new.by.platform_id, new.client_key)
    if order is None:
        raise RuntimeError("an order was neither written nor found")
    if placed:
        _record(db, Event.ORDER_PLACED, order, at, administrator_id=new.by.id, kind=order.kind)
        if order.total.cents:
            mails.order_received(db, to=new.by, order=order, at=at)
    return order


def choose_transfer(db: Connection, order: Order, *, to: Administrator, at: datetime, zone: ZoneInfo) -> bool:
    """Let the order wait for a bank transfer, as long as banks take; False where it has been chosen before."""
    until = rules.open_until(order.placed_at, Way.TRANSFER, zone)
    waiting = (orders.c.id == order.id) & orders.c.state.in_(WAITING) & (orders.c.way.is_distinct_from(Way.TRANSFER))
    if db.execute(update(orders).where(waiting).values(way=Way.TRANSFER, open_until=until)).rowcount != 1:
        return False
    mails.transfer_awaited(db, to=to, order=queries.get_order(db, order.id), zone=zone, at=at)
    return True


def begin_payment(db: Connection, order: Order, way: Way, *, at: datetime) -> Payment:
    """Write down that somebody is about to pay, before a provider is asked; followed up until its end is known."""
    db.execute(update(orders).where(orders.c.id == order.id).values(way=way))
    row = {"order_id": order.id, "way": way, "state": PaymentState.BEGUN, "currency": order.total.currency}
    row |= {"amount": order.total.cents, "begun_at": at}
    payment_id = db.execute(payments.insert().values(row).returning(payments.c.id)).scalar_one()
    wait, key = FOLLOW_AFTER, follow_key(payment_id)
    payload, whose = {"payment_id": payment_id}, order.platform_id
    outbox.put(db, outbox.ERRAND, FOLLOW_ERRAND, payload, at=at, platform_id=whose, key=key, wait=wait)
    found = queries.find_payment_by_id(db, payment_id)
    assert found is not None  # noqa: S101 - written four lines above, in the same transaction
    return found


def follow_key(payment_id: int) -> str:
    """The key of the row of the outbox that follows the payment from its beginning."""
    return f"follow:{payment_id}"


def note_started(db: Connection, payment_id: int, *, reference: str, address: str) -> None:
    """Remember what the provider calls the payment, and where the customer pays."""
    mine = payments.c.id == payment_id
    db.execute(update(payments).where(mine).values(reference=reference, address=address))


def cancel(db: Connection, order: Order, *, by: Administrator, at: datetime) -> bool:
    """Take back an order that waits for its payment; False where it does not (any more).

    Money that arrives in the same moment comes before it or after it, never in between: both hold the platform.
    """
    lock_platform(db, order.platform_id)
    waiting = (orders.c.id == order.id) & orders.c.state.in_(WAITING)
    values = {"state": OrderState.CANCELLED, "cancelled_at": at}
    if db.execute(update(orders).where(waiting).values(values)).rowcount != 1:
        return False
    close_payments(db, order.id, at=at)
    _record(db, Event.ORDER_CANCELLED, order, at, administrator_id=by.id)
    return True


def close_payments(db: Connection, order_id: int, *, at: datetime) -> None:
    """Have the provider close what is still open there, so that nobody pays an order that waits for nothing."""
    for payment in queries.payments_of(db, order_id):
        if payment.state.open and payment.reference:
            payload = {"payment_id": payment.id}
            outbox.put(db, outbox.ERRAND, CLOSE_ERRAND, payload, at=at, key=f"close:{payment.id}")


def _record(db: Connection, event: Event, order: Order, at: datetime, **details: Any) -> None:
    audit.record(db, event, at=at, platform_id=order.platform_id, order=order.id, **details)
