"""What is sold to test with: who pays, and the offer that a choice makes on a platform as it stands."""

from portal.billing import quotes
from portal.billing.choices import Choice, CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.frozen import BillingData
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
    found = quotes.compose(kind_of(choice, place), choice, place, prices, quotes.treatment_of(billing))
    assert not isinstance(found, NoOffer), f"{choice} cannot be offered: {found}"
    return found
