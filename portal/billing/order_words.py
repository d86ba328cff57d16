"""The words for where orders and payments stand, and for money that could not be used: page and mail say the same.

All in the present language (`portal.kit.texts`).
"""

from datetime import date

from portal.billing.attempts import NotNow
from portal.billing.tasks import Task
from portal.kit.texts import gettext as _
from portal.rules.orders import Kind, OrderState, PaymentState, Way
from portal.rules.prices import PriceLists


def edition_names(prices: PriceLists, day: date) -> dict[str, str]:
    """The editions' names by code, as customers knew them on the day; of one that is sold no more, its last name."""
    begun = sorted((found for found in prices.lists if found.starts_on <= day), key=lambda found: found.starts_on)
    return {edition.code: edition.name for found in begun for edition in found.editions}


def kind(found: Kind) -> str:
    """What an order is."""
    return {
        Kind.PURCHASE: _("Purchase of the platform"),
        Kind.RENEWAL: _("Renewal"),
        Kind.UPGRADE: _("Change of edition"),
        Kind.SEATS: _("Additional administrators"),
        Kind.CREDITS: _("SMS credits"),
    }[found]


def order_state(found: OrderState) -> str:
    """Where an order stands, in a word or two, for its label."""
    return {
        OrderState.AWAITING_PAYMENT: _("Waits for the payment"),
        OrderState.PAID: _("Paid, could not be delivered"),
        OrderState.DELIVERED: _("Paid and delivered"),
        OrderState.CANCELLED: _("Cancelled"),
        OrderState.EXPIRED: _("Expired"),
    }[found]


def payment_state(found: PaymentState) -> str:
    """Where an attempt to pay stands."""
    return {
        PaymentState.BEGUN: _("Begun, not confirmed yet"),
        PaymentState.PENDING: _("The bank is confirming it"),
        PaymentState.RECEIVED: _("Received"),
        PaymentState.FAILED: _("Did not go through"),
        PaymentState.EXPIRED: _("Nobody paid in time"),
    }[found]


def pay_button(way: Way, amount: str) -> str:
    """What the button does, with its price."""
    return {
        Way.CARD: _("Pay by card · %(amount)s", amount=amount),
        Way.TRANSFER: _("Pay by bank transfer · %(amount)s", amount=amount),
        Way.DEMO: _("Pay on the demonstration's page · %(amount)s", amount=amount),
    }[way]


def money_task(found: Task) -> str:
    """Why money that has arrived is with our staff."""
    return {
        Task.GIVE_BACK_LATE: _("It arrived after the last day on which it could count."),
        Task.GIVE_BACK_SECOND: _("The same had been paid before."),
        Task.GIVE_BACK_CHANGED: _("Your subscription is no longer what the price was counted for."),
        Task.CLOSED_ORDER: _("The order had been cancelled, or had stopped waiting for a payment."),
        Task.WRONG_AMOUNT: _("The amount is not that of the order."),
        Task.WRONG_CURRENCY: _("It came in another currency than that of the order."),
        Task.UNDERPAID: _("It is less than the order costs, so the order waits for the rest."),
        Task.OVERPAID: _("It is more than the order costs; what is too much goes back to you."),
        Task.UNKNOWN_ORDER: _("We could not tell which order it was for."),
    }[found]


def not_now(found: NotNow) -> str:
    """Why an order cannot be paid, and what to do instead."""
    return {
        NotNow.NOT_WAITING: _("This order does not wait for a payment any more."),
        NotNow.NOTHING_TO_PAY: _("There is nothing to pay for this order."),
        NotNow.ON_ITS_WAY: _("A payment for this order is on its way: the bank is confirming it. Do not pay again."),
        NotNow.TOO_LATE: _("This can no longer be paid: the last day for it is over. Nothing was taken."),
        NotNow.PAID_BEFORE: _("The same has been paid already with another order. Nothing more was taken."),
        NotNow.CHANGED: _(
            "Your subscription has changed since this order was placed, and its price is no longer right. Cancel the "
            "order and order again: the price is counted anew."
        ),
        NotNow.PARTLY_PAID: _(
            "A part of the amount has arrived by bank transfer: send the rest in the same way, so that nothing is paid "
            "twice."
        ),
    }[found]
