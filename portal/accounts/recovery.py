"""Recovering user name and password.

Asking does the same work whatever is true: it leaves a task. The worker finds out and decides whether a mail leaves,
always to the stored address. Opening a link changes nothing; only a valid new password uses it up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from portal.accounts import limits, mails, queries, sessions
from portal.accounts.events import Event
from portal.accounts.links import HALFWAY_PURPOSES, PASSWORD_PURPOSES, Purpose, withdraw_email_links
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators
from portal.kit import audit, links, outbox
from portal.kit.links import Link, Links
from portal.rules import names, terms
from portal.rules.sessions import EndReason

USER_NAMES_TASK = "recover_user_names"
RESET_TASK = "reset_password"
LONGEST_TYPED = 320  # characters of what was typed that are worth keeping: the longest address


@dataclass(frozen=True, slots=True)
class Asked:
    """A recovery request as it came in: what was typed, from which client network, at which instant (UTC)."""

    username: str
    email: str
    network: str
    at: datetime


def ask(db: Connection, task: str, asked: Asked, *, throttled: bool = True) -> None:
    """Leave the task. Past the limit of the network the same row is written, already marked as not to be answered."""
    allowed = limits.claim_recovery(db, asked.network, at=asked.at) if throttled else True
    parsed = names.parse(asked.username)
    username = parsed.folded if isinstance(parsed, names.UserName) else ""
    payload = {"username": username, "email": names.fold_email(asked.email)[:LONGEST_TYPED], "allowed": allowed}
    outbox.put(db, outbox.TASK, task, payload, at=asked.at)


def answer_user_names(
    db: Connection, payload: dict[str, Any], describe: Callable[[Administrator], str | None], *, at: datetime
) -> None:
    """Mail all user names of an address. `describe` gives the platform's state, None for one that is deleted."""
    if not payload["allowed"]:
        return
    people = queries.administrators_of_email(db, payload["email"])
    described = [(person, describe(person)) for person in people]
    known = [(person, state) for person, state in described if state is not None]
    if not known or not limits.claim_recovery_mail(db, payload["email"], at=at):
        return
    first = known[0][0]
    mails.user_names(db, to=first, names=[(person.username, state) for person, state in known], at=at)
    for person, _ in known:
        _record(db, Event.USER_NAMES_SENT, person, at)


def answer_reset(
    db: Connection,
    maker: Links,
    payload: dict[str, Any],
    describe: Callable[[Administrator], str | None],
    *,
    at: datetime,
) -> None:
    """Mail a reset link, if user name and address belong together, and the platform is not deleted."""
    person = queries.find_administrator(db, payload["username"])
    if not payload["allowed"] or person is None or not person.enabled or describe(person) is None:
        return
    if names.fold_email(person.email) != payload["email"]:
        return
    send_limited_reset_link(db, maker, person, at=at)


def send_limited_reset_link(db: Connection, maker: Links, person: Administrator, *, at: datetime) -> None:
    """Mail the link, unless the account has had its mails of the day; the page says the same in both cases.

    The person before the limit, as at the sign-in that leads here: in the other order two could wait for each other.
    """
    queries.lock_administrator(db, person.id)
    if limits.claim_recovery_mail(db, person.username, at=at):
        send_reset_link(db, maker, person, Purpose.RESET, at=at)


def send_reset_link(
    db: Connection, maker: Links, person: Administrator, purpose: Purpose, *, at: datetime, reason: str | None = None
) -> None:
    """Mail a link to the stored address; every earlier one is dead from now on.

    `purpose` RESET lives 60 minutes, SUPPORT_RESET 24 hours and carries the `reason` staff gave.
    """
    link_id, expires_at = issue_reset_link(db, maker, person, purpose, at=at)
    mails.reset_link(db, to=person, link_id=link_id, at=at, expires_at=expires_at, reason=reason)
    told = {"by": "staff", "reason": reason} if reason else {"by": "person"}
    _record(db, Event.RESET_LINK_SENT, person, at, **told)


def issue_reset_link(
    db: Connection, maker: Links, person: Administrator, purpose: Purpose, *, at: datetime
) -> tuple[int, datetime]:
    """(id, instant of expiry) of a new reset link for whatever mail carries it; every earlier one is dead."""
    queries.lock_administrator(db, person.id)
    life = terms.SUPPORT_LINK_LIFE if purpose is Purpose.SUPPORT_RESET else terms.RESET_LINK_LIFE
    links.withdraw(db, person.id, (Purpose.RESET, Purpose.SUPPORT_RESET), at=at)
    return maker.issue(db, purpose, person.id, at=at, expires_at=at + life), at + life


def set_password(db: Connection, link: Link, password_hash: str, *, at: datetime, short: bool = False) -> bool:
    """Use the link up and set the password: sessions ended, other links dead, waits lifted, a notice mailed.

    Returns False when the link was used or withdrawn in the meantime: of two simultaneous callers one gets True.
    """
    person = queries.lock_administrator(db, link.subject_id)
    if not person.enabled or not links.consume(db, link, at=at):
        return False
    store_password(db, person, password_hash, EndReason.PASSWORD_RESET, at=at, short=short)
    return True


def store_password(
    db: Connection,
    person: Administrator,
    password_hash: str,
    reason: EndReason,
    *,
    at: datetime,
    but: int | None = None,
    short: bool = False,
) -> None:
    """What a new password brings with it, however it came about; `but` is the session that may go on.

    short: it may be this short only beside a second factor, of which the last one cannot be taken off then.
    """
    values = {"password_hash": password_hash, "short_password": short, "must_reset": False}
    db.execute(update(administrators).where(administrators.c.id == person.id).values(values))
    links.withdraw(db, person.id, (*PASSWORD_PURPOSES, *HALFWAY_PURPOSES), at=at)
    withdraw_email_links(db, person.id, (Purpose.EMAIL_CHANGE,), at=at)  # asked for by whoever knew the earlier one
    sessions.end_all(db, person.id, reason, at=at, but=but)
    limits.clear_sign_in(db, person.username)
    mails.password_set(db, to=person, at=at)
    _record(db, Event.PASSWORD_SET, person, at)


def force_reset(db: Connection, person: Administrator, *, at: datetime) -> None:
    """The present password no longer suffices to come in; a new one, set by link, does.

    Whoever has proven the present one already, and stands at the take-over question, does not come in either; a change
    of the address that was asked for with it is not confirmed any more.
    """
    db.execute(update(administrators).where(administrators.c.id == person.id).values(must_reset=True))
    links.withdraw(db, person.id, HALFWAY_PURPOSES, at=at)
    withdraw_email_links(db, person.id, (Purpose.EMAIL_CHANGE,), at=at)


def disown(db: Connection, link: Link, *, at: datetime) -> None:
    """ "I did not ask for this": the link is dead, the password stays."""
    person = queries.lock_administrator(db, link.subject_id)
    links.withdraw(db, link.subject_id, (Purpose.RESET, Purpose.SUPPORT_RESET), at=at)
    _record(db, Event.RESET_DISOWNED, person, at)


def _record(db: Connection, event: Event, person: Administrator, at: datetime, **details: Any) -> None:
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id, **details)
