"""The step after the password: a code of the app, or one of the printed ones.

As with passwords, an attempt is counted before it is looked at, and no hash is computed while a transaction holds the
database. Passkeys are not guessed, so they are not counted: `portal/accounts/passkeys.py`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from portal.accounts import alarms, authenticator_apps, limits, mails, queries, recovery_codes
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.kit import audit
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.kit.vault import Vault
from portal.rules import factors as rules
from portal.rules.factors import Factor


@dataclass(frozen=True, slots=True)
class Checks:
    """What a code is checked with."""

    database: Database
    hasher: Hasher
    vault: Vault


def prove(checks: Checks, person: Administrator, typed: str, *, at: datetime, throttled: bool = True) -> Factor | None:
    """With which factor the person has come in by this code; None: wrong, used before, or too many attempts.

    What cannot be a code is not counted. Raises hashing.Busy where all places are taken, and vault.Unreadable where no
    key of the settings opens the app's secret; neither counts anything.
    """
    if (code := rules.read_code(typed)) is not None:
        return _by_app(checks, person, code, at, throttled)
    if (code := rules.read_recovery_code(typed)) is not None:
        return _by_recovery_code(checks, person, code, at, throttled)
    return None


def _by_app(checks: Checks, person: Administrator, code: str, at: datetime, throttled: bool) -> Factor | None:
    with checks.database.write() as db:
        queries.lock_administrator(db, person.id)  # before the limit, as whoever sets a password and clears it
        if throttled and not limits.claim_factor(db, person.username, at=at):
            return None
        if not authenticator_apps.use(db, checks.vault, person, code, at=at):
            alarms.wrong_code(db, person, at=at)
            return None
        limits.forgive_factor(db, person.username)
    return Factor.APP


def _by_recovery_code(checks: Checks, person: Administrator, code: str, at: datetime, throttled: bool) -> Factor | None:
    with checks.hasher.turn() as turn:
        with checks.database.write() as db:
            if throttled and not limits.claim_factor(db, person.username, at=at):
                return None
            like = recovery_codes.find_like(db, person.id)
        code_hash = turn.hash_like(like, code) if like else None
    with checks.database.write() as db:
        if code_hash is None or not recovery_codes.use(db, person.id, code_hash, at=at):
            alarms.wrong_code(db, person, at=at)
            return None
        limits.forgive_factor(db, person.username)
        _tell(db, person, at)
    return Factor.RECOVERY_CODE


def _tell(db: Connection, person: Administrator, at: datetime) -> None:
    """Whoever finds the printed codes can use one: so each use is told by mail."""
    event = Event.RECOVERY_CODE_USED
    mails.factor_changed(db, to=person, change=event, at=at)
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id)
