"""What people do with their own second factors: an app is added and taken off, the codes to print are made anew.

Another app in the place of the one there is: `portal/accounts/app_moves.py`.

Each act holds the person's row, asks the rules once more as things stand then, and brings with it what
`factors.changed` says. Where RULES.md is silent:
- The secret of an app that is being added waits terms.APP_SETUP_LIFE for its first code; the next one replaces it.
- First codes are counted with those of the sign-in: the secret is on the page, so nobody has to guess.
- Whoever adds a first factor gets a set of recovery codes with it, and keeps the set while there is any factor.
- A new set is made for whoever has seen the present one: a form that was opened before that changes nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select, union

from portal.accounts import authenticator_apps, factors, limits, queries, recovery_codes
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, passkeys
from portal.accounts.tables import authenticator_apps as apps
from portal.accounts.tables import recovery_codes as codes
from portal.kit import audit
from portal.kit.db import Database
from portal.kit.vault import Vault
from portal.rules import factors as rules
from portal.rules.factors import Kept


@dataclass(frozen=True, slots=True)
class App:
    """Since when there is one, and when a code of it was last typed."""

    since: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class CodeSet:
    """The printed codes: made when, how many are left, of how many."""

    made_at: datetime
    left: int
    size: int

    @property
    def name(self) -> str:
        """Tells this set from the one after it."""
        return self.made_at.isoformat()


@dataclass(frozen=True, slots=True)
class Waiting:
    """The secret (base32) of an app that is being added, and until when it waits for its first code."""

    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Added:
    """The app is asked for from now on. codes: the recovery codes that were made with it are those that count."""

    codes: bool


class NoApp:
    """There is none: never added, or taken off already."""


class NoFactor:
    """There is no factor that recovery codes could stand in for."""


class Replaced:
    """The set was replaced since it was looked at."""


def find_app(db: Connection, administrator_id: int) -> App | None:
    mine = (apps.c.administrator_id == administrator_id) & apps.c.confirmed_at.is_not(None)
    row = db.execute(select(apps.c.confirmed_at, apps.c.last_used_at).where(mine)).one_or_none()
    return App(*row) if row else None


def find_codes(db: Connection, administrator_id: int) -> CodeSet | None:
    mine = codes.c.administrator_id == administrator_id
    unused = func.count().filter(codes.c.used_at.is_(None))
    row = db.execute(select(func.max(codes.c.made_at), unused, func.count()).where(mine)).one()
    return CodeSet(*row) if row[0] else None


def holders(db: Connection, platform_id: int) -> frozenset[int]:
    """Which administrators of the platform have a second factor, by their ids."""
    mine = administrators.c.platform_id == platform_id
    with_app = select(apps.c.administrator_id).join(administrators).where(mine, apps.c.confirmed_at.is_not(None))
    with_key = select(passkeys.c.administrator_id).join(administrators).where(mine)
    return frozenset(db.execute(union(with_app, with_key)).scalars())


def find_waiting(db: Connection, vault: Vault, person: Administrator, *, at: datetime) -> Waiting | None:
    """What waits for its first code; None: nothing does, or it has waited for too long."""
    mine = (apps.c.administrator_id == person.id) & apps.c.confirmed_at.is_(None)
    begun_at = db.execute(select(apps.c.begun_at).where(mine)).scalar()
    if begun_at is None or at >= rules.setup_until(begun_at):
        return None
    secret = authenticator_apps.find_waiting(db, vault, person)
    return Waiting(secret, rules.setup_until(begun_at)) if secret else None


def shows(
    database: Database, person: Administrator, waiting: Waiting, code: str, *, at: datetime, throttled: bool = True
) -> bool:
    """Whether the app that is being added shows this code: counted before it is looked at, in a transaction of its own.

    Changes nothing else, so that recovery codes can be hashed before the app is confirmed.
    """
    if rules.read_code(code) is None:
        return False
    with database.write() as db:
        if throttled and not limits.claim_factor(db, person.username, at=at):
            return False
        right = authenticator_apps.shows(waiting.secret, code, at=at)
        if right:
            limits.forgive_factor(db, person.username)
        return right


def add_app(
    db: Connection, vault: Vault, person: Administrator, code: str, hashes: list[str], *, at: datetime, but: int
) -> Added | None:
    """Confirm the app by its first code, and keep recovery codes by these hashes, where there are none by now.

    `but`: the session in which it is done, which goes on. None, and nothing was changed: nothing waits any more, or
    another secret does.
    """
    queries.lock_administrator(db, person.id)
    if find_waiting(db, vault, person, at=at) is None:
        return None
    if not authenticator_apps.confirm(db, vault, person, code, at=at):
        return None
    added = Added(codes=bool(hashes) and find_codes(db, person.id) is None)
    if added.codes:
        keep_codes(db, person, hashes, at=at)
    factors.changed(db, person, Event.APP_ADDED, at=at, but=but)
    return added


def remove_app(db: Connection, person: Administrator, *, demanded: bool, at: datetime, but: int) -> Kept | NoApp | None:
    """Take the app off; or why it stays. demanded: the platform lets nobody in without a second factor."""
    mine = queries.lock_administrator(db, person.id)
    has = factors.of(db, mine.id)
    if not has.app:
        return NoApp()
    kept = rules.removal_refused(has, demanded=demanded, short_password=mine.short_password)
    if kept is None and authenticator_apps.remove(db, mine):
        factors.changed(db, mine, Event.APP_REMOVED, at=at, but=but)
    return kept


def make_codes(
    db: Connection, person: Administrator, hashes: list[str], *, known: str, at: datetime, but: int
) -> NoFactor | Replaced | None:
    """A new set in the place of the one whose name is `known`; empty: there was none."""
    queries.lock_administrator(db, person.id)
    if not factors.of(db, person.id).any:
        return NoFactor()
    present = find_codes(db, person.id)
    if known != (present.name if present else ""):
        return Replaced()
    recovery_codes.replace(db, person, hashes, at=at)
    factors.changed(db, person, Event.RECOVERY_CODES_MADE, at=at, but=but)
    return None


def keep_codes(db: Connection, person: Administrator, hashes: list[str], *, at: datetime) -> None:
    """The set that comes with a first factor: what that brings with it is told with the factor itself."""
    recovery_codes.replace(db, person, hashes, at=at)
    event = Event.RECOVERY_CODES_MADE
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id)
