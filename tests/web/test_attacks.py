"""The attacks themselves: forged, oversized and malformed requests against the pages before and after the sign-in."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.kit.hashing import Turn, Verdict
from tests.conftest import both_databases
from tests.helpers import databases
from tests.helpers.browser import Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import PASSWORD, House, build
from tests.invariants.test_routes import TABLE

FORMS = ("/login", "/recover-username", "/reset-password")
STATE_CHANGING = ("/login", "/login/take-over", "/logout", "/recover-username", "/reset-password", "/session/stay")


@pytest.mark.parametrize("path", STATE_CHANGING)
@pytest.mark.parametrize("token", ["", "x", "IjEi.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"])
def test_a_forged_token_is_refused(house: House, browser: Browser, path: str, token: str) -> None:
    house.person("m1234")
    browser.sign_in()
    answer = browser.open(path, method="POST", data={"csrf_token": token, "username": "m1234"})
    assert answer.status_code == 400
    assert browser.open("/subscription").status_code == 200


def test_the_token_of_another_browser_is_refused(house: House, browser: Browser) -> None:
    other = house.browser()
    foreign = other.get("/login").form()[1]["csrf_token"]
    browser.get("/login")
    data = {"csrf_token": foreign, "username": "m1234", "password": PASSWORD}
    assert browser.open("/login", method="POST", data=data).status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "a@127.0.0.1"])
def test_a_foreign_host_is_refused_and_never_copied(house: House, browser: Browser, host: str) -> None:
    answer = browser.open("/reset-password", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.get_data(as_text=True)


def test_links_in_mails_come_from_the_configured_origin(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.get(
        "/reset-password?username=m1234", headers={"Host": "localhost:9999", "X-Forwarded-Host": "evil.example"}
    )
    browser.submit({"email": "m1234@example.com"}, headers={"X-Forwarded-Host": "evil.example"})
    (letter,) = house.work()
    assert "http://127.0.0.1:8000/reset-password/" in letter.text
    assert "evil" not in letter.text + letter.html


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_an_oversized_body_is_refused(browser: Browser, path: str, kind: str) -> None:
    answer = browser.open(path, method="POST", data=b"a=" + b"x" * 70_000, content_type=kind)
    assert answer.status_code == 413


BODIES = [
    b"",
    b"\x00\xff\xfe",
    b"csrf_token=%ZZ&username=%00%ff",
    b"username=m1234" + b"&username=m1" * 50,
    b"=&=&=&&&",
    b"username[]=m1234&password[a]=b",
    b'{"username": "m1234"}',
    b"--x\r\nContent-Disposition: form-data; name=\r\n\r\n",
]


@pytest.mark.parametrize("path", [*FORMS, "/login/take-over", "/logout"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "nonsense"]
)
def test_a_malformed_body_is_never_a_fault_of_ours(browser: Browser, path: str, body: bytes, kind: str) -> None:
    assert browser.open(path, method="POST", data=body, content_type=kind).status_code == 400


NAMES = [
    "m1234\x00",
    "\x00",
    "m1234\r\nX: y",
    "Ｍ１２３４",
    "m١٢٣٤",
    "\u212a1234",
    "mı1234",
    "m1234\u200b",
    "m1234' OR 1=1 --",
    "m" + "9" * 400,
    "m1234-" + "a" * 400,
    "\ud800",
    "<script>alert(1)</script>",
    "%s%n{0}{{7*7}}",
]


@pytest.mark.parametrize("name", NAMES)
@both_databases
def test_nul_and_look_alike_names_match_nobody(house: House, browser: Browser, name: str) -> None:
    house.person("m1234")
    browser.get("/login")
    sent = name.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    page = browser.submit({"username": sent, "password": PASSWORD})
    assert browser.response is not None
    assert browser.response.status_code == 422
    assert "49" not in page.form()[1]["username"] or "9" in name
    browser.get("/reset-password")
    assert browser.submit({"username": sent, "email": "m1234@example.com"}) is not None
    assert browser.response.status_code in (200, 422)
    assert house.work() == []


@both_databases
def test_nul_in_an_address_is_no_fault_of_ours(house: House, browser: Browser) -> None:
    """PostgreSQL refuses it in any text: nothing of ours has such a name."""
    house.person("m1234")
    customer, desk = house.browser(), at_the_desk(house)
    customer.sign_in()
    named = (re.sub(r"<int\b[^>]*>", "1234", rule) for rule in TABLE)
    paths = {re.sub(r"<[^>]*>", "a%00", rule) for rule in named if "<" in rule} | {"/staff?q=a%00", "/login?next=/%00"}
    for path in paths:
        for visitor in (browser, customer, desk):
            assert visitor.open(path).status_code < 500, path


@pytest.mark.parametrize(
    "address", ["a@b.c,d@e.f", "a@b.c\r\nBcc: d@e.f", "a@b", "@", "\x00@example.com", "a" * 400 + "@b.it"]
)
def test_no_address_smuggles_a_second_one(house: House, browser: Browser, address: str) -> None:
    house.person("m1234", email="a@b.it")
    browser.get("/recover-username")
    browser.submit({"email": address})
    assert browser.response is not None
    assert browser.response.status_code == 422
    assert house.work() == []


@both_databases
def test_exactly_five_of_many_simultaneous_guesses_are_evaluated(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only five are compared with the stored hash, the others with nobody's; then the right one has to wait too."""
    house.person("m1234")
    evaluated, verify = [], Turn.verify

    def counted(turn: Turn, stored: str | None, password: str) -> Verdict:
        if stored is not None:
            evaluated.append(password)
        return verify(turn, stored, password)

    monkeypatch.setattr(Turn, "verify", counted)

    def guess(number: int) -> int:
        browser = house.browser(address=f"198.51.{number}.7")
        browser.get("/login")
        browser.submit({"username": "m1234", "password": f"wrong {number}"})
        assert browser.response is not None
        return browser.response.status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(24)))
    assert set(answers) <= {422, 503}
    assert answers.count(422) >= 5, "too busy to show anything"
    after = house.browser(address="203.0.113.9")
    after.sign_in()
    assert after.response is not None
    assert after.response.status_code == 422
    assert len(evaluated) == 5


def test_false_proxy_headers_change_no_limit(house: House) -> None:
    for number in range(20):
        browser = house.browser()
        browser.get("/login")
        headers = {"X-Forwarded-For": f"203.0.{number}.1", "Forwarded": f"for=203.0.{number}.1", "X-Real-IP": "::1"}
        browser.submit({"username": f"m{number + 1}", "password": "wrong"}, headers=headers)
    house.person("m1234")
    last = house.browser()
    last.sign_in()
    assert last.response is not None
    assert last.response.status_code == 422
    elsewhere = house.browser(address="203.0.113.9")
    elsewhere.sign_in()
    assert elsewhere.response.request.path == "/subscription"  # type: ignore[union-attr]


def test_behind_one_trusted_proxy_the_last_address_counts(tmp_path: Path) -> None:
    with databases.sqlite(tmp_path) as url:
        house = build(tmp_path, url, trusted_proxies=1)
        house.person("m1234")
        for number in range(20):
            browser = house.browser()
            browser.get("/login")
            headers = {"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.{number}"}
            browser.submit({"username": f"m{number + 1}", "password": "wrong"}, headers=headers)
        same, other = house.browser(), house.browser()
        for browser, last in ((same, "203.0.113.99"), (other, "198.51.100.9")):
            browser.get("/login")
            browser.submit({"username": "m1234", "password": PASSWORD}, headers={"X-Forwarded-For": f"1.1.1.1, {last}"})
        assert same.response.status_code == 422  # type: ignore[union-attr]
        assert other.response.request.path == "/subscription"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "x" * 5000}, {"X-Forwarded-For": ",,,"}, {"Forwarded": "for=_"}]
)
def test_broken_proxy_headers_are_no_error(tmp_path: Path, headers: dict[str, str]) -> None:
    with databases.sqlite(tmp_path) as url:
        house = build(tmp_path, url, trusted_proxies=1)
        browser = house.browser()
        browser.get("/login")
        browser.submit({"username": "m1", "password": "wrong"}, headers=headers)
        assert browser.response is not None
        assert browser.response.status_code == 422


def test_extra_fields_change_nothing(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    browser.get("/profile")
    browser.submit({"role": "staff", "platform_id": "1", "email": "evil@example.com", "username": "m1", "id": "9"})
    with house.parts.database.read() as db:
        from portal.accounts import queries

        person = queries.find_administrator(db, "m1234")
    assert person is not None
    assert (person.role, person.platform_id, person.email) == ("first", 1234, "m1234@example.com")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_other_methods_are_refused(browser: Browser, method: str) -> None:
    assert browser.open("/login", method=method).status_code == 405


def test_the_cookie_is_closed_to_scripts_and_other_sites(tmp_path: Path) -> None:
    with databases.sqlite(tmp_path) as url:
        house = build(tmp_path, url, public_url="https://portal.example", mail_use_tls=True)
        answer = house.browser().open("/login", headers={"Host": "portal.example"}, base_url="https://portal.example")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-portal=")
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert attribute in cookie
        assert "Domain" not in cookie
        assert "max-age=31536000; includeSubDomains" in answer.headers["Strict-Transport-Security"]


def test_error_pages_and_static_files_have_the_headers_too(browser: Browser) -> None:
    for path, code in (("/nowhere", 404), ("/logout", 405), ("/static/portal.css", 200)):
        assert browser.open(path).status_code == code  # the client checks the headers of every answer


def test_an_unexpected_error_tells_a_reference_and_nothing_else(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from portal.web import sign_in

    def fail(*_: object, **__: object) -> None:
        raise ValueError("a secret of the house")

    monkeypatch.setattr(sign_in, "page", fail)
    page = browser.get("/login")
    assert browser.response is not None
    assert browser.response.status_code == 500
    assert "secret of the house" not in page.html
    assert "Traceback" not in page.html


@pytest.mark.parametrize("path", ["/profile/x.css", "/subscription/portal.css", "/subscription.css"])
def test_no_page_can_be_made_to_look_like_a_file(house: House, browser: Browser, path: str) -> None:
    house.person("m1234")
    browser.sign_in()
    assert browser.open(path).status_code == 404


def test_signed_in_pages_are_never_cached(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    for path in ("/subscription", "/profile", "/login"):
        assert browser.open(path).headers["Cache-Control"] == "no-store"
