"""The operator's own people, read as values. `find_` may miss, `get_` raises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from portal.rules.staff import StaffRole
from portal.staff.tables import staff_members


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff. app_confirmed_at: since when the second factor is on; None: it has to be added first."""

    id: int
    username: str
    role: StaffRole
    email: str
    full_name: str
    language: str
    app_confirmed_at: datetime | None
    disabled_at: datetime | None

    @property
    def enabled(self) -> bool:
        return self.disabled_at is None


MEMBER_COLUMNS = [staff_members.c[name] for name in Member.__slots__]
_SELECT = select(*MEMBER_COLUMNS)


def find_member(db: Connection, username: str) -> Member | None:
    """By folded user name."""
    row = db.execute(_SELECT.where(staff_members.c.username == username)).one_or_none()
    return value_of(row) if row else None


def get_member(db: Connection, member_id: int) -> Member:
    """Raises NoResultFound for an id that nobody has."""
    return value_of(db.execute(_SELECT.where(staff_members.c.id == member_id)).one())


def lock_member(db: Connection, member_id: int) -> Member:
    """As `get_member`, and holds the row until the commit."""
    return value_of(db.execute(_SELECT.where(staff_members.c.id == member_id).with_for_update()).one())


def members(db: Connection) -> list[Member]:
    """Everybody, by user name."""
    return [value_of(row) for row in db.execute(_SELECT.order_by(staff_members.c.username))]


def find_password_hash(db: Connection, username: str) -> tuple[Member, str] | None:
    """Somebody who is enabled and has a password, with its hash: only for those who compare it."""
    may_enter = staff_members.c.disabled_at.is_(None) & staff_members.c.password_hash.is_not(None)
    found = _SELECT.add_columns(staff_members.c.password_hash).where(staff_members.c.username == username, may_enter)
    row = db.execute(found).one_or_none()
    return (value_of(row[:-1]), row[-1]) if row else None


def value_of(row: Sequence[Any]) -> Member:
    """The value of MEMBER_COLUMNS, in their order."""
    facts = dict(zip(Member.__slots__, row, strict=True))
    return Member(**facts | {"role": StaffRole(facts["role"])})
