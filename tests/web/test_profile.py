"""The person: name, language, and a password changed with the current one."""

import pytest

from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House

NEW = "another short sentence"


def change(browser: Browser, current: str, new: str, again: str | None = None) -> int:
    browser.get("/profile/password")
    browser.submit({"current_password": current, "password": new, "password_again": again or new})
    assert browser.response is not None
    return browser.response.status_code


def test_name_and_language_are_saved_and_the_page_answers_in_the_new_one(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    page = browser.submit({"full_name": "Anna Maria Bianchi", "language": "it"})
    assert page.form()[1]["full_name"] == "Anna Maria Bianchi"
    assert page.root.get("lang") == "it"


@pytest.mark.parametrize("fields", [{"full_name": "  "}, {"full_name": "x" * 400}, {"full_name": "a\x00b"}])
def test_a_wrong_name_is_told_beside_the_field_and_changes_nothing(
    house: House, browser: Browser, fields: dict[str, str]
) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    page = browser.submit(fields)
    assert browser.response is not None
    assert (browser.response.status_code, len(page.errors())) == (422, 1)
    assert browser.get("/profile").form()[1]["full_name"] == "Anna Bianchi"


def test_a_language_that_is_not_offered_is_refused(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    browser.submit({"language": "xx"})
    assert browser.response is not None
    assert browser.response.status_code == 422


@both_databases
def test_the_password_is_changed_with_the_current_one_and_a_notice_is_mailed(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    before = browser.client.get_cookie("portal").value
    assert change(browser, PASSWORD, NEW) == 200
    assert browser.client.get_cookie("portal").value != before
    assert browser.open("/subscription").status_code == 200
    thief = house.browser()
    thief.client.set_cookie("portal", before)
    assert thief.open("/subscription").status_code == 303
    assert [letter.recipient for letter in house.work()] == ["m1234@example.com"]
    house.clock.move(hours=1)
    other = house.browser()
    other.sign_in("m1234", NEW)
    assert other.response is not None
    assert other.response.request.path == "/subscription"


def test_a_wrong_current_password_changes_nothing_and_is_counted(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for _ in range(5):
        assert change(browser, "not the password", NEW) == 422
    assert change(browser, PASSWORD, NEW) == 422
    house.clock.move(seconds=30)
    assert change(browser, PASSWORD, NEW) == 200


@pytest.mark.parametrize(
    ("new", "again", "words"),
    [
        ("too short", None, "15 characters"),
        (NEW, "something else entirely", "not the same"),
        ("my name is m1234 today", None, "user name"),
        ("passwordpassword", None, "lists"),
        ("x" * 257, None, "256"),
    ],
)
def test_the_reason_is_told_beside_the_field(
    house: House, browser: Browser, new: str, again: str | None, words: str
) -> None:
    house.person("m1234")
    browser.sign_in()
    assert change(browser, PASSWORD, new, again) == 422
    assert browser.page is not None
    assert words in browser.page.errors()[0]
    assert browser.page.form()[1]["password"] == ""


def test_verified_exactly_as_it_was_set(house: House, browser: Browser) -> None:
    """No cutting, no trimming, no folding of case."""
    house.person("m1234", password="A short sentence, " + "x" * 80 + " end")
    for typed in ("a short sentence, " + "x" * 80 + " end", "A short sentence, " + "x" * 80 + " eng", " A short"):
        browser.sign_in("m1234", typed)
        assert browser.response is not None
        assert browser.response.status_code == 422
    browser.sign_in("m1234", "A short sentence, " + "x" * 80 + " end")
    assert browser.response is not None
    assert browser.response.request.path == "/subscription"
