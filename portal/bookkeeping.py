"""What the commands about money do: the acts of the operator's own billing people."""

from datetime import date

from portal.billing import invoices, transfers
from portal.billing.frozen import seller_of
from portal.billing.invoices import Invoice
from portal.billing.settle import Result, Till
from portal.billing.transfers import LONGEST_REFERENCE, Entry, Slip
from portal.office import BY, Refused
from portal.parts import Parts
from portal.rules.invoices import NoCredit
from portal.rules.money import Money

LONGEST_REASON = 200  # characters; it is printed on the credit note
TAKEN: dict[Result | Slip, str] = {
    Result.DELIVERED: "paid and delivered.",
    Result.SHORT: "the money is taken, and is less than the total: the order waits for the rest.",
    Result.STAFF: "the money is taken and buys nothing: there is a task to give it back.",
}
NOT_TAKEN: dict[Result | Slip, str] = {
    Result.KNOWN: "this transfer was known already; nothing was changed.",
    Slip.NO_SUCH_ORDER: "there is no such order.",
    Slip.NO_REFERENCE: f"--reference is one line of at most {LONGEST_REFERENCE} characters: the bank's own.",
    Slip.NO_AMOUNT: "there is nothing to pay, or --amount is 0.00.",
    Slip.IN_THE_FUTURE: "--value-date lies in the future.",
    Slip.BEFORE_THE_ORDER: "--value-date lies before the day of the order.",
    Slip.OTHER_ORDER: "this reference is that of a transfer for another order.",
}


def credit_note(parts: Parts, number: str, reason: str, cents: int | None) -> Invoice:
    """Credit an invoice, in whole (all that is left of it) or in part. Giving the money back is another act.

    cents: positive, tax included, in the invoice's currency; None for all that is left. Raises Refused.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Refused(f"--reason is one line of at most {LONGEST_REASON} characters: it stands on the credit note.")
    with parts.database.write() as db:
        invoice = invoices.find_invoice(db, None, number)
        if invoice is None:
            raise Refused(f"There is no invoice {number}.")
        amount = None if cents is None else Money(cents, invoice.total.currency)
        who, zone = {"reason": reason, "by": BY}, parts.settings.timezone
        found = invoices.credit_note(db, invoice=invoice, amount=amount, at=parts.clock.now(), zone=zone, **who)
        if isinstance(found, NoCredit):
            left = invoice.total - invoices.credited(db, invoice)
            raise Refused(_why_not(found, invoice, left))
        return found


def confirm_transfer(parts: Parts, order_id: int, value_date: date, reference: str, cents: int | None) -> str:
    """Take a bank transfer for its order; what it led to, in words. Raises Refused where the money was not taken."""
    entry = Entry(order_id, value_date, reference, cents)
    till = Till(parts.clock.now(), parts.settings.timezone, parts.prices, seller_of(parts.settings))
    with parts.database.write() as db:
        found = transfers.confirm(db, entry, till)
    if found not in TAKEN:
        raise Refused(f"Order {order_id}: {NOT_TAKEN[found]}")
    return f"Order {order_id}: {TAKEN[found]}"


def _why_not(refusal: NoCredit, invoice: Invoice, left: Money) -> str:
    rest = f"{left.cents // 100}.{left.cents % 100:02} {left.currency}"
    return {
        NoCredit.NOT_AN_INVOICE: f"{invoice.number} is a credit note itself: name the invoice.",
        NoCredit.NOTHING: f"There is nothing to credit: {rest} are left of {invoice.number}.",
        NoCredit.MORE_THAN_LEFT: f"Only {rest} are left of {invoice.number}.",
    }[refusal]
