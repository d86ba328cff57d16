"""Orders, payments and staff's tasks, read as values. `find_` may miss, `get_` raises."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select

from portal.billing import choices
from portal.billing.choices import Choice
from portal.billing.frozen import BillingData, offer_from_json
from portal.billing.tables import orders, payments, staff_tasks
from portal.rules.money import Money
from portal.rules.orders import Kind, OrderState, PaymentState, Way
from portal.rules.pricing import Offer
from portal.subscription.queries import longest_until


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it is stored; whether it has expired is told by `rules.orders.state`.

    paid_for: E as it was when the order was placed. grace_until: the last day of the grace of that E, where an
    exception was made.
    """

    id: int
    platform_id: int
    administrator_id: int
    kind: Kind
    state: OrderState
    choice: Choice
    offer: Offer
    billing: BillingData
    total: Money
    paid_for: date | None
    way: Way | None
    placed_at: datetime
    open_until: datetime
    paid_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    grace_until: date | None


@dataclass(frozen=True, slots=True)
class Payment:
    """An attempt to pay, or a sum that has arrived. order_id: None for money of which no order is known."""

    id: int
    order_id: int | None
    way: Way
    reference: str | None
    address: str | None
    state: PaymentState
    amount: Money
    begun_at: datetime
    ended_at: datetime | None
    value_date: date | None


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment of which a provider has not told the end."""

    id: int
    platform_id: int


@dataclass(frozen=True, slots=True)
class StaffTask:
    """Money that somebody has to give back or to match; `kind` is one of `billing.tasks.Task`.

    closed_by: who of the staff, or the portal itself; note: what was done, by `billing.tasks.Closing`.
    """

    id: int
    kind: str
    platform_id: int | None
    order_id: int | None
    payment_id: int | None
    amount: Money
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    note: str


# Statements are built once: measured, building one anew costs five times as much as running it.
_ORDERS = select(orders, longest_until(orders.c.platform_id, orders.c.paid_for).label("grace_until"))
_ORDER = _ORDERS.where(orders.c.id == bindparam("order_id"))
_PLATFORM_OF = select(orders.c.platform_id).where(orders.c.id == bindparam("order_id"))
_BY_KEY = _ORDERS.where(
    orders.c.platform_id == bindparam("platform_id"), orders.c.client_key == bindparam("client_key")
)
_PAYMENTS = select(payments).where(payments.c.order_id == bindparam("order_id")).order_by(payments.c.id)
_BY_REFERENCE = select(payments).where(
    payments.c.way == bindparam("way"), payments.c.reference == bindparam("reference")
)
_BY_ID = select(payments).where(payments.c.id == bindparam("payment_id"))
_IS_OPEN = staff_tasks.c.closed_at.is_(None)
_TASKS = select(staff_tasks).order_by(staff_tasks.c.id)
_OPEN_TASKS = _TASKS.where(staff_tasks.c.order_id == bindparam("order_id"), _IS_OPEN)


def find_order(db: Connection, platform_id: int, order_id: int) -> Order | None:
    """The order, if it is one of this platform."""
    found = db.execute(_ORDER, {"order_id": order_id}).one_or_none()
    return _order(found) if found and found.platform_id == platform_id else None


def find_any_order(db: Connection, order_id: int) -> Order | None:
    """The order, of whichever platform: for staff, who look for it by its number."""
    found = db.execute(_ORDER, {"order_id": order_id}).one_or_none()
    return _order(found) if found else None


def get_order(db: Connection, order_id: int) -> Order:
    """Raises NoResultFound for an id that no order has."""
    return _order(db.execute(_ORDER, {"order_id": order_id}).one())


def platform_of(db: Connection, order_id: int) -> int:
    """Whose order it is. Raises NoResultFound for an id that no order has."""
    return int(db.execute(_PLATFORM_OF, {"order_id": order_id}).scalar_one())


def find_order_by_key(db: Connection, platform_id: int, client_key: str) -> Order | None:
    """The order that was placed with this key of the page."""
    found = db.execute(_BY_KEY, {"platform_id": platform_id, "client_key": client_key}).one_or_none()
    return _order(found) if found else None


def orders_of(db: Connection, platform_id: int, *, limit: int = 50) -> list[Order]:
    """The orders of a platform, newest first."""
    mine = _ORDERS.where(orders.c.platform_id == platform_id)
    return [_order(row) for row in db.execute(mine.order_by(orders.c.id.desc()).limit(limit))]


def waiting_orders(db: Connection, platform_id: int) -> list[Order]:
    """The orders of a platform that are stored as waiting for their payment, oldest first."""
    mine = (orders.c.platform_id == platform_id) & (orders.c.state == OrderState.AWAITING_PAYMENT)
    return [_order(row) for row in db.execute(_ORDERS.where(mine).order_by(orders.c.id))]


def payments_of(db: Connection, order_id: int) -> list[Payment]:
    """Every attempt to pay the order, oldest first."""
    return [_payment(row) for row in db.execute(_PAYMENTS, {"order_id": order_id})]


def find_payment(db: Connection, way: Way, reference: str) -> Payment | None:
    """The payment that a provider or a bank calls by this reference."""
    found = db.execute(_BY_REFERENCE, {"way": way, "reference": reference}).one_or_none()
    return _payment(found) if found else None


def find_payment_by_id(db: Connection, payment_id: int) -> Payment | None:
    found = db.execute(_BY_ID, {"payment_id": payment_id}).one_or_none()
    return _payment(found) if found else None


def open_payments(db: Connection, *, since: datetime) -> list[OpenPayment]:
    """What was begun since the instant, is known to a provider, and has not ended, the oldest first."""
    states = [state for state in PaymentState if state.open]
    unended = payments.c.ended_at.is_(None) & payments.c.state.in_(states)  # the first of them is the index's own
    open_ = unended & payments.c.reference.is_not(None) & (payments.c.begun_at >= since)
    query = select(payments.c.id, orders.c.platform_id).join(orders, orders.c.id == payments.c.order_id)
    return [OpenPayment(*row) for row in db.execute(query.where(open_).order_by(payments.c.id))]


def open_tasks_of(db: Connection, order_id: int) -> list[StaffTask]:
    """What staff still have to do about an order, oldest first."""
    return [_task(row) for row in db.execute(_OPEN_TASKS, {"order_id": order_id})]


def open_tasks_of_many(db: Connection, order_ids: Collection[int], *, kind: str) -> list[StaffTask]:
    """What of one kind staff still have to do about these orders, read at once."""
    theirs = staff_tasks.c.order_id.in_(order_ids) & (staff_tasks.c.kind == kind) & _IS_OPEN
    return [_task(row) for row in db.execute(_TASKS.where(theirs))]


def tasks_of(db: Connection, order_id: int) -> list[StaffTask]:
    """All that staff had to do about an order, what is done too, oldest first."""
    return [_task(row) for row in db.execute(_TASKS.where(staff_tasks.c.order_id == order_id))]


def find_task(db: Connection, task_id: int) -> StaffTask | None:
    found = db.execute(_TASKS.where(staff_tasks.c.id == task_id)).one_or_none()
    return _task(found) if found else None


def open_tasks(db: Connection, *, limit: int = 500, after: int = 0) -> list[StaffTask]:
    """Everything staff still have to do about money, oldest first; after: only what is younger than this task."""
    return [_task(row) for row in db.execute(_TASKS.where(_IS_OPEN, staff_tasks.c.id > after).limit(limit))]


def count_open_tasks(db: Connection) -> int:
    return int(db.execute(select(func.count()).select_from(staff_tasks).where(_IS_OPEN)).scalar_one())


def awaited_transfers(db: Connection, *, at: datetime, limit: int = 500, after: int = 0) -> list[Order]:
    """Every order that waits for a bank transfer at the instant, oldest first; after: only younger than this one."""
    found = _ORDERS.where(_awaited(at), orders.c.id > after).order_by(orders.c.id)
    return [_order(row) for row in db.execute(found.limit(limit))]


def count_awaited_transfers(db: Connection, *, at: datetime) -> int:
    return int(db.execute(select(func.count()).select_from(orders).where(_awaited(at))).scalar_one())


def _awaited(at: datetime) -> ColumnElement[bool]:
    waiting = (orders.c.state == OrderState.AWAITING_PAYMENT) & (orders.c.way == Way.TRANSFER)
    return waiting & (orders.c.open_until > at)


def _order(row: Row[Any]) -> Order:
    return Order(
        row.id,
        row.platform_id,
        row.administrator_id,
        Kind(row.kind),
        OrderState(row.state),
        choices.from_json(Kind(row.kind), row.choices),
        offer_from_json(row.offer),
        BillingData.from_json(row.billing),
        Money(row.total, row.currency),
        row.paid_for,
        Way(row.way) if row.way else None,
        row.placed_at,
        row.open_until,
        row.paid_at,
        row.delivered_at,
        row.cancelled_at,
        row.grace_until,
    )


def _payment(row: Row[Any]) -> Payment:
    return Payment(
        row.id,
        row.order_id,
        Way(row.way),
        row.reference,
        row.address,
        PaymentState(row.state),
        Money(row.amount, row.currency),
        row.begun_at,
        row.ended_at,
        row.value_date,
    )


def _task(row: Row[Any]) -> StaffTask:
    amount = Money(row.amount, row.currency)
    about = (row.platform_id, row.order_id, row.payment_id)
    return StaffTask(row.id, row.kind, *about, amount, row.opened_at, row.closed_at, row.closed_by, row.note)
