"""Small helps at the sign-in, in a real browser and by keyboard: a mistaken address, caps lock, password managers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from portal.kit.texts import catalogue
from tests.browser.conftest import Person
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]
ADDRESS = "anna@example.com"
in_both_languages = pytest.mark.parametrize("language", ["en", "it"])
CHANGE = "/.well-known/change-password"
BREAKING = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"  # as the W3C names it


def words(language: str) -> Callable[[str], str]:
    return catalogue(language).gettext


def come_in(person: Person, language: str = "en") -> None:
    _ = words(language)
    person.go("/login")
    person.type(_("User name"), "m1234")
    person.type(_("Password"), PASSWORD)
    person.enter()
    person.page.wait_for_url("**/subscription")


def caps_lock(field: Locator, *, on: bool, key: str = "keydown") -> None:
    """A key pressed in the field while caps lock is on or off: no driver can press caps lock itself."""
    field.evaluate("(e, [key, on]) => e.dispatchEvent(new KeyboardEvent(key, {modifierCapsLock: on}))", [key, on])


# --- an address where the user name belongs ---------------------------------------------------------------------------


@in_both_languages
@pytest.mark.parametrize("known", [True, False])
def test_an_address_leads_to_the_recovery_of_the_user_name_already_filled_in(
    house: House, somebody: Somebody, language: str, known: bool
) -> None:
    _ = words(language)
    house.person("m1234", email=ADDRESS if known else "marco@example.com", language=language)
    anna = somebody(language)
    visited: list[str] = []
    anna.page.on("framenavigated", lambda frame: visited.append(frame.url))
    anna.go("/login")
    anna.type(_("User name"), ADDRESS)
    anna.type(_("Password"), PASSWORD)
    anna.enter()
    expect(anna.page.get_by_role("alert")).to_be_focused()
    expect(anna.page.get_by_role("alert")).to_contain_text(
        _("The user name is not the e-mail: it begins with “m” and a number.")
    )
    anna.check_accessibility()
    anna.press(_("Recover your user name"))
    assert anna.page.url == f"{anna.address}/recover-username"
    expect(anna.page.get_by_label(_("E-mail"), exact=True)).to_have_value(ADDRESS)
    anna.press(_("RECOVER"))
    assert anna.page.url == f"{anna.address}/recovery/asked/username"
    assert [letter.recipient for letter in house.work()] == ([ADDRESS] if known else [])
    assert not [url for url in visited if "anna" in url or "%40" in url]


def test_known_and_unknown_addresses_see_the_same_pages(house: House, somebody: Somebody) -> None:
    house.person("m1234", email=ADDRESS)
    seen = []
    for typed in (ADDRESS, "zoe2@example.com"):
        anna = somebody()
        anna.go("/login")
        anna.type("User name", typed)
        anna.type("Password", PASSWORD)
        anna.enter()
        texts = [anna.page.locator("main").inner_text()]
        anna.press("Recover your user name")
        texts.append(anna.page.locator("main").inner_text())
        anna.press("RECOVER")
        texts.append(anna.page.locator("main").inner_text())
        seen.append(texts)
    assert seen[0] == seen[1]


def test_the_address_is_filled_in_once_and_for_nobody_after_a_sign_in(house: House, somebody: Somebody) -> None:
    house.person("m1234", email=ADDRESS)
    anna = somebody()
    anna.go("/login")
    anna.type("User name", ADDRESS)
    anna.type("Password", PASSWORD)
    anna.enter()
    come_in(anna)
    anna.go("/recover-username")
    expect(anna.page.get_by_label("E-mail", exact=True)).to_have_value("")


# --- caps lock --------------------------------------------------------------------------------------------------------


@in_both_languages
def test_caps_lock_is_told_while_it_is_on_and_announced(house: House, somebody: Somebody, language: str) -> None:
    _ = words(language)
    anna = somebody(language)
    anna.go("/login")
    anna.tab_to(_("Password"))
    password = anna.page.locator("#password")
    form = anna.page.locator("form").filter(has=password)
    hint = form.get_by_role("status")  # there from the beginning: what appears in it later is read aloud
    expect(hint).to_have_count(1)
    expect(hint).to_be_empty()
    caps_lock(password, on=True)
    expect(hint).to_have_text(_("Caps lock is on."))
    expect(hint).to_be_visible()
    anna.check_accessibility()
    caps_lock(password, on=False, key="keyup")
    expect(hint).to_be_empty()
    caps_lock(password, on=True, key="keyup")
    expect(hint).to_have_text(_("Caps lock is on."))
    anna.page.keyboard.press("Tab")  # away from the field
    expect(hint).to_be_empty()


def test_every_password_field_has_its_own_hint(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    come_in(anna)
    anna.go("/profile/password")
    fields = anna.page.locator("input[type=password]")
    expect(fields).to_have_count(3)
    for number in range(3):
        caps_lock(fields.nth(number), on=True)
        told = anna.page.locator("[data-caps]").evaluate_all("all => all.map(e => e.textContent !== '')")
        assert told == [n <= number for n in range(3)]


# --- password managers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_a_password_can_be_pasted_and_is_used_to_its_last_character(
    house: House, somebody: Somebody, javascript: bool
) -> None:
    long = "a pasted sentence " + "x" * 180 + " and its end"
    house.person("m1234", password=long)
    anna = somebody(javascript=javascript)
    anna.go("/login")
    anna.type("User name", long)
    anna.page.keyboard.press("Control+A")
    anna.page.keyboard.press("Control+C")
    anna.page.keyboard.type("m1234")
    anna.tab_to("Password")
    anna.page.keyboard.press("Control+V")
    anna.enter()
    anna.page.wait_for_url("**/subscription")


@in_both_languages
def test_a_shown_password_is_hidden_again_before_it_is_sent(house: House, somebody: Somebody, language: str) -> None:
    """Browsers offer again what they saw in text fields."""
    _ = words(language)
    anna = somebody(language)
    anna.go("/login")
    anna.type(_("User name"), "m1234")
    anna.type(_("Password"), "what I typed")
    anna.tab_to(f"{_('Show')} {_('Password')}")
    anna.page.keyboard.press("Space")
    expect(anna.page.locator("#password")).to_have_attribute("type", "text")
    assert anna.focused() == f"{_('Hide')} {_('Password')}"
    anna.page.evaluate(
        "addEventListener('submit', () => sessionStorage.setItem('sent as', document.getElementById('password').type))"
    )
    anna.page.keyboard.press("Shift+Tab")
    anna.enter()
    assert anna.page.evaluate("sessionStorage.getItem('sent as')") == "password"


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_address_for_changing_passwords_leads_to_the_form(
    house: House, somebody: Somebody, signed_in: bool
) -> None:
    house.person("m1234")
    anna = somebody()
    if signed_in:
        come_in(anna)
    anna.go(CHANGE)
    assert anna.page.url == anna.address + ("/profile/password" if signed_in else "/reset-password")
    tokens = anna.page.locator("main input[autocomplete]").evaluate_all("all => all.map(e => e.autocomplete)")
    expected = ["username", "current-password", "new-password", "new-password"] if signed_in else ["username", "email"]
    assert tokens == expected


def test_a_well_known_address_that_nobody_knows_is_not_found(somebody: Somebody) -> None:
    """Else a password manager cannot believe that the other one is there (W3C, Detecting the reliability)."""
    anna = somebody()
    statuses = [anna.page.request.get(anna.address + path, max_redirects=0).status for path in (BREAKING, CHANGE)]
    assert statuses[0] == 404
    assert statuses[1] in (302, 303, 307)


# --- focus and Enter --------------------------------------------------------------------------------------------------


@in_both_languages
def test_the_first_field_has_the_focus_and_enter_in_any_field_sends(
    house: House, somebody: Somebody, language: str
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language)
    anna.go("/login")
    assert anna.focused() == _("User name")
    anna.page.keyboard.type("m1234")
    anna.enter()  # without a password: the summary has the focus, and leads to the field
    expect(anna.page.locator(".summary")).to_be_focused()
    anna.tab_to(_("Enter your password."))
    anna.page.keyboard.press("Enter")
    assert anna.focused() == _("Password")
    anna.page.keyboard.type(PASSWORD)
    anna.enter()
    anna.page.wait_for_url("**/subscription")


def test_where_something_has_to_be_read_first_no_field_takes_the_focus(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    come_in(anna)
    house.clock.move(minutes=31)
    anna.go("/subscription")
    expect(anna.page.get_by_text("after 30 minutes without activity")).to_be_visible()
    assert anna.page.evaluate("document.activeElement.tagName") == "BODY"


@in_both_languages
def test_a_code_is_offered_by_the_phone_and_sent_by_enter(house: House, somebody: Somebody, language: str) -> None:
    _ = words(language)
    person = house.person("m1234", language=language)
    house.add_app(person)
    anna = somebody(language)
    anna.go("/login")
    anna.page.keyboard.type("m1234")
    anna.type(_("Password"), PASSWORD)
    anna.enter()
    anna.page.wait_for_url("**/login/second-factor")
    code = anna.page.get_by_label(_("Code"), exact=True)
    expect(code).to_have_attribute("autocomplete", "one-time-code")
    anna.type(_("Code"), house.code(person))
    anna.enter()
    anna.page.wait_for_url("**/subscription")
