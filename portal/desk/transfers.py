"""A bank transfer, taken by staff off the statement: as `portal.billing.transfers` takes it, with a reason and, above a
limit, by two people.

Where RULES.md is silent:
- What a transfer above the limit would lead to is tried out before a second person is asked, and undone: so a slip is
  told at once, and the request says what will come of it.
- Whoever approves it does that and nothing else: where another payment has come in between, or the order was closed, or
  the money would buy something else today than what was asked for, nothing is done. Staff then look at it anew.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from portal.billing import queries, transfers, verdicts
from portal.billing.queries import Order
from portal.billing.settle import Result, Till
from portal.billing.transfers import Entry, Slip
from portal.desk.acts import Waits, amount_of, ask_second, record
from portal.desk.events import Event
from portal.desk.people import Act
from portal.rules import staff as rules
from portal.rules.money import Money
from portal.rules.staff import StaffAct
from portal.staff.approvals import Approval
from portal.subscription.queries import lock_platform


def missing_of(db: Connection, order: Order) -> Money:
    """What the order still costs, as long as it waits for money."""
    return order.total - verdicts.so_far(db, order)


def take(db: Connection, order: Order, entry: Entry, till: Till, act: Act) -> Result | Slip | Waits:
    """Take the money for its order, or ask a second person. Result.KNOWN and a slip have changed nothing."""
    lock_platform(db, order.platform_id)
    missing = missing_of(db, order)
    amount = missing if entry.cents is None else Money(entry.cents, missing.currency)
    entry = replace(entry, cents=amount.cents)
    step = db.begin_nested()
    found = transfers.confirm(db, entry, till)
    if isinstance(found, Slip) or found is Result.KNOWN:
        step.rollback()
        return found
    if rules.transfer_needs_approval(amount):
        step.rollback()
        facts = _facts(entry, amount, missing, found)
        return ask_second(db, StaffAct.CONFIRM_TRANSFER, order.platform_id, facts, act)
    step.commit()
    _record(db, order, entry, amount, act)
    return found


def approved(db: Connection, approval: Approval, till: Till, act: Act) -> Result | None:
    """Do what was asked for, exactly; None, and nothing done, where that is not possible any more."""
    lock_platform(db, approval.platform_id)
    entry, amount = entry_of(approval), amount_asked(approval)
    order = queries.find_any_order(db, entry.order_id)
    if order is None:
        return None
    step = db.begin_nested()
    missing, found = missing_of(db, order), transfers.confirm(db, entry, till)
    if _facts(entry, amount, missing, found) != approval.facts:
        step.rollback()
        return None
    step.commit()
    _record(db, order, entry, amount, act, approval)
    return Result(found)


def entry_of(approval: Approval) -> Entry:
    """The line of the statement that waits."""
    facts = approval.facts
    return Entry(facts["order"], date.fromisoformat(facts["value_date"]), facts["reference"], facts["cents"])


def amount_asked(approval: Approval) -> Money:
    return Money(approval.facts["cents"], approval.facts["currency"])


def missing_before(approval: Approval) -> Money:
    """What the order still costs without it."""
    return Money(approval.facts["missing"], approval.facts["currency"])


def foreseen(approval: Approval) -> Result:
    """What will come of it."""
    return Result(approval.facts["leads_to"])


def _facts(entry: Entry, amount: Money, missing: Money, leads_to: Result | Slip) -> dict[str, Any]:
    """What is to be done, and on which ground: it is done only while all of this is so."""
    written = {"order": entry.order_id, "value_date": entry.value_date.isoformat()} | amount_of(amount)
    written |= {"reference": transfers.written(entry.reference), "missing": missing.cents}
    return written | {"leads_to": str(leads_to)}


def _record(
    db: Connection, order: Order, entry: Entry, amount: Money, act: Act, approval: Approval | None = None
) -> None:
    facts = amount_of(amount) | {"order": order.id, "value_date": entry.value_date.isoformat()}
    record(db, Event.TRANSFER_TAKEN, order.platform_id, act, approval, **facts)
