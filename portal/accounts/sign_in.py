"""Coming in: prove the password, then open the one session of the person.

Proving spans its own transactions on purpose: the attempt is counted before the hash is computed, and no hash is
computed while a transaction holds the database.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from portal.accounts import limits, passwords, queries
from portal.accounts.queries import Administrator, Credential
from portal.accounts.tables import administrators
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.rules import names


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed, from which client network, at which instant (UTC)."""

    username: str
    password: str
    network: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Proven:
    """The password was right. `must_reset`: it no longer suffices (RULES.md, Blocked platforms: compromised)."""

    administrator: Administrator
    password_hash: str

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
        moment: datetime | None = None
        if throttled:
            with database.write() as db:
                moment = limits.claim_sign_in(db, name, attempt.network, at=attempt.at)
        allowed = moment is not None or not throttled
        with database.read() as db:
            found = queries.find_credential(db, name)
        known = found if allowed and found and found.administrator.enabled else None
        verdict = turn.verify(known.password_hash if known else None, password)
        if known is None or not verdict.matched:
            return Refused()
        fresh = turn.hash(password) if verdict.outdated else None
    return _proven(database, attempt, moment, known, fresh)


def _proven(
    database: Database, attempt: Attempt, moment: datetime | None, found: Credential, fresh: str | None
) -> Proven | Refused:
    """Settle a right password: take the attempt back, and store the hash anew where its parameters are outdated."""
    person = found.administrator
    with database.write() as db:
        if not unchanged(db, person.id, found.password_hash):
            return Refused()
        if fresh is not None:
            db.execute(update(administrators).where(administrators.c.id == person.id).values(password_hash=fresh))
        if moment is not None:
            limits.forgive_sign_in(db, person.username, attempt.network, moment, at=attempt.at)
    return Proven(person, fresh or found.password_hash or "")


def unchanged(db: Connection, administrator_id: int, password_hash: str | None) -> bool:
    """Whether the person is still enabled and still has this password: holds the row until the commit."""
    columns = (administrators.c.password_hash, administrators.c.disabled_at)
    query = select(*columns).where(administrators.c.id == administrator_id).with_for_update()
    row = db.execute(query).one_or_none()
    return row is not None and row.disabled_at is None and row.password_hash == password_hash


def _folded(typed: str) -> str:
    """The form that is looked up and counted. What is no user name is counted too, under what was typed."""
    parsed = names.parse(typed)
    return parsed.folded if isinstance(parsed, names.UserName) else "?" + names.fold_email(typed[:400])
