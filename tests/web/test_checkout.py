"""The pages that sell: what they show, what they refuse, and that nothing is ordered but what was shown."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.billing import profiles
from portal.billing.choices import TermChoice
from portal.billing.tables import orders
from portal.subscription import actions as subscription
from portal.subscription.queries import find_platform
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.shop import COMPANY

RENEW, SEATS, CREDITS, EDITION = (
    "/subscription/renew",
    "/subscription/buy/administrators",
    "/subscription/sms/buy",
    "/subscription/edition",
)
SELLING = (RENEW, SEATS, CREDITS, f"{EDITION}/business")


@pytest.fixture
def browser(house: House) -> Browser:
    """m1234 of a platform that expires in 20 days, whose billing data are known, is signed in."""
    house.platform(1234, ends_in=20)
    house.person("m1234")
    with house.parts.database.write() as db:
        profiles.store(db, 1234, COMPANY, at=house.clock.now())
    browser = house.browser()
    browser.sign_in()
    return browser


def placed(house: House) -> list[int]:
    with house.parts.database.read() as db:
        return [total for (total,) in db.execute(select(orders.c.total).order_by(orders.c.id))]


def order(browser: Browser, path: str | None = None, **fields: str) -> int:
    """Press the button that orders, with these fields changed; returns the status. path: of a page opened before."""
    if path:
        assert browser.page is not None
        values = browser.page.form(main_form(browser))[1] | fields | {"order": "1"}
        return browser.open(path, method="POST", data=values, headers={"Sec-Fetch-Site": "same-origin"}).status_code
    browser.submit(fields | {"order": "1"}, form=main_form(browser), follow=False)
    assert browser.response is not None
    return browser.response.status_code


def main_form(browser: Browser) -> int:
    """Which form of the present page is the one that sells."""
    assert browser.page is not None
    return browser.page.form_with("sealed")


@pytest.mark.parametrize(
    ("path", "net", "total"),
    [
        (RENEW, "Net €480.00", "Continue to payment · €585.60"),
        (CREDITS, "Net €60.00", "Continue to payment · €73.20"),
    ],
)
def test_a_page_shows_a_price_at_once_and_orders_it_with_one_click(
    house: House, browser: Browser, path: str, net: str, total: str
) -> None:
    page = browser.get(path)
    assert net in page.text
    assert total in page.text
    assert order(browser) == 303
    assert browser.response is not None
    assert browser.response.headers["Location"].startswith("/orders/")
    assert len(placed(house)) == 1


@pytest.mark.parametrize("path", SELLING)
def test_without_billing_data_there_is_no_button_but_the_way_to_them(house: House, path: str) -> None:
    house.platform(1234, ends_in=20)
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    page = browser.get(path)
    assert "tell us whom the invoice is for" in page.text
    assert "Continue to payment" not in page.text
    assert any((link.get("href") or "").startswith("/subscription/billing?next=") for link in page.all("a"))
    assert order(browser) == 200  # a button that was not there: the page again
    assert placed(house) == []


def test_something_else_than_what_was_shown_is_shown_before_it_is_ordered(house: House, browser: Browser) -> None:
    browser.get(CREDITS)
    assert order(browser, pack="5000") == 409
    assert browser.page is not None
    assert "You have chosen something else: this is its price." in browser.page.text
    assert "Continue to payment · €366.00" in browser.page.text
    assert order(browser, pack="5000") == 303
    assert placed(house) == [36600]


def test_the_price_of_a_choice_can_be_looked_at_without_ordering(house: House, browser: Browser) -> None:
    browser.get(RENEW)
    page = browser.submit({"edition": "business", "additional": "2", "look": "1"}, form=main_form(browser))
    assert "Net €1,440.00" in page.text
    assert placed(house) == []


@pytest.mark.parametrize(("seconds", "status"), [(29 * 60 + 59, 303), (30 * 60, 409)])
def test_a_price_stands_for_thirty_minutes(house: House, browser: Browser, seconds: int, status: int) -> None:
    page, shown_at = browser.get(CREDITS), house.clock.now()
    house.clock.set(shown_at + timedelta(minutes=15))
    browser.get("/subscription")  # in another tab, which keeps the session alive
    house.clock.set(shown_at + timedelta(seconds=seconds))
    browser.page = page
    assert order(browser, path=CREDITS) == status
    assert len(placed(house)) == (1 if status == 303 else 0)


def test_a_second_click_finds_the_order_of_the_first(house: House, browser: Browser) -> None:
    page = browser.get(CREDITS)
    for _ in range(2):
        browser.page = page
        assert order(browser, path=CREDITS) == 303
    assert len(placed(house)) == 1


@both_databases
@pytest.mark.parametrize("key", ["", "\x00", "again:1", "é", "x" * 1000])
def test_a_key_that_is_not_of_our_making_orders_all_the_same(house: House, browser: Browser, key: str) -> None:
    browser.get(CREDITS)
    assert order(browser, client_key=key) == 303
    assert len(placed(house)) == 1


def test_the_same_again_from_a_fresh_page_is_another_order(house: House, browser: Browser) -> None:
    for _ in range(2):
        browser.get(CREDITS)
        assert order(browser) == 303
    assert len(placed(house)) == 2


@pytest.mark.parametrize("seal", ["", "x", "eyJhdCI6IjIwMjYifQ.AAAA", "é" * 9])
def test_a_seal_that_is_not_ours_orders_nothing(house: House, browser: Browser, seal: str) -> None:
    browser.get(CREDITS)
    assert order(browser, sealed=seal) == 409
    assert placed(house) == []


def test_the_seal_of_one_page_does_not_open_another(house: House, browser: Browser) -> None:
    browser.get(CREDITS)
    assert browser.page is not None
    seal = browser.page.form(main_form(browser))[1]["sealed"]
    browser.get(SEATS)
    assert order(browser, sealed=seal) == 409
    assert placed(house) == []


def test_over_posted_fields_change_nothing(house: House, browser: Browser) -> None:
    browser.get(CREDITS)
    extra = {"total": "1", "price": "1", "credits": "999999", "platform_id": "1", "state": "delivered", "paid_for": ""}
    assert order(browser, **extra) == 303
    assert placed(house) == [7320]


@pytest.mark.parametrize("number", ["0", "-1", "1001", "1.5", "", "eins", "９", "99999999999999999999"])
def test_a_number_that_is_none_is_told_at_its_field_and_kept(browser: Browser, number: str) -> None:
    browser.get(SEATS)
    page = browser.submit({"quantity": number, "order": "1"}, form=main_form(browser))
    assert browser.response is not None
    assert browser.response.status_code == 422
    assert "Enter a whole number from 1 to 1000." in page.text
    assert page.form(main_form(browser))[1]["quantity"] == number


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("edition", "gold", "Choose one of the editions."), ("months", "7", "Choose one of the lengths.")],
)
def test_what_is_not_sold_is_told(browser: Browser, field: str, value: str, words: str) -> None:
    browser.get(RENEW)
    page = browser.submit({field: value, "order": "1"}, form=main_form(browser))
    assert browser.response is not None
    assert browser.response.status_code == 422
    assert words in page.text


def test_a_link_may_choose_for_somebody_and_never_orders(house: House, browser: Browser) -> None:
    page = browser.get(f"{CREDITS}?pack=20000&country=DE&order=1")
    assert "Net €1,100.00" in page.text
    assert "Germany" in page.text
    assert placed(house) == []


@pytest.mark.parametrize(
    "path", [f"{CREDITS}?pack=%00&country=%22", f"{SEATS}?quantity=-9", f"{RENEW}?months=x&edition=y"]
)
def test_a_link_with_nonsense_is_a_page(browser: Browser, path: str) -> None:
    assert browser.open(path).status_code == 200


@pytest.mark.parametrize("path", SELLING)
def test_who_may_not_buy_reads_why_and_orders_nothing(house: House, browser: Browser, path: str) -> None:
    with house.parts.database.write() as db:
        subscription.grant_seat(
            db, 1234, expires_on=house.place().expires_on, today=house.place().today, by="test", at=house.clock.now()
        )
    house.person("m1234-marco")
    other = house.browser()
    other.sign_in("m1234-marco")
    page = other.get(path)
    if path == RENEW:
        assert "Continue to payment" in page.text or "tell us whom" in page.text
        return
    assert "Only the first administrator can do this." in page.text
    token = next(field.get("value") or "" for field in page.all("input") if field.get("name") == "csrf_token")
    answer = other.open(
        path, method="POST", data={"csrf_token": token, "order": "1"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 409
    assert placed(house) == []


def test_a_platform_that_has_renewed_is_told_so(house: House, browser: Browser) -> None:
    house.pay(house.order())
    assert "The next term is paid already." in browser.get(RENEW).text


# --- editions


def test_a_smaller_edition_waits_for_the_next_term_with_its_losses_and_can_be_taken_back(
    house: House, browser: Browser
) -> None:
    page = browser.get(EDITION)
    assert "the SMS channel of the edition; credits that you have stay usable" in page.text
    smaller = page.form_with("edition", "starter")
    page = browser.submit(form=smaller)
    assert "From Friday 11 December 2026 , with the next term, the edition is Starter." in page.text
    assert planned(house) == "starter"
    assert "Net €300.00" in browser.get(RENEW).text
    browser.get(EDITION)
    keep = browser.page.form_with("edition", "")
    page = browser.submit(form=keep)
    assert "The edition stays as it is." in page.text
    assert planned(house) is None


def planned(house: House) -> str | None:
    with house.parts.database.read() as db:
        found = find_platform(db, 1234)
    assert found is not None
    return found.next_edition


@pytest.mark.parametrize(("code", "status"), [("business", 422), ("pro", 422), ("gold", 422), ("x" * 500, 422)])
def test_only_a_smaller_edition_can_be_noted(house: House, browser: Browser, code: str, status: int) -> None:
    page = browser.get(EDITION)
    smaller = page.form_with("edition", "starter")
    browser.submit({"edition": code}, form=smaller)
    assert browser.response is not None
    assert browser.response.status_code == status
    assert planned(house) is None


def test_an_upgrade_forgets_the_smaller_edition_that_waited(house: House, browser: Browser) -> None:
    page = browser.get(EDITION)
    smaller = page.form_with("edition", "starter")
    browser.submit(form=smaller)
    browser.get(f"{EDITION}/business")
    assert order(browser) == 303
    with house.parts.database.read() as db:
        (number,) = db.execute(select(orders.c.id)).one()
    from portal.billing.queries import get_order

    with house.parts.database.read() as db:
        found = get_order(db, number)
    house.pay(found)
    assert (planned(house), house.place().edition) == (None, "business")


def test_a_smaller_edition_that_is_paid_is_told_until_it_begins(house: House, browser: Browser) -> None:
    house.pay(house.order(TermChoice("starter", 12)))
    text = browser.get("/subscription").text
    assert "The next term begins: it is paid, with the edition Starter." in text
    page = browser.get(EDITION)
    assert "From Friday 11 December 2026 the edition is Starter: that term is paid already." in page.text
    assert "Change to Starter" not in page.text
    assert "Net €180.00" in browser.get(f"{EDITION}/pro").text  # taken back, for the term to come


# --- bad input


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=st.sampled_from(SELLING),
    fields=st.dictionaries(
        st.sampled_from(
            [
                "edition",
                "months",
                "additional",
                "quantity",
                "pack",
                "country",
                "sealed",
                "client_key",
                "order",
                "picked",
            ]
        ),
        st.text(max_size=60),
    ),
)
def test_whatever_is_sent_is_answered_by_a_page(
    house: House, browser: Browser, path: str, fields: dict[str, str]
) -> None:
    browser.get(path)
    browser.submit(fields, form=main_form(browser), follow=False)
    assert browser.response is not None
    assert browser.response.status_code in (200, 303, 409, 422)


def test_italian_pages_speak_of_the_same_money(house: House) -> None:
    house.platform(1234, ends_in=20)
    house.person("m1234", language="it")
    with house.parts.database.write() as db:
        profiles.store(db, 1234, COMPANY, at=house.clock.now())
    browser = house.browser(language="it")
    browser.sign_in()
    page = browser.get(CREDITS)
    assert "Vai al pagamento · 73,20 €" in page.text
    assert "1.000 messaggi verso: Italia" in page.text
