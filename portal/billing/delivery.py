"""What a paid order gives, once: a term, seats, an edition, credits. In the transaction that marks it as paid."""

from datetime import date, datetime

from sqlalchemy import Connection, bindparam, update

from portal.billing import orders as orders_
from portal.billing import verdicts
from portal.billing.choices import CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.gains import Given, given
from portal.billing.queries import Order
from portal.billing.tables import orders
from portal.credits import actions as credits
from portal.rules import access, renewal
from portal.rules.credits import own_last_day
from portal.rules.orders import Kind, OrderState
from portal.rules.prices import PriceLists
from portal.rules.renewal import Term
from portal.rules.seats import seats
from portal.standing import Standing
from portal.subscription import actions as subscription
from portal.subscription import queries, sales, seating

BY = "payment"
_CANCEL = (
    update(orders)
    .where(
        orders.c.platform_id == bindparam("platform"),
        orders.c.kind == bindparam("same_kind"),
        orders.c.id != bindparam("paid"),
        orders.c.state == OrderState.AWAITING_PAYMENT,
    )
    .returning(orders.c.id)
)


def deliver(
    db: Connection, order: Order, place: Standing, prices: PriceLists, *, received_on: date, at: datetime
) -> Given:
    """Give what was paid for. received_on: the business day on which the payment was received."""
    match order.choice:
        case TermChoice():
            got = _term(db, order, order.choice, place, prices, received_on, at)
        case UpgradeChoice():
            got = _upgrade(db, order, order.choice, place, prices)
        case SeatsChoice(quantity):
            got = _seats(db, order, quantity, received_on)
        case CreditsChoice(_, amount):
            got = _credits(db, order, amount, place, received_on, at)
    for block in place.blocks:
        if block.code in access.LIFTED_BY_PAYMENT:
            subscription.lift(db, order.platform_id, block.code, by=BY, at=at)
    return got


def _term(
    db: Connection,
    order: Order,
    choice: TermChoice,
    place: Standing,
    prices: PriceLists,
    received_on: date,
    at: datetime,
) -> Given:
    term = _bought_term(order, choice, place, received_on)
    bought = prices.find_edition(choice.edition, verdicts.ordered_on(order, place.zone))
    sms = bought is not None and bought.sms
    if place.platform.trial:  # the features of what was bought are on from the payment, not from the first paid day
        sales.change_edition(db, order.platform_id, choice.edition, sms=sms, terms=place.terms)
    sales.begin_term(db, order.platform_id, term, choice.edition, sms=sms, order_id=order.id)
    seats_from = term.starts_on if order.kind is Kind.RENEWAL else received_on
    if choice.additional:
        days = {"starts_on": seats_from, "ends_on": term.ends_on}
        sales.grant_seats(db, order.platform_id, choice.additional, **days, order_id=order.id)
    if order.kind is Kind.RENEWAL:
        _plan_fewer_seats(db, choice, place, term)
    _cancel_the_same(db, order, at)
    return given(choice, term.starts_on, term.ends_on)


def _bought_term(order: Order, choice: TermChoice, place: Standing, received_on: date) -> Term:
    if order.kind is Kind.RENEWAL:
        return renewal.next_term(place.terms[-1], choice.months)
    return renewal.first_term(order.paid_for, received_on, choice.months)


def _plan_fewer_seats(db: Connection, choice: TermChoice, place: Standing, term: Term) -> None:
    """When the new term begins with fewer seats, some people have to go; the customer has said who first."""
    before = seats(queries.seat_grants_of(db, place.platform.id), place.terms[-1].ends_on, place.expires_on)
    if seats([], term.starts_on, None) + choice.additional < before:
        seating.plan_reduction(db, place.platform.id, due_on=term.starts_on, picked=choice.picked)


def _cancel_the_same(db: Connection, order: Order, at: datetime) -> None:
    """Other orders for the term that has just been paid wait for nothing any more."""
    same = {"platform": order.platform_id, "same_kind": order.kind, "paid": order.id}
    for (other,) in db.execute(_CANCEL, same | {"state": OrderState.CANCELLED, "cancelled_at": at}).all():
        orders_.close_payments(db, other, at=at)


def _upgrade(db: Connection, order: Order, choice: UpgradeChoice, place: Standing, prices: PriceLists) -> Given:
    """The terms for which the offer has a line."""
    bought = prices.find_edition(choice.new, verdicts.ordered_on(order, place.zone))
    sms = bought is not None and bought.sms
    sales.change_edition(db, order.platform_id, choice.new, sms=sms, terms=verdicts.raised(order, place, prices))
    return given(choice, place.today, place.expires_on)


def _seats(db: Connection, order: Order, quantity: int, received_on: date) -> Given:
    ends_on = order.offer.ends_on
    if ends_on is None:
        raise ValueError(f"order {order.id} buys seats without a last day")
    days = {"starts_on": received_on, "ends_on": ends_on}
    sales.grant_seats(db, order.platform_id, quantity, **days, order_id=order.id)
    return given(order.choice, received_on, ends_on)


def _credits(db: Connection, order: Order, amount: int, place: Standing, received_on: date, at: datetime) -> Given:
    credits.grant(
        db,
        order.platform_id,
        amount,
        bought_on=received_on,
        expires_on=place.expires_on,
        order_id=order.id,
        at=at,
    )
    sales.open_sms(db, order.platform_id)
    return given(order.choice, received_on, own_last_day(received_on) if place.expires_on is None else None)
