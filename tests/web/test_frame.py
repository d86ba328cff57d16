"""What stands around every page, also where something is broken."""

import re

import pytest
from flask import abort
from sqlalchemy.exc import OperationalError

from portal import glance
from portal.web import access, frame
from portal.web.errors import KNOWN
from tests.helpers.browser import Browser
from tests.helpers.house import House


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "Set it: http://127.0.0.1:8000/reset-password/.a-b_c.",
            'Set it: <a href="/reset-password/.a-b_c">http://127.0.0.1:8000/reset-password/.a-b_c</a>.',
        ),
        (
            "http://127.0.0.1:8000/login?username=m1234&lang=it",
            '<a href="/login?username=m1234&amp;lang=it">http://127.0.0.1:8000/login?username=m1234&amp;lang=it</a>',
        ),
        ("Portal · http://127.0.0.1:8000", 'Portal · <a href="/">http://127.0.0.1:8000</a>'),
        ("http://127.0.0.1:80001/x http://127.0.0.1:8000.example.com/y", None),
        ("http://127.0.0.1:8000@example.com/ https://example.com/login", None),
        ("<b>&</b>", "&lt;b&gt;&amp;&lt;/b&gt;"),
    ],
)
def test_only_addresses_of_ours_become_links(house: House, text: str, html: str | None) -> None:
    with house.app.test_request_context():
        assert frame.own_links(text) == (text if html is None else html)


def test_a_page_still_answers_when_the_database_goes_after_it_has_said_who_is_signed_in(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.person(language="en")
    browser.sign_in()

    def lost(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server has gone"))

    with monkeypatch.context() as patched:
        patched.setattr("portal.web.who.lacks_factor", lost)
        answer = browser.open("/subscription")
    assert answer.status_code == 503
    assert "The portal is busy" in answer.text
    assert answer.headers["Retry-After"]
    assert browser.open("/subscription").status_code == 200


@pytest.mark.parametrize(("language", "words"), [("en", "The portal is busy"), ("it", "Il portale è molto occupato")])
def test_a_page_still_answers_when_the_database_does_not(
    house: House, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    house.person("m1234")
    browser = house.browser(language=language)
    browser.sign_in()

    def down(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("down"))

    monkeypatch.setattr(glance, "of_session", down)
    page = browser.get("/subscription")
    assert browser.response is not None
    assert browser.response.status_code == 503
    assert page.heading == words
    assert browser.response.headers["Retry-After"]


@pytest.mark.parametrize(
    ("method", "path", "status", "heading"),
    [
        ("GET", "/nope", 404, "There is no such page"),
        ("GET", "/logout", 405, "This address is not opened like that"),
        ("POST", "/recover-username", 400, "This form cannot be accepted"),
    ],
)
def test_each_error_has_its_own_words_and_a_reference(
    browser: Browser, method: str, path: str, status: int, heading: str
) -> None:
    response = browser.open(path, method=method)
    assert response.status_code == status
    assert browser.page is not None
    assert browser.page.heading == heading
    assert "Reference number: " in browser.page.text


def test_the_page_in_the_other_language_is_one_link_away(browser: Browser) -> None:
    page = browser.get("/login?username=m1234")
    (link,) = [each for each in page.all("a") if each.get("hreflang") == "it"]
    assert link.get("href") == "/login?username=m1234&lang=it"
    assert browser.get(link.get("href") or "").heading == "Entra in piattaforma"
    assert browser.get("/login").heading == "Entra in piattaforma"


@pytest.mark.parametrize("length", [frame.LONGEST_KEPT, frame.LONGEST_KEPT + 1])
def test_what_is_sent_at_length_is_not_kept(browser: Browser, length: int) -> None:
    frame._in_other_languages.cache_clear()
    frame._asked_for.cache_clear()
    address, header = "/login?username=".ljust(length, "m"), "it,en;q=0.5".ljust(length)
    page = browser.get(address, headers={"Accept-Language": header})
    assert page.root.get("lang") == "it"
    assert f"{address}&lang=en" in [link.get("href") for link in page.all("a")]
    kept = int(length <= frame.LONGEST_KEPT)
    assert frame._in_other_languages.cache_info().currsize == kept
    assert frame._asked_for.cache_info().currsize == kept


def test_a_form_that_comes_back_goes_on_with_the_token_that_was_sent(browser: Browser) -> None:
    sent = browser.get("/recover-username").form()[1]["csrf_token"]
    came_back = browser.open("/recover-username", method="POST", data={"csrf_token": sent, "email": "no address"})
    assert came_back.status_code == 422
    assert browser.page is not None
    assert browser.page.form()[1]["csrf_token"] == sent
    good = {"csrf_token": sent, "email": "anna@example.com"}
    assert browser.open("/recover-username", method="POST", data=good).status_code == 303


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_error_has_its_own_words_and_a_reference(house: House, language: str) -> None:
    def fail(code: int) -> None:
        abort(code)

    fail.access = access.Rule(access.Who.EVERYBODY)  # type: ignore[attr-defined]
    house.app.add_url_rule("/fail/<int:code>", view_func=fail)
    browser, headings = house.browser(language=language), set()
    for code in KNOWN:
        page = browser.get(f"/fail/{code}")
        assert browser.response is not None
        assert (browser.response.status_code, page.root.get("lang")) == (code, language)
        assert re.search(r"\b[0-9a-f]{10}\b", page.text), "no reference number"
        headings.add(page.heading)
    assert len(headings) == len(KNOWN)
