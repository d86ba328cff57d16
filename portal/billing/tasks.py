"""What staff have to do about money: rows that are opened here, and closed when it is done. None is ever removed.

What was done stands in the row: who closed it and when, and as its note the `Closing`, one line for each of its parts.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

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


class Done(StrEnum):
    """What has become of the money."""

    GIVEN_BACK = "given-back"
    KEPT = "kept"  # the customer is content with that: it stands for something else
    OTHER = "other"  # as the reason says


@dataclass(frozen=True, slots=True)
class Closing:
    """How a task ended. reference: the bank's, or the provider's, of what was given back; reason: in a person's words.

    Each of them is one line.
    """

    done: Done
    reference: str
    reason: str

    @classmethod
    def from_note(cls, note: str) -> Self | None:
        """None for a task that nobody closed with one: it is open, or the rest of the money has arrived.

        >>> Closing.from_note("given-back\\nTRN 9\\nT-1, by phone")
        Closing(done=<Done.GIVEN_BACK: 'given-back'>, reference='TRN 9', reason='T-1, by phone')
        """
        done, *rest = note.split("\n")
        return cls(Done(done), *rest) if len(rest) == 2 else None

    def to_note(self) -> str:
        return "\n".join((self.done, self.reference, self.reason))


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


def close(db: Connection, task_id: int, closing: Closing, *, by: str, at: datetime) -> bool:
    """Write down what was done about it, and by whom. False where it was closed before: that stays as it is."""
    still_open = (staff_tasks.c.id == task_id) & staff_tasks.c.closed_at.is_(None)
    values = {"closed_at": at, "closed_by": by, "note": closing.to_note()}
    return db.execute(update(staff_tasks).where(still_open).values(values)).rowcount == 1
