"""My subscription: the overview, and what can be bought."""

import secrets
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    get_template_attribute,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.queries import Administrator
from portal.billing import quotes
from portal.billing import words as bought
from portal.billing.choices import TermChoice
from portal.glance import Glance
from portal.kit import texts
from portal.rules.access import Act, Allowed, Decision, Reason, Role
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind
from portal.rules.staff import SeenPage
from portal.web import access, frame, story, who
from portal.web.buying import YEAR
from portal.web.checkout import edition_names
from portal.web.cookies import MESSAGES
from portal.web.edge import parts
from portal.web.timeline import timeline

pages = Blueprint("subscription", __name__)
KEPT_PAGES = "portal.overviews"  # under this name an application keeps them
KEPT = 128  # overviews of some 9 kB, by each process: for as many as look about at one time
GAP = secrets.token_urlsafe(24).encode()  # what nobody can have as a name stands where a token will be
SHOWN_ACTS = (
    Act.PURCHASE,
    Act.RENEW,
    Act.BUY_CREDITS,
    Act.BUY_SEATS,
    Act.CHANGE_EDITION,
    Act.CANCEL,
    Act.UNDO_CANCEL,
)
PAGE_OF = {
    Act.PURCHASE: "buying.purchase",
    Act.RENEW: "buying.renew",
    Act.BUY_CREDITS: "buying.credits",
    Act.BUY_SEATS: "buying.administrators",
    Act.CHANGE_EDITION: "edition.editions",
    Act.CANCEL: "cancellation.cancel",
    Act.UNDO_CANCEL: "cancellation.cancel",
}
UNSAID = (Reason.PURCHASE_FIRST, Reason.ALREADY_PURCHASED, Reason.ALREADY_CANCELLED, Reason.NOT_CANCELLED)


@pages.get("/")
@access.everybody
def home() -> BaseResponse:
    return redirect(url_for("subscription.overview" if who.person() else "sign_in.login"))


@pages.get("/subscription")
@access.shown_to_staff(SeenPage.SUBSCRIPTION)
@access.signed_in
def overview() -> Response | str:
    """Where the subscription stands, in a sentence first, then in pictures: all of it computed by the rules."""
    seen, person = who.at_a_glance(), who.me().administrator
    if who.is_seen() or request.query_string or MESSAGES in session:
        return _page()
    clock = tuple((frame.session_clock() or {}).items())
    shown = Shown(seen.row, seen.place.today, person, texts.language(), clock)
    return Response(current_app.extensions[KEPT_PAGES](shown).replace(GAP, generate_csrf().encode()))


@dataclass(frozen=True, slots=True)
class Shown:
    """What an overview is made of, and by what it is known again: whoever has the same of all these reads the same.

    The rules know days and not hours (tests/test_glance.py holds it), and everything else is read in the row. clock:
    what the warning before the end of the session is told. Not kept is a page that says what holds but this once: a
    message, our staff's look, an address with a question in it.
    """

    row: tuple[Any, ...]
    today: date
    person: Administrator
    language: str
    clock: tuple[tuple[str, int], ...]


def _kept_page(_shown: Shown) -> bytes:
    """The page of this request as it is sent, with a gap where the token against forgery of each session goes."""
    return _page(csrf_token=GAP.decode).encode()


def _page(**more: Any) -> str:
    seen, role = who.at_a_glance(), Role(who.me().administrator.role)
    return render_template("subscription/overview.html", place=seen.place, content=_content(seen, role), **more)


def _content(seen: Glance, role: Role) -> Markup:
    place = seen.place
    told = story.tell(place, role, seen.credits)
    say = get_template_attribute("subscription/_overview.html", "overview")
    said: Markup = say(
        place=place,
        seats=seen.seats,
        credits=seen.credits,
        told=told,
        price=_price(told.act, seen),
        names=edition_names(place),
        page_of=PAGE_OF,
        timeline=timeline(place),
    )
    return said


@pages.record_once
def keep(state: BlueprintSetupState) -> None:
    """Each application keeps the pages that were looked at last: people come back to the overview again and again."""
    state.app.extensions[KEPT_PAGES] = lru_cache(maxsize=KEPT)(_kept_page)


def _price(act: Act | None, seen: Glance) -> str | None:
    """What the term that the page proposes costs, without the tax: a year, as things are now."""
    kind = {Act.RENEW: Kind.RENEWAL, Act.PURCHASE: Kind.PURCHASE}.get(act) if act else None
    if kind is None:
        return None
    place = seen.place
    additional = seen.additional_at_expiry if kind is Kind.RENEWAL else 0
    choice = TermChoice(place.platform.next_edition or place.edition or "", YEAR, additional)
    offer = quotes.compose(kind, choice, place, parts().prices, quotes.treatment_of(None))
    return None if isinstance(offer, NoOffer) else bought.amount_words(offer.net)


@pages.get("/subscription/buy")
@access.shown_to_staff(SeenPage.BUY)
@access.signed_in
def buy() -> str | BaseResponse:
    """What can be bought in this state, and why the rest cannot; on a trial there is one thing to buy."""
    place, role = who.place(), Role(who.me().administrator.role)
    if place.platform.trial:
        return redirect(url_for("buying.purchase"), 303)
    decisions = {act: place.decide(act, role) for act in SHOWN_ACTS}
    relevant = {act: found for act, found in decisions.items() if _relevant(act, found)}
    return render_template("subscription/buy.html", place=place, decisions=relevant, page_of=PAGE_OF)


def _relevant(act: Act, decision: Decision) -> bool:
    """Whether to say anything of an act: not where it is done already, or makes no sense any more or yet."""
    if isinstance(decision, Allowed):
        return True
    over = decision.reason is Reason.EXPIRED and act in (Act.CANCEL, Act.UNDO_CANCEL)
    return not over and decision.reason not in UNSAID
