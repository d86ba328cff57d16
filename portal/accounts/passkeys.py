"""Passkeys: whose they are, added, used, taken off. What a key answers is judged in `passkey_answers`.

A key counts how often it was used, unless it counts nothing at all. One that has counted less than before is a copy of
another, and neither is believed: the row moves only forward.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from portal.accounts import factors, own_factors, passkey_answers, queries
from portal.accounts.events import Event
from portal.accounts.passkey_answers import NewKey, Question, Unfit
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, passkeys
from portal.kit.db import insert_once
from portal.rules import factors as rules
from portal.rules.factors import Kept
from portal.rules.terms import PASSKEYS_MAX

LONGEST_NAME = 60  # characters that the column holds


@dataclass(frozen=True, slots=True)
class Passkey:
    """user_handle: what the keys of this person know the person by, the same for all of them."""

    id: int
    administrator_id: int
    credential_id: str
    user_handle: str
    public_key: str
    sign_count: int
    transports: list[str]
    name: str
    added_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Addition:
    """A key that was made, what its owner calls it, the token of the link that asked for it, and recovery codes.

    code_hashes: kept where the person has no set yet.
    """

    key: NewKey
    name: str
    token: str
    code_hashes: list[str]


@dataclass(frozen=True, slots=True)
class Added:
    """codes: the recovery codes that came with it are kept, and have to be shown."""

    codes: bool


class TooMany:
    """The person has as many keys as one may have."""


class Known:
    """This very key is on the list already, of this person or of another."""


class NoKey:
    """There is none of this number among the person's: never was, or taken off already."""


_SELECT = select(*(passkeys.c[name] for name in Passkey.__slots__))


def of(db: Connection, administrator_id: int) -> list[Passkey]:
    """The keys of a person, the oldest first."""
    mine = passkeys.c.administrator_id == administrator_id
    return [Passkey(*row) for row in db.execute(_SELECT.where(mine).order_by(passkeys.c.id))]


def find(db: Connection, credential_id: str) -> Passkey | None:
    row = db.execute(_SELECT.where(passkeys.c.credential_id == credential_id)).one_or_none()
    return Passkey(*row) if row else None


def find_mine(db: Connection, person: Administrator, key_id: int) -> Passkey | None:
    """The key of this number, if it is one of this person's."""
    return next((key for key in of(db, person.id) if key.id == key_id), None)


def handle(keys: list[Passkey], token: str) -> str:
    """What a further key knows the person by: what those before it do, or something new."""
    return keys[0].user_handle if keys else passkey_answers.handle_of(token)


def is_full(keys: list[Passkey]) -> bool:
    return len(keys) >= PASSKEYS_MAX


def add(db: Connection, person: Administrator, new: Addition, *, at: datetime, but: int) -> Added | TooMany | Known:
    """The key may be used from now on; `but` is the session in which it was added, which goes on."""
    queries.lock_administrator(db, person.id)
    keys = of(db, person.id)
    if is_full(keys):
        return TooMany()
    row = {"administrator_id": person.id, "credential_id": new.key.credential_id, "public_key": new.key.public_key}
    row |= {"sign_count": new.key.sign_count, "transports": new.key.transports, "name": new.name, "added_at": at}
    if not insert_once(db, passkeys, row | {"user_handle": handle(keys, new.token)}):
        return Known()
    first = bool(new.code_hashes) and own_factors.find_codes(db, person.id) is None
    if first:
        own_factors.keep_codes(db, person, new.code_hashes, at=at)
    factors.changed(db, person, Event.PASSKEY_ADDED, at=at, but=but)
    return Added(first)


def remove(
    db: Connection, person: Administrator, key_id: int, *, demanded: bool, at: datetime, but: int
) -> Kept | NoKey | None:
    """Take the key off; or why it stays. demanded: the platform lets nobody in without a second factor."""
    mine = queries.lock_administrator(db, person.id)
    if find_mine(db, mine, key_id) is None:
        return NoKey()
    kept = rules.removal_refused(factors.of(db, mine.id), demanded=demanded, short_password=mine.short_password)
    if kept is None:
        db.execute(delete(passkeys).where(passkeys.c.id == key_id))
        factors.changed(db, mine, Event.PASSKEY_REMOVED, at=at, but=but)
    return kept


def prove(
    db: Connection, question: Question, text: str, *, at: datetime, whose: int | None = None, verified: bool
) -> Administrator | Unfit:
    """Who has answered the question with a key of theirs: holds the person's row until the commit.

    `whose` keys count: None for everybody's, and then the key itself has to say whom it belongs to. `verified`: the key
    must have found out that it is the person. Whether the person may come in otherwise is for the caller to say.
    """
    credential = passkey_answers.read(text)
    if isinstance(credential, Unfit):
        return credential
    key = find(db, passkey_answers.id_of(credential))
    if key is None or whose not in (None, key.administrator_id):
        return Unfit("a key that is not known, or another person's")
    if not passkey_answers.names(credential, key.user_handle, must=whose is None):
        return Unfit("the key knows somebody else by it")
    count = passkey_answers.judge(question, credential, key.public_key, verified=verified)
    if isinstance(count, Unfit):
        return count
    return _use(db, key, count, at=at)


def _use(db: Connection, key: Passkey, count: int, *, at: datetime) -> Administrator | Unfit:
    """Note the use of a key whose answer was right."""
    person = queries.lock_administrator(db, key.administrator_id)
    if not person.enabled or not _has_password(db, person):
        return Unfit("the person is disabled, or was let in again and has not accepted")
    column = passkeys.c.sign_count
    forward = column < count if count else column == 0
    same = (passkeys.c.id == key.id) & (passkeys.c.credential_id == key.credential_id)
    values = {"sign_count": count, "last_used_at": at}
    if db.execute(update(passkeys).where(same, forward).values(values)).rowcount != 1:
        return Unfit(f"the key counts {count} uses, after {key.sign_count}: a copy of it, or it was taken off")
    return person


def _has_password(db: Connection, person: Administrator) -> bool:
    """False for somebody who is invited: neither does a key come before the invitation."""
    has = administrators.c.password_hash.is_not(None)
    return db.execute(select(has).where(administrators.c.id == person.id)).scalar_one()
