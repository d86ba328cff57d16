"""Billing data and payment method on their pages: who may change them, what is told, and that nothing typed is lost."""

from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import office
from portal.billing import profiles
from portal.billing.checks import LONGEST, REQUIRED, Missing, Why
from portal.billing.frozen import BillingData
from portal.billing.numbers import Wrong
from portal.billing.profiles import PaymentMethod
from portal.kit.texts import speaking
from portal.rules.orders import Way
from portal.web import billing_words
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House

DATA, METHOD = "/subscription/billing", "/subscription/payment-method"
ITALIAN = {
    "name": "Bianchi S.r.l.",
    "country": "IT",
    "street": "Via Roma 1",
    "postcode": "20121",
    "city": "Milano",
    "province": "mi",
    "vat_number": "IT 12345670785",
    "tax_code": "",
    "recipient_code": "abc1234",
    "certified_mail": "",
    "email": "invoices@example.com",
    "phone": "02 1234 5678",
}
ITALIAN_KEPT = BillingData(
    "Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT",
    vat_number="12345670785", recipient_code="ABC1234", email="invoices@example.com", phone="+39 02 1234 5678",
)  # fmt: skip
GERMAN = ITALIAN | {
    "country": "DE", "postcode": "10115", "province": "", "vat_number": "DE136695976", "recipient_code": "",
}  # fmt: skip
IBAN = "IT60 X054 2811 1010 0000 0123 456"


def stored(house: House, platform_id: int = 1234) -> BillingData | None:
    with house.parts.database.read() as db:
        return profiles.find(db, platform_id)


def method(house: House, platform_id: int = 1234) -> PaymentMethod | None:
    with house.parts.database.read() as db:
        return profiles.find_payment_method(db, platform_id)


def keep(house: House, data: BillingData = ITALIAN_KEPT, platform_id: int = 1234) -> None:
    with house.parts.database.write() as db:
        profiles.store(db, platform_id, data, at=house.clock.now())
        found = PaymentMethod(Way.TRANSFER, IBAN.replace(" ", ""), "Bianchi S.r.l.")
        profiles.store_payment_method(db, platform_id, found, at=house.clock.now())


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def signed_in(house: House, **facts: str) -> Browser:
    house.person("m1234", **facts)
    browser = house.browser()
    browser.sign_in()
    return browser


# --- billing data ----------------------------------------------------------------------------------------------------


@both_databases
def test_billing_data_are_saved_compact_and_shown_again(house: House) -> None:
    browser = signed_in(house)
    browser.get(DATA)
    page = browser.submit(ITALIAN)
    assert (status(browser), where(browser), stored(house)) == (200, DATA, ITALIAN_KEPT)
    assert "Your billing data are saved." in page.text
    assert {name: page.value(name) for name in asdict(ITALIAN_KEPT)} == asdict(ITALIAN_KEPT)


def test_the_form_begins_with_what_is_known(house: House, browser: Browser) -> None:
    house.platform(1234, company="Bianchi S.r.l.")
    house.person("m1234", language="it", email="anna@example.com")
    browser.sign_in()
    page = browser.get(DATA)
    known = {"name": "Bianchi S.r.l.", "country": "IT", "email": "anna@example.com", "street": ""}
    assert {name: page.value(name) for name in known} == known
    assert stored(house) is None


def test_the_page_speaks_italian_and_english_with_the_countries_in_each(house: House) -> None:
    browser = signed_in(house, language="it")
    page = browser.get(DATA)
    assert page.heading == "Dati di fatturazione"
    names = ["".join(option.itertext()) for option in page.all("option")]
    assert names[:3] == ["Scegli il Paese", "Afghanistan", "Albania"]
    assert len(names) == 250
    page = browser.get(f"{DATA}?lang=en")
    assert page.heading == "Billing data"
    assert {"Germany", "Italy"} < {"".join(option.itertext()) for option in page.all("option")}


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("name", "organization"),
        ("country", "country"),
        ("street", "address-line1"),
        ("postcode", "postal-code"),
        ("city", "address-level2"),
        ("province", "address-level1"),
        ("email", "email"),
        ("phone", "tel"),
    ],
)
def test_browsers_can_fill_the_form_in(house: House, name: str, token: str) -> None:
    page = signed_in(house).get(DATA)
    assert [e.get("autocomplete") for e in page.root.iter() if e.get("id") == name] == [token]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": " "}, "name that has to stand on the invoice"),
        ({"country": ""}, "Choose the country"),
        ({"country": "XX"}, "Choose one of the countries"),
        ({"street": "x" * 201}, "at most 200 characters"),
        ({"city": "Mil\u200bano"}, "cannot be used"),
        ({"postcode": "2012"}, "too long or too short"),
        ({"postcode": "2012A"}, "written in another way"),
        ({"province": "XX"}, "no Italian province"),
        ({"vat_number": "12345670786"}, "check digit"),
        ({"vat_number": "DE136695976"}, "belongs to another country"),
        ({"vat_number": ""}, "VAT number or the tax code"),
        ({"tax_code": "RSSMRA85T10A562T"}, "last character"),
        ({"recipient_code": "abc123"}, "seven letters and digits"),
        ({"recipient_code": ""}, "electronic invoice goes there"),
        ({"certified_mail": "anna@"}, "name@example.com"),
        ({"email": "anna@"}, "name@example.com"),
        ({"phone": "12"}, "telephone number"),
        (GERMAN | {"recipient_code": "abc1234"}, "customers in Italy"),
        (GERMAN | {"tax_code": "x" * 21}, "at most 20 characters"),
        (GERMAN | {"country": "US", "vat_number": "x" * 21, "phone": ""}, "at most 20 characters"),
        (GERMAN | {"country": "US", "vat_number": "", "postcode": "x" * 17, "phone": ""}, "at most 16 characters"),
    ],
)
def test_the_reason_is_told_beside_the_field_and_in_the_summary_and_nothing_is_lost(
    house: House, typed: dict[str, str], words: str
) -> None:
    browser = signed_in(house)
    browser.get(DATA)
    page = browser.submit(ITALIAN | typed)
    assert status(browser) == 422
    assert words in page.errors()[0]
    assert page.text.count(page.errors()[0]) == 2
    sent = ITALIAN | typed
    for name in set(sent) - {"country", "city"}:
        assert page.value(name) == sent[name]
    assert page.value("city").replace("\ufffd", "\u200b") == sent["city"]
    assert stored(house) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (ITALIAN, "Italian VAT at 22% is added to your orders."),
        (GERMAN, "you pay it there yourself (reverse charge)"),
        (GERMAN | {"vat_number": ""}, "Italian VAT at 22% is added to your orders."),
        (ITALIAN | {"country": "US", "province": "NY", "recipient_code": ""}, "your country is outside the EU"),
    ],
)
def test_the_tax_that_follows_is_told(house: House, fields: dict[str, str], words: str) -> None:
    browser = signed_in(house)
    browser.get(DATA)
    fields = fields | {"phone": ""}
    assert browser.submit(fields).text.count(words) == 2  # what has changed, and what holds
    assert browser.get(DATA).text.count(words) == 1
    assert browser.submit(fields).text.count(words) == 1  # saved again: nothing new


def test_a_private_person_needs_neither_code_nor_certified_mail(house: House) -> None:
    browser = signed_in(house)
    browser.get(DATA)
    browser.submit(ITALIAN | {"vat_number": "", "tax_code": "rssmra85t10a562s", "recipient_code": ""})
    found = stored(house)
    assert found is not None
    assert (found.vat_number, found.tax_code, found.recipient_code) == ("", "RSSMRA85T10A562S", "0000000")


# --- asked for by an order -------------------------------------------------------------------------------------------


def test_an_order_that_needs_the_data_goes_on_once_they_are_saved(house: House) -> None:
    browser = signed_in(house)
    page = browser.get(f"{DATA}?next=/subscription/buy%3Fmonths%3D12")
    assert "Before an order we have to know whom the invoice is for." in page.text
    page = browser.submit(ITALIAN | {"postcode": "2"})
    assert "Before an order" in page.text
    browser.submit({"postcode": "20121"})
    assert browser.response is not None
    assert browser.response.request.full_path == "/subscription/buy?months=12"


@pytest.mark.parametrize("place", ["https://evil.example", "//evil.example", "/login", "/nowhere", "/\\evil.example"])
def test_it_leads_to_pages_of_ours_only(house: House, place: str) -> None:
    browser = signed_in(house)
    page = browser.get(f"{DATA}?next={place}")
    assert "Before an order" not in page.text
    browser.submit(ITALIAN | {"next": place}, follow=False)
    assert browser.response is not None
    assert (browser.response.status_code, browser.response.location) == (303, DATA)


@both_databases
def test_what_was_typed_survives_the_end_of_the_session_with_the_way_back(house: House) -> None:
    browser = signed_in(house)
    browser.get(f"{DATA}?next=/subscription/buy")
    house.clock.move(minutes=31)
    browser.submit(ITALIAN)
    assert where(browser) == "/login"
    page = browser.submit({"username": "m1234", "password": PASSWORD})
    assert where(browser) == DATA
    assert {name: page.value(name) for name in ITALIAN} == ITALIAN
    browser.submit(form=1)
    assert (where(browser), stored(house)) == ("/subscription/buy", ITALIAN_KEPT)
    house.clock.move(minutes=1)
    assert browser.get(DATA).value("phone") == "+39 02 1234 5678"  # the draft is gone


# --- who may ---------------------------------------------------------------------------------------------------------


def additional(house: House) -> Browser:
    house.platform(1234, additional_seats=1)
    house.person("m1234")
    house.person("m1234-marco")
    browser = house.browser()
    browser.sign_in("m1234-marco")
    return browser


@pytest.mark.parametrize("path", [DATA, METHOD])
@both_databases
def test_an_additional_administrator_reads_and_cannot_change(house: House, path: str) -> None:
    browser = additional(house)
    assert "Nothing has been entered yet." in browser.get(path).text
    keep(house)
    page = browser.get(path)
    assert "Only the first administrator can do this." in page.text
    assert "Bianchi S.r.l." in page.text
    assert not list(page.all("main")[0].iter("form"))
    forge(browser, path, GERMAN | {"way": "card", "iban": ""})
    assert status(browser) == 403
    assert (stored(house), method(house)) == (
        ITALIAN_KEPT,
        PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456", "Bianchi S.r.l."),
    )


def forge(browser: Browser, path: str, fields: dict[str, str]) -> None:
    """Send a form that the page does not show."""
    page = browser.get("/profile")
    token = page.form()[1]["csrf_token"]
    browser.open(path, method="POST", data=fields | {"csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"})


def test_who_may_not_change_the_account_sees_the_end_of_it_only(house: House) -> None:
    browser = additional(house)
    keep(house)
    page = browser.get(METHOD)
    assert "IT ··· 3456" in page.text
    assert "0000 0123" not in page.text
    assert "000000123456" not in page.text


@pytest.mark.parametrize("path", [DATA, METHOD])
def test_a_compromised_platform_cannot_be_edited_and_another_block_does_not_matter(house: House, path: str) -> None:
    house.person("m1234")
    office.block(house.parts, 1234, "abuse", "")
    browser = house.browser()
    browser.sign_in()
    assert browser.get(path).form()[1]
    with house.parts.database.write() as db:  # the block alone: the office would end the session too
        from portal.rules.access import Block
        from portal.subscription import actions

        actions.block(db, 1234, Block.COMPROMISED, by="staff", note="", at=house.clock.now())
    assert "Not while the platform is blocked." in browser.get(path).text
    forge(browser, path, ITALIAN | {"way": "card"})
    assert (status(browser), stored(house), method(house)) == (403, None, None)


def test_the_data_of_another_platform_are_never_seen_nor_changed(house: House) -> None:
    house.person("m1235", email="other@example.com")
    keep(house, platform_id=1235)
    browser = signed_in(house)
    for path in (DATA, METHOD):
        assert "Bianchi" not in browser.get(path).html.replace("For example Bianchi S.r.l.", "").replace(
            "Anna Bianchi", ""
        )
    browser.get(DATA)
    browser.submit(GERMAN | {"platform_id": "1235", "updated_at": "0", "phone": ""})
    browser.get(METHOD)
    browser.submit({"way": "card", "platform_id": "1235"})
    assert (stored(house, 1235), method(house, 1235)) == (
        ITALIAN_KEPT,
        PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456", "Bianchi S.r.l."),
    )
    found = stored(house)
    assert found is not None
    assert found.country == "DE"


@pytest.mark.parametrize("facts", [{"ends_in": -1}, {"ends_in": 20, "trial": True}, {"cancelled": True}])
def test_the_data_can_be_changed_in_every_state_that_can_sign_in(house: House, facts: dict[str, int]) -> None:
    house.platform(1234, **facts)
    browser = signed_in(house)
    browser.get(DATA)
    browser.submit(ITALIAN)
    assert stored(house) == ITALIAN_KEPT


# --- payment method --------------------------------------------------------------------------------------------------


@both_databases
def test_the_preferred_way_and_the_account_are_saved(house: House) -> None:
    browser = signed_in(house)
    page = browser.get(METHOD)
    assert page.value("way") == "card"
    assert "Cards are kept by the payment provider and never here" in page.text
    page = browser.submit({"way": "transfer", "iban": IBAN.lower(), "holder": " Bianchi  S.r.l. "})
    assert "Your payment method is saved." in page.text
    assert method(house) == PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456", "Bianchi S.r.l.")
    page = browser.get(METHOD)
    assert (page.value("way"), page.value("iban")) == ("transfer", "IT60X0542811101000000123456")
    browser.submit({"iban": "", "holder": ""})
    assert method(house) == PaymentMethod(Way.TRANSFER)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"iban": IBAN[:-1]}, "it has 27: Italy"),
        ({"iban": "DE89 3704 0044 0532 0130"}, "it has 22: Germany"),
        ({"iban": IBAN.replace("60", "61", 1)}, "check digits"),
        ({"iban": "US12 3456"}, "two letters of its country"),
        ({"iban": "IT60 ?"}, "letters and digits only"),
        ({"way": "demo"}, "Choose one of the ways to pay"),
        ({"way": "cash"}, "Choose one of the ways to pay"),
        ({"holder": "x" * 201}, "at most 200 characters"),
        ({"holder": "a\x00b"}, "cannot be used"),
    ],
)
def test_the_reason_is_told_beside_the_field_of_the_account(house: House, typed: dict[str, str], words: str) -> None:
    browser = signed_in(house)
    browser.get(METHOD)
    page = browser.submit(typed)
    assert (status(browser), method(house)) == (422, None)
    assert words in page.errors()[0]
    for name in {"iban", "holder"} & set(typed):
        assert page.value(name).replace("\ufffd", "\x00") == typed[name]


@pytest.mark.parametrize(("seconds", "asked"), [(599, False), (600, True)])
def test_ten_minutes_after_the_sign_in_the_password_is_asked_before_the_change(
    house: House, seconds: int, asked: bool
) -> None:
    browser = signed_in(house)
    house.clock.move(seconds=seconds)
    browser.get(METHOD)
    browser.submit({"way": "transfer", "iban": IBAN})
    assert (where(browser) == "/login/again") is asked
    if asked:
        assert method(house) is None
        browser.prove()
    assert (where(browser), method(house)) == (METHOD, PaymentMethod(Way.TRANSFER, "IT60X0542811101000000123456"))


def test_a_mistake_in_the_account_is_told_after_the_password_and_can_be_mended_there(house: House) -> None:
    browser = signed_in(house)
    house.clock.move(minutes=10)
    browser.get(METHOD)
    browser.submit({"iban": IBAN[:-1], "holder": "Zoë"})
    page = browser.prove()
    assert (status(browser), page.heading, page.value("holder")) == (422, "Payment method", "Zoë")
    browser.submit({"iban": IBAN})
    found = PaymentMethod(Way.CARD, "IT60X0542811101000000123456", "Zoë")
    assert (where(browser), method(house)) == (METHOD, found)


def test_an_account_half_typed_survives_the_end_of_the_session_on_the_page_of_the_password(house: House) -> None:
    browser = signed_in(house)
    house.clock.move(minutes=10)
    browser.get(METHOD)
    browser.submit({"iban": "IT60 X054"})
    house.clock.move(minutes=31)
    browser.prove()
    page = browser.submit({"username": "m1234", "password": PASSWORD})
    assert (where(browser), method(house)) == ("/subscription", None)
    assert "Nothing waits for your password" in page.text
    assert browser.get(METHOD).value("iban") == "IT60 X054"


# --- the words -------------------------------------------------------------------------------------------------------


def reasons_that_occur() -> list[tuple[str, Why]]:
    """(field, reason) of everything that `judge` can say."""
    numbered = {
        "postcode": (Wrong.LENGTH, Wrong.FORM, Wrong.UNKNOWN, Wrong.TOO_LONG),
        "vat_number": tuple(Wrong),
        "tax_code": (Wrong.LENGTH, Wrong.FORM, Wrong.CHECK, Wrong.UNKNOWN, Wrong.TOO_LONG),
        "recipient_code": (Wrong.LENGTH, Wrong.FORM, Wrong.COUNTRY),
        "phone": (Wrong.LENGTH, Wrong.FORM, Wrong.UNKNOWN, Wrong.COUNTRY),
        "certified_mail": (Wrong.FORM,),
        "email": (Wrong.FORM,),
        "country": (Wrong.UNKNOWN,),
        "province": (Wrong.UNKNOWN, Missing.REQUIRED),
    }
    whole = [(name, Missing.REQUIRED) for name in REQUIRED] + [(name, Wrong.TOO_LONG) for name in LONGEST]
    across = [("vat_number", Missing.VAT_OR_TAX_CODE), ("recipient_code", Missing.RECIPIENT_OR_MAIL)]
    any_field = [(name, Missing.CHARACTERS) for name in ITALIAN]
    return [*whole, *across, *any_field, *((name, why) for name, all_ in numbered.items() for why in all_)]


@pytest.mark.parametrize(("name", "why"), reasons_that_occur())
def test_every_reason_has_its_words_in_both_languages(name: str, why: Why) -> None:
    told = {}
    for language in ("it", "en"):
        with speaking(language):
            told[language] = billing_words.refusal(name, why)
    assert told["it"] != told["en"]
    assert "%(" not in told["it"] + told["en"]


@pytest.mark.parametrize("why", [why for why in Wrong if why is not Wrong.TOO_LONG])
def test_every_reason_of_an_iban_has_its_words(why: Wrong) -> None:
    with speaking("it"):
        assert billing_words.iban_refusal("IT60", why)


@pytest.mark.parametrize("way", Way)
def test_every_way_to_pay_has_its_words(way: Way) -> None:
    assert billing_words.way(way)


# --- whatever is typed -----------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["IT", "- -", "+", "٣", "ß", "x" * 400, "0" * 27, "<b>", "%(x)s", "' OR 1", "IT60", "＋３９", "\r\n"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    typed=st.dictionaries(st.sampled_from(sorted(ITALIAN)), TEXT, min_size=1),
    country=st.sampled_from(["IT", "DE", "GB", "CH", "US", "NL", "AQ"]),
)
def test_any_text_in_any_field_is_answered_and_kept(house: House, typed: dict[str, str], country: str) -> None:
    browser = house.browser()
    if not is_here(house):
        house.person("m1234")
    open_page(browser, DATA)
    sent = ITALIAN | {"country": country} | {name: text for name, text in typed.items() if name != "country"}
    page = browser.submit(sent, follow=False)
    assert status(browser) in (303, 422)
    if status(browser) == 422:
        for name in set(sent) - {"country"}:
            assert same(page.value(name), sent[name])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(iban=TEXT, holder=TEXT, way=st.sampled_from(["card", "transfer"]) | TEXT)
def test_any_text_in_the_account_is_answered_and_kept(house: House, iban: str, holder: str, way: str) -> None:
    browser = house.browser()
    if not is_here(house):
        house.person("m1234")
    open_page(browser, METHOD)
    page = browser.submit({"iban": iban, "holder": holder, "way": way}, follow=False)
    assert status(browser) in (303, 422)
    if status(browser) == 422:
        assert same(page.value("iban"), iban)
        assert same(page.value("holder"), holder)


def is_here(house: House) -> bool:
    from portal.accounts.queries import find_administrator

    with house.parts.database.read() as db:
        return find_administrator(db, "m1234") is not None


def open_page(browser: Browser, path: str) -> None:
    """Sign in, taking over from the example before, and open the page."""
    browser.sign_in()
    if where(browser) == "/login/take-over":
        browser.submit({"choice": "continue"})
    browser.get(path)
    if browser.page and "Throw it away" in browser.page.text:
        browser.submit()


def same(shown: str, sent: str) -> bool:
    """What no page can hold is shown as a question mark."""
    return shown == "".join(c if c.isprintable() else "\ufffd" for c in sent)
