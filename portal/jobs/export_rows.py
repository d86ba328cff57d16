"""Which rows an export reads: those of one platform, and of what is personal what its reader may see.

In an order that an index has where there may be many, so that they are read as they come.
"""

from typing import Any

from sqlalchemy import Select, Table, or_, select

from portal.accounts.tables import administrators
from portal.billing import former
from portal.billing.tables import invoices, orders, payments, staff_tasks
from portal.credits import queries as credits
from portal.credits.tables import lots, movements
from portal.jobs.export_fields import About, Rows
from portal.kit.audit import events
from portal.kit.outbox import MAIL, outbox
from portal.subscription.tables import platforms, trial_requests


def of_platform(table: Table) -> Rows:
    def found(about: About) -> Select[Any]:
        return select(table).where(table.c.platform_id == about.platform_id).order_by(*table.primary_key)

    return found


def of_people(table: Table) -> Rows:
    """What is personal: everybody's for the first administrator, for another one her own."""

    def found(about: About) -> Select[Any]:
        mine = select(administrators.c.id).where(administrators.c.platform_id == about.platform_id)
        whose = table.c.administrator_id
        chosen = whose.in_(mine) if about.whole else whose == about.reader.id
        return select(table).where(chosen).order_by(*table.primary_key)

    return found


def the_platform(about: About) -> Select[Any]:
    return select(platforms).where(platforms.c.id == about.platform_id)


def its_payments(about: About) -> Select[Any]:
    return select(payments).where(payments.c.order_id.in_(_orders(about))).order_by(payments.c.id)


def its_staff_tasks(about: About) -> Select[Any]:
    mine = or_(staff_tasks.c.platform_id == about.platform_id, staff_tasks.c.order_id.in_(_orders(about)))
    return select(staff_tasks).where(mine).order_by(staff_tasks.c.id)


def _orders(about: About) -> Select[Any]:
    return select(orders.c.id).where(orders.c.platform_id == about.platform_id)


def its_invoices(about: About) -> Select[Any]:
    """With the number of the one that a credit note corrects."""
    original = invoices.alias("original")
    corrected = original.c.number.label("corrected")
    found = select(invoices, corrected).outerjoin_from(invoices, original, invoices.c.refers_to == original.c.id)
    return found.where(invoices.c.platform_id == about.platform_id).order_by(invoices.c.id)


def order_of_invoice(row: Any, _about: About) -> int | None:
    """The order that led to an invoice; none of this portal led to one of the former system."""
    return None if former.is_former(row.offer) else int(row.order_id)


def its_lots(about: About) -> Select[Any]:
    """With what is left of each."""
    found = select(lots, credits.REMAINING.label("remaining"))
    return found.where(lots.c.platform_id == about.platform_id).order_by(lots.c.id)


def its_movements(about: About) -> Select[Any]:
    mine = select(lots.c.id).where(lots.c.platform_id == about.platform_id)
    return select(movements).where(movements.c.lot_id.in_(mine)).order_by(movements.c.lot_id, movements.c.number)


def its_events(about: About) -> Select[Any]:
    return select(events).where(events.c.platform_id == about.platform_id).order_by(events.c.at, events.c.id)


def its_mails(about: About) -> Select[Any]:
    """An address may have administrators on several platforms: the row says about which of them the mail was."""
    mine = (outbox.c.platform_id == about.platform_id) & (outbox.c.topic == MAIL)
    if not about.whole:
        mine &= outbox.c.recipient == about.reader.email
    return select(outbox).where(mine).order_by(outbox.c.id)


def its_trial_requests(about: About) -> Select[Any]:
    mine = trial_requests.c.platform_id == about.platform_id
    if not about.whole:
        mine &= trial_requests.c.email == about.reader.email
    return select(trial_requests).where(mine).order_by(trial_requests.c.id)


def address(row: Any, about: About) -> str | None:
    """Of an administrator."""
    return row.email if about.sees(row.id) else None


def network(row: Any, about: About) -> str | None:
    """From where an event was caused."""
    return row.network if about.sees(row.administrator_id) else None


def spending(row: Any, _about: About) -> str | None:
    """The key by which the sending service reported a movement."""
    return credits.key_of_row(row.idempotency_key) if row.idempotency_key else None
