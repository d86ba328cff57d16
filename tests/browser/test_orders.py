"""An order at a real browser: followed without a reload and without a sound of activity, readable in every state."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from portal.billing import orders, queries, settle
from portal.billing.queries import Order
from portal.jobs.payments import till
from portal.kit.texts import LANGUAGES
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from tests.browser.conftest import Person
from tests.browser.test_every_page import Somebody, enter, look
from tests.helpers.house import House
from tests.jobs.order_letters import with_bank


def begun(house: House) -> Order:
    """An order whose payment is open at a provider."""
    order = house.order()
    with house.parts.database.write() as db:
        payment = orders.begin_payment(db, order, Way.CARD, at=house.clock.now())
        orders.note_started(db, payment.id, reference="cs_1", address="https://pay.example.com/1")
    return order


def pays(house: House, order: Order, state: PaymentState = PaymentState.RECEIVED) -> None:
    at = house.clock.now()
    report = Report(Way.CARD, f"event-{state}", "cs_1", state, order.total, at)
    with house.parts.database.write() as db:
        settle.receive(db, report, till(house.parts, at))


def questions(person: Person) -> list[str]:
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url) if "/state" in request.url else None)
    return asked


def test_the_page_follows_a_payment_and_says_it_aloud(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    order = begun(house)
    anna = somebody()
    enter(anna)
    anna.go(f"/orders/{order.id}?back=paid")
    expect(anna.page.locator("h1")).to_have_text("We are waiting for the confirmation of your payment")
    anna.page.evaluate("window.same = true")
    pays(house, order)
    anna.wait(seconds=3)
    expect(anna.page.locator("h1")).to_have_text("Your order is paid and delivered")
    expect(anna.page.get_by_role("status").filter(has_text="Your order is paid")).to_have_count(1)
    assert anna.page.evaluate("window.same") is True  # no reload, so no activity
    anna.check_accessibility()


def test_it_asks_ever_more_slowly_and_never_while_nobody_looks(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    order = begun(house)
    anna = somebody()
    enter(anna)
    asked = questions(anna)
    anna.go(f"/orders/{order.id}")
    for seconds, most in ((3, 1), (4, 2), (5, 3), (60, 4)):
        with anna.page.expect_response("**/state**"):
            anna.wait(seconds=seconds)
        assert len(asked) <= most
    anna.page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    anna.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    before = len(asked)
    anna.wait(minutes=5)
    anna.page.wait_for_timeout(200)
    assert len(asked) == before
    anna.page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'visible'})")
    with anna.page.expect_response("**/state**"):
        anna.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        anna.page.clock.fast_forward(3000)


def test_the_buttons_that_come_with_what_is_new_work(house: House, somebody: Somebody) -> None:
    """The part of the page that is put in place brings forms of its own."""
    house.person("m1234")
    order = begun(house)
    anna = somebody()
    enter(anna)
    anna.go(f"/orders/{order.id}")
    pays(house, order, PaymentState.FAILED)
    anna.wait(seconds=3)
    expect(anna.page.get_by_text("The last payment did not go through")).to_be_visible()
    anna.press("Cancel the order")
    expect(anna.page.locator("h1")).to_have_text("This order is cancelled")
    with house.parts.database.read() as db:
        assert queries.get_order(db, order.id).cancelled_at is not None


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_orders_in_every_state_are_readable(house: House, somebody: Somebody, dark: bool, language: str) -> None:
    with_bank(house)
    person = house.person("m1234", language=language)
    waiting = house.order()
    transfer, paid, cancelled = (house.order(key=name) for name in ("transfer", "paid", "cancelled"))
    with house.parts.database.write() as db:
        at, zone = house.clock.now(), house.parts.settings.timezone
        orders.choose_transfer(db, transfer, to=person, at=at, zone=zone)
        orders.cancel(db, cancelled, by=person, at=at)
    browser = somebody(language, width=320 if dark else 1280, dark=dark)
    enter(browser)
    for order in (waiting, transfer, cancelled):
        look(browser, f"/orders/{order.id}")
    look(browser, f"/orders/{waiting.id}/pay")
    house.app.extensions["portal"] = replace(house.parts, bank=None)
    look(browser, f"/orders/{waiting.id}/pay")
    house.pay(paid)
    house.pay(paid, reference="again")
    look(browser, f"/orders/{paid.id}")
