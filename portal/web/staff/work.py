"""The work of the people of the money: /staff/work, with the transfers that are awaited and the sums that somebody has
to look at, and the page on which such a task is closed.
"""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from portal.billing import order_words, queries, words
from portal.billing.queries import StaffTask
from portal.billing.tasks import BY_THE_SYSTEM, Closing, Done
from portal.billing.transfers import LONGEST_REFERENCE
from portal.desk import money_tasks, work
from portal.desk.money_tasks import Closed
from portal.desk.search import LARGEST_ID
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.staff import StaffAct
from portal.web import access, billing_words, money_words
from portal.web.edge import now, parts, reading, undo, writing
from portal.web.forms import TypedField, at_most, one_line, one_of
from portal.web.money_words import DONE_NAMES
from portal.web.staff import entry
from portal.web.staff.money_forms import UNPROCESSABLE, MoneyForm, require_platform

pages = Blueprint("staff_work", __name__, url_prefix="/staff")
Page = Response | str | tuple[Any, ...]
ONE = "/tasks/<int(max=2147483647):task_id>"


class CloseForm(MoneyForm):
    done = SelectField(
        _l("What was done"),
        [one_of(tuple(Done), _l("Choose what was done with the money."))],
        choices=[SelectChoice("", _l("Choose")), *(SelectChoice(str(what), name) for what, name in DONE_NAMES.items())],
        validate_choice=False,
    )
    reference = TypedField(
        _l("Reference of the return"),
        [one_line, at_most(LONGEST_REFERENCE)],
        description=_l("The bank’s or the provider’s, where the money was given back."),
    )


@pages.get("/work")
@access.staff(StaffAct.LOOK)
def overview() -> str:
    """Both lists, oldest first; ?after_order= and ?after_task= lead to their next pages."""
    zone = parts().settings.timezone
    return render_template(
        "staff/work.html",
        transfers=work.transfers(reading(), at=now(), zone=zone, after=_after("after_order")),
        tasks=work.tasks(reading(), after=_after("after_task")),
        bill=words,
        order_words=order_words,
        says=money_words,
    )


@pages.get(ONE)
@access.staff(StaffAct.LOOK)
def task(task_id: int) -> str:
    found = _found(task_id)
    return _page(CloseForm(data={"platform_id": str(found.platform_id or "")}), found)


@pages.post(f"{ONE}/close")
@access.staff(StaffAct.CLOSE_TASK)
def close(task_id: int) -> Page:
    """Close it, with what was done; nobody opens it again."""
    found, form = _found(task_id), CloseForm()
    require_platform(found.platform_id)
    if not form.validate():
        return _page(form, found), UNPROCESSABLE
    reference = " ".join((form.reference.data or "").split())
    became = money_tasks.close(writing(), found, Done(form.done.data), reference, form.act())
    if became in (Closed.NO_REFERENCE, Closed.COUNTS):
        undo()
        form.refuse(*money_words.not_closed(became))
        return _page(form, found), UNPROCESSABLE
    if became is Closed.DONE:
        flash(_("Closed. The customer finds it in the activity."), "good")
    else:
        flash(_("Nothing was done: somebody had closed this before, as you see below."), "warn")
    return redirect(url_for("staff_work.task", task_id=task_id), 303)


def _after(name: str) -> int:
    """Where a list goes on; at its beginning for what is no number of ours."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_ID else 0


def _found(task_id: int) -> StaffTask:
    return queries.find_task(reading(), task_id) or abort(404)


def _page(form: CloseForm, found: StaffTask) -> str:
    payment = queries.find_payment_by_id(reading(), found.payment_id) if found.payment_id else None
    return render_template(
        "staff/task.html",
        form=form,
        task=found,
        payment=payment,
        closing=Closing.from_note(found.note),
        by_itself=found.closed_by == BY_THE_SYSTEM,
        may_close=found.closed_at is None and entry.may(StaffAct.CLOSE_TASK),
        bill=words,
        way_name=billing_words.way,
        says=money_words,
    )
