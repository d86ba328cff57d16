"""Somebody has forgotten both and calls support: walked in two browsers, by keyboard, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from portal.kit.texts import catalogue
from tests.browser.conftest import Person
from tests.helpers.desk import code_of, hire
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]
NEW_PASSWORD = "another short sentence"
TICKET = "T-4711"


def to_the_desk(house: House, sara: Person, _: Callable[[str], str]) -> None:
    sara.go("/staff")
    sara.type(_("User name"), "sara")
    sara.type(_("Password"), PASSWORD)
    sara.enter()
    sara.type(_("Code that the app shows"), code_of(house))
    sara.enter()


def find(sara: Person, _: Callable[[str], str]) -> None:
    """All that the caller knows is the company."""
    sara.page.locator("#q").focus()
    sara.page.keyboard.type("formaggi")
    sara.enter()
    sara.press("1234")
    sara.press("m1234")


@pytest.mark.parametrize("language", ["en", "it"])
def test_whoever_forgot_both_calls_and_comes_in_by_a_link_that_staff_never_see(
    house: House, somebody: Somebody, language: str
) -> None:
    _ = catalogue(language).gettext
    house.platform(company="Bianchi Formaggi S.r.l.")
    house.person("m1234", language=language)
    hire(house, language=language)
    sara, anna = somebody(language), somebody(language, width=390)
    to_the_desk(house, sara, _)
    find(sara, _)
    sara.type(_("Reason, or the ticket’s number"), TICKET)
    sara.press(_("Mail a link to set a new password"))
    expect(sara.page.locator(".notice.good")).to_be_visible()

    (letter,) = [mail for mail in house.work() if "/reset-password/" in mail.text]
    assert "m1234" in letter.text
    assert TICKET in letter.text
    token = next(word for word in letter.text.split() if "/reset-password/" in word and "not-asked" not in word)
    assert token.rsplit("/", 1)[1] not in sara.page.content()

    anna.follow(token)
    anna.type(_("New password"), NEW_PASSWORD)
    anna.type(_("New password, once more"), NEW_PASSWORD)
    anna.enter()
    expect(anna.page.locator("#username")).to_have_value("m1234")
    anna.type(_("Password"), NEW_PASSWORD)
    anna.enter()
    assert anna.page.url == f"{anna.address}/subscription"
    anna.go("/subscription/activity")
    row = anna.page.get_by_text(_("A link to set a new password was mailed to %(username)s.") % {"username": "m1234"})
    expect(row.first).to_be_visible()
    assert TICKET in anna.page.content()
    anna.check_accessibility()


def test_the_pages_to_read_out_are_copied_by_a_button(house: House, somebody: Somebody) -> None:
    _ = catalogue("en").gettext
    house.person("m1234", language="it")
    hire(house)
    sara = somebody()
    to_the_desk(house, sara, _)
    sara.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sara.go("/staff/people/m1234")
    sara.tab_to("Copy: Set a new password")
    sara.page.keyboard.press("Enter")
    expect(sara.page.get_by_text("Copied.")).to_be_visible()
    copied = sara.page.evaluate("navigator.clipboard.readText()")
    assert copied == "http://127.0.0.1:8000/reset-password?username=m1234&lang=it"
    sara.follow(copied)
    assert sara.page.locator("html").get_attribute("lang") == "it"
    assert sara.page.locator("#username").input_value() == "m1234"


def test_without_scripts_the_pages_to_read_out_stand_there_and_no_button(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    hire(house)
    sara = somebody(javascript=False, width=320, dark=True)
    to_the_desk(house, sara, catalogue("en").gettext)
    sara.go("/staff/people/m1234")
    expect(sara.page.get_by_text("/reset-password?username=m1234&lang=en")).to_be_visible()
    expect(sara.page.get_by_role("button", name="Copy: Set a new password")).to_have_count(0)
    assert sara.fits()
