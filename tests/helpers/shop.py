"""What is sold to test with: who pays, and the offer that a choice makes on a platform as it stands."""

from portal.billing import checks
from portal.billing.choices import Choice, CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.frozen import BillingData
from portal.rules import offers
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind
from portal.rules.prices import PriceLists
from portal.rules.pricing import Offer
from portal.standing import Standing

COMPANY = BillingData(
    "Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT", vat_number="12345670785", recipient_code="ABC1234"
)
A_YEAR = TermChoice("pro", 12)
PACK = CreditsChoice("5000", 5000)


def kind_of(choice: Choice, place: Standing) -> Kind:
    """What an order of this choice is; a term is a renewal where there is a subscription already."""
    match choice:
        case TermChoice():
            return Kind.PURCHASE if place.platform.trial or place.expires_on is None else Kind.RENEWAL
        case UpgradeChoice():
            return Kind.UPGRADE
        case SeatsChoice():
            return Kind.SEATS
        case CreditsChoice():
            return Kind.CREDITS


def offer(choice: Choice, place: Standing, prices: PriceLists, billing: BillingData = COMPANY) -> Offer:
    """What the choice costs today, as a page would offer it. Fails where there is nothing to offer."""
    found = _offer(choice, place, prices, billing)
    assert not isinstance(found, NoOffer), f"{choice} cannot be offered: {found}"
    return found


def _offer(choice: Choice, place: Standing, prices: PriceLists, billing: BillingData) -> Offer | NoOffer:
    today, treatment = prices.on(place.today), checks.tax_treatment(billing)
    match choice:
        case TermChoice(edition, months, additional):
            if kind_of(choice, place) is Kind.RENEWAL:
                return offers.renewal(today, treatment, place.terms[-1], edition, months, additional)
            return offers.purchase(today, treatment, place.expires_on, place.today, edition, months, additional)
        case UpgradeChoice(_old, new):
            return offers.upgrade(prices, treatment, new, place.paid, place.today)
        case SeatsChoice(quantity):
            return offers.seats(today, treatment, quantity, place.terms, place.today)
        case CreditsChoice(pack, _credits):
            return offers.credits(today, treatment, pack)
