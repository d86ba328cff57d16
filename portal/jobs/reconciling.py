"""Payments of which nobody knows the end: a provider is asked about them once a night, for a month.

Whoever begins a payment is followed for three days (`jobs.payments.follow`), and a provider tells its end by itself.
Where both failed, for days, because a secret was wrong or a server away, money may have arrived that nobody knows of.
"""

from datetime import date, timedelta

from sqlalchemy import Connection

from portal.billing import orders, queries
from portal.billing.queries import OpenPayment
from portal.jobs.night import Night, Tally, each
from portal.kit import outbox
from portal.kit.outbox import RETRY_AFTER, Progress
from portal.rules.terms import PAYMENTS_ASKED_FOR

TRIED_FOR_DAYS = sum(RETRY_AFTER, timedelta()).days + 1  # an errand of the outbox, with all its attempts


def ask_again(night: Night) -> Tally:
    """Leave an errand for each of them, once a night."""
    found = {payment.id: payment for payment in find_open(night)}
    return each(night, "payment", found, lambda db, number: _ask(db, night, found[number]))


def find_open(night: Night) -> list[OpenPayment]:
    """The payments that are open at a provider and that nobody follows any more."""
    with night.parts.database.read() as db:
        known = queries.open_payments(db, since=night.at - PAYMENTS_ASKED_FOR)
        return [payment for payment in known if not _followed(db, payment, night.day)]


def _followed(db: Connection, payment: OpenPayment, day: date) -> bool:
    """Whether an errand is still at it: the one of its beginning, or that of a night before."""
    nights = [_key(payment, day - timedelta(days=number)) for number in range(1, TRIED_FOR_DAYS + 1)]
    keys = [orders.follow_key(payment.id), *nights]
    return any(outbox.find_progress(db, key) is Progress.WAITING for key in keys)


def _key(payment: OpenPayment, day: date) -> str:
    return f"{orders.follow_key(payment.id)}:{day.isoformat()}"


def _ask(db: Connection, night: Night, payment: OpenPayment) -> int:
    at, key = night.parts.clock.now(), _key(payment, night.day)
    payload, whose = {"payment_id": payment.id}, payment.platform_id
    return outbox.put(db, outbox.ERRAND, orders.FOLLOW_ERRAND, payload, at=at, platform_id=whose, key=key)
