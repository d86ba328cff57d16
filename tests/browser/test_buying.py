"""Buying at a real browser: by keyboard alone, with and without scripts, to the provider's page and back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from portal.billing import profiles
from portal.kit.texts import LANGUAGES
from tests.browser.conftest import Person
from tests.browser.test_every_page import Somebody, enter, look
from tests.helpers.house import House, build
from tests.helpers.processes import free_port
from tests.helpers.shop import COMPANY

PAGES = (
    "/subscription/renew",
    "/subscription/buy/administrators",
    "/subscription/sms/buy",
    "/subscription/edition",
    "/subscription/edition/business",
)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    """With the demonstration's provider; platform 1234 expires in 20 days and its billing data are known."""
    found = build(tmp_path, database_url, demo=True, public_url=f"http://127.0.0.1:{free_port()}")
    found.platform(1234, ends_in=20, additional_seats=1)
    with found.parts.database.write() as db:
        profiles.store(db, 1234, COMPANY, at=found.clock.now())
    yield found
    found.parts.database.close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """The house at its public address, to which the provider's page sends people back."""
    origin = house.parts.settings.public_url
    server = make_server("127.0.0.1", int(origin.rpartition(":")[2]), house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("it", 320), ("en", 1280)])
def test_the_pages_that_sell(house: House, somebody: Somebody, language: str, width: int, dark: bool) -> None:
    house.person("m1234", language=language)
    house.person("m1234-marco")
    person = somebody(language, width=width, dark=dark)
    enter(person)
    for path in PAGES:
        look(person, path)
    person.page.goto(f"{person.address}/subscription/buy/administrators")
    person.page.fill("#quantity", "many")
    person.page.keyboard.press("Enter")
    person.page.wait_for_selector(".error")
    person.check_accessibility()
    person.go("/subscription/renew")
    person.page.fill("#additional", "0")
    person.page.keyboard.press("Enter")
    person.page.wait_for_selector("#picked")  # who goes first, now that there is a seat less
    person.check_accessibility()
    assert person.fits()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_purchase_of_a_trial_and_a_page_that_refuses(house: House, somebody: Somebody, dark: bool) -> None:
    house.platform(2000, ends_in=20, trial=True)
    house.person("m2000", language="it")
    person = somebody("it", width=320 if dark else 1280, dark=dark)
    person.go("/login")
    person.page.fill("#username", "m2000")
    person.page.fill("#password", "a short sentence is easiest")
    person.enter()
    look(person, "/subscription/purchase")
    look(person, "/subscription/sms/buy")


def words(language: str) -> dict[str, str]:
    english = {"buy": "Continue to payment · €366.00", "show": "Show the price of this choice", "pay": "Pay on"}
    italian = {"buy": "Vai al pagamento · 366,00 €", "show": "Mostra il prezzo di questa scelta", "pay": "Paga sulla"}
    return {"en": english, "it": italian}[language]


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_credits_are_bought_by_keyboard_alone(
    house: House, somebody: Somebody, language: str, javascript: bool
) -> None:
    house.person("m1234", language=language)
    says, person = words(language), somebody(language, javascript=javascript)
    enter(person)
    person.go("/subscription/sms/buy")
    person.page.keyboard.press("Tab")
    choose(person, "pack", "5000")
    person.tab_to(says["show"])
    person.enter()
    person.tab_to(says["buy"])
    person.enter()
    expect(person.page.locator("h1")).to_contain_text("366")
    button = person.page.get_by_role("main").get_by_role("button").first
    button.focus()
    with person.page.expect_navigation(url="**/demo/pay/**"):
        person.page.keyboard.press("Enter")
    person.page.get_by_role("main").get_by_role("button").first.focus()
    with person.page.expect_navigation(url="**/orders/**"):
        person.page.keyboard.press("Enter")
    expect(person.page.locator("main")).to_contain_text("366")
    (order,) = house.orders()
    assert (order.total.cents, order.kind) == (36600, "credits")


def choose(person: Person, name: str, value: str) -> None:
    """Reach the radio buttons by Tab and move with the arrows until this one is chosen."""
    for _ in range(40):
        if person.page.evaluate("document.activeElement.name") == name:
            break
        person.page.keyboard.press("Tab")
    for _ in range(10):
        if person.page.evaluate("document.activeElement.value") == value:
            return
        person.page.keyboard.press("ArrowDown")
    raise AssertionError(f"no {value} among {name}")
