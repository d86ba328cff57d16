"""An invoice at the desk: /staff/invoices/2026-000001. What was billed, what was credited, and the form for more."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.billing import invoices, queries, words
from portal.billing.invoices import Invoice
from portal.desk import credit_notes
from portal.desk.credit_notes import Changed
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.invoices import NoCredit
from portal.rules.money import Money
from portal.rules.staff import StaffAct
from portal.web import access, money_words
from portal.web.edge import parts, reading, undo, writing
from portal.web.staff import entry
from portal.web.staff.money_forms import UNPROCESSABLE, AmountField, MoneyForm, SeenField, require_platform

pages = Blueprint("staff_invoices", __name__, url_prefix="/staff/invoices/<number>")
Page = Response | str | tuple[Any, ...]
CONFLICT = 409


class CreditForm(MoneyForm):
    credited = SeenField()  # cents that had been credited
    amount = AmountField(_l("Amount to credit, tax included"))


@pages.get("")
@access.staff(StaffAct.LOOK)
def invoice(number: str) -> str:
    """The invoice, with the form filled in with all that is left of it."""
    return _page(None, _found(number))


@pages.post("/credit-note")
@access.staff(StaffAct.ISSUE_CREDIT_NOTE)
def credit(number: str) -> Page:
    """Issue the credit note that the form asks for, once."""
    found, form = _found(number), CreditForm()
    require_platform(found.platform_id)
    if not form.validate():
        return _page(form, found), UNPROCESSABLE
    amount, zone = Money(form.amount.cents, found.total.currency), parts().settings.timezone
    became = credit_notes.issue(writing(), found, amount, form.act(), credited=form.credited.number, zone=zone)
    if isinstance(became, Invoice):
        flash(_("Credit note %(number)s is issued. It moves no money.", number=became.number), "good")
        return redirect(url_for("staff_invoices.invoice", number=found.number), 303)
    undo()
    return _refused(form, found, became)


def _refused(form: CreditForm, found: Invoice, why: NoCredit | Changed) -> Page:
    """What was typed comes back; where others have credited meanwhile, the page now says how much."""
    if isinstance(why, Changed):
        return _page(form, found, changed=True), CONFLICT
    form.refuse("amount", money_words.no_credit(why, credit_notes.left_of(reading(), found)))
    return _page(form, found), UNPROCESSABLE


def _found(number: str) -> Invoice:
    return invoices.find_invoice(reading(), None, number) or abort(404)


def _page(form: CreditForm | None, found: Invoice, *, changed: bool = False) -> str:
    left = credit_notes.left_of(reading(), found)
    if form is None:
        form = CreditForm(data={"platform_id": str(found.platform_id), "amount": texts.amount(left.cents)})
    form.credited.see((found.total - left).cents, anew=changed)
    form.amount.name_currency(found.total.currency)
    return render_template(
        "staff/invoice.html",
        form=form,
        invoice=found,
        notes=invoices.credit_notes_of(reading(), found),
        left=left,
        changed=changed,
        may_credit=entry.may(StaffAct.ISSUE_CREDIT_NOTE) and bool(form.errors or _something_left(found, left)),
        has_order=queries.find_any_order(reading(), found.order_id) is not None,
        bill=words,
        spoken=texts.OWN_NAMES.get(found.language, found.language),
    )


def _something_left(found: Invoice, left: Money) -> bool:
    return not found.is_credit_note and left.cents > 0
