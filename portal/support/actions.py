"""Contacts come, change and go. Who may do that is the rules' business, asked before (`Act.EDIT_CONTACTS`).

Where RULES.md is silent: one address may be a contact of several kinds, and of one kind once; a platform has
CONTACTS_MAX contacts at most, so that no list grows without end. Only the first administrator edits them, so that
person's row is where two edits queue: what was counted stays true until it is written.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import IntegrityError

from portal.accounts import queries as accounts
from portal.accounts.queries import Administrator
from portal.kit import audit
from portal.kit.db import insert_once
from portal.rules import names, terms
from portal.support import queries
from portal.support.events import Event
from portal.support.queries import Kind
from portal.support.tables import contacts


class Known:
    """The address is a contact of this kind already."""


class TooMany:
    """The platform has CONTACTS_MAX contacts."""


class Missing:
    """There is no such contact on this platform, or there is none any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact as it was filled in; `phone` in international form, or empty."""

    kind: Kind
    full_name: str
    email: str
    phone: str = ""

    def columns(self) -> dict[str, Any]:
        row = {"kind": self.kind, "full_name": self.full_name, "phone": self.phone}
        return row | {"email": self.email, "email_folded": names.fold_email(self.email)}


def add(db: Connection, by: Administrator, entry: Entry, *, at: datetime) -> Known | TooMany | None:
    """Put a contact on the list of the administrator's platform; None when it is there now."""
    accounts.lock_administrator(db, by.id)
    if queries.count_contacts(db, by.platform_id) >= terms.CONTACTS_MAX:
        return TooMany()
    if not insert_once(db, contacts, entry.columns() | {"platform_id": by.platform_id, "created_at": at}):
        return Known()
    _record(db, Event.CONTACT_ADDED, by, entry.kind, at)
    return None


def change(db: Connection, by: Administrator, contact_id: int, entry: Entry, *, at: datetime) -> Known | Missing | None:
    """Write a contact anew; None when it is as filled in now."""
    mine = (contacts.c.id == contact_id) & (contacts.c.platform_id == by.platform_id)
    try:
        with db.begin_nested():  # PostgreSQL goes on after a refused statement only from a point before it
            changed = db.execute(update(contacts).where(mine).values(entry.columns())).rowcount
    except IntegrityError:
        return Known()
    if not changed:
        return Missing()
    _record(db, Event.CONTACT_CHANGED, by, entry.kind, at)
    return None


def remove(db: Connection, by: Administrator, contact_id: int, *, at: datetime) -> Missing | None:
    """Take a contact off the list; None when it is gone now."""
    mine = (contacts.c.id == contact_id) & (contacts.c.platform_id == by.platform_id)
    kind = db.execute(delete(contacts).where(mine).returning(contacts.c.kind)).scalar_one_or_none()
    if kind is None:
        return Missing()
    _record(db, Event.CONTACT_REMOVED, by, kind, at)
    return None


def _record(db: Connection, event: Event, by: Administrator, kind: str, at: datetime) -> None:
    audit.record(db, event, at=at, platform_id=by.platform_id, administrator_id=by.id, by=by.username, kind=str(kind))
