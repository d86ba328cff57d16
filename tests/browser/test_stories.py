"""The whole story of coming in, in a real browser, by keyboard only, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from portal.kit.texts import catalogue
from tests.browser.conftest import Person
from tests.helpers.house import PASSWORD, House

Somebody = Callable[..., Person]
LANGUAGES = ["en", "it"]
NEW_PASSWORD = "another short sentence"


def words(language: str) -> Callable[[str], str]:
    """The words of the page for an English source text."""
    return catalogue(language).gettext


def sign_in(person: Person, language: str, password: str = PASSWORD) -> None:
    _ = words(language)
    person.type(_("User name"), "m1234")
    person.type(_("Password"), password)
    person.enter()


def link_in_mail(house: House) -> str:
    return next(
        word for word in house.work()[-1].text.split() if "/reset-password/" in word and "not-asked" not in word
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_in_see_the_subscription_and_leave(house: House, somebody: Somebody, language: str) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language)
    anna.go("/login")
    sign_in(anna, language, "not the password")
    expect(anna.page.get_by_role("alert")).to_be_focused()
    sign_in(anna, language)
    expect(anna.page).to_have_url(f"{anna.address}/subscription")
    expect(anna.page.locator("main")).to_have_attribute("data-state", "active")
    assert anna.page.locator("html").get_attribute("lang") == language
    anna.tab_to(_("Your menu:") + " m1234")
    anna.page.keyboard.press("Enter")
    expect(anna.page.get_by_role("link", name=_("My subscription"), exact=True).last).to_be_visible()
    anna.press(_("Sign out"))
    expect(anna.page.locator(".notice").first).to_have_text(_("You are signed out."))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_recover_both_and_come_in(house: House, somebody: Somebody, language: str, javascript: bool) -> None:
    _ = words(language)
    house.person("m1234", email="anna@example.com", language=language)
    anna = somebody(language, javascript=javascript, width=390)
    anna.go("/login")
    anna.press(_("Forgot your user name?"))
    anna.type(_("E-mail"), "anna@example.com")
    anna.press(_("RECOVER"))
    assert "m1234" in house.work()[-1].text
    anna.go("/login")
    anna.press(_("Forgot your password?"))
    anna.type(_("User name"), "m1234")
    anna.type(_("E-mail"), "anna@example.com")
    anna.press(_("RESET"))
    anna.follow(link_in_mail(house))
    assert anna.page.url == f"{anna.address}/reset-password/new"
    anna.type(_("New password"), "too short")
    anna.type(_("New password, once more"), "too short")
    anna.enter()
    expect(anna.page.locator("#password")).to_have_attribute("aria-invalid", "true")
    anna.type(_("New password"), NEW_PASSWORD)
    anna.type(_("New password, once more"), NEW_PASSWORD)
    anna.enter()
    expect(anna.page.locator("#username")).to_have_value("m1234")
    anna.type(_("Password"), NEW_PASSWORD)
    anna.enter()
    assert anna.page.url == f"{anna.address}/subscription"
    assert anna.fits()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_warning_opens_after_28_minutes_and_one_key_stays(house: House, somebody: Somebody, language: str) -> None:
    house.person("m1234", language=language)
    anna = somebody(language)
    anna.go("/login")
    sign_in(anna, language)
    for key in ("Enter", "Escape"):
        anna.tab_to(words(language)("Administrators"))
        anna.wait(minutes=27, seconds=55)
        expect(anna.page.get_by_role("dialog")).to_be_hidden()
        anna.wait(seconds=10)
        expect(anna.page.get_by_role("dialog")).to_be_visible()
        anna.check_accessibility()
        anna.page.keyboard.press(key)
        expect(anna.page.get_by_role("dialog")).to_be_hidden()
        assert anna.focused() == words(language)("Administrators")
    anna.wait(minutes=5)
    anna.go("/subscription")
    expect(anna.page.locator("main")).to_have_attribute("data-state", "active")


def test_staying_in_one_tab_closes_the_warning_in_the_other(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    anna.go("/login")
    sign_in(anna, "en")
    other = anna.context.new_page()
    other.clock.install(time=house.clock.now())
    other.goto(anna.address + "/profile")
    house.clock.move(minutes=28, seconds=5)
    for page in (anna.page, other):
        page.clock.fast_forward("28:05")
        expect(page.get_by_role("dialog")).to_be_visible()
    other.keyboard.press("Enter")
    expect(other.get_by_role("dialog")).to_be_hidden()
    expect(anna.page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_30_minutes_the_page_leads_out_explains_and_leads_back(
    house: House, somebody: Somebody, language: str
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language)
    anna.go("/login")
    sign_in(anna, language)
    anna.go("/profile")
    anna.type(_("Name"), "Anna Maria Bianchi")
    anna.wait(minutes=28, seconds=5)
    expect(anna.page.get_by_role("dialog")).to_be_visible()
    anna.wait(minutes=2)
    anna.page.wait_for_url("**/login*")
    expect(anna.page.locator(".notice").first).to_contain_text("30")
    sign_in(anna, language)
    anna.page.wait_for_url("**/profile")
    expect(anna.page.get_by_label(_("Name"), exact=True)).to_have_value("Anna Maria Bianchi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_the_script_the_time_out_explains_itself_and_loses_nothing(
    house: House, somebody: Somebody, language: str
) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna = somebody(language, javascript=False)
    anna.go("/login")
    sign_in(anna, language)
    anna.go("/profile")
    anna.type(_("Name"), "Anna Maria Bianchi")
    house.clock.move(minutes=31)
    anna.page.keyboard.press("Enter")
    anna.page.wait_for_url("**/login*")
    expect(anna.page.locator(".notice").first).to_contain_text("30")
    sign_in(anna, language)
    anna.page.wait_for_url("**/profile")
    expect(anna.page.get_by_label(_("Name"), exact=True)).to_have_value("Anna Maria Bianchi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_device_asks_and_the_first_reads_why(house: House, somebody: Somebody, language: str) -> None:
    _ = words(language)
    house.person("m1234", language=language)
    anna, other = somebody(language), somebody(language)
    for person in (anna, other):
        person.go("/login")
        sign_in(person, language)
    other.page.wait_for_url("**/login/take-over")
    other.press(_("Continue here and end the other"))
    other.page.wait_for_url("**/subscription")
    anna.go("/subscription")
    expect(anna.page.locator(".notice").first).to_be_visible()
    assert anna.page.url.startswith(f"{anna.address}/login")


def test_show_and_hide_the_password(somebody: Somebody) -> None:
    anna = somebody()
    anna.go("/login")
    anna.type("Password", "what I typed")
    anna.tab_to("Show Password")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator("#password")).to_have_attribute("type", "text")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator("#password")).to_have_attribute("type", "password")


def test_password_managers_find_the_fields(somebody: Somebody) -> None:
    anna = somebody()
    anna.go("/login")
    fields = anna.page.locator("input[autocomplete]").evaluate_all("all => all.map(e => e.autocomplete)")
    assert fields == ["username", "current-password"]


def test_the_link_moves_out_of_the_address_bar_and_the_history(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    anna.go("/reset-password?username=m1234")
    anna.type("E-mail", "m1234@example.com")
    anna.press("RESET")
    link = link_in_mail(house)
    anna.follow(link)
    token = link.rpartition("/")[2]
    assert token not in anna.page.url
    anna.page.go_back()
    assert token not in anna.page.url


def test_i_did_not_ask_for_this(house: House, somebody: Somebody) -> None:
    house.person("m1234")
    anna = somebody()
    anna.go("/reset-password?username=m1234")
    anna.type("E-mail", "m1234@example.com")
    anna.press("RESET")
    letter = house.work()[-1].text
    link = next(word for word in letter.split() if "/reset-password/" in word and "not-asked" not in word)
    disown = next(word for word in letter.split() if "not-asked" in word)
    anna.follow(disown)
    anna.page.get_by_role("main").get_by_role("button").press("Enter")
    anna.follow(link)
    expect(anna.page.locator("#password")).to_have_count(0)
