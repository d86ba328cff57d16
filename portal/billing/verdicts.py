"""What is to become of money that has arrived for an order: asked before anything is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.billing import queries
from portal.billing.choices import UpgradeChoice
from portal.billing.queries import Order, Payment, StaffTask
from portal.billing.tasks import Task
from portal.kit.calendars import is_bank_day
from portal.rules import dates, offers, settlement
from portal.rules import orders as rules
from portal.rules.money import Money, total
from portal.rules.orders import INSTANT, Kind, OrderState, Way
from portal.rules.prices import PriceLists
from portal.rules.renewal import Term
from portal.rules.settlement import Settlement
from portal.standing import Standing

TERMS = (Kind.RENEWAL, Kind.PURCHASE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A sum that has arrived for an order, with the UTC instant at which its payment was confirmed."""

    payment: Payment
    order: Order
    confirmed_at: datetime


def refusal(arrival: Arrival, place: Standing) -> Task | None:
    """Why the money cannot be for this order, whatever it was to buy."""
    order, amount = arrival.order, arrival.payment.amount
    if amount.currency != order.total.currency:
        return Task.WRONG_CURRENCY
    if order.state in (OrderState.PAID, OrderState.DELIVERED):
        return Task.GIVE_BACK_SECOND
    if order.state is OrderState.CANCELLED and paid_by_another(order, place):
        return Task.GIVE_BACK_SECOND
    if order.state is OrderState.CANCELLED or not _in_time(arrival, place.zone):
        return Task.CLOSED_ORDER
    exact = arrival.payment.way is Way.TRANSFER or amount == order.total
    return None if exact else Task.WRONG_AMOUNT


def paid_by_another(order: Order, place: Standing) -> bool:
    """Whether the term of this order has been paid since it was placed, so that E has moved."""
    return order.kind in TERMS and order.state is not OrderState.DELIVERED and order.paid_for != place.expires_on


def _in_time(arrival: Arrival, zone: ZoneInfo) -> bool:
    until = arrival.order.open_until
    if arrival.payment.value_date is not None:
        return rules.transfer_in_time(arrival.payment.value_date, until, zone)
    return rules.card_in_time(arrival.payment.begun_at, arrival.confirmed_at, until)


def so_far(db: Connection, order: Order) -> Money:
    """What transfers have brought already of an order that waits for the rest."""
    return total((task.amount for task in came_short(db, order)), order.total.currency)


def came_short(db: Connection, order: Order) -> list[StaffTask]:
    """The transfers themselves, as the tasks that wait for the rest."""
    return [task for task in queries.open_tasks_of(db, order.id) if task.kind == Task.UNDERPAID]


def so_far_of_many(db: Connection, orders: Iterable[Order]) -> dict[int, Money]:
    """The same of many orders, read at once."""
    found = {order.id: Money(0, order.total.currency) for order in orders}
    for task in queries.open_tasks_of_many(db, found, kind=Task.UNDERPAID):
        if task.order_id is not None:
            found[task.order_id] += task.amount
    return found


def verdict(arrival: Arrival, place: Standing, prices: PriceLists) -> Settlement:
    """What becomes of money that covers the order, on the platform as it stands now."""
    counts, judged_at = _counts(arrival, place), _judged_at(arrival, place.zone)
    return _verdict(arrival.order, place, prices, counts=counts, judged_at=judged_at)


def foresee(order: Order, place: Standing, prices: PriceLists) -> Settlement:
    """What would become of the order's money if it arrived now; asked before somebody is sent to pay."""
    return _verdict(order, place, prices, counts=True, judged_at=place.at)


def _counts(arrival: Arrival, place: Standing) -> bool:
    """Whether money for a term is in time for the end of the grace."""
    payment, order = arrival.payment, arrival.order
    if order.paid_for is None:
        return True
    if payment.value_date is not None:
        days = (payment.value_date, place.today, order.paid_for)
        return settlement.transfer_counts(*days, is_bank_day, order.grace_until)
    when = (payment.begun_at, arrival.confirmed_at, order.paid_for)
    return settlement.card_counts(*when, place.zone, order.grace_until)


def _judged_at(arrival: Arrival, zone: ZoneInfo) -> datetime:
    """The instant at which the money was ours: of a transfer its value date, though staff read the statement later."""
    if arrival.payment.value_date is None:
        return arrival.confirmed_at
    return min(arrival.confirmed_at, dates.end_of(arrival.payment.value_date, zone) - INSTANT)


def _verdict(order: Order, place: Standing, prices: PriceLists, *, counts: bool, judged_at: datetime) -> Settlement:
    life, zone = place.life, place.zone
    match order.kind:
        case Kind.CREDITS:
            return settlement.settle_credits(life, judged_at, zone)
        case Kind.SEATS:
            return settlement.settle_seats(life, order.offer.ends_on or place.today, place.at, zone)
        case Kind.UPGRADE:
            same = _is_what_was_counted(order, place, prices)
            return settlement.settle_upgrade(life, order.paid_for, same, place.at, zone)
        case _:
            return settlement.settle_term(life, order.paid_for, counts, place.at, zone)


def ordered_on(order: Order, zone: ZoneInfo) -> date:
    """The business day of the order, whose price list and remaining days its offer was counted with."""
    return dates.business_date(order.placed_at, zone)


def raised(order: Order, place: Standing, prices: PriceLists) -> tuple[Term, ...]:
    """The terms whose edition an upgrade changes: asked with the day on which its price was counted."""
    if not isinstance(order.choice, UpgradeChoice):
        return ()
    return offers.raised(prices, order.choice.new, place.sold, ordered_on(order, place.zone))


def _is_what_was_counted(order: Order, place: Standing, prices: PriceLists) -> bool:
    """Whether an upgrade still finds the edition, and every term, of which its difference was counted."""
    same_edition = isinstance(order.choice, UpgradeChoice) and place.edition == order.choice.old
    return same_edition and len(raised(order, place, prices)) == len(order.offer.lines)
