"""A credit note that staff issue: by `portal.billing.invoices`, like that of the command, and never twice by mistake.

Where RULES.md is silent: the form says how much had been credited when it was made. Where that is no longer so, nothing
is issued: so the same form twice issues one, and two colleagues who correct the same invoice notice each other.
"""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.billing import invoices
from portal.billing.invoices import Invoice
from portal.desk.acts import STAFF
from portal.desk.people import Act
from portal.rules.invoices import NoCredit
from portal.rules.money import Money


class Changed:
    """Something has been credited meanwhile: nothing was issued."""


def left_of(db: Connection, invoice: Invoice) -> Money:
    """What could still be credited of an invoice."""
    return invoice.total - invoices.credited(db, invoice)


def issue(
    db: Connection, invoice: Invoice, amount: Money, act: Act, *, credited: int, zone: ZoneInfo
) -> Invoice | NoCredit | Changed:
    """Credit so much of the invoice. credited: cents that had been credited when the form was made."""
    invoices.lock_invoice(db, invoice.id)
    if invoices.credited(db, invoice).cents != credited:
        return Changed()
    who = {"by": STAFF, "member": act.by.username}
    return invoices.credit_note(db, invoice=invoice, amount=amount, reason=act.reason, at=act.at, zone=zone, **who)
