"""Guesses that their victim should hear of, by mail: at most once a day of each kind.

Strangers who guess the password: the sign-in leaves a task where they have failed often enough, the same one for known
and unknown names; the worker finds out whether there is anybody to tell. Somebody who guesses the code after a right
password is told of at once: whoever types there has proven the password, so nothing is given away.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal.accounts import devices, limits, mails, queries
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.kit import audit, outbox
from portal.rules import names
from portal.rules.names import UserName

TROUBLE_TASK = "tell_sign_in_trouble"


def ask(db: Connection, name: str, *, at: datetime) -> None:
    """Leave the task for what was typed as a user name; of what is none nothing is kept, but the row is the same."""
    username = name if isinstance(names.parse(name), UserName) else ""
    outbox.put(db, outbox.TASK, TROUBLE_TASK, {"username": username, "at": at.isoformat()}, at=at)


def answer(
    db: Connection, payload: dict[str, Any], may_sign_in: Callable[[Administrator], bool], *, at: datetime
) -> None:
    """Mail the person whose password strangers guess, if there is one who has a password and may sign in."""
    found = queries.find_credential(db, payload["username"])
    if found is None or found.password_hash is None:
        return
    person = found.administrator
    if not person.enabled or not may_sign_in(person):
        return
    if limits.claim_alarm(db, "sign-in", person.username, at=at):
        known = bool(devices.of(db, person, "", at=at))
        mails.sign_in_trouble(db, to=person, known=known, tried_at=datetime.fromisoformat(payload["at"]), at=at)
        _record(db, Event.SIGN_IN_TROUBLE, person, at)


def wrong_code(db: Connection, person: Administrator, *, at: datetime) -> None:
    """A second factor was wrong. Where that opens a wait, somebody knows the password who should not."""
    if limits.factor_waits(db, person.username, at=at) and limits.claim_alarm(db, "factor", person.username, at=at):
        mails.password_known(db, to=person, at=at)
        _record(db, Event.PASSWORD_KNOWN, person, at)


def _record(db: Connection, event: Event, person: Administrator, at: datetime) -> None:
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id)
