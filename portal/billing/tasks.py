"""What staff have to do about money: rows that are opened here, and closed when it is done."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select, update

from portal.billing.tables import staff_tasks
from portal.rules.money import Money
from portal.rules.settlement import Settlement


class Task(StrEnum):
    """Why somebody has to look at a sum that has arrived."""

    GIVE_BACK_LATE = "give-back-late"
    GIVE_BACK_SECOND = "give-back-second"
    GIVE_BACK_CHANGED = "give-back-changed"
    CLOSED_ORDER = "closed-order"  # it had been cancelled, or had expired before the payment began
    WRONG_AMOUNT = "wrong-amount"  # a card paid something else than the total
    WRONG_CURRENCY = "wrong-currency"
    UNDERPAID = "underpaid"  # a transfer of less: waits for the rest
    OVERPAID = "overpaid"  # delivered; the difference is to be given back
    UNKNOWN_ORDER = "unknown-order"


GIVE_BACK = {
    Settlement.GIVE_BACK_LATE: Task.GIVE_BACK_LATE,
    Settlement.GIVE_BACK_SECOND: Task.GIVE_BACK_SECOND,
    Settlement.GIVE_BACK_CHANGED: Task.GIVE_BACK_CHANGED,
}
BY_THE_SYSTEM = "portal"
# Built once, as in `queries`: each payment asks for it.
_CLOSE_UNDERPAID = update(staff_tasks).where(
    staff_tasks.c.order_id == bindparam("order"),
    staff_tasks.c.kind == Task.UNDERPAID,
    staff_tasks.c.closed_at.is_(None),
)


def open_task(
    db: Connection,
    kind: Task,
    amount: Money,
    *,
    at: datetime,
    payment_id: int,
    order_id: int | None = None,
    platform_id: int | None = None,
) -> None:
    """Give staff the task; the amount is what has arrived and is on no invoice."""
    row = {"kind": kind, "currency": amount.currency, "amount": amount.cents, "opened_at": at, "note": ""}
    about = {"payment_id": payment_id, "order_id": order_id, "platform_id": platform_id}
    db.execute(staff_tasks.insert().values(row | about))


def any_open(db: Connection, platform_id: int) -> bool:
    """Whether staff still have to look at money of this platform."""
    mine = (staff_tasks.c.platform_id == platform_id) & staff_tasks.c.closed_at.is_(None)
    return db.execute(select(staff_tasks.c.id).where(mine).limit(1)).first() is not None


def close_underpaid(db: Connection, order_id: int, *, at: datetime) -> None:
    """The rest has arrived: what was short is part of the whole now."""
    db.execute(_CLOSE_UNDERPAID, {"order": order_id, "closed_at": at, "closed_by": BY_THE_SYSTEM})
