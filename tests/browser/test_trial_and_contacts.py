"""A trial and its contacts at a real browser: by keyboard, narrow, dark, and without scripts."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Person
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]


def look(person: Person) -> None:
    person.check_accessibility()
    assert person.fits(), f"{person.page.url} scrolls sideways at {person.page.viewport_size}"


def ask(person: Person) -> None:
    person.go("/login")
    person.press("Ask for one now")
    person.type("Name", "Anna Bianchi")
    person.type("E-mail", "anna@example.com")
    person.enter()


def follow(house: House, person: Person) -> None:
    (mail,) = house.work()
    person.follow(next(word for word in mail.text.split() if "/request-trial/" in word))


def choose(person: Person, password: str) -> None:
    person.type("New password", password)
    person.type("New password, once more", password)
    person.enter()


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_a_trial_is_asked_for_started_and_entered_by_keyboard(
    house: House, somebody: Somebody, javascript: bool
) -> None:
    person = somebody(javascript=javascript)
    ask(person)
    assert person.page.url == f"{person.address}/request-trial/asked"
    follow(house, person)
    choose(person, PASSWORD)
    assert person.page.url == f"{person.address}/request-trial/ready"
    person.press("Sign in")
    assert person.page.input_value("#username") == "m1"
    person.type("Password", PASSWORD)
    person.enter()
    assert person.page.locator("main").get_attribute("data-state") == "trial"


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 320)])
def test_every_page_of_the_way_is_for_everybody(house: House, somebody: Somebody, dark: bool, width: int) -> None:
    person = somebody(dark=dark, width=width)
    person.go("/request-trial")
    person.page.get_by_role("button", name="Ask for the trial").press("Enter")
    person.page.wait_for_selector(".error")
    look(person)
    ask(person)
    look(person)
    follow(house, person)
    look(person)
    choose(person, "short")
    look(person)
    choose(person, PASSWORD)
    look(person)
    person.go("/request-trial/" + "x" * 40)
    look(person)


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 320)])
def test_a_contact_is_added_and_removed_by_keyboard(house: House, somebody: Somebody, dark: bool, width: int) -> None:
    house.person("m1234")
    person = somebody(dark=dark, width=width)
    person.go("/login")
    person.type("User name", "m1234")
    person.type("Password", PASSWORD)
    person.enter()
    person.go("/subscription/contacts")
    person.type("Name", "Un ufficio dal nome molto lungo che deve comunque stare nella pagina")
    person.type("E-mail", "an.address.that.is.rather.long@a-domain-that-is-long-too.example.com")
    person.type("Telephone (optional)", "nonsense")
    person.enter()
    look(person)
    person.type("Telephone (optional)", "02 7104 0485")
    person.enter()
    look(person)
    person.page.get_by_role("link", name="Change or remove").press("Enter")
    person.page.wait_for_url("**/subscription/contacts/*")
    look(person)
    person.press("Remove this contact")
    assert "is no longer a contact." in person.page.inner_text("main")
