"""Somebody has lost every second factor, and every recovery code: how they come in again, and nobody in their place.

Staff do not take a factor off. They ask for it, with a reason or the number of a ticket; it is done by itself after
terms.FACTOR_REMOVAL_WAIT (72 hours: at 72:00:00 it is, a microsecond before it is not), if nobody has stopped it.
At once all concerned are told, by a mail that says what happens when, and why, with a link that stops it (no sign-in
needed, good until then): the stored address, every earlier one from which a change can still be undone, and the
platform's first administrator. All get the same link: whoever reads any of these mailboxes may stop it.

It is stopped (portal/accounts/factor_removals.py) by such a link, by the person who comes in with a factor or a
recovery code, adds a factor, takes off the last one or presses the button, by staff, by disabling the administrator, by
a block of the platform as compromised, by a change of the address and by taking one back. All who were told are told
that too.

When it is done, every factor and code goes, all sessions end, the known browsers are forgotten (what was lost may be
one), the present password no longer suffices, and a link to set a new one goes to the stored address. So somebody who
only knows the password needs staff who believe them, three days in which nobody reads the notices, and the mailbox.

Where RULES.md is silent:
- A notice that nobody could read warns nobody: if one of them has not left by then, or none was accepted, it is stopped
  and staff ask again. A mail server that refuses an address for good does not count: there is nobody to be warned.
- An address changed in the last days does not keep staff from asking: the wait counts from asking, the address before
  is told as long as it can undo the change, and undoing it stops this too. A second approval by staff for such a case
  is the staff desk's. One that changes meanwhile stops it: the way in goes to an address that was warned.
- A platform to which nobody signs in any more: it is stopped, and nobody is told.
- On a platform that demands a second factor the person adds a new one at the next sign-in.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from portal.accounts import devices, factor_removals, factors, mails, queries, recovery
from portal.accounts.events import Event
from portal.accounts.factor_removals import Removal, Stop
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import factor_removals as table
from portal.kit import audit, outbox
from portal.kit.db import insert_once
from portal.kit.links import Links
from portal.kit.outbox import Outcome
from portal.rules.factors import removal_due_at

find_open = factor_removals.find_open


class NotAsked(StrEnum):
    """Why there is nothing to ask for."""

    DISABLED = "disabled"  # the person cannot sign in anyway
    NO_FACTOR = "no-factor"  # the password alone opens the platform
    OPEN = "open"  # it was asked for already


def ask(
    db: Connection, maker: Links, person: Administrator, *, reason: str, by: str, at: datetime
) -> Removal | NotAsked:
    """Ask that the person's factors be taken off; all concerned are told. `by`: who of the staff.

    Whether anybody still signs in to the platform is the caller's business.
    """
    person = queries.lock_administrator(db, person.id)
    if not person.enabled:
        return NotAsked.DISABLED
    if not factors.of(db, person.id).any:
        return NotAsked.NO_FACTOR
    row = {"administrator_id": person.id, "asked_at": at, "asked_by": by, "reason": reason}
    if not insert_once(db, table, row | {"due_at": removal_due_at(at)}):
        return NotAsked.OPEN
    removal = find_open(db, person.id)
    assert removal is not None  # noqa: S101 - written two lines above, in the same transaction
    _warn(db, maker, person, removal)
    _record(db, Event.FACTOR_REMOVAL_ASKED, person, at, reason=reason)
    return removal


def _warn(db: Connection, maker: Links, person: Administrator, removal: Removal) -> None:
    """One link for all: it stops the removal until this is due."""
    at, due_at = removal.asked_at, removal.due_at
    link_id = maker.issue(db, Purpose.STOP_REMOVAL, removal.id, at=at, expires_at=due_at)
    facts: dict[str, Any] = {"link_id": link_id, "reason": removal.reason, "due_at": due_at}
    for number, to in enumerate(factor_removals.concerned(db, person, at)):
        key = f"{_keys(removal)}{number}"
        mails.factor_removal_asked(db, to=to, lost_by=person, key=key, at=at, **facts)


def carry_out(db: Connection, maker: Links, removal: Removal, *, closed: bool, at: datetime) -> bool:
    """Take the factors off if it is due and nothing is in the way; what is in the way stops it.

    closed: nobody signs in to the platform any more. False: not done, or by another worker.
    """
    if at < removal.due_at:
        return False
    person = queries.lock_administrator(db, removal.administrator_id)
    obstacle = Stop.CLOSED if closed else _obstacle(db, person, removal)
    if obstacle:
        factor_removals.stop(db, person.id, obstacle, at=at, by="portal")
        return False
    if not factor_removals.finish(db, removal, at=at):
        return False
    factors.remove(db, person, Event.FACTORS_REMOVED, at=at, told=True)
    devices.forget(db, person)
    recovery.force_reset(db, person, at=at)
    _let_in(db, maker, person, removal, at)
    return True


def _obstacle(db: Connection, person: Administrator, removal: Removal) -> Stop | None:
    """What has changed since, and stops it."""
    if not person.enabled:
        return Stop.DISABLED
    if not factors.of(db, person.id).any:
        return Stop.NONE_LEFT
    ends = outbox.outcomes_of(db, _keys(removal))
    told = Outcome.SENT in ends and set(ends) <= {Outcome.SENT, Outcome.REFUSED}
    return None if told else Stop.NOT_TOLD


def _let_in(db: Connection, maker: Links, person: Administrator, removal: Removal, at: datetime) -> None:
    """The way in goes to the stored address alone; all others are told without it."""
    link_id, expires_at = recovery.issue_reset_link(db, maker, person, Purpose.SUPPORT_RESET, at=at)
    stored, *others = factor_removals.concerned(db, person, removal.asked_at)
    mails.factor_removal_done(db, to=stored, lost_by=person, at=at, link_id=link_id, expires_at=expires_at)
    for to in others:
        mails.factor_removal_done(db, to=to, lost_by=person, at=at)
    _record(db, Event.RESET_LINK_SENT, person, at)


def _keys(removal: Removal) -> str:
    """What the keys of its notices begin with."""
    return f"factor-removal:{removal.id}:"


def _record(db: Connection, event: Event, person: Administrator, at: datetime, **details: str) -> None:
    about: dict[str, Any] = {"platform_id": person.platform_id, "administrator_id": person.id, "by": "staff"}
    audit.record(db, event, at=at, **about | details)
