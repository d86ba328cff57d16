"""The words of the desk for money: what somebody has to look at, why something was not done, and what came of it."""

from datetime import timedelta

from portal.billing.settle import Result
from portal.billing.tasks import Done, Task
from portal.billing.transfers import Slip
from portal.billing.words import amount_words
from portal.desk import credits, transfers
from portal.desk.acts import Waits
from portal.desk.credits import Given
from portal.desk.money_tasks import Closed
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.invoices import NoCredit
from portal.rules.money import Money
from portal.rules.terms import APPROVAL_LIFE
from portal.staff.approvals import Approval

ONE_HOUR = timedelta(hours=1)
DONE_NAMES = {
    Done.GIVEN_BACK: _l("Given back"),
    Done.KEPT: _l("Kept, as the customer wishes"),
    Done.OTHER: _l("Settled otherwise, as the reason says"),
}


def task(kind: str) -> str:
    """What somebody has to look at, in a few words; the name itself of a kind that we no longer know."""
    names = {
        Task.GIVE_BACK_LATE: _("Give it back: it arrived after the last day on which it could count."),
        Task.GIVE_BACK_SECOND: _("Give it back: the same had been paid before."),
        Task.GIVE_BACK_CHANGED: _("Give it back: the subscription is no longer what the price was counted for."),
        Task.CLOSED_ORDER: _("Give it back: the order had been cancelled, or had stopped waiting for a payment."),
        Task.WRONG_AMOUNT: _("Look at it: a card paid another amount than that of the order."),
        Task.WRONG_CURRENCY: _("Look at it: it came in another currency than that of the order."),
        Task.UNDERPAID: _("A part of the amount: the order waits for the rest."),
        Task.OVERPAID: _("Give it back: it is what was paid beyond the order, which is delivered."),
        Task.UNKNOWN_ORDER: _("Find out what it is for: no order of ours is known for it."),
    }
    return names.get(Task(kind), kind) if kind in tuple(Task) else kind


def not_closed(found: Closed) -> tuple[str, str]:
    """The field that keeps a task from being closed, and why."""
    return {
        Closed.NO_REFERENCE: ("reference", _("Write the reference by which the money went back.")),
        Closed.COUNTS: (
            "done",
            _("The order still waits for the rest, and this part counts for it: it can only be given back."),
        ),
    }[found]


def waits(found: Waits) -> str:
    """That a second person has to want it."""
    if found.again:
        return _("The same was asked for before and still waits for a second person.")
    hours = texts.number(APPROVAL_LIFE // ONE_HOUR)
    return _("Nothing is done yet: a second person has to approve it within %(hours)s hours.", hours=hours)


def taken(found: Result, order_id: int) -> str:
    """What became of a transfer that was taken."""
    return {
        Result.DELIVERED: _("Order %(number)s is paid and delivered. The customer gets a mail.", number=order_id),
        Result.SHORT: _("It is less than order %(number)s costs, which waits for the rest.", number=order_id),
        Result.STAFF: _("The money buys nothing any more: it has to be given back, and stands on the work list."),
    }.get(found, _("This transfer was known already: nothing was changed."))


def transfer_asked(approval: Approval) -> list[tuple[str, str]]:
    """What will be done, exactly, once a second person wants it: each fact with its name."""
    entry = transfers.entry_of(approval)
    return [
        (_("Order"), str(entry.order_id)),
        (_("Amount"), amount_words(transfers.amount_asked(approval))),
        (_("Still missing"), amount_words(transfers.missing_before(approval))),
        (_("Value date"), texts.day(entry.value_date)),
        (_("The bank’s reference"), entry.reference),
        (_("What comes of it"), leads_to(transfers.foreseen(approval))),
    ]


def credits_asked(approval: Approval) -> list[tuple[str, str]]:
    """The same for credits."""
    return [(_("SMS credits"), texts.number(credits.credits_asked(approval)))]


def leads_to(found: Result) -> str:
    """What will come of a transfer that waits for a second person."""
    return {
        Result.DELIVERED: _("The order is paid and delivered."),
        Result.SHORT: _("The order waits for the rest."),
        Result.STAFF: _("It buys nothing, and has to be given back."),
    }.get(found, _("Nothing is changed."))


def slip(found: Slip) -> tuple[str, str]:
    """The field that a slip of the keyboard is in, and why nothing was written down."""
    return {
        Slip.NO_SUCH_ORDER: ("reference", _("There is no such order.")),
        Slip.NO_REFERENCE: ("reference", _("This reference cannot be used: write a shorter one.")),
        Slip.NO_AMOUNT: ("amount", _("Write how much has arrived: more than nothing.")),
        Slip.IN_THE_FUTURE: ("value_date", _("The value date lies in the future.")),
        Slip.BEFORE_THE_ORDER: ("value_date", _("The value date lies before the day of the order.")),
        Slip.OTHER_ORDER: ("reference", _("This reference is that of a transfer for another order.")),
    }[found]


def no_credit(found: NoCredit, left: Money) -> str:
    """Why a credit note was not issued."""
    return {
        NoCredit.NOT_AN_INVOICE: _("This is a credit note itself: open the invoice that it corrects."),
        NoCredit.NOTHING: _("Write how much is to be credited: more than nothing."),
        NoCredit.MORE_THAN_LEFT: _("Only %(amount)s are left of this invoice.", amount=amount_words(left)),
    }[found]


def given(found: Given) -> str:
    """What became of credits."""
    return {
        Given.DONE: _("The credits are given. The customer gets a mail."),
        Given.CHANGED: _(
            "Other credits have come meanwhile. Look at them, then send the form again if it is still meant."
        ),
        Given.FEATURES_OFF: _(
            "The features of this platform are off, so that nobody could spend the credits. It has to be renewed first."
        ),
    }[found]
