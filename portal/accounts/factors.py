"""What somebody has beside the password, and what any change of it brings with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, bindparam, delete, func, select

from portal.accounts import factor_removals, mails, queries, sessions
from portal.accounts.events import Event
from portal.accounts.factor_removals import Stop
from portal.accounts.links import CHALLENGE_PURPOSES, HALFWAY_PURPOSES, PASSWORD_PURPOSES
from portal.accounts.queries import Administrator
from portal.accounts.tables import authenticator_apps, passkeys, recovery_codes
from portal.kit import audit, links
from portal.rules.factors import Factors
from portal.rules.sessions import EndReason

# With each of them one comes in.
GIVEN = (Event.APP_ADDED, Event.APP_MOVED, Event.PASSKEY_ADDED, Event.RECOVERY_CODES_MADE)


def columns(administrator_id: ColumnElement[int]) -> list[ScalarSelect[int]]:
    """What the row's person has, as columns, which `read` reads."""

    def count(table: Table, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
        mine = table.c.administrator_id == administrator_id
        return select(func.count()).where(mine, *conditions).scalar_subquery()

    return [
        count(authenticator_apps, authenticator_apps.c.confirmed_at.is_not(None)),
        count(passkeys),
        count(recovery_codes, recovery_codes.c.used_at.is_(None)),
    ]


_FACTORS = select(*columns(bindparam("administrator_id")))


def read(apps: int, keys: int, codes: int) -> Factors:
    return Factors(app=apps > 0, passkeys=keys, codes=codes)


def of(db: Connection, administrator_id: int) -> Factors:
    """What this person has now."""
    return read(*db.execute(_FACTORS, {"administrator_id": administrator_id}).one())


def changed(
    db: Connection,
    person: Administrator,
    event: Event,
    *,
    at: datetime,
    but: int | None = None,
    told: bool = False,
    **details: Any,
) -> None:
    """A factor was added or taken off: notice, links to a new password dead, other sessions ended, activity.

    `but` is the session that may go on: the one in which it was done. Whoever stands halfway at the sign-in
    begins anew. With the last factor its recovery codes go too: they stand in for nothing any more.
    Whoever adds one, or has none left, is not locked out: the others are not taken off as lost any more.
    The caller holds the person's row (`queries.lock_administrator`) since before it asked whether it may.
    told: a mail of the caller's says it already.
    """
    left = of(db, person.id).any
    if not left:
        db.execute(delete(recovery_codes).where(recovery_codes.c.administrator_id == person.id))
    if event in GIVEN or not left:
        factor_removals.stop(db, person.id, Stop.NEW_FACTOR if left else Stop.NONE_LEFT, at=at)
    links.withdraw(db, person.id, (*PASSWORD_PURPOSES, *HALFWAY_PURPOSES, *CHALLENGE_PURPOSES), at=at)
    sessions.end_all(db, person.id, EndReason.SECOND_FACTOR_CHANGED, at=at, but=but)
    if not told:
        mails.factor_changed(db, to=person, change=event, at=at)
    audit.record(db, event, at=at, platform_id=person.platform_id, administrator_id=person.id, **details)


def remove(
    db: Connection,
    person: Administrator,
    event: Event,
    *,
    at: datetime,
    since: datetime | None = None,
    told: bool = False,
) -> bool:
    """Take off every factor and code of this person, or those added at or after `since`; whether there was any.

    For what takes an account back from somebody else, and for factors that were lost: the caller sees to it that the
    password alone does not suffice meanwhile (`recovery.force_reset`). An app that waits for its first code goes in any
    case, because whoever began it knows its secret; it was no factor yet, so nobody is told.
    told: as in `changed`.
    """
    queries.lock_administrator(db, person.id)
    waiting = (authenticator_apps.c.administrator_id == person.id) & authenticator_apps.c.confirmed_at.is_(None)
    db.execute(delete(authenticator_apps).where(waiting))
    added = {authenticator_apps: "confirmed_at", passkeys: "added_at", recovery_codes: "made_at"}
    gone = 0
    for table, column in added.items():
        mine = table.c.administrator_id == person.id
        gone += db.execute(delete(table).where(mine if since is None else mine & (table.c[column] >= since))).rowcount
    if gone:
        changed(db, person, event, at=at, told=told)
    return gone > 0
