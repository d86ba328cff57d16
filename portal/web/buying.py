"""What the customer buys: the next term, the first one, additional administrators, SMS credits."""

from flask import Blueprint, request
from wtforms import SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput, ListWidget

from portal import standing
from portal.accounts.queries import members_of
from portal.billing.choices import CreditsChoice, SeatsChoice, TermChoice
from portal.kit import texts
from portal.kit.texts import lazy_gettext as _l
from portal.rules import pricing, seats
from portal.rules.access import Act, Role
from portal.rules.orders import Kind
from portal.rules.prices import PriceList
from portal.rules.staff import SeenPage
from portal.rules.terms import INCLUDED_SEATS, MOST_ADDITIONAL
from portal.web import access, checkout, who
from portal.web.checkout import LONGEST_CHOICE, CheckoutForm, Page, Sale
from portal.web.edge import parts, reading
from portal.web.forms import AnyForm, NumberField, with_draft

pages = Blueprint("buying", __name__, url_prefix="/subscription")
YEAR = 12  # months that are proposed first


class TermForm(CheckoutForm):
    """A term: what it costs is shown for what is chosen here."""

    edition = StringField(_l("Edition"))
    months = NumberField(_l("Length"), 1, 120)
    additional = NumberField(_l("Additional administrators"), 0, MOST_ADDITIONAL)
    picked = SelectMultipleField(
        _l("Who goes first, if there are fewer of them"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def choice(self) -> TermChoice:
        picked = tuple(name for name, _label in self.picked.choices or () if name in (self.picked.data or ()))
        return TermChoice(self.edition.data or "", self.months.number, self.additional.number, picked)


class SeatsForm(CheckoutForm):
    quantity = NumberField(_l("How many"), 1, MOST_ADDITIONAL)


class CreditsForm(CheckoutForm):
    pack = StringField(_l("Pack"))
    country = StringField(_l("Country of most recipients"))


@pages.route("/renew", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.RENEW)
@access.signed_in
def renew() -> Page:
    """The next term, from the day after E: proposed as it is now, or as a downgrade that waits has it."""
    place = who.place()
    edition = place.platform.next_edition or place.edition
    return _sell_term(Kind.RENEWAL, Act.RENEW, edition, standing.additional_at_expiry(reading(), place))


@pages.route("/purchase", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.PURCHASE)
@access.signed_in
def purchase() -> Page:
    """The first term: of a trial, or of a platform that only sends SMS so far."""
    return _sell_term(Kind.PURCHASE, Act.PURCHASE, who.place().edition, 0)


def _sell_term(kind: Kind, act: Act, edition: str | None, additional: int) -> Page:
    place, prices = who.place(), _prices()
    proposed = edition if edition and prices.find_edition(edition) else prices.editions[0].code
    form, restored = _opened(TermForm, {"edition": proposed, "months": str(YEAR), "additional": str(additional)})
    people = _people()
    form.picked.choices = [(person.user_name, person.user_name) for person in people if not person.first]
    facts = {"prices": prices, "kind": kind, "going": lambda choice: _going(people, choice), "restored": restored}
    facts |= {"present_edition": place.edition, "present_additional": additional}
    return checkout.sell(Sale(kind, act, "buying/term.html", form.choice, facts), form)


@pages.route("/buy/administrators", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.BUY_ADMINISTRATORS)
@access.signed_in
def administrators() -> Page:
    """Additional administrators through E."""
    form, restored = _opened(SeatsForm, {"quantity": "1"})
    facts = {"prices": _prices(), "seats": standing.seats(reading(), who.place()), "restored": restored}
    sale = Sale(
        Kind.SEATS, Act.BUY_SEATS, "buying/administrators.html", lambda: SeatsChoice(form.quantity.number), facts
    )
    return checkout.sell(sale, form)


@pages.route("/sms/buy", methods=["GET", "POST"])
@access.shown_to_staff(SeenPage.BUY_CREDITS)
@access.signed_in
def credits() -> Page:
    """SMS credits, pack by pack, with the messages that each buys in the chosen country."""
    prices = _prices()
    form, restored = _opened(CreditsForm, {"pack": prices.packs[0].code, "country": _home(prices)})
    country = form.country.data if form.country.data in prices.credits_per_message else _home(prices)
    form.country.data = country

    def choose() -> CreditsChoice:
        found = prices.find_pack(form.pack.data or "")
        return CreditsChoice(form.pack.data or "", found.credits if found else 0)

    facts = {
        "prices": prices,
        "restored": restored,
        "country": texts.country(country),
        "countries": _countries(prices),
        "messages": {
            pack.code: pricing.messages_per_country(pack.credits, prices.credits_per_message) for pack in prices.packs
        },
    }
    return checkout.sell(Sale(Kind.CREDITS, Act.BUY_CREDITS, "buying/credits.html", choose, facts), form)


def _prices() -> PriceList:
    return parts().prices.on(who.place().today)


def _opened(form_class: type[AnyForm], proposed: dict[str, str]) -> tuple[AnyForm, bool]:
    """The form with what is proposed, with what somebody had chosen when the session ended, or with what the address
    asks for: a link may choose for somebody, and never order. True where the choice is the one that was kept.
    """
    if not request.args.keys() & proposed.keys():
        return with_draft(form_class, **proposed)
    asked = {name: request.args.get(name, value)[:LONGEST_CHOICE] for name, value in proposed.items()}
    return form_class(data=asked), False


def _people() -> list[seats.Administrator]:
    """Everybody who can sign in, or is invited."""
    members = members_of(reading(), who.me().administrator.platform_id)
    enabled = [found for found in members if found.administrator.enabled]
    return [
        seats.Administrator(
            found.administrator.username, found.created_at, first=found.administrator.role == Role.FIRST
        )
        for found in enabled
    ]


def _going(people: list[seats.Administrator], choice: TermChoice) -> list[str]:
    """Who loses the seat when the term begins, by this choice."""
    gone = seats.pick_disabled(people, INCLUDED_SEATS + choice.additional, choice.picked)
    return [person.user_name for person in gone]


def _home(prices: PriceList) -> str:
    """The country that is proposed: the seller's, if messages go there."""
    costs = prices.credits_per_message
    return pricing.SELLER_COUNTRY if pricing.SELLER_COUNTRY in costs else next(iter(costs))


def _countries(prices: PriceList) -> list[tuple[str, str]]:
    """(code, name) in the order of the alphabet."""
    return sorted(((code, texts.country(code)) for code in prices.credits_per_message), key=lambda pair: pair[1])
