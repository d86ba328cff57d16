"""What a page asks of a platform, at a glance: where it stands, its seats and its credits, read by one statement.

Pages read here; whoever changes something reads anew what it changes, in its transaction (`standing`, `seats`).

What was read is kept in the memory of the process (`read_facts`, and the overviews of portal/web/subscription.py): of a
platform that is deleted meanwhile it stays there, shown to nobody, until others push it out or the process ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from portal import standing
from portal.accounts import queries as accounts
from portal.accounts import sessions
from portal.accounts.sessions import Live, Over
from portal.accounts.tables import administrators
from portal.accounts.tables import sessions as session_rows
from portal.credits import queries as credits
from portal.credits.queries import Wallet
from portal.rules import seats as rules
from portal.rules import terms
from portal.rules.seats import Grant
from portal.standing import Credits, Seats, Standing
from portal.subscription import queries as subscription
from portal.subscription.queries import OpenBlock, PaidTerm, Platform
from portal.subscription.tables import platforms

KEPT = 512  # platforms whose facts are kept as values, so that nobody reads the same columns twice

COLUMNS = (
    *(platforms.c[name] for name in Platform.__slots__),
    subscription.terms_column(platforms.c.id),
    subscription.blocks_column(platforms.c.id),
    subscription.grants_column(platforms.c.id),
    credits.lots_column(platforms.c.id),
    accounts.enabled_column(platforms.c.id),
)
_OF_PLATFORM = select(*COLUMNS).where(platforms.c.id == bindparam("platform_id"))
_OF_SESSION = (
    select(*COLUMNS, *sessions.FOUND)
    .select_from(session_rows.join(administrators).join(platforms))
    .where(sessions.HAS_TOKEN)
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database says, as values."""

    platform: Platform
    paid: list[PaidTerm]
    blocks: list[OpenBlock]
    grants: list[Grant]
    wallet: Wallet
    enabled: int  # administrators


@dataclass(frozen=True)
class Glance:
    """A platform at an instant. row: all that was read; whoever has the same row, day and zone would say the same."""

    row: tuple[Any, ...]
    facts: Facts
    place: Standing

    @cached_property
    def seats(self) -> Seats:
        """How many administrators the platform may have today, and has."""
        paid = rules.seats(self.facts.grants, self.place.today, self.place.expires_on)
        return Seats(paid, self.facts.enabled)

    @cached_property
    def credits(self) -> Credits:
        return standing.credits_in(self.facts.wallet.lots, self.place)

    @property
    def additional_at_expiry(self) -> int:
        """How many additional administrators are paid for the last day: what a renewal goes on from."""
        expires_on = self.place.expires_on
        return rules.seats(self.facts.grants, expires_on, expires_on) - terms.INCLUDED_SEATS if expires_on else 0


def find(db: Connection, platform_id: int, *, at: datetime, zone: ZoneInfo) -> Glance:
    """The platform at instant `at`. Raises LookupError for an ID that no platform has."""
    row = db.execute(_OF_PLATFORM, {"platform_id": platform_id}).one_or_none()
    if row is None:
        raise LookupError(f"no platform {platform_id}")
    return composed(tuple(row), at, zone)


def of_session(
    db: Connection, token: str, *, at: datetime, cookie_at: datetime | None, idle: timedelta, zone: ZoneInfo
) -> tuple[Live | Over, Glance] | None:
    """What the token of a cookie stands for, and the platform of whoever it is: one statement for both."""
    row = db.execute(_OF_SESSION, {"token_hash": sessions.token_hash(token)}).one_or_none()
    if row is None:
        return None
    found = sessions.judge(row[len(COLUMNS) :], at=at, cookie_at=cookie_at, idle=idle)
    return found, composed(tuple(row[: len(COLUMNS)]), at, zone)


def composed(row: tuple[Any, ...], at: datetime, zone: ZoneInfo) -> Glance:
    """What `COLUMNS` have read, at instant `at`."""
    facts = read_facts(row)
    place = standing.compose(facts.platform, facts.paid, facts.blocks, facts.wallet, at=at, zone=zone)
    return Glance(row, facts, place)


@lru_cache(maxsize=KEPT)
def read_facts(row: tuple[Any, ...]) -> Facts:
    """The row as values. Nothing but the row counts, so what was once read from the same row is still right."""
    *platform, paid, blocks, grants, lots, enabled = row
    return Facts(
        Platform(*platform),
        subscription.read_terms(paid),
        subscription.read_blocks(blocks),
        subscription.read_grants(grants),
        credits.read_wallet(lots),
        enabled,
    )
