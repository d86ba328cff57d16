"""Staff have looked at money that had arrived and bought nothing: what became of it, and by whom.

Where RULES.md is silent:
- What is closed stays closed: whoever comes second is told by whom it was closed.
- A part of an order that still waits for the rest counts for it as long as its task is open. It can be given back,
  and the order waits for the whole again; it can neither be kept nor be put aside otherwise, or it would be paid twice.
"""

from enum import StrEnum

from sqlalchemy import Connection

from portal.billing import queries, tasks
from portal.billing.queries import StaffTask
from portal.billing.tasks import Closing, Done, Task
from portal.desk.acts import amount_of, record
from portal.desk.events import Event
from portal.desk.people import Act
from portal.rules import orders as rules
from portal.rules.orders import OrderState
from portal.subscription.queries import lock_platform

EVENTS = {Done.GIVEN_BACK: Event.MONEY_GIVEN_BACK, Done.KEPT: Event.MONEY_KEPT, Done.OTHER: Event.MONEY_SETTLED}


class Closed(StrEnum):
    """What became of it."""

    DONE = "done"
    BEFORE = "before"  # somebody had closed it
    NO_REFERENCE = "no-reference"  # what was given back has one, at the bank or the provider
    COUNTS = "counts"  # for an order that waits for the rest


def close(db: Connection, task: StaffTask, done: Done, reference: str, act: Act) -> Closed:
    """Close the task with what was done; only DONE has changed anything."""
    if done is Done.GIVEN_BACK and not reference:
        return Closed.NO_REFERENCE
    if task.platform_id is not None:
        lock_platform(db, task.platform_id)
        task = queries.find_task(db, task.id) or task
    if done is not Done.GIVEN_BACK and counts(db, task, act):
        return Closed.COUNTS
    kept = reference if done is Done.GIVEN_BACK else ""
    closing = Closing(done, kept, act.reason)
    if not tasks.close(db, task.id, closing, by=act.by.username, at=act.at):
        return Closed.BEFORE
    facts = amount_of(task.amount) | ({"order": task.order_id} if task.order_id else {})
    record(db, EVENTS[done], task.platform_id, act, **facts)
    return Closed.DONE


def counts(db: Connection, task: StaffTask, act: Act) -> bool:
    """Whether the money is a part of what an order still waits for."""
    order = queries.find_any_order(db, task.order_id) if task.order_id and task.kind == Task.UNDERPAID else None
    if order is None or task.closed_at is not None:
        return False
    return rules.state(order.state, order.open_until, act.at) is OrderState.AWAITING_PAYMENT
