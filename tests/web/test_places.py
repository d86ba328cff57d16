"""Where a person may be led after signing in: open redirects of every spelling."""

import pytest

from portal.web.places import safe_place
from tests.helpers.browser import Browser
from tests.helpers.house import House

OWN = [
    ("/subscription", "/subscription"),
    ("/profile?from=menu", "/profile?from=menu"),
    ("/subscription?_external=1&_anchor=x", "/subscription?_external=1&_anchor=x"),
]
FOREIGN = [
    "",
    "//evil.example",
    "///evil.example",
    "////evil.example/subscription",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "https://evil.example/subscription",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\x00/evil.example",
    "/subscription\r\nSet-Cookie: a=b",
    "http://127.0.0.1@evil.example/subscription",
    "http://[::1",
    "subscription",
    "?next=//evil.example",
    "#//evil.example",
    "/login",
    "/logout",
    "/session",
    "/session/stay",
    "/static/portal.css",
    "/no-such-page",
    "/subscription/../../evil",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/subscription" + "x" * 600,
    "／／evil.example",
    "/reset-password/token",
    "/health/ready",
]


@pytest.mark.parametrize(("asked", "found"), OWN)
def test_our_own_pages_are_kept(house: House, asked: str, found: str) -> None:
    with house.app.test_request_context():
        assert safe_place(asked) == found


@pytest.mark.parametrize("asked", FOREIGN)
def test_anything_else_is_forgotten(house: House, asked: str) -> None:
    with house.app.test_request_context():
        assert safe_place(asked) is None


@pytest.mark.parametrize("asked", FOREIGN)
def test_signing_in_leads_to_the_overview_instead(house: House, browser: Browser, asked: str) -> None:
    house.person("m1234")
    browser.open("/login", query_string={"next": asked})
    assert browser.page is not None
    browser.submit({"username": "m1234", "password": "a short sentence is easiest", "next": asked}, follow=False)
    assert browser.response is not None
    assert browser.response.headers["Location"] == "/subscription"
