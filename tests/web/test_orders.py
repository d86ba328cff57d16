"""The page of an order and its payment: what is stored is shown, and nobody pays twice by pressing twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from portal.billing import orders, queries, settle
from portal.billing.choices import SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.queries import Order, Payment
from portal.billing.settle import Result, switch_key
from portal.billing.tables import orders as order_table
from portal.jobs.payments import till
from portal.kit import outbox
from portal.outside.payments import Asking, NotAccepted, ProviderDown, Started
from portal.outside.transfer import BankAccount
from portal.rules.access import Block
from portal.rules.money import Money
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.payments import Report
from portal.subscription import actions as subscription
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House, build
from tests.helpers.pages import Page
from tests.helpers.shop import A_YEAR, PACK
from tests.helpers.together import together

BANK = BankAccount("Posta Chiara S.r.l.", "IT60X0542811101000000123456", "BCITITMM")
FULL = Money(58560, "EUR")  # a year of Pro with VAT


@dataclass
class Till:
    """A provider that remembers what it was asked, and can be told to fail, or to let something happen meanwhile."""

    way: Way = Way.CARD
    asked: list[Asking] = field(default_factory=list)
    fault: Exception | None = None

    def start(self, asking: Asking) -> Started:
        self.asked.append(asking)
        if self.fault:
            raise self.fault
        self.meanwhile()
        return Started(f"cs_{asking.payment_id}", f"https://pay.example.com/{asking.payment_id}")

    def meanwhile(self) -> None:
        """What happens while the provider answers."""

    def read_event(self, body: bytes, headers: Mapping[str, str], at: datetime) -> Report | None:
        raise AssertionError("no event arrives in these tests")

    def look_up(self, reference: str) -> Report:
        raise ProviderDown("asleep")

    def close(self, reference: str) -> None:
        """Nothing is kept here."""


@pytest.fixture
def provider() -> Till:
    return Till()


@pytest.fixture
def house(tmp_path: Path, database_url: str, provider: Till) -> Iterator[House]:
    """A portal with both ways to pay."""
    found = build(tmp_path, database_url, providers={Way.CARD: provider})
    found.app.extensions["portal"] = replace(found.parts, bank=BANK)
    found.person("m1234")
    yield found
    found.parts.database.close()


@pytest.fixture
def anna(house: House, browser: Browser) -> Browser:
    browser.sign_in()
    return browser


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def payments(house: House, order: Order) -> list[Payment]:
    with house.parts.database.read() as db:
        return queries.payments_of(db, order.id)


def stored(house: House, order: Order) -> Order:
    with house.parts.database.read() as db:
        return queries.get_order(db, order.id)


def report(house: House, state: PaymentState, reference: str = "cs_1", amount: Money | None = None) -> Result:
    at = house.clock.now()
    told = Report(Way.CARD, f"{reference}-{state}", reference, state, amount, at)
    with house.parts.database.write() as db:
        return settle.receive(db, told, till(house.parts, at))


def press(browser: Browser, order: Order, way: str = "card") -> str | None:
    """Press the button of a way to pay; where it leads."""
    browser.get(f"/orders/{order.id}/pay")
    browser.submit({"way": way}, follow=False)
    assert browser.response is not None
    return browser.response.location


def send(browser: Browser, order: Order, way: str) -> Page:
    """What a tab sends that has the pay page open since long ago."""
    browser.get("/subscription/cancel")  # any page with a form
    token = browser.page.value("csrf_token") if browser.page else ""
    headers = {"Sec-Fetch-Site": "same-origin"}
    browser.open(f"/orders/{order.id}/pay", method="POST", data={"csrf_token": token, "way": way}, headers=headers)
    return browser.page or Page.empty()


def look(browser: Browser, order: Order, query: str = "") -> Page:
    return browser.get(f"/orders/{order.id}{query}")


# --- the page


def test_an_order_that_waits_says_until_when_and_what_it_is_made_of(house: House, anna: Browser) -> None:
    page = look(anna, house.order(TermChoice("pro", 12, 2)))
    assert page.heading == "This order waits for its payment until 21 November 2026, 09:59"
    assert page.with_attribute("data-order-state")[0].get("data-order-state") == "awaiting-payment"
    for words in (
        "Edition Pro, 12 months €480.00 €480.00",
        "Additional administrator × 2, 12 months 2 × €120.00 €240.00",
        "VAT 22 % €158.40",
        "Total €878.40",
        "27 February 2027 – 26 February 2028",
        "Bianchi S.r.l., Via Roma 1, 20121 Milano (MI), Italy",
        "Pro-forma, not an invoice",
        "Pay €878.40",
    ):
        assert words in page.text


EACH_STATE = [
    ("waiting", "This order waits for its payment until", "Questo ordine attende il pagamento fino al"),
    ("transfer", "This order waits for your bank transfer until", "Questo ordine attende il tuo bonifico fino a"),
    ("pending", "Your payment is on its way", "Il tuo pagamento è in arrivo"),
    ("failed", "This order waits for its payment until", "Questo ordine attende il pagamento fino al"),
    ("delivered", "Your order is paid and delivered", "Il tuo ordine è pagato e consegnato"),
    ("late", "Your payment has arrived and could not be used", "Il tuo pagamento è arrivato e non è stato possibile"),
    ("cancelled", "This order is cancelled", "Questo ordine è annullato"),
    ("expired", "This order waited for its payment until", "Questo ordine ha atteso il pagamento fino al"),
]


def bring(house: House, browser: Browser, state: str) -> Order:
    """An order in one of the states."""
    order = house.order(PACK if state == "late" else A_YEAR)
    if state == "transfer":
        press(browser, order, "transfer")
    elif state in ("pending", "failed"):
        press(browser, order)
        report(house, PaymentState(state))
    elif state == "delivered":
        house.pay(order)
    elif state == "late":
        house.clock.move(days=99)
        with house.parts.database.write() as db:
            far = house.clock.now() + timedelta(days=9)
            db.execute(update(order_table).where(order_table.c.id == order.id).values(open_until=far))
        house.pay(order)
    elif state == "cancelled":
        look(browser, order)
        browser.submit(form=0)
    elif state == "expired":
        house.clock.move(hours=24)
    return order


@pytest.mark.parametrize(("state", "english", "italian"), EACH_STATE, ids=[found[0] for found in EACH_STATE])
def test_every_state_is_told_in_both_languages(
    house: House, anna: Browser, state: str, english: str, italian: str
) -> None:
    order = bring(house, anna, state)
    if house.clock.now() > datetime(2026, 11, 20, 9, 30, tzinfo=UTC):
        anna.sign_in()
    for language, words in (("it", italian), ("en", english)):
        assert look(anna, order, f"?lang={language}").heading.startswith(words)


def test_what_was_switched_on_stands_on_the_page_with_the_invoice(house: House, anna: Browser) -> None:
    order = house.order(TermChoice("pro", 12, 2))
    house.pay(order)
    page = look(anna, order)
    assert "Edition Pro, paid from 27 February 2027 to 26 February 2028." in page.text
    assert "2 additional administrators until 26 February 2028." in page.text
    links = [link.get("href") for link in page.all("a") if "Invoice 2026-000001" in "".join(link.itertext())]
    assert links == ["/subscription/invoices/2026-000001"]
    assert "Received, value date 20 November 2026" in page.text
    assert "Pay €" not in page.text


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (PACK, "5,000 SMS credits; they live as long as your subscription."),
        (SeatsChoice(2), "2 additional administrators until 26 February 2027."),
        (UpgradeChoice("pro", "business"), "Edition Business from now on; the expiry stays 26 February 2027."),
    ],
)
def test_each_thing_that_is_sold_says_what_it_has_given(
    house: House, anna: Browser, choice: SeatsChoice | UpgradeChoice, words: str
) -> None:
    order = house.order(choice)
    house.pay(order)
    assert words in look(anna, order).text


def test_credits_of_a_platform_that_only_sends_sms_have_a_day_of_their_own(house: House) -> None:
    house.platform(7, ends_in=None)
    order = house.order(PACK, by=house.person("m7"))
    house.pay(order)
    browser = house.browser()
    browser.sign_in("m7")
    assert "5,000 SMS credits, valid until 20 November 2028." in look(browser, order).text


def test_it_says_how_far_the_sending_service_is(house: House, anna: Browser) -> None:
    order = house.order()
    house.pay(order)
    assert "being switched on at the sending service" in look(anna, order).text
    for outcome, words in (("failed", "Our staff see to it"), ("handled", "Everything is switched on.")):
        with house.parts.database.write() as db:
            mine = outbox.outbox.c.deduplication_key == switch_key(order.id)
            values = {"done_at": house.clock.now(), "outcome": outcome}
            db.execute(update(outbox.outbox).where(mine).values(values))
        assert words in look(anna, order).text


def test_money_that_could_not_be_used_is_told_kindly(house: House, anna: Browser) -> None:
    order = house.order()
    house.pay(order)
    house.pay(order, reference="the same again")
    page = look(anna, order)
    assert page.heading == "Your order is paid and delivered"
    assert "€585.60 have arrived and are with our staff. The same had been paid before. Nothing is lost" in page.text


def test_a_part_that_has_arrived_asks_for_the_rest(house: House, anna: Browser) -> None:
    order = house.order()
    assert house.pay(order, amount=Money(50000, "EUR")) is Result.SHORT
    page = look(anna, order)
    assert page.heading == "This order waits for your bank transfer until Sunday 20 December 2026, 23:59"
    assert "€500.00 have arrived and are with our staff. It is less than the order costs" in page.text
    assert "Amount €85.60 Reference RF74 1" in page.text
    assert press(anna, order) is None
    assert status(anna) == 409
    assert "A part of the amount has arrived by bank transfer" in (anna.page or Page.empty()).text


def test_the_rest_may_come_as_late_as_any_transfer(house: House) -> None:
    """Found here: an order that nobody had chosen a transfer for expired a day later, and the rest was given back."""
    order = house.order()
    house.pay(order, amount=Money(50000, "EUR"))
    house.clock.move(days=5)
    assert house.pay(order, amount=Money(8560, "EUR"), reference="rest") is Result.DELIVERED


def test_the_return_page_never_believes_the_browser(house: House, anna: Browser) -> None:
    order = house.order()
    assert look(anna, order, "?back=paid").heading.startswith("This order waits for its payment")
    press(anna, order)
    page = look(anna, order, "?back=paid")
    assert page.heading == "We are waiting for the confirmation of your payment"
    assert stored(house, order).state is OrderState.AWAITING_PAYMENT
    assert "Begun, not confirmed yet" in page.text


def test_an_order_without_anything_to_pay_breaks_no_page(house: House, anna: Browser) -> None:
    order = house.order()
    with house.parts.database.write() as db:
        db.execute(update(order_table).values(total=0))
    page = look(anna, order)
    assert "There is nothing to pay for this order." in page.text
    assert "Cancel the order" not in page.text
    assert anna.open(f"/orders/{order.id}/pay").status_code == 303
    assert "There is nothing to pay for this order." in send(anna, order, "transfer").text


@pytest.mark.parametrize("path", ["", "/pay", "/state", "/cancel"])
def test_another_platforms_order_is_not_found(house: House, anna: Browser, path: str) -> None:
    house.platform(5678)
    house.order(by=house.person("m5678"))
    for number in (1, 404, 2**31):
        method = "POST" if path == "/cancel" else "GET"
        token = anna.get("/subscription/buy").all("input")[0].get("value")
        answer = anna.open(f"/orders/{number}{path}", method=method, data={"csrf_token": token})
        assert answer.status_code == 404
    assert stored(house, house.order(by=house.administrator("m5678"), key="x")).state is OrderState.AWAITING_PAYMENT


def test_an_additional_administrator_sees_and_pays(house: House) -> None:
    order = house.order()
    house.person("m1234-marco")
    browser = house.browser()
    browser.sign_in("m1234-marco")
    assert "Pay €585.60" in look(browser, order).text
    assert press(browser, order) == "https://pay.example.com/1"


# --- paying


def test_the_ways_to_pay_have_their_price_and_the_customers_own_is_first(house: House, anna: Browser) -> None:
    from portal.billing import profiles
    from portal.billing.profiles import PaymentMethod

    order = house.order()

    def buttons() -> list[str]:
        page = anna.get(f"/orders/{order.id}/pay")
        return ["".join(found.itertext()) for found in page.all("button") if found.get("name") == "way"]

    assert buttons() == ["Pay by card · €585.60", "Pay by bank transfer · €585.60"]
    with house.parts.database.write() as db:
        profiles.store_payment_method(db, 1234, PaymentMethod(Way.TRANSFER), at=house.clock.now(), by=1)
    assert buttons() == ["Pay by bank transfer · €585.60", "Pay by card · €585.60"]


@both_databases
def test_the_provider_is_asked_once_the_payment_is_written(house: House, anna: Browser, provider: Till) -> None:
    order, found = house.order(), []
    provider.meanwhile = lambda: found.extend(payments(house, order))  # type: ignore[method-assign]  # seen from another connection
    assert press(anna, order) == "https://pay.example.com/1"
    assert [(payment.state, payment.reference, payment.amount) for payment in found] == [
        (PaymentState.BEGUN, None, FULL)
    ]
    (payment,), (asked,) = payments(house, order), provider.asked
    assert (payment.reference, payment.address) == ("cs_1", "https://pay.example.com/1")
    assert (asked.amount, asked.order_id, asked.platform_id, asked.language) == (FULL, order.id, 1234, "en")
    assert asked.description == "Order 1: Edition Pro, 12 months"
    assert asked.return_url == "http://127.0.0.1:8000/orders/1?back=paid"
    assert asked.cancel_url == "http://127.0.0.1:8000/orders/1/pay"
    assert asked.expires_at == order.open_until


def test_pressing_again_goes_on_with_the_payment_that_is_open(house: House, anna: Browser, provider: Till) -> None:
    order = house.order()
    assert [press(anna, order) for _ in range(3)] == ["https://pay.example.com/1"] * 3
    assert (len(payments(house, order)), len(provider.asked)) == (1, 1)


@both_databases
def test_two_tabs_at_once_open_one_payment(house: House, provider: Till) -> None:
    order = house.order()
    anna = house.browser()
    anna.sign_in()
    anna.get(f"/orders/{order.id}/pay")
    cookie = anna.client.get_cookie("portal")
    _action, fields = anna.page.form(0) if anna.page else ("", {})
    assert cookie

    def tab(_: int) -> str | None:
        browser = house.browser()
        browser.client.set_cookie("portal", cookie.value)
        answer = browser.open(
            f"/orders/{order.id}/pay",
            method="POST",
            data=fields | {"way": "card"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        return answer.location

    assert together(tab, 4) == ["https://pay.example.com/1"] * 4
    assert {asked.payment_id for asked in provider.asked} == {1}
    assert len(payments(house, order)) == 1


def test_after_a_failed_payment_another_one_begins(house: House, anna: Browser) -> None:
    order = house.order()
    press(anna, order)
    report(house, PaymentState.FAILED)
    page = look(anna, order)
    assert "The last payment did not go through, and nothing was taken." in page.text
    assert press(anna, order) == "https://pay.example.com/2"


@pytest.mark.parametrize("way", ["card", "transfer"])
def test_while_a_bank_confirms_nobody_is_sent_to_pay_again(
    house: House, anna: Browser, provider: Till, way: str
) -> None:
    order = house.order()
    press(anna, order)
    report(house, PaymentState.PENDING)
    assert report(house, PaymentState.BEGUN) is Result.KNOWN  # asked before the event, told after it
    assert "Pay €" not in look(anna, order).text
    assert anna.open(f"/orders/{order.id}/pay").status_code == 303
    assert "Do not pay again" in send(anna, order, way).text
    assert status(anna) == 409
    assert len(provider.asked) == 1


def test_a_provider_that_does_not_answer_keeps_the_order(house: House, anna: Browser, provider: Till) -> None:
    order = house.order()
    provider.fault = ProviderDown("asleep")
    assert press(anna, order) is None
    assert (status(anna), anna.response and anna.response.headers["Retry-After"]) == (503, "60")
    page = anna.page or Page.empty()
    assert "Your order is kept: try again in a minute." in page.text
    assert "Pay by bank transfer" in page.text
    assert "The payment page did not open" in look(anna, order).text
    provider.fault = None
    assert press(anna, order) == "https://pay.example.com/1"  # the same payment, as the provider may have begun it
    assert len(payments(house, order)) == 1


def test_a_minute_later_a_payment_that_never_opened_is_begun_anew(house: House, anna: Browser, provider: Till) -> None:
    order = house.order()
    provider.fault = ProviderDown("asleep")
    for seconds, expected in ((0, [1]), (59, [1, 1]), (1, [1, 1, 2])):
        house.clock.move(seconds=seconds)
        press(anna, order)
        assert [asked.payment_id for asked in provider.asked] == expected


def test_what_a_provider_does_not_accept_is_logged_and_apologised_for(
    house: House, anna: Browser, provider: Till, caplog: pytest.LogCaptureFixture
) -> None:
    order = house.order()
    provider.fault = NotAccepted("InvalidRequest 400")
    assert press(anna, order) is None
    page = anna.page or Page.empty()
    assert status(anna) == 500
    assert "The fault is ours and has been recorded; your order is kept." in page.text
    assert "Pay by bank transfer" in page.text
    assert ("payment not accepted", "InvalidRequest 400") in [
        (r.message, getattr(r, "why", "")) for r in caplog.records
    ]


def test_an_order_that_is_cancelled_while_the_provider_answers_is_closed_there(
    house: House, anna: Browser, provider: Till
) -> None:
    order = house.order()

    def cancel() -> None:
        with house.parts.database.write() as db:
            person = house.administrator("m1234")
            assert person
            assert orders.cancel(db, order, by=person, at=house.clock.now())

    provider.meanwhile = cancel  # type: ignore[method-assign]  # what another tab does
    assert press(anna, order) == f"/orders/{order.id}"
    with house.parts.database.read() as db:
        assert outbox.find_progress(db, "close:1") is outbox.Progress.WAITING


@pytest.mark.parametrize("way", ["card", "transfer"])
@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (A_YEAR, "The same has been paid already with another order."),
        (UpgradeChoice("pro", "business"), "Your subscription has changed since this order was placed"),
    ],
)
def test_what_can_no_longer_be_used_is_not_paid(
    house: House, anna: Browser, provider: Till, choice: TermChoice | UpgradeChoice, words: str, way: str
) -> None:
    """The same was paid while this order waited, by a colleague."""
    order, other = house.order(choice), house.order(choice)
    house.pay(other)
    with house.parts.database.write() as db:  # delivering has cancelled the same: as if it had not seen this one
        db.execute(update(order_table).where(order_table.c.id == order.id).values(state=OrderState.AWAITING_PAYMENT))
    page = anna.get(f"/orders/{order.id}/pay")
    assert words in page.text
    assert not [button for button in page.all("button") if button.get("name") == "way"]
    assert words in send(anna, order, way).text
    assert (status(anna), provider.asked, stored(house, order).way) == (409, [], None)


@pytest.mark.parametrize("way", ["", "cash", "demo", "CARD"])
def test_a_way_to_pay_that_there_is_not_is_refused(house: House, anna: Browser, way: str) -> None:
    order = house.order()
    press(anna, order, way)
    assert status(anna) == 422
    assert "Choose one of the ways to pay." in (anna.page or Page.empty()).text
    assert payments(house, order) == []


def test_over_posted_fields_change_nothing(house: House, anna: Browser, provider: Till) -> None:
    order = house.order()
    anna.get(f"/orders/{order.id}/pay")
    evil = {"amount": "1", "total": "1", "order_id": "9", "state": "delivered", "address": "https://evil.example.com"}
    anna.submit({"way": "card"} | evil, follow=False)
    assert anna.response
    assert anna.response.location == "https://pay.example.com/1"
    assert provider.asked[0].amount == FULL
    assert replace(stored(house, order), way=None) == order


def test_a_blocked_platform_may_pay(house: House, anna: Browser) -> None:
    order = house.order()
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.PAYMENT_OVERDUE, by="test", note="", at=house.clock.now())
    assert press(anna, order) == "https://pay.example.com/1"


@pytest.mark.parametrize("state", ["delivered", "cancelled", "expired"])
def test_what_waits_for_nothing_leads_back_to_the_order(house: House, anna: Browser, state: str) -> None:
    order = house.order()
    if state == "delivered":
        house.pay(order)
    elif state == "cancelled":
        look(anna, order)
        anna.submit()
    else:
        with house.parts.database.write() as db:
            db.execute(update(order_table).values(open_until=house.clock.now()))
    assert anna.open(f"/orders/{order.id}/pay").location == f"/orders/{order.id}"
    assert "does not wait for a payment any more" in send(anna, order, "card").text
    assert status(anna) == 409


# --- by bank transfer


def test_the_transfer_page_has_every_fact_in_words_and_a_code(house: House, anna: Browser) -> None:
    order = house.order()
    assert press(anna, order, "transfer") == f"/orders/{order.id}"
    page = look(anna, order)
    for words in (
        "Amount €585.60 Reference RF74 1 Holder Posta Chiara S.r.l.",
        "IBAN IT60 X054 2811 1010 0000 0123 456 BIC BCITITMM",
        "Value date at the latest Sunday 20 December 2026",
        "switched on when the payment has been received",
    ):
        assert words in page.text
    (figure,) = page.all("figure")
    assert any(str(element.tag).endswith("svg") for element in figure)
    assert "scan this code" in "".join(figure.itertext())
    assert [letter.subject for letter in house.work()][-1] == "Bank transfer of €585.60 for order 1"
    press(anna, order, "transfer")
    assert house.work() == []


def test_a_renewal_in_the_grace_says_both_days_of_the_rules(house: House) -> None:
    """E = 17 November: value date until E+10, confirmed within five bank working days."""
    house.platform(7, ends_in=-3)
    order = house.order(by=house.person("m7"))
    browser = house.browser()
    browser.sign_in("m7")
    press(browser, order, "transfer")
    page = look(browser, order)
    assert "its value date is Friday 27 November 2026 or earlier" in page.text
    assert "confirmed it by Friday 4 December 2026 , five bank working days" in page.text
    assert page.heading.endswith("Friday 27 November 2026, 23:59")


def test_without_a_bank_nobody_pays_by_transfer(house: House, anna: Browser) -> None:
    house.app.extensions["portal"] = replace(house.parts, bank=None)
    order = house.order()
    assert "Pay by bank transfer" not in anna.get(f"/orders/{order.id}/pay").text
    anna.submit({"way": "transfer"}, follow=False)
    assert status(anna) == 422
    house.app.extensions["portal"] = replace(house.parts, providers={})
    page = anna.get(f"/orders/{order.id}/pay")
    assert "There is no way to pay here at this moment. Write to us, and name order 1." in page.text


# --- taking it back


@both_databases
def test_an_order_is_taken_back(house: House, anna: Browser) -> None:
    order = house.order()
    press(anna, order)
    look(anna, order)
    page = anna.submit()
    assert "The order is cancelled. Nothing is owed for it." in page.text
    assert stored(house, order).state is OrderState.CANCELLED
    with house.parts.database.read() as db:
        assert outbox.find_progress(db, "close:1") is outbox.Progress.WAITING


@pytest.mark.parametrize("state", ["delivered", "expired"])
def test_an_order_that_is_paid_or_expired_is_not_taken_back(house: House, anna: Browser, state: str) -> None:
    order = house.order()
    look(anna, order)
    if state == "delivered":
        house.pay(order)
    else:
        with house.parts.database.write() as db:
            db.execute(update(order_table).values(open_until=house.clock.now()))
    page = anna.submit()
    assert status(anna) == 409
    assert "does not wait for a payment any more" in page.text
    assert stored(house, order).cancelled_at is None


def test_money_that_arrives_for_a_cancelled_order_is_a_task(house: House, anna: Browser) -> None:
    order = house.order()
    press(anna, order)
    look(anna, order)
    anna.submit()
    assert report(house, PaymentState.RECEIVED, amount=FULL) is Result.STAFF
    page = look(anna, order)
    assert page.heading == "This order is cancelled"
    assert "€585.60 have arrived and are with our staff. The order had been cancelled" in page.text


@both_databases
def test_cancelling_and_money_in_the_same_moment_are_one_after_the_other(house: House) -> None:
    """Either it was delivered and could not be cancelled, or it was cancelled and the money is a task."""
    person = house.administrator("m1234")
    assert person
    for number in range(6):
        order = house.order(PACK, key=f"race {number}")

        def act(which: int, order: Order = order) -> object:
            if which:
                return house.pay(order)
            with house.parts.database.write() as db:
                return orders.cancel(db, order, by=person, at=house.clock.now())

        cancelled, result = together(act, 2)
        state = stored(house, order).state
        assert (cancelled, result, state) in (
            (True, Result.STAFF, OrderState.CANCELLED),
            (False, Result.DELIVERED, OrderState.DELIVERED),
        )


# --- the script's question


def test_the_state_is_told_to_the_script_and_is_no_activity(house: House, anna: Browser) -> None:
    order = house.order()
    press(anna, order)
    page = look(anna, order, "?back=paid")
    (region,) = [element for element in page.with_attribute("data-version") if element.get("id") == "order"]
    address, seen = region.get("data-state"), region.get("data-version")
    assert region.get("data-follow") is not None
    for _ in range(3):
        house.clock.move(minutes=9)
        told = anna.open(f"{address}&seen={seen}").json
        assert told == {"state": "awaiting-payment", "version": seen, "follow": True}
    report(house, PaymentState.RECEIVED, amount=FULL)
    told = anna.open(f"{address}&seen={seen}").json
    assert told
    assert (told["state"], told["words"]) == ("delivered", "Your order is paid and delivered")
    assert "<h1>Your order is paid and delivered</h1>" in told["html"]
    assert told["version"] != seen
    house.clock.move(minutes=3)
    over = anna.open(f"{address}&seen={seen}")
    assert (over.status_code, over.json) == (401, {"status": "over"})


def test_a_transfer_that_takes_days_is_not_asked_for(house: House, anna: Browser) -> None:
    order = house.order()
    press(anna, order, "transfer")
    page = look(anna, order)
    assert page.with_attribute("data-follow") == []
    assert "Look again" not in page.text


def test_a_final_state_is_not_asked_for(house: House, anna: Browser) -> None:
    order = house.order()
    house.pay(order)
    with house.parts.database.write() as db:
        mine = outbox.outbox.c.deduplication_key == switch_key(order.id)
        db.execute(update(outbox.outbox).where(mine).values(done_at=house.clock.now(), outcome="handled"))
    assert look(anna, order).with_attribute("data-follow") == []
