"""What is known of administrators, read as values. `find_` may miss, `get_` raises."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select, bindparam, func, select, type_coerce

from portal.accounts.links import Purpose
from portal.accounts.tables import administrators
from portal.kit.db import Instant
from portal.kit.links import links
from portal.rules.access import Role


@dataclass(frozen=True, slots=True)
class Administrator:
    id: int
    platform_id: int
    username: str
    role: str
    email: str
    full_name: str
    language: str
    must_reset: bool
    short_password: bool
    disabled_at: datetime | None

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Credential:
    """An administrator with the stored hash: only for those who compare it."""

    administrator: Administrator
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Member:
    """An administrator as the platform's own people see them.

    accepted: has set a password, so can sign in while enabled. invited_until: when the open invitation expires; None
    where there is none.
    """

    administrator: Administrator
    created_at: datetime
    accepted: bool
    invited_until: datetime | None


ADMINISTRATOR_COLUMNS = [administrators.c[name] for name in Administrator.__slots__]
_SELECT: Select[tuple[object, ...]] = select(*ADMINISTRATOR_COLUMNS)
_BY_ID = _SELECT.where(administrators.c.id == bindparam("administrator_id"))
_BY_NAME = _SELECT.where(administrators.c.username == bindparam("username"))
_CREDENTIAL = _BY_NAME.add_columns(administrators.c.password_hash)
_INVITED_UNTIL = (
    select(func.max(links.c.expires_at))
    .where(
        links.c.subject_id == administrators.c.id,
        links.c.purpose == Purpose.INVITATION,
        links.c.ended_at.is_(None),
    )
    .scalar_subquery()
)
_MEMBERS = (
    _SELECT.add_columns(
        administrators.c.created_at,
        administrators.c.password_hash.is_not(None),
        type_coerce(_INVITED_UNTIL, Instant),
    )
    .where(administrators.c.platform_id == bindparam("platform_id"))
    .order_by(administrators.c.role != Role.FIRST, administrators.c.id)
)
_ENABLED = select(func.count()).where(
    administrators.c.platform_id == bindparam("platform_id"), administrators.c.disabled_at.is_(None)
)


def get_administrator(db: Connection, administrator_id: int) -> Administrator:
    """Raises NoResultFound for an id that nobody has."""
    return _value(db.execute(_BY_ID, {"administrator_id": administrator_id}).one())


def lock_administrator(db: Connection, administrator_id: int) -> Administrator:
    """As `get_administrator`, and holds the row until the commit.

    Whoever changes a person's password, links and sessions together takes this first: so two of them queue, whatever
    the order of what they do next. Where it stands among other locks: `subscription.queries.lock_platform`.
    """
    return _value(db.execute(_BY_ID.with_for_update(key_share=True), {"administrator_id": administrator_id}).one())


def find_administrator(db: Connection, username: str) -> Administrator | None:
    """By folded user name."""
    row = db.execute(_BY_NAME, {"username": username}).one_or_none()
    return _value(row) if row else None


def find_credential(db: Connection, username: str) -> Credential | None:
    """By folded user name, with the hash to compare."""
    row = db.execute(_CREDENTIAL, {"username": username}).one_or_none()
    return Credential(Administrator(*row[:-1]), row[-1]) if row else None


def administrators_of_email(db: Connection, email_folded: str) -> list[Administrator]:
    """All enabled administrators with this folded address, in the order of their user names' age."""
    found = administrators.c.email_folded == email_folded
    rows = db.execute(_SELECT.where(found, administrators.c.disabled_at.is_(None)).order_by(administrators.c.id))
    return [_value(row) for row in rows]


def everybody_of_email(db: Connection, email_folded: str, *, most: int) -> list[Administrator]:
    """The first administrators with this folded address, those who are disabled too, by the age of their user names."""
    mine = _SELECT.where(administrators.c.email_folded == email_folded).order_by(administrators.c.id)
    return [_value(row) for row in db.execute(mine.limit(most))]


def administrators_of_platform(db: Connection, platform_id: int) -> list[Administrator]:
    rows = db.execute(_SELECT.where(administrators.c.platform_id == platform_id).order_by(administrators.c.id))
    return [_value(row) for row in rows]


def members_of(db: Connection, platform_id: int) -> list[Member]:
    """Everybody who belongs or belonged to the platform, the first administrator first, then by age."""
    rows = db.execute(_MEMBERS, {"platform_id": platform_id})
    return [Member(Administrator(*row[:-3]), *row[-3:]) for row in rows]


def count_enabled(db: Connection, platform_id: int) -> int:
    """How many administrators of the platform can sign in."""
    return db.execute(_ENABLED, {"platform_id": platform_id}).scalar_one()


def enabled_column(platform_id: ColumnElement[int]) -> ScalarSelect[int]:
    """The same of the row's platform, as a column."""
    its = (administrators.c.platform_id == platform_id) & administrators.c.disabled_at.is_(None)
    return select(func.count()).where(its).correlate_except(administrators).scalar_subquery()


def _value(row: Row[tuple[object, ...]]) -> Administrator:
    return Administrator(*row)
