"""Second factors that are to be taken off because they were lost: which wait, whom it concerns, and what stops it.

Asking for it and carrying it out is `portal/accounts/lost_factors.py`, with the rule. Stopping stands apart, below all
that does it: a link, a sign-in, a new factor, a disabled access, an address changed back.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from portal.accounts import mails, queries
from portal.accounts.events import Event
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import email_changes, factor_removals
from portal.kit import audit, links
from portal.kit.links import Link
from portal.rules import names, terms
from portal.rules.access import Role


class Stop(StrEnum):
    """Why the factors stay. Each has its sentence in `portal/templates/mail/_removal.html`."""

    LINK = "link"  # somebody followed the link in one of the notices
    CAME_IN = "came-in"  # the person came in with a factor, or a recovery code: they are not lost
    BUTTON = "button"  # the person, who is signed in
    NEW_FACTOR = "new-factor"  # the person has added one: nobody is locked out
    NONE_LEFT = "none-left"  # the person has taken off the last one by themself
    STAFF = "staff"
    DISABLED = "disabled"  # the person can no longer sign in, whatever is asked for
    ADDRESS_CHANGED = "address-changed"  # the way in would go to an address that was not warned
    ADDRESS_RESTORED = "address-restored"  # the account was taken back from somebody else
    NOT_ME = "not-me"  # a sign-in was said to be somebody else's
    NOT_TOLD = "not-told"  # a notice has not left
    COMPROMISED = "compromised"  # somebody else may have been on the platform: whoever asked may have been the one
    CLOSED = "closed"  # nobody signs in to the platform any more: nobody is told


@dataclass(frozen=True, slots=True)
class Removal:
    """What was asked for. Open until it is stopped or done."""

    id: int
    administrator_id: int
    asked_at: datetime
    reason: str
    due_at: datetime


_OPEN = factor_removals.c.stopped_at.is_(None) & factor_removals.c.done_at.is_(None)
_SELECT = select(*(factor_removals.c[name] for name in Removal.__slots__)).where(_OPEN)


def find_open(db: Connection, administrator_id: int) -> Removal | None:
    """What waits for this person's factors; there is one at most."""
    row = db.execute(_SELECT.where(factor_removals.c.administrator_id == administrator_id)).one_or_none()
    return Removal(*row) if row else None


def find_by_link(db: Connection, link: Link) -> Removal | None:
    """What the link stops; None where it is stopped or done."""
    row = db.execute(_SELECT.where(factor_removals.c.id == link.subject_id)).one_or_none()
    return Removal(*row) if row else None


def due(db: Connection, at: datetime) -> list[Removal]:
    """What has waited long enough, oldest first."""
    found = _SELECT.where(factor_removals.c.due_at <= at).order_by(factor_removals.c.due_at, factor_removals.c.id)
    return [Removal(*row) for row in db.execute(found)]


def finish(db: Connection, removal: Removal, *, at: datetime) -> bool:
    """Claim that it is done; False: somebody has stopped it, or done it, meanwhile."""
    mine = (factor_removals.c.id == removal.id) & _OPEN
    if db.execute(update(factor_removals).where(mine).values(done_at=at)).rowcount != 1:
        return False
    links.withdraw(db, removal.id, (Purpose.STOP_REMOVAL,), at=at)
    return True


def stop(db: Connection, administrator_id: int, why: Stop, *, at: datetime, by: str | None = None) -> bool:
    """The person's factors stay, and all who were told are told that too. False: nothing waits, or not any more.

    `by`: who did it, for the activity; None: the person. Holds the person's row, as carrying it out does: of the two
    one wins.
    """
    removal = find_open(db, administrator_id)
    if removal is None:
        return False
    person = queries.lock_administrator(db, administrator_id)
    mine = (factor_removals.c.id == removal.id) & _OPEN
    if db.execute(update(factor_removals).where(mine).values(stopped_at=at)).rowcount != 1:
        return False
    links.withdraw(db, removal.id, (Purpose.STOP_REMOVAL,), at=at)
    if why is not Stop.CLOSED:
        for to in concerned(db, person, removal.asked_at):
            mails.factor_removal_stopped(db, to=to, kept_by=person, why=why, at=at)
    facts: dict[str, Any] = {"why": why} | ({"by": by} if by else {})
    facts |= {"platform_id": person.platform_id, "administrator_id": person.id}
    audit.record(db, Event.FACTOR_REMOVAL_STOPPED, at=at, **facts)
    return True


def stop_by_link(db: Connection, link: Link, *, at: datetime) -> bool:
    """Use the link up and stop what it stands for. False: used, withdrawn, too late or done in the meantime."""
    removal = find_by_link(db, link)
    if removal is None:
        return False
    queries.lock_administrator(db, removal.administrator_id)
    used = links.consume(db, link, at=at)
    return used and stop(db, removal.administrator_id, Stop.LINK, at=at, by="person")


def concerned(db: Connection, person: Administrator, asked_at: datetime) -> list[Administrator]:
    """Whom to tell, each as the one to write to: the stored address first, and no address twice.

    The earlier addresses are those from which a change could still be undone when it was asked for: if somebody else
    has the account, they are the owner's. The first administrator answers for the platform.
    """
    since = asked_at - terms.EMAIL_CHANGE_UNDO
    mine = (email_changes.c.administrator_id == person.id) & email_changes.c.undone_at.is_(None)
    confirmed = select(email_changes.c.old_email).where(mine, email_changes.c.confirmed_at > since)
    earlier = db.execute(confirmed.order_by(email_changes.c.id.desc())).scalars()
    found: dict[str, Administrator] = {}
    for one in (person, *(replace(person, email=email) for email in earlier), *_first(db, person)):
        found.setdefault(names.fold_email(one.email), one)
    return list(found.values())


def _first(db: Connection, person: Administrator) -> list[Administrator]:
    people = queries.administrators_of_platform(db, person.platform_id)
    return [one for one in people if one.role == Role.FIRST and one.enabled and one.id != person.id]
