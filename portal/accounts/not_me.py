""" "This was not me": the notice of a sign-in, and what its link takes back.

The link is meant for somebody whose account has been entered, and takes back what may have been done since that sign-in
began: everybody is signed out, the password no longer suffices, the link to a new one goes to the address of before;
factors, codes and changes of the address that came since are gone, and so is what was on its way. Known browsers are
forgotten, that of the intruder among them. What it does not bring back: a factor or codes that were taken off. And it
takes back what the owner has done since, because nobody can tell whose it was: so it says so before its button, and of
two links the one used kills those of later sign-ins only.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from portal.accounts import devices, email_changes, factor_removals, factors, mails, queries, recovery, sessions
from portal.accounts.devices import Remembered
from portal.accounts.events import Event
from portal.accounts.factor_removals import Stop
from portal.accounts.links import PASSWORD_PURPOSES, Purpose, withdraw_not_me_links
from portal.accounts.queries import Administrator
from portal.accounts.tables import sessions as table
from portal.kit import audit, links
from portal.kit.links import Link, Links
from portal.rules import devices as rules
from portal.rules import terms
from portal.rules.sessions import EndReason


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in as it is told: whose, when, from where, with what. `id` is that of its session."""

    id: int
    administrator_id: int
    started_at: datetime
    device: str
    network: str
    factor: str  # rules.factors.Factor


_SELECT = select(*(table.c[name] for name in SignIn.__slots__))


def find(db: Connection, session_id: int) -> SignIn | None:
    """The sign-in that is the subject of a link; None where nothing is known of it any more."""
    row = db.execute(_SELECT.where(table.c.id == session_id)).one_or_none()
    return SignIn(*row) if row else None


def notify(
    db: Connection, maker: Links, person: Administrator, session_id: int, seen: Remembered, *, failures: int
) -> bool:
    """Mail the notice of a sign-in that was just begun, where it is one to tell of; returns whether it is."""
    if not rules.told(known=seen.known, others=seen.others, failures=failures):
        return False
    entered = find(db, session_id)
    if entered is None:
        return False
    at = entered.started_at
    expires_at = at + terms.NOT_ME_LIFE
    link_id = maker.issue(db, Purpose.NOT_ME, session_id, at=at, expires_at=expires_at)
    mails.new_device(
        db,
        to=person,
        link_id=link_id,
        device=entered.device,
        network=entered.network,
        factor=entered.factor,
        known=seen.known,
        failures=failures,
        at=at,
        expires_at=expires_at,
    )
    return True


def take_back(db: Connection, maker: Links, link: Link, *, at: datetime) -> bool:
    """Use the link up and take the account back. False: used, withdrawn, or the person was disabled, in the meantime.

    The link to a new password is sent past the limits of recovery, as with an address that is changed back.
    """
    entered = find(db, link.subject_id)
    if entered is None:
        return False
    person = queries.lock_administrator(db, entered.administrator_id)
    if not person.enabled or not links.consume(db, link, at=at):
        return False
    sessions.end_all(db, person.id, EndReason.NOT_ME, at=at)
    recovery.force_reset(db, person, at=at)
    links.withdraw(db, person.id, PASSWORD_PURPOSES, at=at)
    withdraw_not_me_links(db, person.id, at=at, since=entered.started_at)
    devices.forget(db, person)
    owner = _undo_since(db, person, entered.started_at, at)
    link_id, expires_at = recovery.issue_reset_link(db, maker, owner, Purpose.RESET, at=at)
    mails.taken_back(db, to=owner, link_id=link_id, at=at, expires_at=expires_at)
    audit.record(db, Event.NOT_ME, at=at, platform_id=person.platform_id, administrator_id=person.id)
    return True


def _undo_since(db: Connection, person: Administrator, since: datetime, at: datetime) -> Administrator:
    """The person with the address of before, and without the factors that came since."""
    owner = email_changes.take_back_since(db, person, since, at=at)
    factor_removals.stop(db, person.id, Stop.NOT_ME, at=at, by="person")
    factors.remove(db, owner, Event.FACTORS_TAKEN_BACK, at=at, since=since, told=True)
    return owner
