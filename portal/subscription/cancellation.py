"""Cancelling and taking it back: the mark and its mail together, so that no door forgets one of them.

Whether it is allowed at this instant is asked of the standing, by the caller, while the platform is locked.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from portal.accounts.queries import Administrator
from portal.rules.renewal import Term
from portal.subscription import actions, mails


@dataclass(frozen=True, slots=True)
class Ending:
    """What a cancellation brings, told before the button and mailed after it. All are business days.

    expires_on: E, the last paid day, until 23:59; from off_on (E + 1) features and sending are off; renewable_until
    (E + 10) is the last day to renew; from deleted_on the data is deleted. credits: how many are lost then; kept: how
    many of those have a last day of their own after E. next_term: paid already, so that E is the end of it.
    """

    expires_on: date
    off_on: date
    renewable_until: date
    deleted_on: date
    credits: int
    kept: int
    next_term: Term | None


def cancel(db: Connection, ending: Ending, *, by: Administrator, at: datetime) -> bool:
    """Cancel, and mail the confirmation with the same dates; False, and no mail, if it was cancelled already."""
    if not actions.cancel(db, by.platform_id, by=by.username, at=at):
        return False
    days = {"expires_on": ending.expires_on, "off_on": ending.off_on}
    days |= {"renewable_until": ending.renewable_until, "deleted_on": ending.deleted_on}
    mails.cancellation_confirmed(db, to=by, **days, credits=ending.credits, at=at)
    return True


def undo(db: Connection, ending: Ending, *, by: Administrator, at: datetime) -> bool:
    """Take the cancellation back, and mail it; False, and no mail, if there was none any more."""
    if not actions.undo_cancel(db, by.platform_id, by=by.username, at=at):
        return False
    mails.cancellation_undone(db, to=by, expires_on=ending.expires_on, at=at)
    return True
