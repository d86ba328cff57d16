"""Orders: what can be bought, where an order stands, and until when it waits for its money.

An order is stored as awaiting payment, paid, delivered or cancelled; expired is what a date makes of one that waits.
Source: RULES.md, Editions, orders, payments, invoices.

Where RULES.md is silent:
- An order waits 24 hours for its payment; once the customer has chosen the bank transfer, 30 calendar days, that whole
  last day included, because banks take their time.
- A payment that was begun while the order waited counts, though it is confirmed later: a card within 24 hours of its
  beginning, a transfer by its value date. What the platform has become meanwhile is judged by `settlement`.
- `paid` without `delivered` is an order whose money has arrived too late or twice: staff have the task to give it back.
- A transfer of less than the total leaves the order waiting for the rest; what has arrived is a task for staff until
  the rest arrives. A transfer of more delivers, and the difference is to be given back. A card pays the exact amount.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import as_utc, business_date, end_of
from portal.rules.money import Money
from portal.rules.terms import CARD_CONFIRMATION, ORDER_LIFE, TRANSFER_ORDER_DAYS

INSTANT = timedelta(microseconds=1)  # the smallest step of the clock: the last instant before another


class Kind(StrEnum):
    """What an order buys."""

    PURCHASE = "purchase"  # the first term: of a trial, or of an SMS-only platform that adds e-mail
    RENEWAL = "renewal"
    UPGRADE = "upgrade"
    SEATS = "seats"
    CREDITS = "credits"


class OrderState(StrEnum):
    """Where an order stands."""

    AWAITING_PAYMENT = "awaiting-payment"
    PAID = "paid"  # but not delivered: to be given back
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class PaymentState(StrEnum):
    """Where one attempt to pay stands."""

    BEGUN = "begun"  # the customer is at the provider's page, or has left it
    PENDING = "pending"  # the provider waits for a bank
    RECEIVED = "received"
    FAILED = "failed"
    EXPIRED = "expired"  # nobody paid in time

    @property
    def open(self) -> bool:
        """Money may still come of it."""
        return self in (PaymentState.BEGUN, PaymentState.PENDING)


class Way(StrEnum):
    """How an order is paid."""

    CARD = "card"  # Stripe Checkout
    TRANSFER = "transfer"
    DEMO = "demo"  # the demonstration's payment page


class Covered(StrEnum):
    """What the money that has arrived for an order is, against its total."""

    SHORT = "short"
    EXACT = "exact"
    OVER = "over"


def open_until(placed_at: datetime, way: Way | None, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which the order no longer waits; way: None before one is chosen.

    >>> placed = datetime.fromisoformat("2026-11-22T12:00+00:00")
    >>> open_until(placed, Way.TRANSFER, ZoneInfo("Europe/Rome")).isoformat()
    '2026-12-22T23:00:00+00:00'
    """
    if way is Way.TRANSFER:
        return end_of(business_date(placed_at, zone) + timedelta(days=TRANSFER_ORDER_DAYS), zone)
    return as_utc(placed_at) + ORDER_LIFE


def state(stored: OrderState, until: datetime, at: datetime) -> OrderState:
    """Where the order stands at the instant: 23:59:59 after it was placed it waits, 24:00:00 after it has expired."""
    over = stored is OrderState.AWAITING_PAYMENT and as_utc(at) >= as_utc(until)
    return OrderState.EXPIRED if over else stored


def card_in_time(begun_at: datetime, confirmed_at: datetime, until: datetime) -> bool:
    """Whether a card payment is still one for this order."""
    begun, confirmed = as_utc(begun_at), as_utc(confirmed_at)
    return begun < as_utc(until) and (confirmed < as_utc(until) or confirmed - begun <= CARD_CONFIRMATION)


def transfer_in_time(value_date: date, until: datetime, zone: ZoneInfo) -> bool:
    """Whether a transfer is still one for this order: its value date is a day on which the order waited."""
    return value_date <= business_date(as_utc(until) - INSTANT, zone)


def covered(received: Money, total: Money) -> Covered:
    """How much of the total has arrived. Raises ValueError for another currency."""
    if received < total:
        return Covered.SHORT
    return Covered.OVER if total < received else Covered.EXACT
