"""My subscription: the overview, and what can be bought."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal import standing
from portal.rules.access import Act, Allowed, Role
from portal.rules.lifecycle import State
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
        timeline=timeline(place),
    )


@pages.get("/subscription/buy")
@access.signed_in
def buy() -> str:
    """What can be ordered in this state, and why the rest cannot."""
    place, role = who.place(), Role(who.me().administrator.role)
    decisions = {act: place.decide(act, role) for act in SHOWN_ACTS}
    relevant = {act: found for act, found in decisions.items() if _relevant(act, place.state)}
    return render_template("subscription/buy.html", place=place, decisions=relevant, Allowed=Allowed)


def _relevant(act: Act, state: State) -> bool:
    """A trial purchases; everybody else renews and changes."""
    trial_acts = (Act.PURCHASE,)
    return (act in trial_acts) == (state is State.TRIAL)
