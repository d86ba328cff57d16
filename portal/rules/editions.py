"""What is lost with a smaller edition, named before somebody chooses it.

Source: RULES.md, Editions, orders, payments, invoices ("Downgrade … with what will be lost listed").
"""

from enum import StrEnum

from portal.rules.prices import Edition, SupportLevel


class Loss(StrEnum):
    """Something that the old edition has, or has more of."""

    SMS_CHANNEL = "sms-channel"
    CONTACTS = "contacts"
    MESSAGES = "messages"
    SUPPORT = "support"


def losses(old: Edition, new: Edition) -> tuple[Loss, ...]:
    """Everything that the new edition has not, or has less of; a limit is less than none."""
    found = (
        (old.sms and not new.sms, Loss.SMS_CHANNEL),
        (_less(old.contacts, new.contacts), Loss.CONTACTS),
        (_less(old.messages_per_month, new.messages_per_month), Loss.MESSAGES),
        (old.support is SupportLevel.PREMIUM and new.support is not SupportLevel.PREMIUM, Loss.SUPPORT),
    )
    return tuple(loss for lost, loss in found if lost)


def _less(old: int | None, new: int | None) -> bool:
    return new is not None and (old is None or new < old)
