"""A platform at the desk in a real browser: blocked by keyboard with its reading beside, unlocked, held, given time."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.rules.access import Block
from portal.rules.staff import StaffRole
from tests.browser.conftest import Person
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]
ROOT = "/staff/platforms/1234"


def come_in(house: House, person: Person, language: str) -> None:
    """To the desk, for the first time."""
    hire(house, role=StaffRole.ADMINISTRATION, language=language)
    person.go("/staff")
    person.page.fill("#username", "sara")
    person.page.fill("#password", PASSWORD)
    person.enter()
    person.page.fill("#code", code_of(house))
    person.enter()


@pytest.mark.parametrize(("language", "width", "dark"), [("it", 320, True), ("en", 1280, False)])
def test_a_platform_is_blocked_unlocked_held_and_given_time(
    house: House, somebody: Somebody, language: str, width: int, dark: bool
) -> None:
    house.platform(1234, ends_in=-3, company="Bianchi e figli")
    house.person("m1234", language=language)
    person = somebody(language, width=width, dark=dark)
    come_in(house, person, language)

    def look(page: str) -> None:
        person.go(f"{ROOT}/{page}")
        person.check_accessibility()
        assert person.fits()

    def send(reason: str = "T-1234, on the phone") -> None:
        person.page.fill("#reason", reason)
        person.page.press("#reason", "Enter")

    look("block")
    send("")
    person.page.wait_for_selector(".summary")
    person.check_accessibility()
    person.page.locator("input[value=compromised]").press("Space")
    reading = person.page.locator("details", has=person.page.locator("[lang=it]")).first
    reading.locator("summary").press("Enter")
    assert reading.locator("[lang=en]").is_visible()
    person.check_accessibility()
    assert person.fits()
    send()
    person.page.wait_for_url(f"**{ROOT}/blocks")
    assert [found.code for found in house.place().blocks] == [Block.COMPROMISED]
    look("blocks")
    look("unlock")
    person.page.fill("#request", "T-77")
    send()
    person.page.wait_for_url(f"**{ROOT}/blocks")
    assert house.place().blocks == []
    look("hold")
    send()
    person.page.wait_for_url(f"**{ROOT}/blocks")
    assert house.place().platform.legal_hold_since
    look("hold")
    look("grace")
    until = house.place().today + timedelta(days=20)
    person.page.fill("#until", until.isoformat())
    send()
    person.page.wait_for_url(f"**{ROOT}/blocks")
    assert house.place().renewable_until == until
    look("blocks")
    person.go(ROOT)
    person.check_accessibility()
