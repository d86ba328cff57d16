"""Billing data as a whole: what is needed where, how long a field may be, and what the fields need of one another."""

from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.checks import EMPTY, LONGEST, Missing, Refused, judge, tax_treatment
from portal.billing.frozen import BillingData
from portal.billing.numbers import Wrong
from portal.billing.tables import billing_profiles
from portal.rules.countries import COUNTRIES
from portal.rules.pricing import TaxTreatment

ITALIAN = BillingData(
    "Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT", vat_number="12345670785", recipient_code="ABC1234"
)
PRIVATE = BillingData("Mario Rossi", "Via Roma 1", "20121", "Milano", "MI", "IT", tax_code="RSSMRA85T10A562S")
GERMAN = BillingData("Weber GmbH", "Hauptstraße 1", "10115", "Berlin", "", "DE", vat_number="136695976")
AMERICAN = BillingData("Smith Inc.", "1 Main St", "10001", "New York", "NY", "US")
COLUMNS = {column.name: column.type.length for column in billing_profiles.c if hasattr(column.type, "length")}


def reasons(data: BillingData) -> dict[str, object]:
    found = judge(data)
    return dict(found.reasons) if isinstance(found, Refused) else {}


@pytest.mark.parametrize("data", [ITALIAN, PRIVATE, GERMAN, AMERICAN], ids=lambda data: data.name)
def test_what_is_complete_is_taken_and_taken_again(data: BillingData) -> None:
    found = judge(data)
    assert isinstance(found, BillingData)
    assert judge(found) == found


def test_each_field_is_a_column_of_the_same_name_and_wide_enough() -> None:
    assert {field.name for field in fields(BillingData)} == set(COLUMNS) - {"platform_id", "updated_at"}
    assert all(length <= COLUMNS[name] for name, length in LONGEST.items())


@pytest.mark.parametrize("name", ["name", "street", "postcode", "city", "country", "province"])
@pytest.mark.parametrize("nothing", ["", "  ", "\u00a0\t"])
def test_what_is_needed_is_asked_for(name: str, nothing: str) -> None:
    assert reasons(replace(ITALIAN, **{name: nothing}))[name] is Missing.REQUIRED


def test_a_province_is_needed_in_italy_alone() -> None:
    assert reasons(replace(GERMAN, province="")) == {}
    assert reasons(replace(GERMAN, province="Brandenburg")) == {}
    assert reasons(replace(ITALIAN, province="Milano")) == {"province": Wrong.UNKNOWN}
    assert judge(replace(ITALIAN, province="mi")) == judge(ITALIAN)


@pytest.mark.parametrize(("name", "longest"), [("name", 200), ("street", 200), ("city", 100), ("province", 40)])
def test_a_text_is_as_long_as_its_column_at_most(name: str, longest: int) -> None:
    assert reasons(replace(GERMAN, **{name: "x" * longest})) == {}
    assert reasons(replace(GERMAN, **{name: "x" * (longest + 1)})) == {name: Wrong.TOO_LONG}


@pytest.mark.parametrize("name", ["certified_mail", "email"])
def test_an_address_of_mail_is_as_long_as_any_can_be(name: str) -> None:
    assert reasons(replace(GERMAN, **{name: "x" * 242 + "@example.com"})) == {}
    assert reasons(replace(GERMAN, **{name: "x" * 243 + "@example.com"})) == {name: Wrong.TOO_LONG}


@pytest.mark.parametrize("name", [field.name for field in fields(BillingData)])
@pytest.mark.parametrize("character", ["\x00", "\u200b", "\ud800"])
def test_a_character_that_no_line_holds_is_refused_in_every_field(name: str, character: str) -> None:
    found = reasons(replace(ITALIAN, **{name: f"a{character}b"}))
    assert found[name] is Missing.CHARACTERS


def test_blanks_become_one_each() -> None:
    found = judge(replace(ITALIAN, name="  Bianchi \t S.r.l.\n", street="Via\u00a0Roma  1"))
    assert found == judge(ITALIAN)


@pytest.mark.parametrize("country", ["XX", "EL", "UK", "ITA", "Italia"])
def test_a_country_is_one_of_the_list(country: str) -> None:
    assert reasons(replace(AMERICAN, country=country)) == {"country": Wrong.UNKNOWN}


def test_several_faults_are_told_at_once_in_the_order_of_the_fields() -> None:
    found = reasons(replace(ITALIAN, email="anna@", postcode="1", vat_number="12345670786"))
    assert list(found.items()) == [
        ("postcode", Wrong.LENGTH),
        ("vat_number", Wrong.CHECK),
        ("email", Wrong.FORM),
    ]


# --- what the fields need of one another -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vat", "tax_code", "code", "mail", "found"),
    [
        ("", "", "", "", {"vat_number": Missing.VAT_OR_TAX_CODE}),
        ("", "", "ABC1234", "a@pec.it", {"vat_number": Missing.VAT_OR_TAX_CODE}),
        ("", "RSSMRA85T10A562S", "", "", {}),
        ("12345670785", "", "", "", {"recipient_code": Missing.RECIPIENT_OR_MAIL}),
        ("12345670785", "RSSMRA85T10A562S", "", "", {"recipient_code": Missing.RECIPIENT_OR_MAIL}),
        ("12345670785", "", "0000000", "", {"recipient_code": Missing.RECIPIENT_OR_MAIL}),
        ("12345670785", "", "XXXXXXX", "", {"recipient_code": Missing.RECIPIENT_OR_MAIL}),
        ("12345670785", "", "ABC1234", "", {}),
        ("12345670785", "", "", "a@pec.it", {}),
        ("12345670785", "", "0000000", "a@pec.it", {}),
        ("12345670785", "", "ABC123", "", {"recipient_code": Wrong.LENGTH}),
        ("12345670786", "", "ABC1234", "", {"vat_number": Wrong.CHECK}),
    ],
)
def test_an_italian_invoice_needs_a_number_and_a_place_to_go(
    vat: str, tax_code: str, code: str, mail: str, found: dict[str, object]
) -> None:
    data = replace(ITALIAN, vat_number=vat, tax_code=tax_code, recipient_code=code, certified_mail=mail)
    assert reasons(data) == found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (PRIVATE, "0000000"),
        (replace(PRIVATE, recipient_code="xxxxxxx"), "0000000"),
        (replace(PRIVATE, recipient_code="abc1234"), "ABC1234"),
        (replace(ITALIAN, recipient_code="", certified_mail="a@pec.it"), "0000000"),
        (ITALIAN, "ABC1234"),
        (GERMAN, "XXXXXXX"),
        (replace(GERMAN, recipient_code="0000000"), "XXXXXXX"),
    ],
)
def test_the_recipient_code_is_always_stored(data: BillingData, code: str) -> None:
    found = judge(data)
    assert isinstance(found, BillingData)
    assert found.recipient_code == code


def test_abroad_there_is_no_recipient_code_and_any_short_tax_code() -> None:
    assert reasons(replace(GERMAN, recipient_code="ABC1234")) == {"recipient_code": Wrong.COUNTRY}
    assert reasons(replace(GERMAN, tax_code="x" * 20)) == {}
    assert reasons(replace(GERMAN, tax_code="x" * 21)) == {"tax_code": Wrong.TOO_LONG}


def test_a_number_without_plus_is_one_of_the_customers_country() -> None:
    found = judge(replace(GERMAN, phone="030 123456"))
    assert isinstance(found, BillingData)
    assert found.phone == "+49 30 123456"


# --- what an order asks ----------------------------------------------------------------------------------------------


def test_without_data_everything_that_is_needed_is_missing() -> None:
    for data, missing in (
        (EMPTY, {"name", "street", "postcode", "city", "country"}),
        (replace(ITALIAN, city=""), {"city"}),
    ):
        found = judge(data)
        assert isinstance(found, Refused)
        assert set(found.reasons) == missing


@pytest.mark.parametrize(
    ("data", "treatment"),
    [
        (ITALIAN, TaxTreatment.ITALIAN_VAT),
        (PRIVATE, TaxTreatment.ITALIAN_VAT),
        (GERMAN, TaxTreatment.REVERSE_CHARGE),
        (replace(GERMAN, vat_number=""), TaxTreatment.ITALIAN_VAT),
        (AMERICAN, TaxTreatment.OUTSIDE_EU),
        (replace(AMERICAN, country="GB", vat_number="XI980780684"), TaxTreatment.OUTSIDE_EU),
        (replace(AMERICAN, country="GR", vat_number="094259216"), TaxTreatment.REVERSE_CHARGE),
    ],
)
def test_how_a_customer_is_taxed(data: BillingData, treatment: TaxTreatment) -> None:
    assert tax_treatment(data) is treatment


TEXTS = st.text(max_size=30) | st.sampled_from([value for value in asdict(ITALIAN).values() if value])
ANYTHING = st.builds(
    BillingData,
    **{field.name: TEXTS for field in fields(BillingData)}
    | {"country": st.sampled_from(["", "IT", "DE", "US"]) | TEXTS},
)


@given(data=ANYTHING)
def test_whatever_is_typed_is_judged_and_a_refusal_names_fields(data: BillingData) -> None:
    found = judge(data)
    if isinstance(found, Refused):
        assert found.reasons
        assert set(found.reasons) <= {field.name for field in fields(BillingData)}
    else:
        assert all(len(value) <= COLUMNS[name] for name, value in asdict(found).items())


@given(country=st.sampled_from(sorted(COUNTRIES - {"IT"})), vat=st.sampled_from(["", "123"]), tax=st.text(max_size=5))
def test_what_is_taken_once_is_taken_again_unchanged(country: str, vat: str, tax: str) -> None:
    found = judge(replace(AMERICAN, country=country, vat_number=vat, tax_code=tax))
    assert isinstance(found, Refused) or judge(found) == found


def test_the_empty_data_hold_nothing() -> None:
    assert not any(asdict(EMPTY).values())
