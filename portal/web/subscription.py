"""My subscription: the overview, and what can be bought."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal import standing
from portal.rules.access import Act, Allowed, Decision, Reason, Role
from portal.web import access, who
from portal.web.edge import reading
from portal.web.timeline import timeline

pages = Blueprint("subscription", __name__)
SHOWN_ACTS = (
    Act.PURCHASE,
    Act.RENEW,
    Act.BUY_CREDITS,
    Act.BUY_SEATS,
    Act.CHANGE_EDITION,
    Act.CANCEL,
    Act.UNDO_CANCEL,
)
UNSAID = (Reason.PURCHASE_FIRST, Reason.ALREADY_PURCHASED, Reason.ALREADY_CANCELLED, Reason.NOT_CANCELLED)


@pages.get("/")
@access.everybody
def home() -> Response:
    return redirect(url_for("subscription.overview" if who.person() else "sign_in.login"))


@pages.get("/subscription")
@access.signed_in
def overview() -> str:
    """Where the subscription stands, in a sentence first, then in pictures: all of it computed by the rules."""
    place = who.place()
    return render_template(
        "subscription/overview.html",
        place=place,
        seats=standing.seats(reading(), place),
        credits=standing.credits_of(reading(), place),
        role=Role(who.me().administrator.role),
        timeline=timeline(place),
    )


@pages.get("/subscription/buy")
@access.signed_in
def buy() -> str:
    """What can be ordered in this state, and why the rest cannot."""
    place, role = who.place(), Role(who.me().administrator.role)
    decisions = {act: place.decide(act, role) for act in SHOWN_ACTS}
    relevant = {act: found for act, found in decisions.items() if _relevant(act, found)}
    return render_template("subscription/buy.html", place=place, decisions=relevant, Allowed=Allowed)


def _relevant(act: Act, decision: Decision) -> bool:
    """Whether to say anything of an act: not where it is done already, or makes no sense any more or yet."""
    if isinstance(decision, Allowed):
        return True
    over = decision.reason is Reason.EXPIRED and act in (Act.CANCEL, Act.UNDO_CANCEL)
    return not over and decision.reason not in UNSAID
