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


def factor_removal_asked(
    db: Connection,
    *,
    to: Administrator,
    lost_by: Administrator,
    link_id: int,
    reason: str,
    key: str,
    at: datetime,
    due_at: datetime,
) -> None:
    """The notice that lost factors will be taken off, with the link that stops it. `key`: its own among the notices."""
    payload = {"username": lost_by.username, "link_id": link_id, "reason": reason, "due_at": due_at.isoformat()}
    _put(db, "factor_removal_asked", payload, to=to, at=at, key=key, useless_after=due_at)


def factor_removal_done(
    db: Connection,
    *,
    to: Administrator,
    lost_by: Administrator,
    at: datetime,
    link_id: int | None = None,
    expires_at: datetime | None = None,
) -> None:
    """The notice that lost factors are taken off. To whom they belonged with the link to set a new password."""
    payload: dict[str, Any] = {"username": lost_by.username, "at": at.isoformat()}
    if link_id is not None and expires_at is not None:
        payload |= {"link_id": link_id, "expires_at": expires_at.isoformat()}
    _put(db, "factor_removal_done", payload, to=to, at=at)


def factor_removal_stopped(
    db: Connection, *, to: Administrator, kept_by: Administrator, why: str, at: datetime
) -> None:
    """The notice that the factors stay. `why`: a value of factor_removals.Stop."""
    payload = {"username": kept_by.username, "why": why, "at": at.isoformat()}
    _put(db, "factor_removal_stopped", payload, to=to, at=at)


def new_device(
    db: Connection,
    *,
    to: Administrator,
    link_id: int,
    device: str,
    network: str,
    factor: str,
    known: bool,
    failures: int,
    at: datetime,
    expires_at: datetime,
) -> None:
    """The notice of a sign-in, with the link that says it was somebody else.

    known: the browser was; then the failures before it are what is told.
    """
    payload = {"username": to.username, "device": device, "network": network, "factor": factor, "known": known}
    payload |= {"failures": failures, "link_id": link_id, "at": at.isoformat(), "expires_at": expires_at.isoformat()}
    _put(db, "new_device", payload, to=to, at=at, key=f"new-device:{link_id}", useless_after=expires_at)


def taken_back(db: Connection, *, to: Administrator, link_id: int, at: datetime, expires_at: datetime) -> None:
    """What was done because a sign-in was somebody else's, with the link to set a new password."""
    payload = {"username": to.username, "link_id": link_id, "at": at.isoformat(), "expires_at": expires_at.isoformat()}
    _put(db, "taken_back", payload, to=to, at=at, key=f"taken-back:{link_id}")


def sign_in_trouble(db: Connection, *, to: Administrator, known: bool, tried_at: datetime, at: datetime) -> None:
    """The notice that somebody guesses the password. known: there are browsers from which nobody has to wait."""
    payload = {"username": to.username, "known": known, "at": tried_at.isoformat()}
    _put(db, "sign_in_trouble", payload, to=to, at=at)


def password_known(db: Connection, *, to: Administrator, at: datetime) -> None:
    """The notice that somebody knows the password, and was stopped by the second factor."""
    _put(db, "password_known", {"username": to.username, "at": at.isoformat()}, to=to, at=at)


def view_allowed(db: Connection, *, to: Administrator, at: datetime, expires_at: datetime) -> None:
    """The notice that the person lets our staff look at the pages, with what to do if it was somebody else."""
    payload = {"username": to.username, "at": at.isoformat(), "expires_at": expires_at.isoformat()}
    _put(db, "view_allowed", payload, to=to, at=at)


def view_begun(db: Connection, *, to: Administrator, reason: str, at: datetime, expires_at: datetime) -> None:
    """The notice that one of our staff begins to look. `reason` is what they wrote."""
    payload = {"username": to.username, "reason": reason, "at": at.isoformat(), "expires_at": expires_at.isoformat()}
    _put(db, "view_begun", payload, to=to, at=at)


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
