"""The pages that change the e-mail address, and change it back: from the form, through the worker, to both links."""

import pytest

from portal.accounts import administrators
from portal.kit.hashing import Busy
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.web.test_recovery import link

OLD, NEW, EVIL = "m1234@example.com", "anna.new@example.com", "eve@example.net"
CONFIRM, UNDO = "/profile/email/", "/profile/email/undo/"
NEW_PASSWORD = "another short sentence"


def ask(house: House, browser: Browser, email: str = NEW, password: str = PASSWORD) -> int:
    """Send the form; returns the status of the page it leads to."""
    browser.get("/profile/email")
    browser.submit({"email": email, "current_password": password})
    return status(browser)


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def confirm_link(house: House, browser: Browser, email: str = NEW) -> str:
    assert ask(house, browser, email) == 200
    (letter,) = house.work()
    assert letter.recipient == email
    return link(letter.text, CONFIRM)


def change(house: House, browser: Browser, email: str = NEW) -> str:
    """Ask, and confirm from the mail on another device; returns the link that undoes it."""
    phone = house.browser()
    phone.get(confirm_link(house, browser, email))
    phone.submit()
    assert status(phone) == 200
    notice = next(letter for letter in house.work() if "/undo/" in letter.text)
    return link(notice.text, UNDO)


def address(house: House) -> str:
    found = house.administrator("m1234")
    assert found is not None
    return found.email


@both_databases
def test_a_new_address_is_confirmed_from_its_own_mail_and_the_old_one_is_told(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    assert any(a.get("href") == "/profile/email" for a in browser.get("/profile").all("a"))
    path = confirm_link(house, browser)
    assert NEW in browser.get("/profile/email").text
    assert address(house) == OLD
    browser.get(path)
    page = browser.submit()
    assert (page.heading, address(house)) == ("Profile", NEW)
    assert NEW in page.text
    assert [letter.recipient for letter in house.work()] == [OLD, NEW]
    assert browser.open("/subscription").status_code == 200  # who asked stays signed in


def test_the_mail_may_be_opened_on_another_device(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    phone = house.browser(address="192.0.2.9")
    phone.get(confirm_link(house, browser))
    page = phone.submit()
    assert page.heading == "Sign in to the platform"
    assert address(house) == NEW
    assert phone.open("/subscription").status_code == 303  # the link proves a mailbox, and signs nobody in


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter your e-mail"),
        ("anna", "such as"),
        (" M1234@Example.com ", "already"),
        ("x" * 400 + "@example.com", "too long"),
        ("a@b.it\r\nBcc: c@d.it", "character"),
    ],
)
def test_a_wrong_address_is_told_beside_the_field_and_what_was_typed_stays(
    house: House, browser: Browser, typed: str, words: str
) -> None:
    house.person("m1234")
    browser.sign_in()
    assert ask(house, browser, typed) == 422
    assert browser.page is not None
    assert words in browser.page.errors()[0]
    assert browser.page.form()[1]["current_password"] == ""
    assert house.work() == []


def test_without_the_password_nothing_is_sent_and_the_attempt_counts(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for _ in range(5):
        assert ask(house, browser, EVIL, "not the password") == 422
    assert ask(house, browser, EVIL) == 422
    assert house.work() == []


def test_when_all_hashing_places_are_taken_nothing_is_counted(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise Busy

    house.person("m1234")
    browser.sign_in()
    with monkeypatch.context() as patch:
        patch.setattr(house.parts.hasher, "turn", busy)
        assert ask(house, browser) == 503
    assert browser.page is not None
    assert browser.page.form()[1]["email"] == NEW
    assert ask(house, browser) == 200


def test_an_address_that_somebody_has_gets_the_same_page(house: House, browser: Browser) -> None:
    house.person("m2000", email="bruno@example.com")
    house.person("m1234")
    browser.sign_in()
    pages = []
    for email in ("bruno@example.com", "nobody@example.com"):
        assert ask(house, browser, email) == 200
        assert browser.page is not None
        pages.append(browser.page.text.replace(email, "X"))
    assert pages[0] == pages[1]


def test_past_the_mails_of_the_day_the_page_says_so(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for number in range(5):
        assert ask(house, browser, f"{number}@example.com") == 200
    assert ask(house, browser) == 422
    assert browser.page is not None
    assert "tomorrow" in browser.page.errors()[0]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_scanners_that_open_the_links_change_nothing(house: House, browser: Browser, method: str) -> None:
    house.person("m1234")
    browser.sign_in()
    path, scanner = confirm_link(house, browser), house.browser(agent="scanner")
    scanner.open(path, method=method, follow_redirects=True)
    assert address(house) == OLD
    browser.get(path)
    browser.submit()
    undo = link(house.work()[0].text, UNDO)
    scanner.open(undo, method=method, follow_redirects=True)
    assert address(house) == NEW
    assert browser.open("/subscription").status_code == 200


@pytest.mark.parametrize(("kind", "page"), [(CONFIRM, "/profile/email/confirm"), (UNDO, "/profile/email/undo")])
def test_the_token_leaves_the_address_bar_before_the_button_is_shown(
    house: House, browser: Browser, kind: str, page: str
) -> None:
    house.person("m1234")
    browser.sign_in()
    path = confirm_link(house, browser) if kind == CONFIRM else change(house, browser)
    answer = browser.open(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert path.rpartition("/")[2] not in browser.get(page).html


@pytest.mark.parametrize(
    ("kind", "waited", "found"),
    [
        (CONFIRM, 24 * 3600 - 1, 200),
        (CONFIRM, 24 * 3600, 410),
        (UNDO, 7 * 86_400 - 1, 200),
        (UNDO, 7 * 86_400, 410),
    ],
)
def test_links_live_a_day_and_a_week(house: House, browser: Browser, kind: str, waited: int, found: int) -> None:
    house.person("m1234")
    browser.sign_in()
    path = confirm_link(house, browser) if kind == CONFIRM else change(house, browser)
    house.clock.move(seconds=waited)
    assert house.browser().open(path, follow_redirects=True).status_code == found


def test_a_link_of_one_kind_opens_no_other_page_and_each_works_once(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    path = confirm_link(house, browser)
    token = path.rpartition("/")[2]
    for other in (UNDO, "/reset-password/", "/invitation/", "/request-trial/"):
        assert browser.open(other + token, follow_redirects=True).status_code == 404
    browser.get(path)
    browser.submit()
    undo = link(house.work()[0].text, UNDO)
    assert browser.open(path, follow_redirects=True).status_code == 410
    assert browser.open(CONFIRM + undo.rpartition("/")[2], follow_redirects=True).status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 2000, "a.b", "é", "%00", "null"])
def test_a_broken_link_gets_its_own_page(browser: Browser, token: str) -> None:
    for path in (CONFIRM + token, UNDO + token):
        assert browser.open(path, follow_redirects=True).status_code == 404


def test_links_of_somebody_disabled_or_of_a_platform_that_ended_are_dead(house: House, browser: Browser) -> None:
    person = house.person("m1234")
    browser.sign_in()
    undo = change(house, browser)
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=house.clock.now())
    assert browser.open(undo, follow_redirects=True).status_code == 410
    house.platform(2000, ends_in=-10)
    house.person("m2000")
    late = house.browser()
    late.sign_in("m2000")
    assert ask(house, late) == 200
    path = link(next(letter for letter in house.work() if letter.recipient == NEW).text, CONFIRM)
    assert late.open(path, follow_redirects=True).status_code == 200
    house.clock.move(hours=20)  # the last day of the grace is over
    assert house.browser().open(path, follow_redirects=True).status_code == 410


@both_databases
def test_the_owner_takes_a_hostile_change_back_and_throws_the_intruder_out(house: House, browser: Browser) -> None:
    """She knows the password, changes the address, changes it again, and asks for a reset: none of it helps her."""
    house.person("m1234")
    eve = house.browser(address="192.0.2.66")
    eve.sign_in()
    undo = change(house, eve, EVIL)
    hers = change(house, eve, "eve2@example.net")
    eve_reset = house.browser(address="192.0.2.66")
    eve_reset.get("/reset-password?username=m1234")
    eve_reset.submit({"email": "eve2@example.net"})
    reset = link(house.work()[-1].text)

    browser.get(undo)
    assert browser.submit().heading == "The change is taken back"
    assert address(house) == OLD
    letters = {letter.recipient: letter for letter in house.work()}
    assert set(letters) == {OLD, "eve2@example.net"}
    assert "/reset-password/" not in letters["eve2@example.net"].text

    assert "taken back" in eve.get("/subscription").text
    for path in (reset, hers):
        assert eve.open(path, follow_redirects=True).status_code == 410
    assert eve.sign_in().state() is None
    assert {letter.recipient for letter in house.work()} == {OLD}  # the link she is told of goes to the owner

    house.clock.move(hours=1)
    browser.get("/reset-password?username=m1234")
    browser.submit({"email": OLD})
    browser.get(link(house.work()[-1].text))
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    assert browser.sign_in("m1234", NEW_PASSWORD).state() == "active"
    assert browser.open(undo, follow_redirects=True).status_code == 410


def test_the_link_in_the_mail_of_the_undo_sets_the_new_password(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get(change(house, browser, EVIL))
    browser.submit()
    assert browser.open("/subscription").status_code == 303
    mail = next(letter for letter in house.work() if letter.recipient == OLD)
    browser.get(link(mail.text))
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    assert browser.sign_in("m1234", NEW_PASSWORD).state() == "active"


def test_what_was_typed_when_the_session_ended_is_back_but_the_password(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile/email")
    house.clock.move(minutes=31)
    browser.submit({"email": NEW, "current_password": PASSWORD})
    browser.submit({"username": "m1234", "password": PASSWORD})
    page = browser.get("/profile/email")
    fields = {field.get("name"): field.get("value") for field in page.all("input")}
    assert fields["email"] == NEW
    assert not fields["current_password"]


@pytest.mark.parametrize(("language", "heading"), [("it", "Cambia indirizzo e-mail"), ("en", "Change e-mail address")])
def test_the_pages_speak_the_language_of_the_person(house: House, language: str, heading: str) -> None:
    house.person("m1234", language=language)
    browser = house.browser(language=language)
    browser.sign_in()
    assert browser.get("/profile/email").heading == heading
    browser.get(change(house, browser))
    page = browser.submit()
    assert page.root.get("lang") == language
    assert page.heading == {"it": "Il cambio è annullato", "en": "The change is taken back"}[language]
