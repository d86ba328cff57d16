"""An authenticator app moved to another device: a new secret takes the place of the one there is.

So nobody is without a second factor in between, also where the platform demands one or the password needs one beside
it, and the recovery codes stay. The new secret waits on the page, encrypted, for as long as one of a first app waits;
the present app counts until the new one has shown a code.
"""

import json
from datetime import datetime

import pyotp
from sqlalchemy import Connection

from portal.accounts import authenticator_apps, factors, own_factors, queries
from portal.accounts.events import Event
from portal.accounts.own_factors import Waiting
from portal.accounts.queries import Administrator
from portal.kit.vault import Unreadable, Vault
from portal.rules import factors as rules


def begin(db: Connection, vault: Vault, person: Administrator, *, at: datetime) -> tuple[Waiting, str] | None:
    """(a new secret, the same sealed for the form that brings it back); None: there is no app to move."""
    app = own_factors.find_app(db, person.id)
    if app is None:
        return None
    secret = pyotp.random_base32()
    facts = [secret, at.isoformat(), app.since.isoformat()]
    sealed = vault.encrypt(json.dumps(facts), belongs_to=_owner(person))
    return Waiting(secret, rules.setup_until(at)), sealed


def find_waiting(db: Connection, vault: Vault, person: Administrator, sealed: str, *, at: datetime) -> Waiting | None:
    """What was sealed for this person, as long as it waits, and the app that it replaces is the one there is."""
    try:
        secret, begun_at, since = json.loads(vault.decrypt(sealed, belongs_to=_owner(person)))
    except Unreadable:
        return None
    app, until = own_factors.find_app(db, person.id), rules.setup_until(datetime.fromisoformat(begun_at))
    replaces_it = app is not None and app.since.isoformat() == since
    return Waiting(secret, until) if replaces_it and at < until else None


def move(
    db: Connection, vault: Vault, person: Administrator, sealed: str, code: str, *, at: datetime, but: int
) -> bool:
    """The new app shows the right code: from now on it is asked for. False: wrong, or nothing waits any more."""
    queries.lock_administrator(db, person.id)
    waiting = find_waiting(db, vault, person, sealed, at=at)
    if waiting is None or not authenticator_apps.replace(db, vault, person, waiting.secret, code, at=at):
        return False
    factors.changed(db, person, Event.APP_MOVED, at=at, but=but)
    return True


def _owner(person: Administrator) -> str:
    return f"app-move:{person.id}"
