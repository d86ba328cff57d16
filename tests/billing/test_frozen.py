"""An order keeps what it was made of: what is read back is what was written, through JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from portal.billing.frozen import BillingData, Seller, offer_from_json, offer_to_json, seller_of
from portal.rules.money import Money
from portal.rules.pricing import Line, Offer, TaxTreatment
from portal.settings import Settings

LINES = st.builds(
    Line,
    item=st.sampled_from(["edition.pro", "administrator", "credits.5000"]),
    quantity=st.integers(1, 1000),
    unit_price=st.builds(Money, st.integers(0, 10**9), st.just("EUR")),
    numerator=st.integers(0, 400),
    denominator=st.integers(1, 400),
)
OFFERS = st.builds(
    Offer,
    lines=st.lists(LINES, max_size=4).map(tuple),
    currency=st.just("EUR"),
    treatment=st.sampled_from(TaxTreatment),
    starts_on=st.none() | st.dates(),
    ends_on=st.none() | st.dates(),
)


@given(offer=OFFERS)
def test_an_offer_comes_back_as_it_was(offer: Offer) -> None:
    back = offer_from_json(json.loads(json.dumps(offer_to_json(offer))))
    assert back == offer
    assert (back.net, back.tax, back.total) == (offer.net, offer.tax, offer.total)


def test_billing_data_come_back_as_they_were() -> None:
    data = BillingData("Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT", vat_number="12345670785")
    assert BillingData.from_json(json.loads(json.dumps(data.to_json()))) == data


def test_the_seller_comes_from_the_settings_and_back_from_json() -> None:
    settings = Settings(seller_name="Posta Chiara S.r.l.", seller_vat_number="00743110157", seller_phone="+39 02 1")
    seller = seller_of(settings)
    assert (seller.name, seller.country, seller.phone) == ("Posta Chiara S.r.l.", "IT", "+39 02 1")
    assert Seller.from_json(json.loads(json.dumps(seller.to_json()))) == seller


def test_what_the_settings_leave_out_of_the_seller_has_its_usual_value() -> None:
    plain = seller_of(Settings(seller_vat_number="00743110157", support_email="help@example.com"))
    assert (plain.tax_code, plain.email) == ("00743110157", "help@example.com")
    told = seller_of(Settings(seller_tax_code="BNCNNA80A41F205X", seller_email="bills@example.com"))
    assert (told.tax_code, told.email) == ("BNCNNA80A41F205X", "bills@example.com")
