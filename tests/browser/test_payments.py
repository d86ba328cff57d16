"""Paying, in a real Chromium: the demonstration's page by keyboard, and the way to the card page past the policy."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import redirect
from flask_wtf.csrf import generate_csrf
from playwright.sync_api import Browser, sync_playwright

from portal.rules.orders import Way
from portal.setting_values import Secret
from portal.web import access
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Person
from tests.helpers.house import House, build
from tests.outside.providers import FAILED, RECEIVED
from tests.outside.test_payments_contract import ASKING

Somebody = Callable[..., Person]
CHECKOUT = "https://checkout.stripe.com/c/pay/cs_test_1"
STRIPE = {"stripe_secret_key": Secret("sk_test_x"), "stripe_webhook_secret": Secret("whsec_x")}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for which no name exists: nothing of this reaches Stripe."""
    with sync_playwright() as playwright:
        nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, nowhere])
        yield browser
        browser.close()


@pytest.fixture
def house(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Iterator[House]:
    found = build(tmp_path, database_url, **getattr(request, "param", {"demo": True}))
    yield found
    found.parts.database.close()


def begin(house: House, address: str) -> str:
    """A payment that waits; returns its reference. Afterwards the browser goes to a page of the house."""
    asking = replace(ASKING, return_url=f"{address}/recover-username", cancel_url=f"{address}/login")
    return house.parts.providers[Way.DEMO].start(asking).reference


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("it", 320), ("en", 1280)])
def test_the_pages_on_which_one_pays(
    house: House, somebody: Somebody, address: str, language: str, width: int, dark: bool
) -> None:
    reference, person = begin(house, address), somebody(language, width=width, dark=dark)
    for path in (f"/demo/pay/{reference}", f"/demo/pay/{reference}/bank"):
        person.go(path)
        person.check_accessibility()
        assert person.fits()
    house.parts.providers[Way.DEMO].close(reference)
    person.go(f"/demo/pay/{reference}")
    person.check_accessibility()


@pytest.mark.parametrize("javascript", [True, False])
def test_paying_by_keyboard_leads_back_to_the_shop(
    house: House, somebody: Somebody, address: str, javascript: bool
) -> None:
    reference, person = begin(house, address), somebody(javascript=javascript)
    person.go(f"/demo/pay/{reference}")
    if javascript:
        person.press("Pay")
    else:
        person.page.get_by_role("button", name="Pay", exact=True).press("Enter")
    person.page.wait_for_url("**/recover-username")
    assert house.parts.providers[Way.DEMO].look_up(reference).state is RECEIVED


def test_telling_the_bank_no_by_keyboard(house: House, somebody: Somebody, address: str) -> None:
    reference, person = begin(house, address), somebody()
    person.go(f"/demo/pay/{reference}")
    person.press("Ask the bank first")
    person.press("No, stop this payment")
    person.page.wait_for_url("**/recover-username")
    assert house.parts.providers[Way.DEMO].look_up(reference).state is FAILED


@pytest.mark.parametrize(("house", "leaves"), [(STRIPE, True), ({}, False)], indirect=["house"])
def test_a_form_leads_to_the_card_page_only_where_cards_are_taken(
    house: House, chromium: Browser, address: str, leaves: bool
) -> None:
    """The browser holds the answer of a form to the policy: without Stripe in it, paying would silently do nothing."""

    def pay() -> str:
        return f'<form method="post"><input type="hidden" name="csrf_token" value="{generate_csrf()}"><button></form>'

    house.app.add_url_rule("/try", "try", access.everybody(pay))
    house.app.add_url_rule("/try", "tried", access.everybody(lambda: redirect(CHECKOUT, 303)), methods=["POST"])
    page = chromium.new_page()
    asked, refused = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: refused.append(message.text))
    page.goto(f"{address}/try")
    page.get_by_role("button").press("Enter")
    page.wait_for_timeout(1000)
    page.close()
    assert (CHECKOUT in asked) is leaves
    assert any("form-action" in text for text in refused) is not leaves
