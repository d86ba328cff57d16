"""Administrators come and go."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from portal.accounts import mails, queries, sessions
from portal.accounts.events import Event
from portal.accounts.links import PASSWORD_PURPOSES, Purpose
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
    db: Connection, maker: Links, newcomer: Newcomer, *, at: datetime, password_hash: str | None = None
) -> Administrator | Taken | HasFirst:
    """Create the administrator; without a password an invitation is mailed that lets them set the first one."""
    row = {"platform_id": newcomer.name.platform_id, "username": newcomer.name.folded, "role": newcomer.role}
    row |= {"email": newcomer.email, "email_folded": names.fold_email(newcomer.email)}
    row |= {"full_name": newcomer.full_name, "language": newcomer.language, "password_hash": password_hash}
    if not insert_once(db, administrators, row | {"must_reset": False, "created_at": at}):
        return Taken() if queries.find_administrator(db, newcomer.name.folded) else HasFirst()
    person = queries.find_administrator(db, newcomer.name.folded)
    assert person is not None  # noqa: S101 - written two lines above, in the same transaction
    _record(db, Event.ADMINISTRATOR_CREATED, person, at)
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


def rename(db: Connection, person: Administrator, full_name: str, language: str, *, at: datetime) -> None:
    """Change how a person is called, and the language of pages and mails."""
    mine = administrators.c.id == person.id
    db.execute(update(administrators).where(mine).values(full_name=full_name, language=language))
    _record(db, Event.PROFILE_CHANGED, person, at)


def disable(db: Connection, person: Administrator, *, at: datetime) -> bool:
    """Take the right to sign in away: sessions ended at once, links dead. False if it was gone already."""
    enabled = (administrators.c.id == person.id) & administrators.c.disabled_at.is_(None)
    if db.execute(update(administrators).where(enabled).values(disabled_at=at)).rowcount != 1:
        return False
    sessions.end_all(db, person.id, EndReason.DISABLED, at=at)
    links.withdraw(db, person.id, (*PASSWORD_PURPOSES, Purpose.TAKE_OVER), at=at)
    mails.administrator_disabled(db, to=person, at=at)
    _record(db, Event.ADMINISTRATOR_DISABLED, person, at)
    return True


def _record(db: Connection, event: Event, person: Administrator, at: datetime) -> None:
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id)
