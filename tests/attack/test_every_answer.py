"""The security headers of every answer: each address by each method, to each kind of visitor, and every kind of fault.

As SECURITY.md wants them: a content policy without `unsafe`, nosniff, COOP, CORP, HSTS, a permissions policy; each
once, and no answer that says what it is made of.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import abort
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.kit.hashing import Busy
from portal.rules.staff import StaffRole
from portal.web import access
from tests.helpers import databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House, build
from tests.invariants.test_routes import TABLE, example

METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE")
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
    "connect-src": "'self'", "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
    "object-src": "'none'",
}  # fmt: skip
OF_A_FILE = "sandbox; default-src 'none'"  # that is downloaded: it may do nothing at all
PERMITTED = {"publickey-credentials-create=(self)", "publickey-credentials-get=(self)"}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Server": "portal",
}
KEPT = ("public", "no-cache", "max-age")  # what browsers may keep: style, scripts and drawings alone
UNTOLD = ("X-Powered-By", "Via", "X-Runtime", "X-AspNet-Version", "Access-Control-Allow-Origin")
SECURE = {"public_url": "https://portal.example.com"}


def check(answer: TestResponse, what: str, *, static: bool = False, secure: bool = False) -> None:
    heads = answer.headers
    for name, value in ALWAYS.items():
        assert heads.getlist(name) == [value], f"{what}: {name} is {heads.getlist(name)}"
    (policy,) = heads.getlist("Content-Security-Policy")
    if policy != OF_A_FILE:
        assert dict(part.split(" ", 1) for part in policy.split("; ")) == POLICY, what
    allowed = {part for part in heads["Permissions-Policy"].split(", ") if not part.endswith("=()")}
    assert allowed == PERMITTED, what
    assert heads.getlist("Strict-Transport-Security") == (["max-age=31536000; includeSubDomains"] if secure else []), (
        what
    )
    assert not [name for name in UNTOLD if name in heads], what
    (kept,) = heads.getlist("Cache-Control")
    assert "no-store" in kept or (static and kept.startswith(KEPT)), f"{what} may be kept: {kept}"
    for cookie in heads.getlist("Set-Cookie"):
        wanted = {"HttpOnly", "SameSite=Lax", "Path=/"} | ({"Secure"} if secure else set())
        assert wanted <= set(cookie.split("; ")), f"{what}: {cookie}"
        assert not secure or cookie.startswith("__Host-"), f"{what}: {cookie}"


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Nobody changes anything in it but sessions."""
    folder = tmp_path_factory.mktemp("headers")
    with databases.sqlite(folder) as url:
        house = build(folder, url)
        house.person("m1234")
        yield house
        house.parts.database.close()


def visitor(house: House, who: str) -> Browser:
    if who == "staff":
        return at_the_desk(house, StaffRole.ADMINISTRATION, "nadia")
    browser = house.browser()
    if who == "customer" and 'name="choice"' in browser.sign_in().html:
        browser.submit({"choice": "continue"})
    return browser


@pytest.mark.parametrize("who", ["stranger", "customer", "staff"])
def test_each_address_by_each_method(open_house: House, who: str) -> None:
    browser = visitor(open_house, who)
    for rule in TABLE:
        for method in METHODS:
            if method == "POST" and rule.endswith("logout"):
                continue  # whoever walks on is to stay who it is
            answer = browser.client.open(example(rule), method=method, headers=SAME_ORIGIN, buffered=True)
            check(answer, f"{method} {rule} as {who}: {answer.status}", static=rule.startswith("/static"))
            assert answer.status_code < 500, f"{method} {rule} as {who}"


@pytest.mark.parametrize(
    ("path", "given", "code"),
    [
        ("/nowhere", {}, 404),
        ("/login", {"method": "POST"}, 400),
        ("/login", {"method": "DELETE"}, 405),
        ("/login", {"method": "POST", "data": b"a" * 70_000, "content_type": "application/x-www-form-urlencoded"}, 413),
        ("/login", {"headers": {"Host": "evil.example"}}, 400),
        ("/static/portal.css", {"headers": {"Host": "evil.example"}}, 200),
        ("/static/nothing.css", {}, 404),
        ("/static/portal.css", {"headers": {"Range": "bytes=0-3"}}, 200),
        ("/static/../portal.css", {}, 404),
        ("/subscription/", {}, 303),
        ("//evil.example", {}, 400),
        ("/health/live", {}, 200),
        ("/health/ready", {}, 200),
        ("/.well-known/security.txt", {}, 200),
        ("/.well-known/change-password", {}, 302),
        ("/robots.txt", {}, 404),
        ("/favicon.ico", {}, 404),
        ("/payments/stripe/events", {"method": "POST", "data": b"{}"}, 404),
    ],
)
def test_what_is_refused_or_found_besides(open_house: House, path: str, given: dict[str, Any], code: int) -> None:
    answer = open_house.browser().client.open(path, buffered=True, **given)
    what = f"{path} {given}"
    check(answer, what, static=path.startswith("/static"))
    assert answer.status_code in (code, 308), f"{what}: {answer.status}"


@pytest.mark.parametrize(
    "code", [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 418, 422, 429, 431, 500, 501, 503]
)
def test_every_fault_that_a_page_ends_with(house: House, code: int) -> None:
    house.app.add_url_rule("/fault", view_func=access.everybody(lambda: abort(code)))
    check(house.browser().client.get("/fault"), str(code))


def test_a_fault_that_nobody_foresaw(house: House) -> None:
    house.app.add_url_rule("/fault", view_func=access.everybody(lambda: 1 / 0))
    answer = house.browser().client.get("/fault")
    check(answer, "500")
    assert answer.status_code == 500
    assert b"ZeroDivision" not in answer.data


def test_when_too_many_hashes_are_asked_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> None:
        raise Busy

    browser = house.browser()
    browser.get("/login")
    monkeypatch.setattr(house.parts.hasher, "turn", busy)
    browser.submit({"username": "m1234", "password": "x"})
    assert browser.response is not None
    check(browser.response, "503")
    assert browser.response.status_code == 503
    assert browser.response.headers["Retry-After"]


def test_when_the_database_has_lost_its_tables(house: House) -> None:
    browser = visitor_of(house)
    with house.parts.database.write() as db:
        db.execute(text("DROP TABLE resumptions"))  # which points there
        db.execute(text("DROP TABLE sessions"))
    for path in ("/subscription", "/health/ready", "/login"):
        answer = browser.client.open(path, buffered=True)
        check(answer, path)
        assert b"sessions" not in answer.data


def visitor_of(house: House) -> Browser:
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    return browser


def test_over_https_it_is_said_to_stay_there_and_cookies_are_for_nobody_else(tmp_path: Path, database_url: str) -> None:
    house = build(tmp_path, database_url, **SECURE)
    client = house.app.test_client()
    for rule in TABLE:
        for method in ("GET", "POST"):
            answer = client.open(example(rule), method=method, base_url=SECURE["public_url"], buffered=True)
            check(answer, f"{method} {rule}", static=rule.startswith("/static"), secure=True)
    house.parts.database.close()
