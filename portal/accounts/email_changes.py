"""The e-mail address changed: asked for with the password, confirmed from the new address, undone from the old one.

The link to the new address lives terms.EMAIL_CHANGE_LIFE, the one to undo terms.EMAIL_CHANGE_UNDO (RULES.md, Numbers
of SECURITY.md). Each is its own proof, so neither asks for a sign-in: the mail may be read on another device.

An undo is meant for somebody whose account was taken over, and takes everything back that came with the change: the
address before it returns, whatever it was changed to since; later changes are undone with it and their links are dead,
so that nobody can undo the undo; sessions and reset links end, and the password no longer suffices. Undoing an earlier
change stays possible: of two addresses that both had the account, the one that had it first is believed.

The second factors and recovery codes that were added since the change was asked for go too, or the intruder's would
keep the owner out; earlier ones stay, because whoever has only got at the old mailbox must not come in by an undo. What
this does not protect from: an intruder who adds a factor first and changes the address afterwards keeps the owner out
(staff take off what is lost, after their wait); the owner's factor that an intruder took off does not come back; and
what the owner adds in the week after a change of the own address does not stop somebody at the mailbox left behind.

A new password leaves the links to undo alone, because an intruder would begin with it; it ends changes that wait.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from portal.accounts import factor_removals, factors, limits, mails, queries, recovery, sessions
from portal.accounts.events import Event
from portal.accounts.factor_removals import Stop
from portal.accounts.links import PASSWORD_PURPOSES, Purpose, withdraw_email_links, withdraw_not_me_links
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, email_changes
from portal.kit import audit, links
from portal.kit.links import Link, Links
from portal.rules import names, terms
from portal.rules.sessions import EndReason


@dataclass(frozen=True, slots=True)
class Change:
    """From which address to which, and whose. Confirmed or not: the link that led here says it."""

    id: int
    administrator_id: int
    old_email: str
    new_email: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that waits to be confirmed until `expires_at`."""

    new_email: str
    expires_at: datetime


_CHANGE = select(*(email_changes.c[name] for name in Change.__slots__))
_CONFIRMED = email_changes.c.confirmed_at.is_not(None) & email_changes.c.undone_at.is_(None)


def get(db: Connection, change_id: int) -> Change:
    """The change that is the subject of a link."""
    return _value(db.execute(_CHANGE.where(email_changes.c.id == change_id)).one())


def find_pending(db: Connection, administrator_id: int, *, at: datetime) -> Pending | None:
    """What this person has asked for and not confirmed yet."""
    joined = email_changes.join(links.links, links.links.c.subject_id == email_changes.c.id)
    query = select(email_changes.c.new_email, links.links.c.expires_at).select_from(joined)
    alive = links.links.c.ended_at.is_(None) & (links.links.c.expires_at > at)
    mine = (email_changes.c.administrator_id == administrator_id) & (links.links.c.purpose == Purpose.EMAIL_CHANGE)
    row = db.execute(query.where(mine, alive)).one_or_none()
    return Pending(*row) if row else None


def last_change(db: Connection, administrator_id: int) -> datetime | None:
    """When the person's address was last changed, or changed back; None: never."""
    mine = email_changes.c.administrator_id == administrator_id
    instants = (email_changes.c.confirmed_at, email_changes.c.undone_at)
    rows = db.execute(select(*instants).where(mine)).all()
    return max((instant for row in rows for instant in row if instant is not None), default=None)


def ask(db: Connection, maker: Links, person: Administrator, new_email: str, *, at: datetime) -> bool:
    """Mail the link that confirms to the new address; an earlier one that waits is dead from now on.

    Whether the address is somebody's already is not looked at: several administrators may share one. False, and nothing
    has happened: this account has had its mails of the day (as many as of recovery).
    """
    queries.lock_administrator(db, person.id)
    if not limits.claim_email_change(db, person.username, at=at):
        return False
    withdraw_email_links(db, person.id, (Purpose.EMAIL_CHANGE,), at=at)
    row = {"administrator_id": person.id, "old_email": person.email, "new_email": new_email, "asked_at": at}
    row |= {"new_email_folded": names.fold_email(new_email)}
    change_id = db.execute(email_changes.insert().values(row).returning(email_changes.c.id)).scalar_one()
    expires_at = at + terms.EMAIL_CHANGE_LIFE
    link_id = maker.issue(db, Purpose.EMAIL_CHANGE, change_id, at=at, expires_at=expires_at)
    mails.email_confirm(db, to=replace(person, email=new_email), link_id=link_id, at=at, expires_at=expires_at)
    _record(db, Event.EMAIL_CHANGE_ASKED, person, at)
    return True


def confirm(db: Connection, maker: Links, link: Link, *, at: datetime) -> bool:
    """Use the link up and change the address: reset links die, the old address gets the link to undo.

    Sessions go on: who asked has typed the password. False: used, withdrawn or disabled in the meantime; of two
    simultaneous callers one gets True.
    """
    change = get(db, link.subject_id)
    person = queries.lock_administrator(db, change.administrator_id)
    if not person.enabled or not links.consume(db, link, at=at):
        return False
    db.execute(update(email_changes).where(email_changes.c.id == change.id).values(confirmed_at=at))
    _set_address(db, person, change.new_email, at=at)
    factor_removals.stop(db, person.id, Stop.ADDRESS_CHANGED, at=at)
    expires_at = at + terms.EMAIL_CHANGE_UNDO
    link_id = maker.issue(db, Purpose.EMAIL_UNDO, change.id, at=at, expires_at=expires_at)
    mails.email_changed(db, to=person, link_id=link_id, at=at, expires_at=expires_at)
    mails.email_confirmed(db, to=replace(person, email=change.new_email), at=at)
    _record(db, Event.EMAIL_CHANGED, person, at)
    return True


def undo(db: Connection, maker: Links, link: Link, *, at: datetime) -> bool:
    """Use the link up and take the change back, with all that came after it; a reset link goes to the address restored.

    The reset link is sent past the limits of recovery: whoever took the account over may have used them up. The
    address that was taken off is told too, so that an undo by the wrong one does not go unseen. False as in `confirm`.
    """
    change = get(db, link.subject_id)
    person = queries.lock_administrator(db, change.administrator_id)
    if not person.enabled or not links.consume(db, link, at=at):
        return False
    restored = _take_back(db, person, change, at=at)
    recovery.force_reset(db, person, at=at)
    sessions.end_all(db, person.id, EndReason.EMAIL_CHANGED, at=at)
    factor_removals.stop(db, person.id, Stop.ADDRESS_RESTORED, at=at, by="person")
    factors.remove(db, restored, Event.NEW_FACTORS_REMOVED, at=at, since=change.asked_at)  # before the link is made
    link_id, expires_at = recovery.issue_reset_link(db, maker, restored, Purpose.RESET, at=at)
    mails.email_restored(db, to=restored, link_id=link_id, at=at, expires_at=expires_at)
    mails.email_taken_off(db, to=person, at=at)
    _record(db, Event.EMAIL_CHANGE_UNDONE, person, at)
    return True


def take_back_since(db: Connection, person: Administrator, since: datetime, *, at: datetime) -> Administrator:
    """The person with the address as it was before the first change that was asked for at `since` or later.

    For whoever takes an account back by another way than the link to undo; the caller holds the person's row, and does
    the rest of what `undo` does.
    """
    asked = (email_changes.c.administrator_id == person.id) & (email_changes.c.asked_at >= since)
    row = db.execute(_CHANGE.where(asked, _CONFIRMED).order_by(email_changes.c.id).limit(1)).one_or_none()
    if row is None:
        return person
    restored = _take_back(db, person, _value(row), at=at)
    mails.email_taken_off(db, to=person, at=at)
    _record(db, Event.EMAIL_CHANGE_UNDONE, person, at)
    return restored


def _take_back(db: Connection, person: Administrator, change: Change, *, at: datetime) -> Administrator:
    """Undo this change and all that came after it; returns the person with the address restored.

    What was mailed to the addresses meanwhile opens nothing any more: neither can the undo be undone, nor can whoever
    is thrown out say of a sign-in that it was not theirs, and throw the owner out in turn.
    """
    confirmed_at = db.execute(select(email_changes.c.confirmed_at).where(email_changes.c.id == change.id)).scalar_one()
    later = (email_changes.c.administrator_id == person.id) & (email_changes.c.id >= change.id)
    db.execute(update(email_changes).where(later, _CONFIRMED).values(undone_at=at))
    withdraw_email_links(db, person.id, (Purpose.EMAIL_UNDO,), at=at, since=change.id)
    if confirmed_at is not None:
        withdraw_not_me_links(db, person.id, at=at, since=confirmed_at)
    _set_address(db, person, change.old_email, at=at)
    return replace(person, email=change.old_email)


def _set_address(db: Connection, person: Administrator, email: str, *, at: datetime) -> None:
    """The stored address is another one; whatever lets somebody set a password was mailed to the one before."""
    values = {"email": email, "email_folded": names.fold_email(email)}
    db.execute(update(administrators).where(administrators.c.id == person.id).values(values))
    links.withdraw(db, person.id, PASSWORD_PURPOSES, at=at)


def _value(row: Row[tuple[object, ...]]) -> Change:
    return Change(*row)


def _record(db: Connection, event: Event, person: Administrator, at: datetime) -> None:
    """No address: the list is read by all administrators of the platform."""
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id)
