"""What the commands about money do: the acts of the operator's own billing people."""

from portal.billing import invoices
from portal.billing.invoices import Invoice
from portal.office import BY, Refused
from portal.parts import Parts
from portal.rules.invoices import NoCredit
from portal.rules.money import Money

LONGEST_REASON = 200  # characters; it is printed on the credit note


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


def _why_not(refusal: NoCredit, invoice: Invoice, left: Money) -> str:
    rest = f"{left.cents // 100}.{left.cents % 100:02} {left.currency}"
    return {
        NoCredit.NOT_AN_INVOICE: f"{invoice.number} is a credit note itself: name the invoice.",
        NoCredit.NOTHING: f"There is nothing to credit: {rest} are left of {invoice.number}.",
        NoCredit.MORE_THAN_LEFT: f"Only {rest} are left of {invoice.number}.",
    }[refusal]
