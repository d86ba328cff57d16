"""Coming in: prove the password, then open the one session of the person.

Proving spans its own transactions on purpose: the attempt is counted before the hash is computed, and no hash is
computed while a transaction holds the database. What is counted, and for whom, takes the same statements whether the
name, or the browser, is known.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from portal.accounts import alarms, devices, limits, passwords, queries
from portal.accounts.limits import Claim
from portal.accounts.queries import Administrator, Credential
from portal.accounts.tables import administrators
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.rules import names

_HELD = (
    select(administrators.c.password_hash, administrators.c.disabled_at)
    .where(administrators.c.id == bindparam("administrator_id"))
    .with_for_update(key_share=True)
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, from which client network, at which instant (UTC), in the browser with which token, if any."""

    username: str
    password: str
    network: str
    at: datetime
    device: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """The password was right. failures: how many attempts before it were not.

    `must_reset`: it no longer suffices (RULES.md, Blocked platforms: compromised).
    """

    administrator: Administrator
    password_hash: str
    failures: int = 0

    @property
    def must_reset(self) -> bool:
        return self.administrator.must_reset


class Refused:
    """Unknown name, wrong password, disabled, throttled: nobody is told which."""


def prove(database: Database, hasher: Hasher, attempt: Attempt, *, throttled: bool = True) -> Proven | Refused:
    """Compare name and password at the same cost whatever is true of them.

    Raises hashing.Busy, before anything was counted, when all hashing places are taken.
    """
    name, password = _folded(attempt.username), passwords.prepared(attempt.password)
    with hasher.turn() as turn:
        claim = _claim(database, name, attempt) if throttled else None
        allowed = claim is not None or not throttled
        with database.read() as db:
            found = queries.find_credential(db, name)
        known = found if allowed and found and found.administrator.enabled else None
        verdict = turn.verify(known.password_hash if known else None, password)
        fresh = turn.hash(password) if verdict.outdated else None
    if known is None or not verdict.matched:
        return _refused(database, name, attempt, claim)
    return _proven(database, attempt, claim, known, fresh)


def _claim(database: Database, name: str, attempt: Attempt) -> Claim | None:
    """Count the attempt, for the browser where that is known to the person, or else for the name and the network."""
    with database.write() as db:
        device_id = devices.find(db, name, attempt.device, at=attempt.at)
        claim = limits.claim_sign_in(db, name, attempt.network, device_id, at=attempt.at)
        if claim and claim.last and device_id is not None:
            devices.forget_one(db, name, device_id)
    return claim


def _refused(database: Database, name: str, attempt: Attempt, claim: Claim | None) -> Refused:
    """Where strangers have failed so often that it is worth telling, leave the question whom: for every name alike."""
    if claim and claim.alarming and not claim.of_device:
        with database.write() as db:
            alarms.ask(db, name, at=attempt.at)
    return Refused()


def _proven(
    database: Database, attempt: Attempt, claim: Claim | None, found: Credential, fresh: str | None
) -> Proven | Refused:
    """Settle a right password: take the attempt back, and store the hash anew where its parameters are outdated."""
    person = found.administrator
    with database.write() as db:
        if not unchanged(db, person.id, found.password_hash):
            return Refused()
        if fresh is not None:
            db.execute(update(administrators).where(administrators.c.id == person.id).values(password_hash=fresh))
        if claim is not None:
            limits.forgive_sign_in(db, claim, at=attempt.at)
    return Proven(person, fresh or found.password_hash or "", claim.failures if claim else 0)


def unchanged(db: Connection, administrator_id: int, password_hash: str | None) -> bool:
    """Whether the person is still enabled and still has this password: holds the row until the commit."""
    row = db.execute(_HELD, {"administrator_id": administrator_id}).one_or_none()
    return row is not None and row.disabled_at is None and row.password_hash == password_hash


def _folded(typed: str) -> str:
    """The form that is looked up and counted. What is no user name is counted too, under what was typed."""
    parsed = names.parse(typed)
    return parsed.folded if isinstance(parsed, names.UserName) else "?" + names.fold_email(typed[:400])
