"""What would be bought: an offer for a choice, computed from where the platform stands, the price list and the tax."""

from portal.billing.checks import tax_treatment
from portal.billing.choices import Choice, CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.frozen import BillingData
from portal.rules import offers
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind
from portal.rules.prices import PriceLists
from portal.rules.pricing import Offer, TaxTreatment
from portal.standing import Standing


def treatment_of(billing: BillingData | None) -> TaxTreatment:
    """How the customer is taxed; before the billing data are known, as somebody in Italy."""
    if billing is None:
        return TaxTreatment.ITALIAN_VAT
    return tax_treatment(billing)


def compose(
    kind: Kind, choice: Choice, place: Standing, prices: PriceLists, treatment: TaxTreatment
) -> Offer | NoOffer:
    """The offer for the choice today, or why there is none. Whether it may be bought at all is asked of `access`."""
    today, listed = place.today, prices.on(place.today)
    match choice:
        case TermChoice(edition, months, additional) if kind is Kind.PURCHASE:
            return offers.purchase(listed, treatment, place.expires_on, today, edition, months, additional)
        case TermChoice(edition, months, additional):
            return offers.renewal(listed, treatment, place.terms[-1], edition, months, additional, today)
        case UpgradeChoice(_old, new):
            return offers.upgrade(prices, treatment, new, place.sold, today)
        case SeatsChoice(quantity):
            return offers.seats(listed, treatment, quantity, [paid.term for paid in place.sold], today)
        case CreditsChoice(pack):
            return offers.credits(listed, treatment, pack)
