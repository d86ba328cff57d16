"""Coming in: prove the password, then open the one session of the person.

Judging has a transaction of its own on purpose: the attempt is counted before the hash is computed, and no hash is
computed while a transaction holds the database. What is counted, and for whom, takes the same statements whether the
name, or the browser, is known. A right password is settled in the transaction of whatever it opens; where that comes
to nothing, the attempt stays counted.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from portal.accounts import alarms, devices, limits, passwords, queries
from portal.accounts.limits import Claim
from portal.accounts.queries import ADMINISTRATOR_COLUMNS, Administrator, Credential
from portal.accounts.tables import administrators
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.rules import names

_LOOK = select(*ADMINISTRATOR_COLUMNS, administrators.c.password_hash, devices.HELD).where(
    administrators.c.username == bindparam("username")
)
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
    """The password was right. claim: under which the attempt was counted, unless nothing is; fresh: its hash anew,
    where the parameters of the stored one are outdated.
    """

    administrator: Administrator
    password_hash: str
    claim: Claim | None
    fresh: str | None

    @property
    def must_reset(self) -> bool:
        """It no longer suffices (RULES.md, Blocked platforms: compromised)."""
        return self.administrator.must_reset

    @property
    def failures(self) -> int:
        """How many attempts before it were wrong."""
        return self.claim.failures if self.claim else 0


class Refused:
    """Unknown name, wrong password, disabled, throttled: nobody is told which."""


def prove(database: Database, hasher: Hasher, attempt: Attempt, *, throttled: bool = True) -> Proven | Refused:
    """As `judge`, and settled at once: for who asks for the password alone."""
    found = judge(database, hasher, attempt, throttled=throttled)
    if isinstance(found, Refused):
        return found
    with database.write() as db:
        if not settle(db, found):
            return Refused()
        forgive(db, found, at=attempt.at)
    return replace(found, password_hash=found.fresh or found.password_hash, fresh=None)


def judge(database: Database, hasher: Hasher, attempt: Attempt, *, throttled: bool = True) -> Proven | Refused:
    """Compare name and password at the same cost whatever is true of them. A right one is still to `settle`.

    Raises hashing.Busy, before anything was counted, when all hashing places are taken.
    """
    name, password = _folded(attempt.username), passwords.prepared(attempt.password)
    with hasher.turn() as turn:
        claim, found = _claim(database, name, attempt) if throttled else (None, _find(database, name))
        allowed = claim is not None or not throttled
        known = found if allowed and found and found.administrator.enabled else None
        verdict = turn.verify(known.password_hash if known else None, password)
        fresh = turn.hash(password) if verdict.outdated else None
    if known is None or not verdict.matched:
        return _refused(database, name, attempt, claim)
    return Proven(known.administrator, known.password_hash or "", claim, fresh)


def _claim(database: Database, name: str, attempt: Attempt) -> tuple[Claim | None, Credential | None]:
    """Count the attempt, for the browser where that is known to the person, or else for the name and the network."""
    with database.write() as db:
        row = db.execute(_LOOK, devices.asked(name, attempt.device, at=attempt.at)).one_or_none()
        *person, password_hash, device_id = row or (None, None)
        claim = limits.claim_sign_in(db, name, attempt.network, device_id, at=attempt.at)
        if claim and claim.last and device_id is not None:
            devices.forget_one(db, name, device_id)
    return claim, Credential(Administrator(*person), password_hash) if row else None


def _find(database: Database, name: str) -> Credential | None:
    with database.read() as db:
        return queries.find_credential(db, name)


def _refused(database: Database, name: str, attempt: Attempt, claim: Claim | None) -> Refused:
    """Where strangers have failed so often that it is worth telling, leave the question whom: for every name alike."""
    if claim and claim.alarming and not claim.of_device:
        with database.write() as db:
            alarms.ask(db, name, at=attempt.at)
    return Refused()


def settle(db: Connection, proven: Proven) -> bool:
    """Whether what was judged still holds: keeps it so until the commit, and stores the hash that was made anew."""
    person_id = proven.administrator.id
    if not unchanged(db, person_id, proven.password_hash):
        return False
    if proven.fresh is not None:
        db.execute(update(administrators).where(administrators.c.id == person_id).values(password_hash=proven.fresh))
    return True


def forgive(db: Connection, proven: Proven, *, at: datetime) -> None:
    """Take the attempt back, after all else of the transaction: limits come last (`subscription.queries`)."""
    if proven.claim is not None:
        limits.forgive_sign_in(db, proven.claim, at=at)


def unchanged(db: Connection, administrator_id: int, password_hash: str | None) -> bool:
    """Whether the person is still enabled and still has this password: holds the row until the commit."""
    row = db.execute(_HELD, {"administrator_id": administrator_id}).one_or_none()
    return row is not None and row.disabled_at is None and row.password_hash == password_hash


def _folded(typed: str) -> str:
    """The form that is looked up and counted. What is no user name is counted too, under what was typed."""
    parsed = names.parse(typed)
    return parsed.folded if isinstance(parsed, names.UserName) else "?" + names.fold_email(typed[:400])
