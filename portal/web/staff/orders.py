"""An order at the desk: /staff/orders/12. What was ordered, what has arrived, and the form for a transfer."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.billing import deadlines, invoices, order_words, queries, verdicts, words
from portal.billing.queries import Order
from portal.billing.settle import Result
from portal.billing.transfers import Entry, Slip
from portal.desk import transfers
from portal.desk.acts import Waits
from portal.kit import texts
from portal.kit.texts import lazy_gettext as _l
from portal.rules import orders as rules
from portal.rules.orders import OrderState
from portal.rules.staff import StaffAct
from portal.staff import approvals
from portal.staff.approvals import Approval
from portal.web import access, billing_words, money_words
from portal.web.edge import now, parts, reading, undo, writing
from portal.web.forms import DayField, TypedField, one_line, required
from portal.web.staff import entry
from portal.web.staff.money_forms import UNPROCESSABLE, AmountField, MoneyForm, require_platform, till

pages = Blueprint("staff_orders", __name__, url_prefix="/staff/orders/<int(max=2147483647):order_id>")
Page = Response | str | tuple[Any, ...]


class TransferForm(MoneyForm):
    value_date = DayField(_l("Value date"), description=_l("As it stands on the bank’s statement."))
    reference = TypedField(
        _l("The bank’s reference"),
        [required(_l("Write the bank’s own reference: it names the money.")), one_line],
        description=_l("The bank’s own, and not that of the order: the same one again is the same money."),
    )
    amount = AmountField(_l("Amount that has arrived"))

    def entry(self, order_id: int) -> Entry:
        return Entry(order_id, self.value_date.day, self.reference.data or "", self.amount.cents)


@pages.get("")
@access.staff(StaffAct.LOOK)
def order(order_id: int) -> str:
    """The order, with the form filled in with what is missing."""
    found = _found(order_id)
    waits = found.state is OrderState.AWAITING_PAYMENT
    missing = texts.amount(transfers.missing_of(reading(), found).cents) if waits else ""
    return _page(TransferForm(data={"platform_id": str(found.platform_id), "amount": missing}), found)


@pages.post("/transfer")
@access.staff(StaffAct.CONFIRM_TRANSFER)
def take(order_id: int) -> Page:
    """Take the transfer, or ask a second person; a slip is told beside its field."""
    found, form = _found(order_id), TransferForm()
    require_platform(found.platform_id)
    if not form.validate():
        return _page(form, found), UNPROCESSABLE
    became = transfers.take(writing(), found, form.entry(order_id), till(), form.act())
    if isinstance(became, Slip):
        undo()
        form.refuse(*money_words.slip(became))
        return _page(form, found), UNPROCESSABLE
    if isinstance(became, Waits):
        flash(money_words.waits(became), "warn")
    else:
        flash(money_words.taken(became, order_id), "good" if became is Result.DELIVERED else "warn")
    return redirect(url_for("staff_orders.order", order_id=order_id), 303)


def _found(order_id: int) -> Order:
    return queries.find_any_order(reading(), order_id) or abort(404)


def _page(form: TransferForm, found: Order) -> str:
    db, zone = reading(), parts().settings.timezone
    state = rules.state(found.state, found.open_until, now())
    form.amount.name_currency(found.total.currency)
    return render_template(
        "staff/order.html",
        form=form,
        order=found,
        state=state,
        missing=transfers.missing_of(db, found) if found.state is OrderState.AWAITING_PAYMENT else None,
        deadline=deadlines.deadline(found, zone) if state is OrderState.AWAITING_PAYMENT else None,
        names=order_words.edition_names(parts().prices, verdicts.ordered_on(found, zone)),
        payments=queries.payments_of(db, found.id),
        tasks=queries.tasks_of(db, found.id),
        invoice=invoices.find_invoice_of_order(db, found.id),
        waiting=_waiting(found),
        may_take=entry.may(StaffAct.CONFIRM_TRANSFER),
        bill=words,
        order_words=order_words,
        way_name=billing_words.way,
        says=money_words,
    )


def _waiting(found: Order) -> list[Approval]:
    """The transfers for this order that wait for a second person."""
    asked = approvals.waiting(reading(), at=now())
    mine = [one for one in asked if one.act is StaffAct.CONFIRM_TRANSFER]
    return [one for one in mine if transfers.entry_of(one).order_id == found.id]
