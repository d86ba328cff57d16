"""Where one is signed in, and where one was."""

import pytest

from portal.rules.sessions import EndReason
from portal.rules.terms import SESSIONS_LISTED
from portal.web import words
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.pages import Page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1"


def earlier(page: Page) -> list[str]:
    """The sessions that have ended: the rows of the last table."""
    rows = page.all("table")[-1].iter("tr")
    return [" ".join("".join(row.itertext()).split()) for row in rows][1:]


def test_this_session_and_the_earlier_ones_with_how_they_ended(house: House, browser: Browser) -> None:
    house.person("m1234")
    phone = house.browser(agent=PHONE, address="192.0.2.9")
    phone.sign_in()
    phone.get("/profile/sessions")
    phone.submit()  # sign out here
    assert phone.open("/subscription").status_code == 303
    house.clock.move(minutes=5)
    browser.sign_in()
    house.clock.move(minutes=31)
    browser.get("/subscription")
    browser.sign_in()
    page = browser.get("/profile/sessions")
    assert any(a.get("href") == "/profile/sessions" for a in browser.get("/profile").all("a"))
    rows = earlier(page)
    assert ["no activity" in row for row in rows] == [True, False]
    assert "Safari · iPhone" in rows[1]
    assert "192.0.2.0/24" in rows[1]
    assert "signed out" in rows[1]
    assert "Firefox · Linux" in page.text
    assert any(a.get("href") == "/profile/password" for a in page.all("a"))


def test_the_first_session_has_none_before_it(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    page = browser.get("/profile/sessions")
    assert "There are no earlier ones." in page.text
    assert "only place" in page.text


def test_the_newest_ten_are_shown_and_nobody_elses(house: House, browser: Browser) -> None:
    house.person("m1234")
    house.person("m2000")
    other = house.browser(agent=PHONE)
    other.sign_in("m2000")
    other.get("/profile/sessions")
    other.submit()
    for _ in range(SESSIONS_LISTED + 2):
        browser.sign_in()
        browser.get("/profile/sessions")
        browser.submit()
    browser.sign_in()
    page = browser.get("/profile/sessions")
    assert len(earlier(page)) == SESSIONS_LISTED
    assert "iPhone" not in page.text


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_has_its_words(house: House, reason: EndReason) -> None:
    with house.app.test_request_context("/"):
        assert words.how_ended(reason)


@pytest.mark.parametrize(("language", "heading"), [("it", "Dove sei entrato"), ("en", "Where you are signed in")])
def test_the_page_speaks_the_language_of_the_person(house: House, language: str, heading: str) -> None:
    house.person("m1234", language=language)
    browser = house.browser(language=language)
    browser.sign_in()
    assert browser.get("/profile/sessions").heading == heading
