"""Cancelling: the exact consequences before the button, the same dates by mail, and the way back until the last day.

Where RULES.md is silent: what was confirmed is what was read. If the expiry has moved since the page was opened,
because a renewal was paid meanwhile, nothing is cancelled and the page shows the new dates. Cancelling counts as
deleting, because it ends in it: the password is asked again. Taking it back does not.
"""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal import standing
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.access import Act, Allowed, Reason, Refused, Role
from portal.rules.lifecycle import State
from portal.rules.staff import SeenPage
from portal.standing import Standing
from portal.subscription import cancellation
from portal.subscription.cancellation import Ending
from portal.web import access, offers, who
from portal.web.edge import now, parts, reading, writing
from portal.web.times import last_minute, sentence, weekday

pages = Blueprint("cancellation", __name__)
Page = Response | str | tuple[Any, ...]
FORBIDDEN, CONFLICT = 403, 409


class CancelForm(FlaskForm):
    """The button. `expires_on`: the last day that the page told, as ISO 8601."""

    expires_on = HiddenField()


@pages.route("/subscription/cancel", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.CANCEL)
@access.signed_in_proven(_l("Cancel the subscription"))
def cancel() -> Page:
    """What cancelling brings, and the button; once it is cancelled, the way back."""
    if request.method != "POST":
        return _page(who.place())
    place = _locked()
    refused = _refused(place, Act.CANCEL)
    if refused:
        return _page(place, refused), _status(refused)
    ending = _ending(place)
    if request.form.get("expires_on", "") not in ("", ending.expires_on.isoformat()):
        return _page(place, changed=True), CONFLICT
    cancellation.cancel(writing(), ending, by=who.me().administrator, at=now())
    text = _("The subscription is cancelled. Everything works until %(day)s; the dates are on their way by mail.")
    flash(sentence(text, day=weekday(ending.expires_on)), "good")
    return redirect(url_for("cancellation.cancel"), 303)


@pages.post("/subscription/cancel/undo")
@access.signed_in
def undo() -> Page:
    """As if it had never been cancelled."""
    place = _locked()
    refused = _refused(place, Act.UNDO_CANCEL)
    if refused:
        return _page(place, refused), _status(refused)
    ending = _ending(place)
    cancellation.undo(writing(), ending, by=who.me().administrator, at=now())
    text = _("The cancellation is undone. The subscription goes on as before; its expiry stays %(day)s.")
    flash(sentence(text, day=weekday(ending.expires_on)), "good")
    return redirect(url_for("subscription.overview"), 303)


def _locked() -> Standing:
    """The platform as it stands at this request, held until the commit: of two requests the second sees the first."""
    zone = parts().settings.timezone
    return standing.lock(writing(), who.me().administrator.platform_id, at=now(), zone=zone)


def _refused(place: Standing, act: Act) -> Refused | None:
    found = place.decide(act, Role(who.me().administrator.role))
    return found if isinstance(found, Refused) else None


def _status(refused: Refused) -> int:
    return FORBIDDEN if refused.reason is Reason.FIRST_ADMINISTRATOR_ONLY else CONFLICT


def _ending(place: Standing) -> Ending:
    found = standing.ending(place, standing.credits_of(writing(), place))
    assert found is not None  # noqa: S101 - the rules let nobody cancel, or undo, where there is no subscription
    return found


def _page(place: Standing, refused: Refused | None = None, *, changed: bool = False) -> str:
    """The page for this state; `refused`: why what was asked for did not happen, said first."""
    role = Role(who.me().administrator.role)
    cancelled = place.state is State.CANCELLED
    decision = place.decide(Act.UNDO_CANCEL if cancelled else Act.CANCEL, role)
    ending = standing.ending(place, standing.credits_of(reading(), place)) if _running(place) else None
    form = CancelForm(formdata=None, data={"expires_on": ending.expires_on.isoformat() if ending else ""})
    return render_template(
        "cancellation/cancel.html",
        form=form,
        place=place,
        ending=ending,
        cancelled=cancelled,
        allowed=isinstance(decision, Allowed),
        why_not=_why_not(decision, place) if isinstance(decision, Refused) else Markup(),
        failed=_why_not(refused, place) if refused else Markup(),
        changed=changed,
        others=standing.seats(reading(), place).taken - 1,
    )


def _running(place: Standing) -> bool:
    return place.state in (State.ACTIVE, State.CANCELLED)


def _why_not(refused: Refused, place: Standing) -> Markup:
    """Why there is nothing to cancel, or to take back, in this state; else as everywhere."""
    if place.expires_on is not None and refused.reason is Reason.EXPIRED:
        text = _("The subscription ended on %(day)s: until then it could be cancelled, or the cancellation undone.")
        return sentence(text, day=last_minute(place.expires_on))
    if place.expires_on is not None and place.platform.trial:
        text = _("A trial ends by itself, on %(day)s: there is nothing to cancel, and nothing to pay.")
        return sentence(text, day=last_minute(place.expires_on))
    if refused.reason is Reason.PURCHASE_FIRST:
        return escape(_("This platform has no subscription that goes on by itself: there is nothing to cancel."))
    return offers.refusal(refused, place)
