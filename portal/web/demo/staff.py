"""The desk of the operator's staff, for whoever tries the demonstration: the money that somebody has to look at, and
the bank transfers that are awaited. Outside of the demonstration a transfer is taken by a command.
"""

import re
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field
from wtforms.validators import StopValidation

from portal.billing import deadlines, order_words, queries, transfers, words
from portal.billing.frozen import seller_of
from portal.billing.settle import Result, Till
from portal.billing.tasks import Task
from portal.billing.transfers import Entry, Slip
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.dates import business_date
from portal.web import access
from portal.web.edge import now, parts, reading, undo, writing
from portal.web.forms import NumberField, TypedField, one_line, required

pages = Blueprint("demo_staff", __name__, url_prefix="/demo/staff")
UNPROCESSABLE = 422
_AMOUNT = re.compile(r"([0-9]{1,9})[.,]([0-9]{2})")


def _is_day(_form: FlaskForm, field: Field) -> None:
    try:
        date.fromisoformat((field.data or "").strip())
    except ValueError:
        raise StopValidation(_l("Write the day such as 2026-11-22.")) from None


def _is_amount(_form: FlaskForm, field: Field) -> None:
    text = (field.data or "").strip()
    if text and not _AMOUNT.fullmatch(text):
        raise StopValidation(_l("Write an amount with its cents, such as 366.00."))


class TransferForm(FlaskForm):
    order_id = NumberField(_l("Order number"), 1, 999_999_999)
    value_date = TypedField(_l("Value date"), [_is_day])
    reference = TypedField(_l("The bank's reference"), [required(_l("Write any text: it names the money.")), one_line])
    amount = TypedField(_l("Amount"), [_is_amount], description=_l("Leave it empty for all that is missing."))

    def entry(self) -> Entry:
        typed = _AMOUNT.fullmatch((self.amount.data or "").strip())
        cents = int(typed[1] + typed[2]) if typed else None
        day = date.fromisoformat(self.value_date.data.strip())
        return Entry(self.order_id.number, day, self.reference.data, cents)


@pages.get("")
@access.demo
def desk() -> str:
    """What is awaited, what somebody has to look at, and the form of a transfer."""
    today = business_date(now(), parts().settings.timezone)
    return _page(TransferForm(data={"value_date": today.isoformat()}))


@pages.post("")
@access.demo
def take() -> Response | tuple[str, int]:
    """Take a transfer as the bank's statement has it."""
    form = TransferForm()
    if not form.validate_on_submit():
        return _page(form), UNPROCESSABLE
    found = transfers.confirm(writing(), form.entry(), _till())
    if isinstance(found, Slip):
        undo()
        return _page(form, told=_slip(found)), UNPROCESSABLE
    flash(_taken(found, form.order_id.number), "good" if found is Result.DELIVERED else "warn")
    return redirect(url_for("demo_staff.desk"), 303)


def _till() -> Till:
    return Till(now(), parts().settings.timezone, parts().prices, seller_of(parts().settings))


def _page(form: TransferForm, **facts: Any) -> str:
    awaited = [
        (order, words.amount_words(order.total), deadlines.deadline(order, parts().settings.timezone).value_on)
        for order in queries.awaited_transfers(reading(), at=now())
    ]
    tasks = [
        (task, words.amount_words(task.amount), order_words.money_task(Task(task.kind)))
        for task in queries.open_tasks(reading())
    ]
    return render_template("demo/staff.html", form=form, awaited=awaited, tasks=tasks, says=order_words, **facts)


def _taken(found: Result, order_id: int) -> str:
    """What became of the money."""
    number = texts.number(order_id)
    return {
        Result.DELIVERED: _("Order %(number)s is paid and delivered. The customer gets a mail.", number=number),
        Result.SHORT: _("It is less than order %(number)s costs, which waits for the rest.", number=number),
        Result.STAFF: _("The money buys nothing any more: it has to be given back, as you see below."),
    }.get(found, _("This transfer was known already: nothing was changed."))


def _slip(found: Slip) -> str:
    """Why nothing was written down."""
    return {
        Slip.NO_SUCH_ORDER: _("There is no such order."),
        Slip.NO_REFERENCE: _("This reference cannot be used: write a shorter one."),
        Slip.NO_AMOUNT: _("There is nothing to pay for this order."),
        Slip.IN_THE_FUTURE: _("The value date lies in the future."),
        Slip.BEFORE_THE_ORDER: _("The value date lies before the day of the order."),
        Slip.OTHER_ORDER: _("This reference is that of a transfer for another order."),
    }[found]
