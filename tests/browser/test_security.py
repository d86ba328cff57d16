"""The second factors in a real browser, by keyboard alone, in both languages, wide and narrow, light and dark."""

from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import expect

from portal.kit.texts import catalogue
from portal.subscription import second_factor
from tests.browser.conftest import Person
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]
LANGUAGES = ["en", "it"]
PAGE, APP = "/profile/security", "/profile/security/app"
schemes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


def words(language: str) -> Callable[[str], str]:
    """The words of the page for an English source text."""
    return catalogue(language).gettext


def look(person: Person) -> None:
    person.check_accessibility()
    assert person.fits(), f"{person.page.url} scrolls sideways at {person.page.viewport_size}"


def sign_in(person: Person, language: str) -> None:
    _ = words(language)
    person.go("/login")
    person.type(_("User name"), "m1234")
    person.type(_("Password"), PASSWORD)
    person.enter()


def shown_now(person: Person) -> str:
    """What the app shows whose secret stands on the page, by the clock of the house."""
    secret = person.page.locator("code.secret").inner_text().replace(" ", "")
    return pyotp.TOTP(secret).at(person.house.clock.now())


def shown_by_the_phone(house: House) -> str:
    person = house.administrator("m1234")
    assert person is not None
    return house.code(person)


def add_app(person: Person, language: str) -> None:
    _ = words(language)
    person.go(PAGE)
    person.press(_("Add an authenticator app"))
    person.type(_("Code that the app shows"), shown_now(person))
    person.enter()
    expect(person.page.locator("ol.codes li")).to_have_count(10)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_add_the_app_come_in_with_a_code_and_take_it_off(
    house: House, somebody: Somebody, language: str, javascript: bool
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language, javascript=javascript)
    sign_in(anna, language)
    anna.go("/profile")
    anna.press(_("Sign-in security"))
    assert anna.page.url == f"{anna.address}{PAGE}"
    anna.press(_("Add an authenticator app"))
    assert anna.page.url == f"{anna.address}{APP}"
    anna.type(_("Code that the app shows"), "000000")
    anna.enter()
    expect(anna.page.locator("#code")).to_have_attribute("aria-invalid", "true")
    expect(anna.page.locator("#code")).to_have_value("")
    if javascript:
        expect(anna.page.get_by_role("alert")).to_be_focused()
    anna.type(_("Code that the app shows"), shown_now(anna))
    anna.enter()
    codes = anna.page.locator("ol.codes li").all_inner_texts()
    assert len(codes) == 10
    anna.press(_("I have kept them: go on"))
    expect(anna.page.locator("main")).to_have_attribute("data-state", "active")
    anna.press(_("Sign out"))
    house.clock.move(minutes=1)
    sign_in(anna, language)
    anna.type(_("Code"), shown_by_the_phone(house))
    anna.enter()
    expect(anna.page.locator("main")).to_have_attribute("data-state", "active")
    anna.go(PAGE)
    assert codes[0] not in anna.page.content()
    anna.press(_("Take the authenticator app off"))
    told = _("The authenticator app is taken off. Everywhere else you have been signed out.")
    expect(anna.page.locator(".notice.good")).to_have_text(told)
    assert anna.fits()


def test_the_codes_are_copied_by_keyboard_and_a_reload_shows_them_no_more(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    sign_in(anna, "en")
    add_app(anna, "en")
    codes = anna.page.locator("ol.codes li").all_inner_texts()
    anna.tab_to("As text, to copy")
    anna.page.keyboard.press("Enter")
    anna.tab_to("One code a line")
    anna.page.keyboard.press("Control+A")
    assert anna.page.evaluate("getSelection().toString()").split() == codes
    look(anna)
    anna.page.reload()  # sends the form again
    expect(anna.page.get_by_role("alert")).to_contain_text("Nothing was changed.")
    assert codes[0] not in anna.page.content()
    anna.go(PAGE)
    assert codes[0] not in anna.page.content()


def test_the_page_of_the_codes_prints_them_and_nothing_that_is_pressed(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody(dark=True)
    sign_in(anna, "en")
    add_app(anna, "en")
    anna.page.emulate_media(media="print")
    expect(anna.page.locator("ol.codes")).to_be_visible()
    for gone in ("main .actions", "main details", ".masthead"):
        expect(anna.page.locator(gone)).to_be_hidden()


@schemes
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_can_be_read_by_everybody(house: House, somebody: Somebody, language: str, dark: bool) -> None:
    _ = words(language)
    house.platform(1234, additional_seats=1)
    house.person("m1234", language=language)
    anna = somebody(language, width=320 if dark else 1280, dark=dark)
    sign_in(anna, language)
    anna.go(PAGE)
    look(anna)
    anna.press(_("Add an authenticator app"))
    look(anna)
    anna.type(_("Code that the app shows"), "000000")
    anna.enter()
    look(anna)
    anna.type(_("Code that the app shows"), shown_now(anna))
    anna.enter()
    look(anna)
    anna.go(PAGE)
    look(anna)
    anna.press(_("Move it to another device"))
    look(anna)
    anna.go(PAGE)
    anna.press(_("Demand a second factor from everybody"))
    look(anna)
    anna.go("/subscription/administrators")
    look(anna)


@schemes
def test_whoever_has_none_where_one_is_demanded_adds_one_by_keyboard(
    house: House, somebody: Somebody, dark: bool
) -> None:
    person = house.person("m1234", language="it")
    with house.parts.database.write() as db:
        assert second_factor.demand(db, by=person, at=house.clock.now())
    anna = somebody("it", width=320 if dark else 1280, dark=dark)
    sign_in(anna, "it")
    assert anna.page.url == f"{anna.address}{PAGE}"
    look(anna)
    anna.go("/subscription")
    assert anna.page.url == f"{anna.address}{PAGE}"
    add_app(anna, "it")
    anna.press(words("it")("I have kept them: go on"))
    expect(anna.page.locator("main")).to_have_attribute("data-state", "active")


def test_a_new_phone_is_taken_over_by_keyboard(house: House, somebody: Somebody) -> None:
    person = house.person("m1234")
    house.add_app(person)
    anna = somebody()
    sign_in(anna, "en")
    anna.type("Code", shown_by_the_phone(house))
    anna.enter()
    house.clock.move(minutes=11)
    anna.go(PAGE)
    anna.press("Move it to another device")
    anna.type("Password", PASSWORD)
    anna.enter()
    code = shown_now(anna)
    anna.type("Code that the app shows", code)
    anna.enter()
    expect(anna.page.locator(".notice.good")).to_contain_text("The app on the new device is the one that counts now.")
    assert shown_by_the_phone(house) == code
