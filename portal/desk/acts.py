"""What the acts about money have in common: how they are written down, and how they wait for a second person.

Whoever asks holds the platform, so that of two equal requests at once one waits.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from portal.desk.events import Event
from portal.desk.people import Act
from portal.kit import audit
from portal.rules.money import Money
from portal.rules.staff import StaffAct
from portal.staff import approvals
from portal.staff.approvals import Approval

STAFF = "staff"  # what the customer reads; who it was is a fact beside it, of which no page and no export tells


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing is done yet: a second person has to want it too. again: the same was asked for before."""

    again: bool


def ask_second(db: Connection, what: StaffAct, platform_id: int, facts: dict[str, Any], act: Act) -> Waits:
    """Write down what is to be done, exactly. The caller holds the platform."""
    new = approvals.ask(db, what, platform_id, facts, reason=act.reason, by=act.by, at=act.at)
    return Waits(again=not new)


def record(
    db: Connection, event: Event, platform_id: int | None, act: Act, approval: Approval | None = None, **facts: Any
) -> None:
    """Write it into the customer's activity. approval: by which it is done; its asker wanted it first."""
    who = {"member": approval.asker, "approved_by": act.by.username} if approval else {"member": act.by.username}
    told: dict[str, Any] = {"by": STAFF, "reason": act.reason} | who | facts
    audit.record(db, event, at=act.at, platform_id=platform_id, **told)


def amount_of(amount: Money) -> dict[str, Any]:
    """An amount among the facts of an event."""
    return {"cents": amount.cents, "currency": amount.currency}
