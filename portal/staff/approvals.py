"""What one of the staff wants to do and a second one has to want too (`portal/rules/staff.py` says what).

It is written down as it will be done. Whoever approves does it in the same transaction, as it was asked for: of two who
approve at once one does. Nobody decides about the own request. What cannot be done any more as it was asked for ends as
refused (`not_done`), so that approved always means done.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from portal.rules.staff import StaffAct, approval_open
from portal.rules.terms import APPROVAL_LIFE
from portal.staff.queries import Member
from portal.staff.tables import approvals, staff_members


@dataclass(frozen=True, slots=True)
class Approval:
    """A request that waits. facts: what will be done, as the act knows it."""

    id: int
    act: StaffAct
    platform_id: int
    facts: dict[str, Any]
    reason: str
    asked_by: int
    asked_at: datetime
    asker: str  # user name


_COLUMNS = [approvals.c[name] for name in Approval.__slots__ if name != "asker"]
_OPEN = approvals.c.approved_at.is_(None) & approvals.c.refused_at.is_(None)
_SELECT: Select[Any] = select(*_COLUMNS, staff_members.c.username).select_from(
    approvals.join(staff_members, approvals.c.asked_by == staff_members.c.id)
)


def ask(
    db: Connection,
    act: StaffAct,
    platform_id: int,
    facts: dict[str, Any],
    *,
    reason: str,
    by: Member,
    at: datetime,
) -> bool:
    """Wait for a second person. False where the same request waits already: it is not asked for twice.

    Of two who ask at once only those are told apart who hold the platform meanwhile.
    """
    row = {"act": act, "platform_id": platform_id, "facts": facts, "reason": reason, "asked_by": by.id, "asked_at": at}
    if any((one.act, one.platform_id, one.facts) == (act, platform_id, facts) for one in waiting(db, at=at)):
        return False
    db.execute(approvals.insert().values(row))
    return True


def waiting(db: Connection, *, at: datetime) -> list[Approval]:
    """Every request that may still be approved, the oldest first."""
    recent = approvals.c.asked_at > at - APPROVAL_LIFE
    return [_value(row) for row in db.execute(_SELECT.where(_OPEN, recent).order_by(approvals.c.id))]


def take(db: Connection, approval_id: int, *, by: Member, at: datetime) -> Approval | None:
    """Approve it, to be done now by the caller; None: decided by now, too old, or one's own."""
    return _decide(db, approval_id, by, at, approved_at=at)


def refuse(db: Connection, approval_id: int, *, by: Member, at: datetime) -> Approval | None:
    """Say no; None as in `take`."""
    return _decide(db, approval_id, by, at, refused_at=at)


def not_done(db: Connection, approval_id: int, *, at: datetime) -> None:
    """What has just been taken could not be done any more: in the same transaction it becomes a refusal."""
    taken = (approvals.c.id == approval_id) & approvals.c.approved_at.is_not(None)
    db.execute(update(approvals).where(taken).values(approved_at=None, refused_at=at))


def _decide(db: Connection, approval_id: int, by: Member, at: datetime, **values: datetime) -> Approval | None:
    row = db.execute(_SELECT.where(approvals.c.id == approval_id, _OPEN)).one_or_none()
    found = _value(row) if row else None
    if found is None or found.asked_by == by.id or not approval_open(found.asked_at, at):
        return None
    decided = update(approvals).where(approvals.c.id == approval_id, _OPEN).values(decided_by=by.id, **values)
    return found if db.execute(decided).rowcount == 1 else None


def _value(row: Row[Any]) -> Approval:
    approval_id, act, *rest = row
    return Approval(approval_id, StaffAct(act), *rest)
