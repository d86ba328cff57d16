"""Money that is on its way and could still buy the next term: while there is any, nothing of a platform is deleted.

Source: RULES.md, Life of a platform ("While such an order is open the purge waits").
"""

from datetime import date

from sqlalchemy import Connection

from portal.billing import queries
from portal.billing.deadlines import deadline
from portal.billing.queries import Order
from portal.billing.verdicts import TERMS
from portal.kit.calendars import is_bank_day
from portal.rules import orders as rules
from portal.rules import settlement
from portal.rules.orders import Way
from portal.standing import Standing


def may_still_renew(db: Connection, place: Standing) -> bool:
    """Whether an open order could still be paid in time, if its payment were confirmed at the standing's instant."""
    expires_on = place.expires_on
    if expires_on is None:
        return False
    waiting = [order for order in queries.waiting_orders(db, place.platform.id) if order.kind in TERMS]
    hopeful = [order for order in waiting if order.paid_for == expires_on]
    return any(_card(db, order, place, expires_on) or _transfer(order, place, expires_on) for order in hopeful)


def _card(db: Connection, order: Order, place: Standing, expires_on: date) -> bool:
    """A payment that is open at a provider, and would count if it were confirmed now."""
    return any(
        payment.state.open
        and settlement.card_counts(payment.begun_at, place.at, expires_on, place.zone, order.grace_until)
        and rules.card_in_time(payment.begun_at, place.at, order.open_until)
        for payment in queries.payments_of(db, order.id)
    )


def _transfer(order: Order, place: Standing, expires_on: date) -> bool:
    """A transfer that was chosen, and would count if it had been valued on its last day and were confirmed today."""
    value_on = deadline(order, place.zone).value_on
    counts = settlement.transfer_counts(value_on, place.today, expires_on, is_bank_day, order.grace_until)
    return order.way is Way.TRANSFER and counts
