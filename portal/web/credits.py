"""My subscription: SMS credits, what they are worth and until when, and every movement of them."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request
from markupsafe import Markup

from portal import standing
from portal.credits import queries
from portal.credits.queries import Movements
from portal.credits.tables import LARGEST_AMOUNT, Kind
from portal.kit.texts import country, number
from portal.kit.texts import gettext as _
from portal.rules import pricing
from portal.rules.access import Act, Allowed, Role
from portal.rules.staff import SeenPage
from portal.standing import Standing
from portal.web import access, who
from portal.web.edge import parts, reading

pages = Blueprint("credits", __name__)


@dataclass(frozen=True, slots=True)
class Destination:
    """A country, by its name, with what one message there costs and how many the balance buys."""

    name: str
    credits_each: int
    messages: int


@pages.get("/subscription/sms")
@access.shown_to_staff(SeenPage.CREDITS)
@access.signed_in
def sms() -> str:
    """The balance with what it means, the lots as a picture and a table, and the movements, newest first."""
    place = who.place()
    owned = standing.credits_of(reading(), place)
    decision = place.decide(Act.BUY_CREDITS, Role(who.me().administrator.role))
    return render_template(
        "credits/sms.html",
        place=place,
        credits=owned,
        destinations=_destinations(owned.balance.spendable, place) if owned.balance.spendable else [],
        movements=_movements(place),
        decision=decision,
        may_buy=isinstance(decision, Allowed),
        signed=signed,
        kind_name=kind_name,
    )


def _destinations(credits: int, place: Standing) -> list[Destination]:
    """How far the credits reach at today's prices, country by country in the order of the alphabet."""
    costs = parts().prices.on(place.today).credits_per_message
    messages = pricing.messages_per_country(credits, costs)
    found = [Destination(country(code), cost, messages[code]) for code, cost in costs.items()]
    return sorted(found, key=lambda destination: destination.name)


def _movements(place: Standing) -> Movements:
    """The page of the ledger that was asked for; what is no movement of this platform is not found."""
    text = request.args.get("before")
    if text is None:
        return queries.movements_of(reading(), place.platform.id)
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_AMOUNT):
        abort(404)
    found = queries.movements_of(reading(), place.platform.id, before=int(text))
    return found if found.rows else abort(404)


def kind_name(kind: Kind) -> str:
    """What a movement was, in words."""
    return {
        Kind.BOUGHT: _("Credits bought"),
        Kind.GRANTED: _("Credits given by our staff"),
        Kind.SPENT: _("Messages sent"),
        Kind.WRITTEN_OFF: _("Expired"),
    }[kind]


def signed(amount: int) -> Markup:
    """Credits with their sign: what came has a plus, what went a minus that a screen reader says."""
    return Markup("%s%s") % ("+" if amount > 0 else "\N{MINUS SIGN}", number(abs(amount)))
