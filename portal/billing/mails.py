"""The mails of the billing: one function each, and one folder of three texts under `templates/mail`.

A payload holds cents, ISO dates and the frozen offer; the words are found when the mail is written.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.accounts.queries import Administrator
from portal.billing import deadlines
from portal.billing.frozen import offer_to_json
from portal.billing.gains import Given
from portal.billing.queries import Order
from portal.billing.tasks import Task
from portal.kit import outbox
from portal.rules.money import Money

LAST_MINUTE = timedelta(minutes=1)  # an order that waits through a day is said to wait until its 23:59


def order_received(db: Connection, *, to: Administrator, order: Order, at: datetime) -> None:
    """What was ordered, what it costs, until when it waits, and where it is paid."""
    expires_at = (order.open_until - LAST_MINUTE).isoformat()
    _put(db, "order_received", {"expires_at": expires_at}, to=to, order=order, at=at)


def transfer_awaited(db: Connection, *, to: Administrator, order: Order, zone: ZoneInfo, at: datetime) -> None:
    """Where to send the money of a bank transfer, with its reference, and until when it counts."""
    facts = {"amount": _money(order.total)} | _days(order, zone)
    _put(db, "transfer_awaited", facts, to=to, order=order, at=at)


def payment_received(
    db: Connection, *, to: Administrator, order: Order, given: Given, invoice: str, at: datetime
) -> None:
    """What has been switched on and until when, and the number of the invoice."""
    facts = {"given": given.to_json(), "invoice": invoice}
    _put(db, "payment_received", facts, to=to, order=order, at=at)


def payment_failed(db: Connection, *, to: Administrator, order: Order, payment_id: int, at: datetime) -> None:
    """The payment did not go through; the order still waits."""
    expires_at = (order.open_until - LAST_MINUTE).isoformat()
    key = f"payment-failed:{payment_id}"
    _put(db, "payment_failed", {"expires_at": expires_at}, to=to, order=order, at=at, key=key)


def payment_short(
    db: Connection, *, to: Administrator, order: Order, missing: Money, zone: ZoneInfo, at: datetime
) -> None:
    """A transfer has arrived that is not the whole amount: what is missing, and where to send it."""
    facts = {"amount": _money(missing)} | _days(order, zone)
    _put(db, "payment_short", facts, to=to, order=order, at=at)


def payment_not_used(
    db: Connection, *, to: Administrator, order: Order, amount: Money, why: Task, at: datetime
) -> None:
    """Money has arrived that buys nothing: why, and that somebody is about to give it back."""
    _put(db, "payment_not_used", {"amount": _money(amount), "why": why}, to=to, order=order, at=at)


def _days(order: Order, zone: ZoneInfo) -> dict[str, str]:
    """The last days that count for a transfer; the second one only where there is one."""
    found = deadlines.deadline(order, zone)
    days = {"value_on": found.value_on, "confirmed_on": found.confirmed_on}
    return {name: day.isoformat() for name, day in days.items() if day} | {"kind": str(order.kind)}


def _money(amount: Money) -> list[Any]:
    return [amount.cents, amount.currency]


def _put(
    db: Connection,
    name: str,
    facts: dict[str, Any],
    *,
    to: Administrator,
    order: Order,
    at: datetime,
    key: str | None = None,
) -> None:
    """Queue the mail to the stored address, in the person's language."""
    payload = facts | {"order_id": order.id, "offer": offer_to_json(order.offer), "username": to.username}
    payload |= {"platform_id": order.platform_id}
    who: dict[str, Any] = {"platform_id": order.platform_id, "recipient": to.email, "language": to.language}
    outbox.put(db, outbox.MAIL, name, payload, at=at, key=key, **who)
