"""Money arrives: the one list of what a payment causes, all of it in the caller's one transaction.

What a report says is applied once, in whatever order reports come and however often. Money is never lost: each sum that
arrives is on an invoice or is a task for staff. Source: RULES.md, Life of a platform ("Money arriving late");
Editions, orders, payments, invoices.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, update

from portal import standing
from portal.accounts import queries as accounts
from portal.billing import delivery, invoices, mails, queries, tasks, verdicts
from portal.billing.events import Event
from portal.billing.frozen import Seller
from portal.billing.queries import Order, Payment
from portal.billing.tables import orders, payments
from portal.billing.tasks import Task
from portal.billing.verdicts import Arrival
from portal.kit import audit
from portal.kit.db import insert_new
from portal.rules import dates
from portal.rules import orders as rules
from portal.rules.money import Money, total
from portal.rules.orders import Covered, OrderState, PaymentState, Way
from portal.rules.payments import Report
from portal.rules.prices import PriceLists
from portal.standing import Standing
from portal.subscription import switches

# Statements are built once: measured, building one anew costs five times as much as running it.
_MARK = update(orders).where(orders.c.id == bindparam("order"))
_RECEIVE = update(payments).where(payments.c.id == bindparam("payment"), payments.c.state != PaymentState.RECEIVED)


class Result(StrEnum):
    """What a report led to."""

    DELIVERED = "delivered"
    SHORT = "short"  # the order waits for the rest
    STAFF = "staff"  # nothing delivered; the money is a task
    KNOWN = "known"  # told before: nothing changed
    NOTED = "noted"  # no money in it


@dataclass(frozen=True, slots=True)
class Till:
    """What settling needs to know beside the report: the present instant, the zone, the price lists, who sells."""

    at: datetime
    zone: ZoneInfo
    prices: PriceLists
    seller: Seller


def receive(db: Connection, report: Report, till: Till, *, order_id: int | None = None) -> Result:
    """Apply what a way to pay reports. order_id: of a bank transfer, which staff have matched to its order."""
    found = _find_payment(db, report)
    order_id = found.order_id if found else order_id
    if order_id is None:
        return _unknown(db, report, till.at) if report.state is PaymentState.RECEIVED else Result.NOTED
    order, place = _lock(db, order_id, till)
    if report.state is not PaymentState.RECEIVED:
        return _note(db, order, found, report, till.at)
    confirmed_at = min(report.at, till.at)  # a provider's clock may be ahead of ours
    payment = _take(db, report, found, order.id, confirmed_at)
    return _apply(db, Arrival(payment, order, confirmed_at), place, till) if payment else Result.KNOWN


def settle_free(db: Connection, order: Order, till: Till) -> None:
    """Deliver an order of which there is nothing to pay, without a payment and without an invoice."""
    order, place = _lock(db, order.id, till)
    if order.state is OrderState.AWAITING_PAYMENT and order.total.cents == 0:
        _mark(db, order, OrderState.DELIVERED, till.at)
        delivery.deliver(db, order, place, till.prices, received_on=place.today, at=till.at)
        _record(db, Event.ORDER_DELIVERED, order, till.at)
        _switch_on(db, order, till.at)


def _lock(db: Connection, order_id: int, till: Till) -> tuple[Order, Standing]:
    """The order as it stands once its platform is ours until the commit: all that settles or renews it queues here."""
    place = standing.lock(db, queries.platform_of(db, order_id), at=till.at, zone=till.zone)
    return queries.get_order(db, order_id), place


def _find_payment(db: Connection, report: Report) -> Payment | None:
    """By the provider's reference, or by our own number where the reference was never written down."""
    found = queries.find_payment(db, report.way, report.reference)
    if found is None and report.payment_id is not None:
        found = queries.find_payment_by_id(db, report.payment_id)
        if found and (found.way is not report.way or found.reference):
            return None
    return found


def _unknown(db: Connection, report: Report, at: datetime) -> Result:
    payment = _take(db, report, None, None, at)
    if payment is None:
        return Result.KNOWN
    tasks.open_task(db, Task.UNKNOWN_ORDER, payment.amount, at=at, payment_id=payment.id)
    return Result.STAFF


def _take(
    db: Connection, report: Report, found: Payment | None, order_id: int | None, confirmed_at: datetime
) -> Payment | None:
    """Write the money down once; None where it was written before."""
    if report.amount is None:
        raise ValueError("money was received, and the report does not say how much")
    came: dict[str, Any] = {"state": PaymentState.RECEIVED, "reference": report.reference}
    came |= {"ended_at": confirmed_at, "value_date": report.value_date}
    row = came | {"currency": report.amount.currency, "amount": report.amount.cents}
    if found is not None:
        taken = db.execute(_RECEIVE, row | {"payment": found.id}).rowcount == 1
        return replace(found, amount=report.amount, **came) if taken else None
    new: dict[str, Any] = {"way": report.way, "order_id": order_id, "begun_at": confirmed_at}
    written = insert_new(db, payments, row | new)
    return Payment(written.id, address=None, amount=report.amount, **came | new) if written else None


def _note(db: Connection, order: Order, payment: Payment | None, report: Report, at: datetime) -> Result:
    """A report without money: it waits for a bank, has failed, or nobody paid. Money that has arrived is not unsaid."""
    if payment is None or not payment.state.open or report.state in (payment.state, PaymentState.BEGUN):
        return Result.KNOWN  # that it was begun is the oldest news of all
    ended_at = None if report.state.open else at
    values = {"state": report.state, "ended_at": ended_at, "reference": report.reference}
    as_found = (payments.c.id == payment.id) & (payments.c.state == payment.state)  # it was read before the lock
    if db.execute(update(payments).where(as_found).values(values)).rowcount != 1:
        return Result.KNOWN
    if report.state is PaymentState.FAILED:
        _record(db, Event.PAYMENT_FAILED, order, at, payment=payment.id)
        if order.state is OrderState.AWAITING_PAYMENT:
            mails.payment_failed(db, to=_buyer(db, order), order=order, payment_id=payment.id, at=at)
    return Result.NOTED


def _apply(db: Connection, arrival: Arrival, place: Standing, till: Till) -> Result:
    """Deliver what the money pays, or give it to staff."""
    order, payment = arrival.order, arrival.payment
    _record(db, Event.PAYMENT_RECEIVED, order, till.at, payment=payment.id, cents=payment.amount.cents)
    if refusal := verdicts.refusal(arrival, place):
        return _give_to_staff(db, order, payment, refusal, payment.amount, till)
    short = verdicts.came_short(db, order)
    received = total((task.amount for task in short), order.total.currency) + payment.amount
    if rules.covered(received, order.total) is Covered.SHORT:
        _open(db, Task.UNDERPAID, order, payment, payment.amount, till.at)
        missing, waiting = order.total - received, _wait_for_rest(db, order, till.zone)
        mails.payment_short(db, to=_buyer(db, order), order=waiting, missing=missing, zone=till.zone, at=till.at)
        return Result.SHORT
    verdict = verdicts.verdict(arrival, place, till.prices)
    if short:
        tasks.close_underpaid(db, order.id, at=till.at)
    if verdict.staff_task:
        _mark(db, order, OrderState.PAID, till.at)
        return _give_to_staff(db, order, payment, tasks.GIVE_BACK[verdict], received, till)
    _deliver(db, arrival, place, till)
    if order.total < received:
        _open(db, Task.OVERPAID, order, payment, received - order.total, till.at)
    return Result.DELIVERED


def _wait_for_rest(db: Connection, order: Order, zone: ZoneInfo) -> Order:
    """The rest comes by a bank too: the order waits for it as long as for any transfer, chosen on the page or not."""
    until = max(order.open_until, rules.open_until(order.placed_at, Way.TRANSFER, zone))
    db.execute(update(orders).where(orders.c.id == order.id).values(way=Way.TRANSFER, open_until=until))
    return queries.get_order(db, order.id)


def _deliver(db: Connection, arrival: Arrival, place: Standing, till: Till) -> None:
    order, buyer = arrival.order, _buyer(db, arrival.order)
    received_on = dates.business_date(arrival.confirmed_at, till.zone)
    _mark(db, order, OrderState.DELIVERED, till.at)
    given = delivery.deliver(db, order, place, till.prices, received_on=received_on, at=till.at)
    dated = order.offer.starts_on is not None  # of a first term, the days are known only now
    offer = replace(order.offer, starts_on=given.starts_on, ends_on=given.ends_on) if dated else order.offer
    invoice = invoices.issue(
        db,
        order_id=order.id,
        platform_id=order.platform_id,
        offer=offer,
        billing=order.billing,
        seller=till.seller,
        language=buyer.language,
        at=till.at,
        zone=till.zone,
    )
    _record(db, Event.ORDER_DELIVERED, order, till.at, invoice=invoice.number)
    mails.payment_received(db, to=buyer, order=order, given=given, invoice=invoice.number, at=till.at)
    _switch_on(db, order, till.at)


def _give_to_staff(db: Connection, order: Order, payment: Payment, kind: Task, amount: Money, till: Till) -> Result:
    _open(db, kind, order, payment, amount, till.at)
    mails.payment_not_used(db, to=_buyer(db, order), order=order, amount=amount, why=kind, at=till.at)
    return Result.STAFF


def _open(db: Connection, kind: Task, order: Order, payment: Payment, amount: Money, at: datetime) -> None:
    about = {"payment_id": payment.id, "order_id": order.id, "platform_id": order.platform_id}
    tasks.open_task(db, kind, amount, at=at, **about)
    _record(db, Event.STAFF_ASKED, order, at, task=kind)


def _mark(db: Connection, order: Order, state: OrderState, at: datetime) -> None:
    delivered_at = at if state is OrderState.DELIVERED else None
    values = {"state": state, "paid_at": at, "delivered_at": delivered_at}
    db.execute(_MARK, values | {"order": order.id})


def _switch_on(db: Connection, order: Order, at: datetime) -> None:
    """The sending service is told after the commit, again and again until it has heard."""
    switches.announce(db, order.platform_id, at=at, key=switch_key(order.id), order_id=order.id)


def switch_key(order_id: int) -> str:
    """The key of the row of the outbox that tells the sending service of an order."""
    return f"switch:{order_id}"


def _buyer(db: Connection, order: Order) -> accounts.Administrator:
    return accounts.get_administrator(db, order.administrator_id)


def _record(db: Connection, event: Event, order: Order, at: datetime, **details: Any) -> None:
    audit.record(db, event, at=at, platform_id=order.platform_id, order=order.id, **details)
