"""The staff come and go; each sets the own password by a link, and nobody chooses one for somebody else.

A new password takes the second factor off as little as it does for a customer: where it is lost, administration takes
it off (`forget_app`), and the next sign-in adds another.
"""

from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import Connection, Update, select, update

from portal.accounts import limits
from portal.kit import audit, links, stored_secrets
from portal.kit.db import insert_once
from portal.kit.links import Link, Links
from portal.kit.vault import Unreadable, Vault
from portal.rules import names, terms
from portal.rules.sessions import EndReason
from portal.rules.staff import StaffRole
from portal.staff import mails, queries, sessions
from portal.staff.events import Event
from portal.staff.links import Purpose
from portal.staff.queries import Member
from portal.staff.tables import staff_members

NO_STEP = -1


class Taken:
    """The user name exists, or did."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody about to become one of the staff; `username` is folded and of names.staff_name's grammar."""

    username: str
    role: StaffRole
    email: str
    full_name: str
    language: str


def create(
    db: Connection, maker: Links, newcomer: Newcomer, *, by: str, at: datetime, password_hash: str | None = None
) -> Member | Taken:
    """Create the member; without a password an invitation is mailed that lets them set the first one."""
    row = {"username": newcomer.username, "role": newcomer.role, "email": newcomer.email, "created_at": at}
    row |= {"full_name": newcomer.full_name, "language": newcomer.language, "password_hash": password_hash}
    if not insert_once(db, staff_members, row | {"last_step": NO_STEP}):
        return Taken()
    member = queries.find_member(db, newcomer.username)
    assert member is not None  # noqa: S101 - written two lines above, in the same transaction
    _record(db, Event.MEMBER_CREATED, member, at, by)
    if password_hash is None:
        invite(db, maker, member, at=at)
    return member


def invite(db: Connection, maker: Links, member: Member, *, at: datetime) -> None:
    """Mail the link that sets the password; an earlier one is dead from now on."""
    queries.lock_member(db, member.id)
    links.withdraw(db, member.id, (Purpose.INVITATION,), at=at)
    expires_at = at + terms.STAFF_INVITATION_LIFE
    link_id = maker.issue(db, Purpose.INVITATION, member.id, at=at, expires_at=expires_at)
    mails.staff_invitation(db, to=member, link_id=link_id, at=at, expires_at=expires_at)


def set_password(db: Connection, link: Link, password_hash: str, *, at: datetime) -> bool:
    """Use the link up and set the password: sessions ended, waits lifted. False: used, or withdrawn, meanwhile."""
    member = queries.lock_member(db, link.subject_id)
    if not member.enabled or not links.consume(db, link, at=at):
        return False
    db.execute(_of(member).values(password_hash=password_hash))
    links.withdraw(db, member.id, tuple(Purpose), at=at)
    sessions.end_all(db, member.id, EndReason.PASSWORD_RESET, at=at)
    limits.clear_sign_in(db, throttle_name(member.username))
    mails.staff_password_set(db, to=member, at=at)
    _record(db, Event.PASSWORD_SET, member, at)
    return True


def begin_app(db: Connection, vault: Vault, member: Member) -> None:
    """Make the secret of the app that has to be added, unless one waits already. The caller holds the member's row."""
    if member.app_confirmed_at is None and waiting_secret(db, vault, member) is None:
        hidden = vault.encrypt(pyotp.random_base32(), belongs_to=owner(member.id))
        db.execute(_of(member).values(app_secret=hidden, last_step=NO_STEP))


def waiting_secret(db: Connection, vault: Vault, member: Member) -> str | None:
    """The secret (base32) that waits for its first code, to be shown to who adds it; None where none does."""
    if member.app_confirmed_at is not None:
        return None
    try:
        return reveal(db, vault, member)
    except Unreadable:
        return None


def reveal(db: Connection, vault: Vault, member: Member) -> str | None:
    """The secret, confirmed or not: for the demonstration, which stands in for the phone. Raises vault.Unreadable."""
    hidden = db.execute(select(staff_members.c.app_secret).where(staff_members.c.id == member.id)).scalar()
    return vault.decrypt(hidden, belongs_to=owner(member.id)) if hidden else None


def forget_app(db: Connection, member: Member, *, by: str, at: datetime) -> None:
    """The second factor was lost: the next sign-in adds another one. Every session ends."""
    queries.lock_member(db, member.id)
    db.execute(_of(member).values(app_secret=None, app_confirmed_at=None, last_step=NO_STEP))
    links.withdraw(db, member.id, (Purpose.SECOND_FACTOR,), at=at)
    sessions.end_all(db, member.id, EndReason.SECOND_FACTOR_CHANGED, at=at)
    mails.staff_factor_forgotten(db, to=member, at=at)
    _record(db, Event.APP_FORGOTTEN, member, at, by)


def disable(db: Connection, member: Member, *, by: str, at: datetime) -> bool:
    """Take the right to sign in away: sessions ended at once, links dead. False if it was gone already."""
    enabled = staff_members.c.disabled_at.is_(None)
    if db.execute(_of(member).where(enabled).values(disabled_at=at)).rowcount != 1:
        return False
    links.withdraw(db, member.id, tuple(Purpose), at=at)
    sessions.end_all(db, member.id, EndReason.DISABLED, at=at)
    _record(db, Event.MEMBER_DISABLED, member, at, by)
    return True


def owner(member_id: int) -> str:
    """What a member's encrypted secret belongs to."""
    return f"staff-app:{member_id}"


def throttle_name(username: str) -> str:
    """What guesses are counted under: never the name of a customer, which has no colon."""
    return f"staff:{names.fold_email(username)[:64]}"


SECRETS = stored_secrets.Kind(
    staff_members.c.id,
    staff_members.c.app_secret,
    select(staff_members.c.id, staff_members.c.app_secret, staff_members.c.username)
    .where(staff_members.c.app_confirmed_at.is_not(None))  # one that waits and cannot be read is begun anew
    .order_by(staff_members.c.id),
    owner,
)


def _of(member: Member) -> Update:
    return update(staff_members).where(staff_members.c.id == member.id)


def _record(db: Connection, event: Event, member: Member, at: datetime, by: str | None = None) -> None:
    """Events of no platform: only staff read them."""
    audit.record(db, event, at=at, member=member.username, by=by or member.username)
