"""The contacts of a platform, read as values."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, func, select

from portal.support.tables import contacts


class Kind(StrEnum):
    """What a contact is there for, in the order in which they are shown. Source: RULES.md, Support centre."""

    ADMINISTRATION = "administration"
    TECHNICAL = "technical"
    CAMPAIGN = "campaign"
    PRIVACY = "privacy"


@dataclass(frozen=True, slots=True)
class Contact:
    """`phone` is in international form, or empty."""

    id: int
    platform_id: int
    kind: Kind
    full_name: str
    email: str
    phone: str


_SELECT = select(*(contacts.c[name] for name in Contact.__slots__)).where(
    contacts.c.platform_id == bindparam("platform_id")
)
_ALL = _SELECT.order_by(contacts.c.full_name, contacts.c.id)
_ONE = _SELECT.where(contacts.c.id == bindparam("contact_id"))
_COUNT = select(func.count()).where(contacts.c.platform_id == bindparam("platform_id"))


def contacts_of(db: Connection, platform_id: int) -> dict[Kind, list[Contact]]:
    """Every kind with its contacts by name, kinds without any included."""
    rows = [_value(*row) for row in db.execute(_ALL, {"platform_id": platform_id})]
    return {kind: [contact for contact in rows if contact.kind is kind] for kind in Kind}


def find_contact(db: Connection, platform_id: int, contact_id: int) -> Contact | None:
    """None for an id that nobody has, and for one of another platform."""
    row = db.execute(_ONE, {"platform_id": platform_id, "contact_id": contact_id}).one_or_none()
    return _value(*row) if row else None


def platforms_of_email(db: Connection, email_folded: str, *, most: int) -> list[int]:
    """The first platforms that have a contact with this folded address."""
    mine = select(contacts.c.platform_id).where(contacts.c.email_folded == email_folded).distinct()
    return list(db.execute(mine.order_by(contacts.c.platform_id).limit(most)).scalars())


def count_contacts(db: Connection, platform_id: int) -> int:
    return db.execute(_COUNT, {"platform_id": platform_id}).scalar_one()


def _value(contact_id: int, platform_id: int, kind: str, full_name: str, email: str, phone: str) -> Contact:
    return Contact(contact_id, platform_id, Kind(kind), full_name, email, phone)
