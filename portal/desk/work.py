"""The work list of the people of the money: the transfers that are awaited, and the sums that somebody has to look at.

Both are read oldest first, a page at a time, with as many statements for fifty rows as for one.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.billing import deadlines, queries, verdicts
from portal.billing.deadlines import Deadline
from portal.billing.queries import Order, StaffTask
from portal.rules.money import Money

AT_ONCE = 50  # rows of each list


@dataclass(frozen=True, slots=True)
class Awaited:
    """An order that waits for a transfer: what is still missing, and the days through which it counts."""

    order: Order
    missing: Money
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Transfers:
    """A page of the list. count: of all; next: what to give as `after` for the next page, None at the end."""

    rows: list[Awaited]
    count: int
    next: int | None


@dataclass(frozen=True, slots=True)
class Tasks:
    """As `Transfers`."""

    rows: list[StaffTask]
    count: int
    next: int | None


def transfers(db: Connection, *, at: datetime, zone: ZoneInfo, after: int = 0, size: int = AT_ONCE) -> Transfers:
    """The orders that wait for a bank transfer, from the first one after this order."""
    found = queries.awaited_transfers(db, at=at, limit=size + 1, after=after)
    shown = found[:size]
    so_far = verdicts.so_far_of_many(db, shown)
    rows = [Awaited(order, order.total - so_far[order.id], deadlines.deadline(order, zone)) for order in shown]
    return Transfers(rows, queries.count_awaited_transfers(db, at=at), shown[-1].id if len(found) > size else None)


def tasks(db: Connection, *, after: int = 0, size: int = AT_ONCE) -> Tasks:
    """What staff have to look at, from the first one after this task."""
    found = queries.open_tasks(db, limit=size + 1, after=after)
    shown = found[:size]
    return Tasks(shown, queries.count_open_tasks(db), shown[-1].id if len(found) > size else None)
