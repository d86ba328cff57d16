"""The mails of the accounts: one function each, and one folder of three texts under `templates/mail`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.kit import outbox


def user_names(db: Connection, *, to: Administrator, names: Sequence[tuple[str, str]], at: datetime) -> None:
    """All user names of one address, each with the state of its platform."""
    payload = {"names": [list(pair) for pair in names]}
    _put(db, "user_names", payload, to=to, at=at)


def reset_link(
    db: Connection, *, to: Administrator, link_id: int, at: datetime, expires_at: datetime, reason: str | None = None
) -> None:
    """The link to set a new password. `reason` is what staff wrote when they sent it; None: asked for on the page."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat(), "username": to.username, "reason": reason}
    key = f"reset-link:{link_id}"
    _put(db, "reset_link", payload, to=to, at=at, key=key, useless_after=expires_at)


def invitation(db: Connection, *, to: Administrator, link_id: int, at: datetime, expires_at: datetime) -> None:
    """The link with which a new administrator sets the first password."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat(), "username": to.username}
    payload["full_name"] = to.full_name
    key = f"invitation:{link_id}"
    _put(db, "invitation", payload, to=to, at=at, key=key, useless_after=expires_at)


def password_set(db: Connection, *, to: Administrator, at: datetime) -> None:
    """The notice that the password is new, with what to do if it was somebody else."""
    payload = {"username": to.username, "at": at.isoformat()}
    _put(db, "password_set", payload, to=to, at=at)


def factor_changed(db: Connection, *, to: Administrator, change: Event, at: datetime) -> None:
    """The notice that a second factor was added, used up or taken off, with what to do if it was somebody else."""
    _put(db, "factor_changed", {"username": to.username, "change": change, "at": at.isoformat()}, to=to, at=at)


def administrator_disabled(db: Connection, *, to: Administrator, at: datetime) -> None:
    """The notice to a person who can no longer sign in."""
    payload = {"username": to.username, "at": at.isoformat()}
    _put(db, "administrator_disabled", payload, to=to, at=at)


def administrator_added(db: Connection, *, to: Administrator, added: Administrator, at: datetime) -> None:
    """The notice to the first administrator that somebody may sign in now, or may again."""
    payload = {"username": added.username, "full_name": added.full_name, "at": at.isoformat()}
    _put(db, "administrator_added", payload, to=to, at=at)


def email_confirm(db: Connection, *, to: Administrator, link_id: int, at: datetime, expires_at: datetime) -> None:
    """The link that confirms a new address; `to` has the new one."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat(), "username": to.username}
    _put(db, "email_confirm", payload, to=to, at=at, key=f"email-confirm:{link_id}", useless_after=expires_at)


def email_changed(db: Connection, *, to: Administrator, link_id: int, at: datetime, expires_at: datetime) -> None:
    """The notice to the old address, which `to` still has, with the link that takes the change back."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat(), "username": to.username, "at": at.isoformat()}
    _put(db, "email_changed", payload, to=to, at=at, key=f"email-changed:{link_id}", useless_after=expires_at)


def email_confirmed(db: Connection, *, to: Administrator, at: datetime) -> None:
    """The notice to the new address that it is the one of the account."""
    _put(db, "email_confirmed", {"username": to.username, "at": at.isoformat()}, to=to, at=at)


def email_restored(db: Connection, *, to: Administrator, link_id: int, at: datetime, expires_at: datetime) -> None:
    """The notice to the address that is back, with the link to set a new password. Sent also when that has expired."""
    payload = {"link_id": link_id, "expires_at": expires_at.isoformat(), "username": to.username, "at": at.isoformat()}
    _put(db, "email_restored", payload, to=to, at=at, key=f"email-restored:{link_id}")


def email_taken_off(db: Connection, *, to: Administrator, at: datetime) -> None:
    """The notice to the address that a change brought and an undo took away."""
    _put(db, "email_taken_off", {"username": to.username, "at": at.isoformat()}, to=to, at=at)


def _put(db: Connection, name: str, payload: dict[str, Any], *, to: Administrator, at: datetime, **life: Any) -> None:
    """Queue the mail to the stored address, in the person's language."""
    who: dict[str, Any] = {"platform_id": to.platform_id, "recipient": to.email, "language": to.language}
    outbox.put(db, outbox.MAIL, name, payload, at=at, **who, **life)
