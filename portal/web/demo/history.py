"""What the cast has bought, ordered and paid through the actions of the pages, each at its own instant of the past.

Money is taken oldest first over all platforms, so that the numbers of the invoices follow their dates.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from portal import standing
from portal.accounts import queries
from portal.accounts.queries import Administrator
from portal.billing import orders, profiles, quotes, settle, transfers
from portal.billing.choices import CreditsChoice, SeatsChoice, TermChoice
from portal.billing.orders import NewOrder
from portal.billing.queries import Order
from portal.billing.settle import Result, Till
from portal.billing.transfers import Entry, Slip
from portal.rules import dates, names
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind, PaymentState, Way
from portal.rules.payments import Report
from portal.web.demo.cast import Bought

MORNING = time(10, 30)  # when somebody ordered
PAID_AFTER = timedelta(minutes=4)  # by card; a transfer is read off the statement at the same minute of its day
KINDS = {TermChoice: Kind.RENEWAL, SeatsChoice: Kind.SEATS, CreditsChoice: Kind.CREDITS}


def instant(till: Till, days_ago: int) -> datetime:
    """So many days ago, in the morning."""
    day = dates.business_date(till.at, till.zone) - timedelta(days=days_ago)
    return datetime.combine(day, MORNING, till.zone).astimezone(UTC)


def write(db: Connection, bought: Iterable[Bought], till: Till) -> None:
    """All of it, at the prices of `till`."""
    for one in sorted(bought, key=_settled_ago, reverse=True):
        order, buyer = _place(db, one, till)
        if one.way is Way.TRANSFER:
            orders.choose_transfer(db, order, to=buyer, at=order.placed_at, zone=till.zone)
        if one.paid_ago is not None:
            paid = replace(till, at=instant(till, one.paid_ago) + PAID_AFTER)
            found = _transfer(db, order, one, paid) if one.way is Way.TRANSFER else _card(db, order, one.way, paid)
            if found is not Result.DELIVERED:
                raise RuntimeError(f"order {order.id} of the cast came out as {found}")


def _settled_ago(bought: Bought) -> int:
    return bought.placed_ago if bought.paid_ago is None else bought.paid_ago


def _place(db: Connection, bought: Bought, till: Till) -> tuple[Order, Administrator]:
    """The order, placed by the first administrator with the billing data of the platform."""
    platform_id, at = bought.platform_id, instant(till, bought.placed_ago)
    buyer = queries.find_administrator(db, names.first_user_name(platform_id).folded)
    billing, place = profiles.find(db, platform_id), standing.find(db, platform_id, at=at, zone=till.zone)
    if buyer is None or billing is None:
        raise RuntimeError(f"nobody can order for platform {platform_id}")
    kind = KINDS[type(bought.choice)]
    offer = quotes.compose(kind, bought.choice, place, till.prices, quotes.treatment_of(billing))
    if isinstance(offer, NoOffer):
        raise RuntimeError(f"platform {platform_id} was never offered {bought.choice}: {offer}")
    key = f"cast-{kind}-{bought.placed_ago}"
    new = NewOrder(buyer, kind, bought.choice, offer, billing, place.expires_on, key)
    return orders.place(db, new, at=at, zone=till.zone), buyer


def _transfer(db: Connection, order: Order, bought: Bought, till: Till) -> Result | Slip:
    value_date = dates.business_date(till.at, till.zone)
    entry = Entry(order.id, value_date, f"CRO-{order.id:06}", order.total.cents + bought.too_much)
    return transfers.confirm(db, entry, till)


def _card(db: Connection, order: Order, way: Way, till: Till) -> Result:
    payment = orders.begin_payment(db, order, way, at=order.placed_at)
    reference, received = f"demo-{payment.id}", PaymentState.RECEIVED
    report = Report(way, f"event-{reference}", reference, received, order.total, till.at, payment_id=payment.id)
    return settle.receive(db, report, till)
