"""The permission of a customer to look at the portal as the customer sees it, and what is looked at under it.

A person has one open permission at most, for terms.VIEW_LIFE: whoever allows it once more meanwhile has the one that is
open. It ends by itself, by the person, or by one of the staff who is done; whoever looks is judged anew at every page.
Where RULES.md is silent:
- Each person allows it for the own pages and nobody else's.
- It lasts no longer than the session in which it was allowed. So whatever ends that ends it too: signing out, a new
  password, "this was not me", a block as compromised; and the next session does not bring it back.

What is looked at is written down by the very transaction that makes sure of the permission, before the page is made. So
nothing is shown that is not recorded, and a page that turns out not to exist is recorded all the same. Each time
counts, a reload too. Who of the staff it was is a fact beside it, of which no page and no export tells.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from portal.accounts import mails, queries
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.accounts.tables import sessions
from portal.kit import audit
from portal.rules import staff as rules
from portal.rules.staff import SeenPage
from portal.staff.queries import Member
from portal.staff.tables import view_permissions

STAFF = "staff"  # what the customer reads


@dataclass(frozen=True, slots=True)
class Permission:
    """What a person has allowed in a session that lasts. It is over at `expires_at`, or at `ended_at` where somebody
    ended it earlier.
    """

    id: int
    platform_id: int
    administrator_id: int
    expires_at: datetime
    ended_at: datetime | None


_THEIRS = (sessions.c.administrator_id == view_permissions.c.administrator_id) & sessions.c.ended_at.is_(None)
_STAYS = select(sessions.c.id).where(_THEIRS, sessions.c.started_at <= view_permissions.c.granted_at).exists()
_SELECT = select(*(view_permissions.c[name] for name in Permission.__slots__)).where(_STAYS)


def find_of(db: Connection, administrator_id: int, *, at: datetime) -> Permission | None:
    """The open permission of a person."""
    mine = _SELECT.where(view_permissions.c.administrator_id == administrator_id, view_permissions.c.ended_at.is_(None))
    return next((found for row in db.execute(mine) if _is_open(found := Permission(*row), at)), None)


def find(db: Connection, permission_id: int, *, at: datetime) -> Permission | None:
    """The permission, if it is still open."""
    row = db.execute(_SELECT.where(view_permissions.c.id == permission_id)).one_or_none()
    return found if row and _is_open(found := Permission(*row), at) else None


def allow(db: Connection, person: Administrator, *, at: datetime) -> Permission:
    """Let the staff look; of two clicks at once the second finds the permission of the first."""
    queries.lock_administrator(db, person.id)
    if known := find_of(db, person.id, at=at):
        return known
    values: dict[str, Any] = {"platform_id": person.platform_id, "administrator_id": person.id, "granted_at": at}
    expires_at = rules.view_ends_at(at)
    made = view_permissions.insert().values(values | {"expires_at": expires_at}).returning(view_permissions.c.id)
    permission_id = db.execute(made).scalar_one()
    mails.view_allowed(db, to=person, at=at, expires_at=expires_at)
    _record(db, Event.VIEW_ALLOWED, person.platform_id, person.id, at, by=person.username)
    return Permission(permission_id, person.platform_id, person.id, expires_at, None)


def end(db: Connection, permission: Permission, *, at: datetime, **who: str) -> bool:
    """End it before its time: the next page that anybody wants to look at is not shown. False: it was over.

    who: `by`, and for one of the staff `member`.
    """
    mine = (view_permissions.c.id == permission.id) & view_permissions.c.ended_at.is_(None)
    still = mine & (view_permissions.c.expires_at > at)
    if db.execute(update(view_permissions).where(still).values(ended_at=at)).rowcount != 1:
        return False
    _record(db, Event.VIEW_ENDED, permission.platform_id, permission.administrator_id, at, **who)
    return True


def begin(db: Connection, person: Administrator, *, member: Member, reason: str, at: datetime) -> Permission | None:
    """One of the staff begins to look, and the person is told. None: it is not allowed, or not any more."""
    found = find_of(db, person.id, at=at)
    if found is None or not person.enabled:
        return None
    mails.view_begun(db, to=person, reason=reason, at=at, expires_at=found.expires_at)
    who = {"by": STAFF, "member": member.username}
    _record(db, Event.VIEW_BEGUN, person.platform_id, person.id, at, reason=reason, **who)
    return found


def note_page(db: Connection, permission: Permission, page: SeenPage, *, member: Member, at: datetime) -> bool:
    """Write down that the page is looked at. False: not allowed any more, and nothing may be shown."""
    held = _SELECT.where(view_permissions.c.id == permission.id).with_for_update()
    row = db.execute(held).one_or_none()
    if row is None or not _is_open(Permission(*row), at):
        return False
    whose = permission.platform_id, permission.administrator_id
    _record(db, Event.PAGE_SEEN, *whose, at, page=str(page), by=STAFF, member=member.username)
    return True


def _is_open(permission: Permission, at: datetime) -> bool:
    return rules.view_open(permission.expires_at, permission.ended_at, at)


def _record(
    db: Connection, event: Event, platform_id: int, administrator_id: int, at: datetime, **details: str
) -> None:
    audit.record(db, event, at=at, platform_id=platform_id, administrator_id=administrator_id, **details)
