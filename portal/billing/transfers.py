"""A bank transfer, read off the bank's statement by staff and matched to its order.

Where RULES.md is silent:
- The bank's own reference names the money: the same one again for the same order is known and changes nothing, and for
  another order it is a slip.
- No value date lies in the future, and none before the day of the order: both are slips of the keyboard.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from portal.billing import queries, settle, verdicts
from portal.billing.queries import Order
from portal.billing.settle import Result, Till
from portal.rules.dates import business_date
from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report

LONGEST_REFERENCE = 120  # characters that the table holds


class Slip(StrEnum):
    """Why a transfer is not written down; nothing was changed."""

    NO_SUCH_ORDER = "no-such-order"
    NO_REFERENCE = "no-reference"  # or more than a line of LONGEST_REFERENCE characters
    NO_AMOUNT = "no-amount"
    IN_THE_FUTURE = "in-the-future"
    BEFORE_THE_ORDER = "before-the-order"
    OTHER_ORDER = "other-order"  # this money has been matched to another one


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the statement. cents: in the currency of the order; None: what the order still costs."""

    order_id: int
    value_date: date
    reference: str
    cents: int | None = None


def confirm(db: Connection, entry: Entry, till: Till) -> Result | Slip:
    """Take the money for its order, and do all that it causes."""
    try:
        order = queries.get_order(db, entry.order_id)
    except NoResultFound:
        return Slip.NO_SUCH_ORDER
    reference = written(entry.reference)
    if slip := _slip(db, order, entry, reference, till):
        return slip
    missing = order.total - verdicts.so_far(db, order)
    amount = missing if entry.cents is None else Money(entry.cents, missing.currency)
    event = f"statement:{reference}"
    report = Report(Way.TRANSFER, event, reference, PaymentState.RECEIVED, amount, till.at, entry.value_date)
    return settle.receive(db, report, till, order_id=order.id)


def written(reference: str) -> str:
    """The bank's reference as it is kept, however it was typed off the statement.

    >>> written(" trn   1 ")
    'TRN 1'
    """
    return " ".join(reference.split()).upper()


def _slip(db: Connection, order: Order, entry: Entry, reference: str, till: Till) -> Slip | None:
    if not reference or len(reference) > LONGEST_REFERENCE or not reference.isprintable():
        return Slip.NO_REFERENCE
    if (order.total.cents if entry.cents is None else entry.cents) < 1:
        return Slip.NO_AMOUNT
    if entry.value_date > business_date(till.at, till.zone):
        return Slip.IN_THE_FUTURE
    if entry.value_date < business_date(order.placed_at, till.zone):
        return Slip.BEFORE_THE_ORDER
    known = queries.find_payment(db, Way.TRANSFER, reference)
    return Slip.OTHER_ORDER if known and known.order_id != order.id else None
