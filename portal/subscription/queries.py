"""Platforms with their terms, seats and blocks, read as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, ScalarSelect, bindparam, func, select

from portal.kit import nested
from portal.rules.access import Block
from portal.rules.lifecycle import Life
from portal.rules.renewal import Term
from portal.rules.seats import Grant
from portal.subscription import searched_names
from portal.subscription.searched_names import NameOf
from portal.subscription.tables import blocks, grace_extensions, platforms, seat_grants, terms, trial_requests


@dataclass(frozen=True, slots=True)
class Platform:
    id: int
    next_edition: str | None
    email_channel: bool
    sms_channel: bool
    trial: bool
    company: str
    created_at: datetime
    cancelled_at: datetime | None
    deleted_at: datetime | None
    legal_hold_since: datetime | None
    last_sign_in_on: date | None
    second_factor_since: datetime | None  # since when nobody comes in without one; None: everybody's own choice

    @property
    def sms_only(self) -> bool:
        return not self.email_channel


@dataclass(frozen=True, slots=True)
class PaidTerm:
    """A term with its edition; trial: its days were not paid.

    grace_until: the last day of the grace after it, where an exception was made.
    """

    term: Term
    edition: str
    trial: bool = False
    grace_until: date | None = None


@dataclass(frozen=True, slots=True)
class OpenBlock:
    code: Block
    since: datetime


@dataclass(frozen=True, slots=True)
class KnownBlock:
    """A block as the staff see it, open or lifted: who set it, and what they wrote for each other."""

    code: Block
    since: datetime
    set_by: str
    note: str
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """A request for a trial, whose address waits to be confirmed or has been."""

    id: int
    full_name: str
    company: str
    email: str
    email_folded: str
    language: str


def longest_until(platform_id: ColumnElement[int], expires_on: ColumnElement[date]) -> ScalarSelect[date]:
    """A column: the last day of the grace of the row's E, where an exception was made; else NULL."""
    its = (grace_extensions.c.platform_id == platform_id) & (grace_extensions.c.expires_on == expires_on)
    return select(func.max(grace_extensions.c.last_day)).where(its).scalar_subquery()


# Statements are built once: measured, building one anew costs five times as much as running it.
_MINE: BindParameter[int] = bindparam("platform_id")
_PLATFORM = select(*(platforms.c[name] for name in Platform.__slots__)).where(platforms.c.id == _MINE)
_LOCK = _PLATFORM.with_for_update(key_share=True)
_TERM = (terms.c.starts_on, terms.c.ends_on, terms.c.anchor_on, terms.c.edition, terms.c.trial)
_UNTIL = longest_until(terms.c.platform_id, terms.c.ends_on)
_TERMS = select(*_TERM, _UNTIL).where(terms.c.platform_id == _MINE).order_by(terms.c.starts_on)
_NEXT_LIVING = (
    select(*(platforms.c[name] for name in Platform.__slots__))
    .where(platforms.c.id > bindparam("after"), platforms.c.deleted_at.is_(None))
    .order_by(platforms.c.id)
    .limit(bindparam("most"))
)
_THESE: BindParameter[list[int]] = bindparam("platform_ids", expanding=True)
_PLATFORMS = select(*(platforms.c[name] for name in Platform.__slots__)).where(platforms.c.id.in_(_THESE))
_TERMS_OF_MANY = (
    select(terms.c.platform_id, *_TERM, _UNTIL).where(terms.c.platform_id.in_(_THESE)).order_by(terms.c.starts_on)
)
_BLOCKS_OF_MANY = (
    select(blocks.c.platform_id, blocks.c.code, blocks.c.since)
    .where(blocks.c.platform_id.in_(_THESE), blocks.c.lifted_at.is_(None))
    .order_by(blocks.c.since)
)
_GRANTS = select(seat_grants.c.quantity, seat_grants.c.starts_on, seat_grants.c.ends_on).where(
    seat_grants.c.platform_id == _MINE
)
_BLOCKS = (
    select(blocks.c.code, blocks.c.since)
    .where(blocks.c.platform_id == _MINE, blocks.c.lifted_at.is_(None))
    .order_by(blocks.c.since)
)
_KNOWN_BLOCKS = (
    select(blocks.c.code, blocks.c.since, blocks.c.set_by, blocks.c.note, blocks.c.lifted_at)
    .where(blocks.c.platform_id == _MINE)
    .order_by(blocks.c.id.desc())
)
_FOUND = searched_names.found()
_COMPANIES = (
    select(platforms.c.id, platforms.c.company)
    .join(_FOUND, _FOUND.c.platform_id == platforms.c.id)
    .order_by(_FOUND.c.form, platforms.c.id)
)
_TRIAL_REQUEST = select(*(trial_requests.c[name] for name in TrialRequest.__slots__))


def find_platform(db: Connection, platform_id: int) -> Platform | None:
    row = db.execute(_PLATFORM, {"platform_id": platform_id}).one_or_none()
    return Platform(*row) if row else None


def lock_platform(db: Connection, platform_id: int) -> Platform | None:
    """Hold the platform until the commit: what is counted on it now stays true until it is written.

    Whoever holds several rows takes them in one order, so that two wait for each other in a queue and not in a ring:

    1. a deletion that is marked (`purges`), or what a second one of the staff decides about (`approvals`);
    2. the platform, and of several the lower ID first;
    3. its people (`accounts.queries.lock_administrator`), of several the lower id first;
    4. what belongs to one of them (sessions, links, devices, factors), lots of credits, the counter of the invoices;
    5. limits (`kit.throttle`), the network's before the name's.

    What is only inserted (outbox, events, orders) is held by nobody. A sign-in, which holds a person, notes its day on
    the platform without waiting (`actions.note_sign_in`). Rows that point to the platform may be written meanwhile.
    """
    row = db.execute(_LOCK, {"platform_id": platform_id}).one_or_none()
    return Platform(*row) if row else None


def terms_of(db: Connection, platform_id: int) -> list[PaidTerm]:
    """The terms of a platform, oldest first."""
    rows = db.execute(_TERMS, {"platform_id": platform_id})
    return [_paid_term(*row) for row in rows]


def living_after(db: Connection, platform_id: int, *, most: int) -> list[Platform]:
    """The next platforms after this ID that are not deleted, at most so many."""
    return [Platform(*row) for row in db.execute(_NEXT_LIVING, {"after": platform_id, "most": most})]


def platforms_of_many(db: Connection, platform_ids: Sequence[int]) -> list[Platform]:
    """These platforms, those that are deleted too."""
    return [Platform(*row) for row in db.execute(_PLATFORMS, {"platform_ids": platform_ids})]


def terms_of_many(db: Connection, platform_ids: Sequence[int]) -> dict[int, list[PaidTerm]]:
    """The terms of each of these platforms, oldest first."""
    found: dict[int, list[PaidTerm]] = {platform_id: [] for platform_id in platform_ids}
    for platform_id, *facts in db.execute(_TERMS_OF_MANY, {"platform_ids": platform_ids}):
        found[platform_id].append(_paid_term(*facts))
    return found


def blocks_of_many(db: Connection, platform_ids: Sequence[int]) -> dict[int, list[OpenBlock]]:
    """The blocks of each of these platforms that nobody has lifted, oldest first."""
    found: dict[int, list[OpenBlock]] = {platform_id: [] for platform_id in platform_ids}
    for platform_id, code, since in db.execute(_BLOCKS_OF_MANY, {"platform_ids": platform_ids}):
        found[platform_id].append(OpenBlock(Block(code), since))
    return found


def _paid_term(starts_on: date, ends_on: date, anchor: date, *rest: Any) -> PaidTerm:
    return PaidTerm(Term(starts_on, ends_on, anchor), *rest)


def terms_column(platform_id: ColumnElement[int]) -> ScalarSelect[str]:
    """The terms of the row's platform as a column, which `read_terms` reads (portal/kit/nested.py)."""
    return select(nested.rows_of(*_TERM, _UNTIL)).where(terms.c.platform_id == platform_id).scalar_subquery()


def read_terms(column: str) -> list[PaidTerm]:
    """Oldest first."""
    found = []
    for starts_on, ends_on, anchor, edition, trial, until in sorted(nested.read(column)):
        term = Term(date.fromisoformat(starts_on), date.fromisoformat(ends_on), date.fromisoformat(anchor))
        found.append(PaidTerm(term, edition, bool(trial), nested.day(until)))
    return found


def blocks_column(platform_id: ColumnElement[int]) -> ScalarSelect[str]:
    """The blocks of the row's platform that nobody has lifted."""
    open_ = (blocks.c.platform_id == platform_id) & blocks.c.lifted_at.is_(None)
    return select(nested.rows_of(blocks.c.code, blocks.c.since)).where(open_).scalar_subquery()


def read_blocks(column: str) -> list[OpenBlock]:
    """Oldest first."""
    found = [OpenBlock(Block(code), nested.instant(since)) for code, since in nested.read(column)]
    return sorted(found, key=lambda block: block.since)


def grants_column(platform_id: ColumnElement[int]) -> ScalarSelect[str]:
    """The seats granted to the row's platform."""
    told = nested.rows_of(seat_grants.c.quantity, seat_grants.c.starts_on, seat_grants.c.ends_on)
    return select(told).where(seat_grants.c.platform_id == platform_id).scalar_subquery()


def read_grants(column: str) -> list[Grant]:
    rows = nested.read(column)
    return [Grant(quantity, date.fromisoformat(first), date.fromisoformat(last)) for quantity, first, last in rows]


def longest_grace(db: Connection, platform_id: int, expires_on: date) -> date | None:
    """The last day of the grace of this E, where an exception was made."""
    its = (grace_extensions.c.platform_id == platform_id) & (grace_extensions.c.expires_on == expires_on)
    found: date | None = db.execute(select(func.max(grace_extensions.c.last_day)).where(its)).scalar_one()
    return found


def find_companies(db: Connection, typed: str, *, most: int) -> list[tuple[int, str]]:
    """(platform, company) of those whose company is meant by this, as `rules.searching` says, by their names."""
    given = searched_names.sought(NameOf.COMPANY, typed, most)
    return [(row.id, row.company) for row in db.execute(_COMPANIES, given)] if given else []


def possibly_over(db: Connection, last: date) -> list[int]:
    """The platforms that are not deleted and have no day paid from `last` on: E is before it, or there is none.

    Whether the time of one is really over is the rules' business: this keeps those out of whom there is no question.
    """
    paid = select(terms.c.id).where(terms.c.platform_id == platforms.c.id, terms.c.ends_on >= last)
    found = select(platforms.c.id).where(platforms.c.deleted_at.is_(None), ~paid.exists())
    return list(db.execute(found.order_by(platforms.c.id)).scalars())


def seat_grants_of(db: Connection, platform_id: int) -> list[Grant]:
    return [Grant(*row) for row in db.execute(_GRANTS, {"platform_id": platform_id})]


def open_blocks(db: Connection, platform_id: int) -> list[OpenBlock]:
    """The blocks that nobody has lifted, oldest first."""
    rows = db.execute(_BLOCKS, {"platform_id": platform_id})
    return [OpenBlock(Block(code), since) for code, since in rows]


def known_blocks(db: Connection, platform_id: int) -> list[KnownBlock]:
    """Every block of the platform, the lifted ones too, the newest first."""
    rows = db.execute(_KNOWN_BLOCKS, {"platform_id": platform_id})
    return [KnownBlock(Block(code), *rest) for code, *rest in rows]


def life_of(platform: Platform, paid: list[PaidTerm], *, quiet_since: date | None) -> Life:
    """The facts from which the rules compute the state.

    `quiet_since` counts only where there is no e-mail subscription: the last day with credits or a sign-in. The terms
    of an SMS-only platform are history: it has given up e-mail, has no E, and nothing that could be cancelled.
    """
    if platform.sms_only or not paid:
        return Life(None, deleted_at=platform.deleted_at, quiet_since=quiet_since)
    cancelled, last = platform.cancelled_at is not None, paid[-1]
    facts: dict[str, Any] = {"deleted_at": platform.deleted_at, "grace_until": last.grace_until}
    return Life(last.term.ends_on, cancelled=cancelled, trial=platform.trial, **facts)


def get_trial_request(db: Connection, request_id: int) -> TrialRequest:
    """Raises NoResultFound for an id that no request has."""
    found = _TRIAL_REQUEST.where(trial_requests.c.id == request_id)
    return TrialRequest(*db.execute(found).one())
