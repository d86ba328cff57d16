"""What goes of orders and payments when a platform is purged. Invoices stay, with what they print: it is the law."""

from sqlalchemy import ColumnElement, Select, or_, select

from portal.billing.tables import billing_profiles, invoices, orders, payment_methods, payments, staff_tasks
from portal.kit.erasing import Step


def _orders(platform_id: int) -> Select[tuple[int]]:
    return select(orders.c.id).where(orders.c.platform_id == platform_id)


def _payments(platform_id: int) -> ColumnElement[bool]:
    return payments.c.order_id.in_(_orders(platform_id))


def _tasks(platform_id: int) -> ColumnElement[bool]:
    """Also those of money that was found to be for one of its orders later."""
    mine = select(payments.c.id).where(_payments(platform_id))
    tasks = staff_tasks.c
    return or_(tasks.platform_id == platform_id, tasks.order_id.in_(_orders(platform_id)), tasks.payment_id.in_(mine))


STEPS = (
    Step("staff_tasks", staff_tasks, _tasks),
    Step("payments", payments, _payments),
    Step("orders", orders, lambda platform_id: orders.c.platform_id == platform_id),
    Step("payment_methods", payment_methods, lambda platform_id: payment_methods.c.platform_id == platform_id),
    Step("billing_profiles", billing_profiles, lambda platform_id: billing_profiles.c.platform_id == platform_id),
)
KEPT = (Step("invoices", invoices, lambda platform_id: invoices.c.platform_id == platform_id),)
