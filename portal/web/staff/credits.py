"""SMS credits at the desk: /staff/platforms/1234/credits, with the form by which staff give some."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal import standing
from portal.credits import queries
from portal.desk import credits
from portal.desk.acts import Waits
from portal.desk.credits import Given
from portal.kit.texts import lazy_gettext as _l
from portal.rules import staff as rules
from portal.rules.staff import StaffAct
from portal.staff import approvals
from portal.standing import Standing
from portal.web import access, money_words
from portal.web.edge import now, parts, reading, undo, writing
from portal.web.forms import LONGEST_NUMBER, NumberField
from portal.web.staff.money_forms import UNPROCESSABLE, MoneyForm, SeenField, require_platform
from portal.web.staff.places import find_platform

pages = Blueprint("staff_credits", __name__, url_prefix="/staff/platforms/<int(max=2147483647):platform_id>/credits")
Page = Response | str | tuple[Any, ...]
CONFLICT = 409
MOST = 10**LONGEST_NUMBER - 1  # what fits into the field: above CREDITS_APPROVAL two people look at it


class CreditsForm(MoneyForm):
    newest = SeenField()  # the lot that was the newest
    credits = NumberField(_l("How many SMS credits"), 1, MOST)


@pages.get("")
@access.staff(StaffAct.GRANT_CREDITS)
def overview(platform_id: int) -> str:
    """The credits of a platform, with the form."""
    return _page(CreditsForm(data={"platform_id": str(platform_id)}), find_platform(platform_id))


@pages.post("")
@access.staff(StaffAct.GRANT_CREDITS)
def give(platform_id: int) -> Page:
    """Give them, or ask a second person."""
    place, typed = find_platform(platform_id), CreditsForm()
    require_platform(place.platform.id)
    if not typed.validate():
        return _page(typed, place), UNPROCESSABLE
    zone = parts().settings.timezone
    became = credits.give(
        writing(), platform_id, typed.credits.number, typed.act(), newest=typed.newest.number, zone=zone
    )
    if became in (Given.CHANGED, Given.FEATURES_OFF):
        undo()
        return _page(typed, place, told=became), CONFLICT
    if isinstance(became, Waits):
        flash(money_words.waits(became), "warn")
    else:
        flash(money_words.given(became), "good")
    return redirect(url_for("staff_credits.overview", platform_id=platform_id), 303)


def _page(form: CreditsForm, place: Standing, *, told: Given | None = None) -> str:
    number = place.platform.id
    form.newest.see(queries.newest_lot(reading(), number), anew=told is Given.CHANGED)
    asked = approvals.waiting(reading(), at=now())
    mine = [one for one in asked if (one.act, one.platform_id) == (StaffAct.GRANT_CREDITS, number)]
    return render_template(
        "staff/credits.html",
        form=form,
        place=place,
        credits=standing.credits_of(reading(), place),
        waiting=mine,
        told=told,
        may_give=rules.may_give_credits(place.state),
        says=money_words,
    )
