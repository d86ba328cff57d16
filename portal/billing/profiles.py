"""Whom the invoices are for, and how a customer prefers to pay: one row each for a platform."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from portal.billing.events import Event
from portal.billing.frozen import BillingData
from portal.billing.tables import billing_profiles, payment_methods
from portal.kit import audit
from portal.kit.db import insert_or_change
from portal.rules.orders import Way
from portal.subscription import queries as subscription
from portal.subscription import searched_names
from portal.subscription.searched_names import NameOf


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """The way that the pay page proposes first, and the bank account of the customer; empty where none was given.

    Cards are kept by the payment provider and never here.
    """

    way: Way
    iban: str = ""
    holder: str = ""


_DATA = [billing_profiles.c[field.name] for field in fields(BillingData)]
_PLATFORM = billing_profiles.c.platform_id
_FOUND = searched_names.found()
_NAMES = (
    select(_PLATFORM, billing_profiles.c.name)
    .join(_FOUND, _FOUND.c.platform_id == _PLATFORM)
    .order_by(_FOUND.c.form, _PLATFORM)
)
_METHOD = [payment_methods.c[field.name] for field in fields(PaymentMethod)]


def find(db: Connection, platform_id: int) -> BillingData | None:
    row = db.execute(select(*_DATA).where(billing_profiles.c.platform_id == platform_id)).one_or_none()
    return BillingData(*row) if row else None


def store(db: Connection, platform_id: int, data: BillingData, *, at: datetime, by: int | None = None) -> None:
    """Keep the data, which `checks.judge` has made; by: the administrator who changed them.

    What has changed is written in the activity as the names of the fields; nothing is written where nothing has.
    """
    subscription.lock_platform(db, platform_id)
    earlier = find(db, platform_id)
    before = asdict(earlier) if earlier else {}
    if before.get("name") != data.name:
        searched_names.keep(db, platform_id, NameOf.INVOICES, data.name)
    _store(db, billing_profiles, Event.BILLING_DATA_CHANGED, platform_id, before, asdict(data), at, by)


def platforms_of_vat_number(db: Connection, number: str, *, most: int) -> list[int]:
    """The platforms whose VAT number this is, with or without the letters of its country before it.

    Nothing is no number: those without one are many.
    """
    numbers = [text for text in (number, number[2:]) if text]
    mine = select(_PLATFORM).where(billing_profiles.c.vat_number.in_(numbers)).order_by(_PLATFORM).limit(most)
    return list(db.execute(mine).scalars()) if numbers else []


def find_names(db: Connection, typed: str, *, most: int) -> list[tuple[int, str]]:
    """(platform, name) of those whose invoices are for a name that is meant by this, as `rules.searching` says."""
    given = searched_names.sought(NameOf.INVOICES, typed, most)
    return [(row.platform_id, row.name) for row in db.execute(_NAMES, given)] if given else []


def find_payment_method(db: Connection, platform_id: int) -> PaymentMethod | None:
    row = db.execute(select(*_METHOD).where(payment_methods.c.platform_id == platform_id)).one_or_none()
    return PaymentMethod(Way(row.way), row.iban, row.holder) if row else None


def store_payment_method(
    db: Connection, platform_id: int, method: PaymentMethod, *, at: datetime, by: int | None = None
) -> None:
    """Keep the method; by: the administrator who changed it. The activity is told as by `store`."""
    subscription.lock_platform(db, platform_id)
    earlier = find_payment_method(db, platform_id)
    before = asdict(earlier) if earlier else {}
    _store(db, payment_methods, Event.PAYMENT_METHOD_CHANGED, platform_id, before, asdict(method), at, by)


def _store(
    db: Connection,
    table: Table,
    event: Event,
    platform_id: int,
    before: dict[str, Any],
    after: dict[str, Any],
    at: datetime,
    by: int | None,
) -> None:
    changed = sorted(name for name, value in after.items() if value != before.get(name, ""))
    if before and not changed:
        return
    insert_or_change(db, table, {"platform_id": platform_id, "updated_at": at} | after, [*after, "updated_at"])
    audit.record(db, event, at=at, platform_id=platform_id, administrator_id=by, changed=changed)
