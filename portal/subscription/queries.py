"""Platforms with their terms, seats and blocks, read as values."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from portal.rules.access import Block
from portal.rules.lifecycle import Life
from portal.rules.seats import Grant
from portal.subscription.tables import blocks, platforms, seat_grants, terms


@dataclass(frozen=True, slots=True)
class Platform:
    id: int
    edition: str
    email_channel: bool
    sms_channel: bool
    trial: bool
    company: str
    created_at: datetime
    cancelled_at: datetime | None
    deleted_at: datetime | None
    legal_hold_since: datetime | None
    last_sign_in_on: date | None

    @property
    def sms_only(self) -> bool:
        return not self.email_channel


@dataclass(frozen=True, slots=True)
class Term:
    """One paid (or trial) term; both days are inside."""

    anchor_on: date
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class OpenBlock:
    code: Block
    since: datetime


def find_platform(db: Connection, platform_id: int) -> Platform | None:
    columns = [platforms.c[name] for name in Platform.__slots__]
    row = db.execute(select(*columns).where(platforms.c.id == platform_id)).one_or_none()
    return Platform(*row) if row else None


def lock_platform(db: Connection, platform_id: int) -> None:
    """Hold the platform until the commit: what is counted on it now stays true until it is written."""
    db.execute(select(platforms.c.id).where(platforms.c.id == platform_id).with_for_update())


def terms_of(db: Connection, platform_id: int) -> list[Term]:
    """The terms of a platform, oldest first."""
    columns = [terms.c[name] for name in Term.__slots__]
    query = select(*columns).where(terms.c.platform_id == platform_id).order_by(terms.c.starts_on)
    return [Term(*row) for row in db.execute(query)]


def seat_grants_of(db: Connection, platform_id: int) -> list[Grant]:
    grants = seat_grants.c
    query = select(grants.quantity, grants.starts_on, grants.ends_on).where(grants.platform_id == platform_id)
    return [Grant(*row) for row in db.execute(query)]


def open_blocks(db: Connection, platform_id: int) -> list[OpenBlock]:
    """The blocks that nobody has lifted, oldest first."""
    query = select(blocks.c.code, blocks.c.since).where(blocks.c.platform_id == platform_id)
    rows = db.execute(query.where(blocks.c.lifted_at.is_(None)).order_by(blocks.c.since))
    return [OpenBlock(Block(code), since) for code, since in rows]


def life_of(platform: Platform, paid: list[Term], *, quiet_since: date | None) -> Life:
    """The facts from which the rules compute the state.

    `quiet_since` counts only where there is no e-mail subscription: the last day with credits or a sign-in. The terms
    of an SMS-only platform are history: it has given up e-mail, has no E, and nothing that could be cancelled.
    """
    if platform.sms_only or not paid:
        return Life(None, deleted_at=platform.deleted_at, quiet_since=quiet_since)
    cancelled = platform.cancelled_at is not None
    return Life(paid[-1].ends_on, cancelled=cancelled, trial=platform.trial, deleted_at=platform.deleted_at)
