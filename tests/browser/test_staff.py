"""The desk in a real browser: the first sign-in by keyboard, the search, and a platform; axe finds nothing."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Person
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House
from tests.helpers.shop import PACK

Somebody = Callable[..., Person]


@pytest.mark.parametrize(("language", "width", "dark"), [("it", 320, True), ("en", 1280, False)])
def test_the_desk_from_the_first_sign_in_to_a_platform(
    house: House, somebody: Somebody, language: str, width: int, dark: bool
) -> None:
    house.pay(house.order(PACK, by=house.person("m1234")))
    hire(house, language=language)
    words = {
        "en": ("User name", "Password", "Code that the app shows", "Look"),
        "it": ("Nome utente", "Password", "Codice mostrato dall’app", "Cerca"),
    }[language]
    person = somebody(language, width=width, dark=dark)
    person.go("/staff")
    person.check_accessibility()
    person.type(words[0], "sara")
    person.type(words[1], PASSWORD)
    person.enter()
    person.check_accessibility()
    assert person.fits()
    person.type(words[2], code_of(house))
    person.enter()
    assert person.page.url == f"{person.address}/staff"
    person.page.fill("#q", "m1234")
    person.press(words[3])
    person.check_accessibility()
    assert person.fits()
    person.press("1234")
    person.check_accessibility()
    assert person.fits()
    assert person.page.url == f"{person.address}/staff/platforms/1234"
    person.go("/staff/people/m1234")
    person.check_accessibility()
    assert person.fits()
    person.page.get_by_role("main").get_by_role("button").first.press("Enter")
    person.page.wait_for_selector(".error")
    person.check_accessibility()
    person.go("/staff/approvals")
    person.check_accessibility()
