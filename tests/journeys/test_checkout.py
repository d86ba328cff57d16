"""What is ordered is what was shown: prices, days, choices and taxes that change on the way are shown again first."""

from dataclasses import replace

import pytest

from portal.billing.frozen import BillingData
from tests.helpers.house import PASSWORD
from tests.helpers.journey import YEAR, Story, invoiced, look, order, path, read, status
from tests.helpers.shop import COMPANY

RENEW, BUY, SEATS = "/subscription/renew", "/subscription/sms/buy", "/subscription/buy/administrators"
CHANGED = "The price has changed since you opened this page. Look again before you continue."
GERMAN = BillingData("Muster GmbH", "Hauptstrasse 1", "10115", "Berlin", "", "DE", vat_number="136695976")
SWISS = BillingData("Muster AG", "Bahnhofstrasse 1", "8001", "Zürich", "", "CH")


def test_the_price_list_changes_at_midnight(story: Story) -> None:
    story.now_is("2026-12-31 23:59:59.999999")
    story.platform("2027-02-28")
    anna = story.sign_in()
    assert "Total €585.60" in read(look(anna, RENEW, YEAR))
    story.now_is("2027-01-01 00:00:00")
    anna.submit({**YEAR, "order": "1"})
    assert status(anna) == 409
    assert CHANGED in read(anna.page)
    assert "Edition Pro, 12 months €516.00 €516.00 Net €516.00 VAT 22 % €113.52 Total €629.52" in read(anna.page)
    assert story.orders() == []
    anna.submit({**YEAR, "order": "1"})
    story.becomes(story.pay_at_provider(anna))
    assert invoiced(anna) == [("2027-000001", "€629.52")]


def test_an_order_of_the_old_year_keeps_its_price(story: Story) -> None:
    story.now_is("2026-12-31 23:59:59")
    story.platform("2027-02-28")
    anna = story.sign_in()
    order(anna, RENEW, YEAR)
    story.now_is("2027-01-01 00:10:00")
    assert "Pay €585.60" in read(anna.get("/orders/1/pay"))
    story.becomes(story.pay_at_provider(anna))
    assert invoiced(anna) == [("2027-000001", "€585.60")]


def test_a_day_less_is_another_price(story: Story) -> None:
    story.now_is("2026-11-22 23:59:59")
    story.platform("2027-02-28")
    anna = story.sign_in()
    assert "€120.00 × 99/365 €32.55" in read(look(anna, SEATS, {"quantity": "1"}))
    story.now_is("2026-11-23 00:00:00")
    anna.submit({"quantity": "1", "order": "1"})
    assert CHANGED in read(anna.page)
    assert "€120.00 × 98/365 €32.22" in read(anna.page)
    assert story.orders() == []


@pytest.mark.parametrize(("seconds", "ordered"), [(29 * 60 + 59, True), (30 * 60, False)], ids=["29:59", "30:00"])
def test_a_price_stands_for_thirty_minutes(story: Story, seconds: int, ordered: bool) -> None:
    """She is not idle: in another tab she reads on."""
    story.now_is("2026-11-22 10:00:00")
    story.platform("2027-02-28")
    anna = story.sign_in()
    _action, fields = look(anna, BUY, {"pack": "1000"}).form()
    story.house.clock.move(minutes=15)
    anna.get("/subscription")
    story.house.clock.move(seconds=seconds - 15 * 60)
    chosen = fields | {"pack": "1000", "order": "1"}
    anna.open(BUY, method="POST", data=chosen, headers={"Sec-Fetch-Site": "same-origin"})
    assert (status(anna), len(story.orders())) == ((303, 1) if ordered else (409, 0))
    if not ordered:
        assert "The price was shown too long ago. It is the same now: if it is right, continue." in read(anna.page)
        anna.submit({"pack": "1000", "order": "1"})
        assert path(anna) == "/orders/1/pay"


def test_another_choice_than_the_one_whose_price_was_shown_is_shown_first(story: Story) -> None:
    story.platform("2027-02-28")
    anna = story.sign_in()
    look(anna, BUY, {"pack": "1000"})
    anna.submit({"pack": "20000", "order": "1"})
    assert status(anna) == 409
    assert "You have chosen something else: this is its price. If it is right, continue." in read(anna.page)
    assert "Total €1,342.00" in read(anna.page)
    assert story.orders() == []
    anna.submit({"pack": "20000", "order": "1"})
    assert "Pay €1,342.00" in read(anna.page)


def test_who_never_said_whom_the_invoice_is_for_is_asked_and_led_back_to_her_choice(story: Story) -> None:
    story.now_is("2026-12-10 10:00:00")
    story.platform("2027-02-28", billing=None)
    anna = story.sign_in()
    choice = {"edition": "business", "months": "24", "additional": "3"}
    page = look(anna, RENEW, choice)
    assert "Before you order, tell us whom the invoice is for: the tax depends on it." in read(page)
    assert "Total" not in read(page)
    anna.submit({**choice, "order": "1"})
    assert story.orders() == []
    (there,) = [a.get("href") or "" for a in page.all("a") if "billing?" in (a.get("href") or "")]
    anna.get(there)
    anna.submit({"name": "Bianchi S.r.l.", "country": "IT", "street": "Via Roma 1", "postcode": "2012"})
    assert status(anna) == 422
    anna.submit({name: value for name, value in COMPANY.to_json().items() if value})
    assert path(anna) == RENEW
    assert "Your billing data are saved." in read(anna.page)
    assert "Edition Business, 24 months €2,400.00 €2,400.00" in read(anna.page)
    assert "Additional administrator × 3, 24 months 3 × €240.00 €720.00" in read(anna.page)
    assert "Total €3,806.40" in read(anna.page)
    anna.submit({**choice, "order": "1"})
    assert path(anna) == "/orders/1/pay"


@pytest.mark.parametrize(
    ("billing", "tax", "note"),
    [
        (COMPANY, "VAT 22 % €13.20 Total €73.20", ""),
        (GERMAN, "VAT, reverse charge €0.00 Total €60.00", "Reverse charge: the VAT is paid by the customer."),
        (replace(GERMAN, vat_number=""), "VAT 22 % €13.20 Total €73.20", ""),
        (SWISS, "VAT, not due €0.00 Total €60.00", "the customer is established outside the European Union"),
    ],
    ids=["Italy", "Germany with a VAT number", "Germany without one", "Switzerland"],
)
def test_the_tax_is_that_of_the_customer_from_the_price_to_the_invoice(
    story: Story, billing: BillingData, tax: str, note: str
) -> None:
    story.platform("2027-02-28", billing=billing)
    anna = story.sign_in()
    words = f"1,000 SMS credits €60.00 €60.00 Net €60.00 {tax}"
    page = read(look(anna, BUY, {"pack": "1000"}))
    assert words in page
    assert note in page
    story.buy(anna, BUY, {"pack": "1000"})
    for where in ("/orders/1", "/subscription/invoices/2026-000001"):
        page = read(anna.get(where))
        assert words in page, where
        assert note in page, where
    assert invoiced(anna) == [("2026-000001", tax.rpartition(" ")[2])]


def test_billing_data_that_change_the_tax_meanwhile_change_the_price(story: Story) -> None:
    story.platform("2027-02-28")
    anna = story.sign_in()
    _action, fields = look(anna, BUY, {"pack": "1000"}).form()
    anna.get("/subscription/billing")
    anna.submit(SWISS.to_json() | {"recipient_code": "", "vat_number": "", "province": ""})
    chosen = fields | {"pack": "1000", "order": "1"}
    anna.open(BUY, method="POST", data=chosen, headers={"Sec-Fetch-Site": "same-origin"})
    assert CHANGED in read(anna.page)
    assert "VAT, not due €0.00 Total €60.00" in read(anna.page)
    assert story.orders() == []


@pytest.mark.parametrize(
    ("where", "choice"),
    [
        (BUY, {"pack": "20000", "country": "DE"}),
        (SEATS, {"quantity": "7"}),
        (RENEW, {"edition": "business", "months": "24", "additional": "3"}),
    ],
)
def test_who_was_signed_out_meanwhile_finds_her_choice_again(story: Story, where: str, choice: dict[str, str]) -> None:
    story.platform("2026-12-22")
    anna = story.sign_in()
    look(anna, where, choice)
    story.house.clock.move(minutes=30)
    anna.submit({**choice, "order": "1"})
    assert path(anna) == "/login"
    page = anna.submit({"username": "m1234", "password": PASSWORD})
    assert path(anna) == where
    assert "What you had typed before is back in the form." in read(page)
    selling = page.form_with("sealed")
    assert choice.items() <= page.form(selling)[1].items()
    assert story.orders() == []
    anna.submit({"order": "1"}, form=selling)
    assert path(anna) == "/orders/1/pay"
    assert "What you had typed" not in read(anna.get(where))
