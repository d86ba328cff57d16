"""What waits for a second one of the staff: /staff/approvals. Each request says in words exactly what will be done.

ACTS is the one table of what can wait: its title, its facts in words, and what does it. Whoever approves does it in the
same transaction as it was asked for; where that is not possible any more nothing is done, which is said, and the
request has come to its end all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.desk import credits, people, transfers
from portal.desk.credits import Given
from portal.desk.people import Act, Result
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.staff import StaffAct
from portal.staff import approvals
from portal.staff.approvals import Approval
from portal.web import access, desk_words, money_words
from portal.web.edge import now, parts, reading, writing
from portal.web.staff import entry
from portal.web.staff.money_forms import till

pages = Blueprint("staff_approvals", __name__, url_prefix="/staff/approvals")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an act that was approved. done: False where nothing was changed."""

    done: bool
    told: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that can wait: what it is called, what exactly will be done, and what does it."""

    title: Any
    facts: Callable[[Approval], list[tuple[str, str]]]
    do: Callable[[Approval, Act], Outcome]


def _reset_link(approval: Approval, act: Act) -> Outcome:
    result = people.approved_reset_link(writing(), parts().links, approval, act)
    return Outcome(result is Result.DONE, desk_words.result(result))


def _transfer(approval: Approval, act: Act) -> Outcome:
    became = transfers.approved(writing(), approval, till(), act)
    if became is None:
        told = _("Nothing was done: the order is not as it was when this was asked for. Look at it, and take it anew.")
        return Outcome(False, told)
    return Outcome(True, money_words.taken(became, transfers.entry_of(approval).order_id))


def _credits(approval: Approval, act: Act) -> Outcome:
    given = credits.approved(writing(), approval, act, zone=parts().settings.timezone)
    return Outcome(given is Given.DONE, money_words.given(given))


ACTS: Mapping[StaffAct, Waiting] = {
    StaffAct.SEND_RESET_LINK: Waiting(
        _l("Mail a link to set a new password"), lambda one: [(_("Who"), one.facts["username"])], _reset_link
    ),
    StaffAct.CONFIRM_TRANSFER: Waiting(_l("Take a bank transfer"), money_words.transfer_asked, _transfer),
    StaffAct.GRANT_CREDITS: Waiting(_l("Give SMS credits"), money_words.credits_asked, _credits),
}


@pages.get("")
@access.staff(StaffAct.APPROVE)
def overview() -> str:
    """Everything that waits: one's own requests are shown, and decided by somebody else."""
    found = [(one, ACTS[one.act]) for one in approvals.waiting(reading(), at=now())]
    return render_template("staff/approvals.html", waiting=found, me=entry.me(), may=entry.may, form=FlaskForm())


@pages.post("/<int(max=2147483647):approval_id>")
@access.staff(StaffAct.APPROVE)
def decide(approval_id: int) -> Response:
    """Yes and done at once, or no. Only by whoever might do the act too."""
    asked = next((one for one in approvals.waiting(reading(), at=now()) if one.id == approval_id), None)
    decision = DECISIONS.get(request.form.get("choice", ""))
    outcome = decision(approval_id) if decision and asked and entry.may(asked.act) else None
    if outcome is None:
        outcome = Outcome(False, _("This does not wait any more, or is not yours to decide."))
    flash(outcome.told, "good" if outcome.done else "warn")
    return redirect(url_for("staff_approvals.overview"), 303)


def _approve(approval_id: int) -> Outcome | None:
    """None where it was decided by now, or is one's own."""
    taken = approvals.take(writing(), approval_id, by=entry.me(), at=now())
    if taken is None:
        return None
    outcome = ACTS[taken.act].do(taken, Act(entry.me(), taken.reason, now()))
    if not outcome.done:
        approvals.not_done(writing(), approval_id, at=now())
    return outcome


def _refuse(approval_id: int) -> Outcome | None:
    refused = approvals.refuse(writing(), approval_id, by=entry.me(), at=now())
    return Outcome(True, _("Refused: nothing is done.")) if refused else None


DECISIONS = {"approve": _approve, "refuse": _refuse}
