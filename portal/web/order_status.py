"""Where an order stands, gathered once for the page and for the script that follows it: stored facts only.

What the browser brings along from a provider is never believed: it only chooses the words while we wait.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from markupsafe import Markup, escape
from sqlalchemy import Connection

from portal.billing import deadlines, gains, invoices, order_words, queries, verdicts
from portal.billing.deadlines import Deadline
from portal.billing.frozen import Seller, seller_of
from portal.billing.mails import LAST_MINUTE
from portal.billing.queries import Order, Payment, StaffTask
from portal.billing.settle import switch_key
from portal.kit import outbox
from portal.kit.outbox import Progress
from portal.kit.texts import gettext as _
from portal.outside import transfer
from portal.outside.transfer import BankAccount
from portal.parts import Parts
from portal.rules import dates
from portal.rules import orders as rules
from portal.rules.money import Money
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.pricing import Offer
from portal.standing import Standing
from portal.web.times import last_minute, moment, sentence


@dataclass(frozen=True)
class Remittance:
    """A bank transfer to be made. code: the picture that a bank's app scans; empty where there can be none."""

    bank: BankAccount
    amount: Money
    reference: str
    code: Markup
    deadline: Deadline


@dataclass(frozen=True)
class Status:
    """An order at an instant. invoice: its number, once it is paid. so_far: what has come of an amount that is short.

    offer: what was ordered; of what is delivered, with the days that were given. paid_by_another: its term has been
    paid with another order.
    """

    order: Order
    state: OrderState
    payments: list[Payment]
    tasks: list[StaffTask]
    invoice: str | None
    offer: Offer
    switching: Progress | None
    so_far: Money
    paid_by_another: bool
    parts: Parts

    @cached_property
    def names(self) -> dict[str, str]:
        """The editions' names, by code."""
        return order_words.edition_names(self.parts.prices, self._day(self.order.placed_at))

    @property
    def waits(self) -> bool:
        return self.state is OrderState.AWAITING_PAYMENT

    @property
    def latest(self) -> PaymentState | None:
        """Where the newest attempt stands that a provider has answered."""
        known = [payment.state for payment in self.payments if payment.reference]
        return known[-1] if known else None

    @property
    def follow(self) -> bool:
        """Whether something is about to change that is worth asking for: not a transfer, which takes days."""
        open_ = any(payment.state.open and payment.reference for payment in self.payments)
        return (self.waits and open_) or self.switching is Progress.WAITING

    @property
    def version(self) -> str:
        """Another one each time the page would say something else."""
        payments = [(payment.id, payment.state) for payment in self.payments]
        facts = (self.state, payments, [task.id for task in self.tasks], self.invoice, self.switching, self.order.way)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]

    def given(self) -> list[str]:
        """What has been switched on, and until when."""
        if self.state is not OrderState.DELIVERED or self.order.delivered_at is None:
            return []
        received = [paid.ended_at for paid in self.payments if paid.state is PaymentState.RECEIVED and paid.ended_at]
        day = self._day(min([*received[-1:], self.order.delivered_at]))
        follows = self.order.paid_for is not None
        found = gains.of_order(self.order.choice, self.offer, day, follows_expiry=follows)
        return gains.sentences(found, self.names)

    def remittance(self) -> Remittance | None:
        """The transfer that the order waits for; None where none was chosen, or none is possible."""
        chosen = self.order.way is Way.TRANSFER or self.so_far.cents > 0
        missing = self.order.total - self.so_far
        if not (self.waits and chosen and self.parts.bank and missing.cents > 0):
            return None
        reference, bank = transfer.rf_reference(self.order.id), self.parts.bank
        until = deadlines.deadline(self.order, self.parts.settings.timezone)
        return Remittance(bank, missing, transfer.printed(reference), _code(bank, missing, reference), until)

    @property
    def seller(self) -> Seller:
        return seller_of(self.parts.settings)

    def _day(self, instant: datetime) -> date:
        return dates.business_date(instant, self.parts.settings.timezone)


def find(db: Connection, order: Order, place: Standing, parts: Parts) -> Status:
    """Where the order stands at the instant of the standing of its platform."""
    invoice = invoices.find_invoice_of_order(db, order.id)
    return Status(
        order,
        rules.state(order.state, order.open_until, place.at),
        queries.payments_of(db, order.id),
        queries.open_tasks_of(db, order.id),
        invoice.number if invoice else None,
        invoice.offer if invoice else order.offer,
        outbox.find_progress(db, switch_key(order.id)),
        verdicts.so_far(db, order),
        verdicts.paid_by_another(order, place),
        parts,
    )


def _code(bank: BankAccount, amount: Money, reference: str) -> Markup:
    try:
        return transfer.svg(transfer.epc_qr(bank, amount, reference))
    except ValueError:  # another currency than the euro, or more than the code can hold: the words beside it say it all
        return Markup()


def headline(status: Status, *, returned: bool = False) -> Markup:
    """Where the order stands, in a sentence. returned: the person comes from the page of a provider."""
    order, zone = status.order, status.parts.settings.timezone
    match status.state:
        case OrderState.DELIVERED:
            return escape(_("Your order is paid and delivered"))
        case OrderState.PAID:
            return escape(_("Your payment has arrived and could not be used"))
        case OrderState.CANCELLED:
            return escape(_("This order is cancelled"))
        case OrderState.EXPIRED:
            until = moment(order.open_until - LAST_MINUTE, zone)
            return sentence(_("This order waited for its payment until %(moment)s and has expired"), moment=until)
    if status.latest is PaymentState.PENDING:
        return escape(_("Your payment is on its way"))
    if remittance := status.remittance():
        day = last_minute(remittance.deadline.value_on)
        return sentence(_("This order waits for your bank transfer until %(minute)s"), minute=day)
    if returned and status.latest is PaymentState.BEGUN:
        return escape(_("We are waiting for the confirmation of your payment"))
    until = moment(order.open_until - LAST_MINUTE, zone)
    return sentence(_("This order waits for its payment until %(moment)s"), moment=until)


def explanation(status: Status, *, returned: bool = False) -> str:
    """What follows from it, and what to do; empty where the headline says it all."""
    match status.state:
        case OrderState.DELIVERED:
            return _switching(status.switching)
        case OrderState.PAID:
            return _("Nothing is lost: our staff give it back, and write to you if they have to ask for an account.")
        case OrderState.CANCELLED:
            return _cancelled(status)
        case OrderState.EXPIRED:
            return _("Nothing was taken. To buy the same, order again: the price is counted anew.")
    if status.order.total.cents == 0:
        return _("There is nothing to pay for this order.")
    if status.latest is PaymentState.PENDING:
        return _("The bank has not confirmed it yet. Do not pay again: we write to you as soon as it is confirmed.")
    if status.latest is PaymentState.FAILED:
        return _("The last payment did not go through, and nothing was taken. Try again, or pay in another way.")
    if returned and status.latest is PaymentState.BEGUN:
        return _("It usually takes a few seconds. This page follows it, and a mail follows too.")
    return _("Features, credits and seats are switched on when the payment has been received.")


def _cancelled(status: Status) -> str:
    if status.paid_by_another:
        return _("The same term has been paid with another order. Nothing is owed for this one.")
    return _("It was taken back. Nothing is owed for it.")


def _switching(found: Progress | None) -> str:
    """How far the sending service is with it."""
    if found is Progress.WAITING:
        return _("It is being switched on at the sending service at this moment: a minute, as a rule.")
    if found is Progress.FAILED:
        return _("The sending service could not switch it on by itself. Our staff see to it; you need not do anything.")
    return _("Everything is switched on.")
