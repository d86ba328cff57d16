"""The mails to the staff: one function each, and one folder of three texts under `templates/mail`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal.kit import outbox
from portal.staff.queries import Member


def staff_invitation(db: Connection, *, to: Member, link_id: int, at: datetime, expires_at: datetime) -> None:
    """The link with which one of the staff sets the password."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat(), "username": to.username}
    key = f"staff-invitation:{link_id}"
    _put(db, "staff_invitation", payload, to=to, at=at, key=key, useless_after=expires_at)


def staff_password_set(db: Connection, *, to: Member, at: datetime) -> None:
    """The notice that the password is new."""
    _put(db, "staff_password_set", {"username": to.username, "at": at.isoformat()}, to=to, at=at)


def staff_factor_forgotten(db: Connection, *, to: Member, at: datetime) -> None:
    """The notice that the second factor was taken off, and the next sign-in adds another one."""
    _put(db, "staff_factor_forgotten", {"username": to.username, "at": at.isoformat()}, to=to, at=at)


def _put(db: Connection, name: str, payload: dict[str, Any], *, to: Member, at: datetime, **life: Any) -> None:
    """Queue the mail to the stored address, in the person's language."""
    outbox.put(db, outbox.MAIL, name, payload, at=at, recipient=to.email, language=to.language, **life)
