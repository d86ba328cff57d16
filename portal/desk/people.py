"""What staff do for a person: help them in, throw somebody out. Never a password, never a link that staff could see.

Each is written into the customer's activity as done by staff, with the reason where the customer may read it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from portal.accounts import email_changes, factor_removals, lost_factors, queries, recovery, sessions
from portal.accounts.factor_removals import Stop
from portal.accounts.links import Purpose
from portal.accounts.lost_factors import NotAsked
from portal.accounts.queries import Administrator
from portal.kit.links import Links
from portal.rules import staff as rules
from portal.rules.staff import StaffAct
from portal.staff import approvals
from portal.staff.approvals import Approval
from portal.staff.queries import Member


@dataclass(frozen=True, slots=True)
class Act:
    """Who of the staff does it, why, and when."""

    by: Member
    reason: str
    at: datetime


class Result(StrEnum):
    """What became of it."""

    DONE = "done"
    WAITS = "waits"  # for a second person
    NOTHING = "nothing"  # there was nothing to do
    DISABLED = "disabled"  # the person cannot sign in anyway
    NO_FACTOR = "no-factor"
    OPEN = "open"  # it was asked for already


def send_reset_link(db: Connection, maker: Links, person: Administrator, act: Act) -> Result:
    """Mail a link to the stored address; where that is only days old, once a second person wants it too."""
    if not person.enabled:
        return Result.DISABLED
    changed_at = email_changes.last_change(db, person.id)
    if not rules.reset_needs_approval(changed_at, act.at):
        return _mail_link(db, maker, person, act)
    facts = {"username": person.username, "changed_at": str(changed_at)}
    what, number = StaffAct.SEND_RESET_LINK, person.platform_id
    approvals.ask(db, what, number, facts, reason=act.reason, by=act.by, at=act.at)
    return Result.WAITS


def approved_reset_link(db: Connection, maker: Links, approval: Approval, act: Act) -> Result:
    """What was approved: only while the address is the one that it was approved for."""
    person = queries.find_administrator(db, approval.facts["username"])
    if person is None or not person.enabled:
        return Result.NOTHING
    if str(email_changes.last_change(db, person.id)) != approval.facts["changed_at"]:
        return Result.NOTHING
    return _mail_link(db, maker, person, act)


def _mail_link(db: Connection, maker: Links, person: Administrator, act: Act) -> Result:
    recovery.send_reset_link(db, maker, person, Purpose.SUPPORT_RESET, at=act.at, reason=act.reason)
    return Result.DONE


def end_session(db: Connection, person: Administrator, act: Act) -> Result:
    """Sign the person out, wherever it is."""
    done = sessions.end_by_staff(db, person, act.reason, at=act.at, by="staff")
    return Result.DONE if done else Result.NOTHING


def ask_removal(db: Connection, maker: Links, person: Administrator, act: Act) -> Result:
    """Ask that lost second factors be taken off, after the wait."""
    found = lost_factors.ask(db, maker, person, reason=act.reason, by=act.by.username, at=act.at)
    return Result(found.value) if isinstance(found, NotAsked) else Result.DONE


def stop_removal(db: Connection, person: Administrator, act: Act) -> Result:
    """Stop what was asked for."""
    stopped = factor_removals.stop(db, person.id, Stop.STAFF, at=act.at, by="staff")
    return Result.DONE if stopped else Result.NOTHING
