"""Administrators come and go."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from portal.accounts import devices, factor_removals, mails, queries, sessions
from portal.accounts.events import Event
from portal.accounts.factor_removals import Stop
from portal.accounts.links import HALFWAY_PURPOSES, PASSWORD_PURPOSES, Purpose, withdraw_email_links
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators
from portal.kit import audit, links
from portal.kit.db import insert_once
from portal.kit.links import Links
from portal.rules import names, terms
from portal.rules.access import Role
from portal.rules.names import UserName
from portal.rules.sessions import EndReason


class Taken:
    """The user name exists, or did."""


class HasFirst:
    """The platform has its first administrator already; others carry something after the dash."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person about to become an administrator of the platform whose number the name carries."""

    name: UserName
    email: str
    full_name: str
    language: str

    @property
    def role(self) -> Role:
        return Role.ADDITIONAL if self.name.suffix else Role.FIRST


def create(
    db: Connection,
    maker: Links,
    newcomer: Newcomer,
    *,
    at: datetime,
    password_hash: str | None = None,
    by: str | None = None,
) -> Administrator | Taken | HasFirst:
    """Create the administrator; without a password an invitation is mailed that lets them set the first one.

    Seats are not counted here: `portal/seats.py` does it, and calls this.
    """
    row = {"platform_id": newcomer.name.platform_id, "username": newcomer.name.folded, "role": newcomer.role}
    row |= {"email": newcomer.email, "email_folded": names.fold_email(newcomer.email)}
    row |= {"full_name": newcomer.full_name, "language": newcomer.language, "password_hash": password_hash}
    if not insert_once(db, administrators, row | {"must_reset": False, "created_at": at}):
        return Taken() if queries.find_administrator(db, newcomer.name.folded) else HasFirst()
    person = queries.find_administrator(db, newcomer.name.folded)
    assert person is not None  # noqa: S101 - written two lines above, in the same transaction
    _record(db, Event.ADMINISTRATOR_CREATED, person, at, by)
    if password_hash is None:
        invite(db, maker, person, at=at)
    return person


def invite(db: Connection, maker: Links, person: Administrator, *, at: datetime) -> None:
    """Mail the link that sets the first password; an earlier invitation is dead from now on."""
    queries.lock_administrator(db, person.id)
    links.withdraw(db, person.id, (Purpose.INVITATION,), at=at)
    expires_at = at + terms.INVITATION_LIFE
    link_id = maker.issue(db, Purpose.INVITATION, person.id, at=at, expires_at=expires_at)
    mails.invitation(db, to=person, link_id=link_id, at=at, expires_at=expires_at)


def invite_again(db: Connection, maker: Links, person: Administrator, *, at: datetime, by: str) -> bool:
    """Mail a new invitation to somebody who has not accepted the earlier one. False: accepted by now, or disabled."""
    invited = administrators.c.password_hash.is_(None) & administrators.c.disabled_at.is_(None)
    queries.lock_administrator(db, person.id)
    if db.execute(select(administrators.c.id).where(administrators.c.id == person.id, invited)).first() is None:
        return False
    invite(db, maker, person, at=at)
    _record(db, Event.ADMINISTRATOR_INVITED_AGAIN, person, at, by)
    return True


def rename(db: Connection, person: Administrator, full_name: str, language: str, *, at: datetime) -> None:
    """Change how a person is called, and the language of pages and mails."""
    mine = administrators.c.id == person.id
    db.execute(update(administrators).where(mine).values(full_name=full_name, language=language))
    _record(db, Event.PROFILE_CHANGED, person, at)


def disable(db: Connection, person: Administrator, *, at: datetime, by: str | None = None) -> bool:
    """Take the right to sign in away: sessions ended at once, links dead. False if it was gone already.

    The user name is given to nobody else; `enable` gives it back to the same person.
    """
    enabled = (administrators.c.id == person.id) & administrators.c.disabled_at.is_(None)
    if db.execute(update(administrators).where(enabled).values(disabled_at=at)).rowcount != 1:
        return False
    sessions.end_all(db, person.id, EndReason.DISABLED, at=at)
    links.withdraw(db, person.id, (*PASSWORD_PURPOSES, *HALFWAY_PURPOSES), at=at)
    withdraw_email_links(db, person.id, (Purpose.EMAIL_CHANGE,), at=at)
    factor_removals.stop(db, person.id, Stop.DISABLED, at=at, by=by or "portal")
    devices.forget(db, person)
    mails.administrator_disabled(db, to=person, at=at)
    _record(db, Event.ADMINISTRATOR_DISABLED, person, at, by)
    return True


def enable(db: Connection, maker: Links, person: Administrator, *, at: datetime, by: str) -> bool:
    """Let somebody in again who was disabled, by a new invitation. False if nobody has disabled them, or not any more.

    The earlier password is gone: it may be why they were disabled, and the new invitation proves that the stored
    address is still theirs. Name, role and address stay. As with `create`, seats are counted by `portal/seats.py`.
    """
    disabled = (administrators.c.id == person.id) & administrators.c.disabled_at.is_not(None)
    back = {"disabled_at": None, "password_hash": None, "must_reset": False}
    if db.execute(update(administrators).where(disabled).values(back)).rowcount != 1:
        return False
    _record(db, Event.ADMINISTRATOR_ENABLED, person, at, by)
    invite(db, maker, person, at=at)
    return True


def _record(db: Connection, event: Event, person: Administrator, at: datetime, by: str | None = None) -> None:
    """`by`: the user name of who did it to somebody, or "command line"; none where it was the person, or a demo."""
    who = {"by": by} if by else {}
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id, **who)
