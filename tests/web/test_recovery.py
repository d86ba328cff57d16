"""The pages of recovery and the pages behind the links."""

import pytest
from sqlalchemy import select

from portal.kit.links import links
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House

NEW = "another short sentence"


def ask(house: House, browser: Browser, username: str = "m1234") -> str:
    """Ask for a reset; returns the path of the link in the mail."""
    browser.get(f"/reset-password?username={username}")
    browser.submit({"email": f"{username}@example.com"})
    return link(house.work()[-1].text)


def link(text: str, part: str = "/reset-password/") -> str:
    words = [word for word in text.split() if part in word and ("not-asked" in word) is ("not-asked" in part)]
    return words[0].removeprefix("http://127.0.0.1:8000")


@pytest.mark.parametrize(("language", "heading"), [("it", "Reimposta la tua password"), ("en", "Reset your password")])
def test_supports_deep_links_prefill_and_choose_the_language_and_nothing_else(
    house: House, browser: Browser, language: str, heading: str
) -> None:
    house.person("m1234")
    page = browser.get(f"/reset-password?username=m1234&lang={language}&email=evil@example.com&csrf_token=x")
    assert page.heading == heading
    assert page.form()[1]["username"] == "m1234"
    assert page.form()[1]["email"] == ""
    assert house.work() == []
    assert browser.get("/login").root.get("lang") == language
    assert browser.get(f"/recover-username?lang={language}").root.get("lang") == language


@pytest.mark.parametrize("typed", ["<script>", "x" * 5000, "\x00", "m1234\r\nSet-Cookie: a=b"])
def test_what_a_deep_link_carries_is_only_text(browser: Browser, typed: str) -> None:
    browser.open("/reset-password", query_string={"username": typed, "lang": typed})
    assert browser.response is not None
    assert browser.response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_scanners_that_open_the_link_use_nothing_up(house: House, browser: Browser, method: str) -> None:
    house.person("m1234")
    path = ask(house, browser)
    scanner = house.browser(address="192.0.2.1", agent="scanner")
    for page in (path, path.replace("/reset-password/", "/reset-password/not-asked/")):
        scanner.open(page, method=method, follow_redirects=True)
    browser.get(path)
    browser.submit({"password": NEW, "password_again": NEW})
    browser.sign_in("m1234", NEW)
    assert browser.response is not None
    assert browser.response.request.path == "/subscription"


def test_the_token_leaves_the_address_bar_before_the_form_is_shown(house: House, browser: Browser) -> None:
    house.person("m1234")
    path = ask(house, browser)
    answer = browser.open(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/reset-password/new")
    page = browser.get("/reset-password/new")
    assert path.rpartition("/")[2] not in page.html


@both_databases
def test_a_rejected_password_uses_nothing_up_and_a_valid_one_does(house: House, browser: Browser) -> None:
    house.person("m1234")
    path = ask(house, browser)
    browser.get(path)
    for bad in ("short", "x" * 300):
        browser.submit({"password": bad, "password_again": bad})
        assert browser.response is not None
        assert browser.response.status_code == 422
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.response is not None
    assert browser.response.request.path == "/login"
    browser.open(path, follow_redirects=True)
    assert browser.response.status_code == 410


def test_after_a_reset_the_person_signs_in_and_every_session_has_ended(house: House, browser: Browser) -> None:
    house.person("m1234")
    inside = house.browser()
    inside.sign_in()
    path = ask(house, browser)
    browser.get(path)
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.open("/subscription").status_code == 303
    assert "set anew" in inside.get("/subscription").text
    assert browser.sign_in("m1234", PASSWORD).state() is None
    assert browser.sign_in("m1234", NEW).state() == "active"


@pytest.mark.parametrize(("minutes", "status"), [(59, 200), (60, 410)])
def test_a_link_lives_sixty_minutes(house: House, browser: Browser, minutes: int, status: int) -> None:
    house.person("m1234")
    path = ask(house, browser)
    house.clock.move(minutes=minutes)
    browser.open(path, follow_redirects=True)
    assert browser.response is not None
    assert browser.response.status_code == status


def test_a_newer_link_kills_the_earlier_one(house: House, browser: Browser) -> None:
    house.person("m1234")
    first = ask(house, browser)
    second = ask(house, browser)
    browser.open(first, follow_redirects=True)
    assert browser.response is not None
    assert browser.response.status_code == 410
    assert any(a.get("href", "").startswith("/reset-password") for a in browser.page.all("a"))  # type: ignore[union-attr]
    assert browser.open(second, follow_redirects=True).status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 2000, "a.b", "é", "%00", "..", "null", "W10.x"])
def test_a_broken_link_gets_its_own_page_with_the_way_forward(browser: Browser, token: str) -> None:
    for path in (f"/reset-password/{token}", f"/invitation/{token}", f"/reset-password/not-asked/{token}"):
        answer = browser.open(path, follow_redirects=True)
        assert answer.status_code == 404


def test_a_link_of_one_kind_opens_no_other_page(house: House, browser: Browser) -> None:
    house.person("m1234")
    token = ask(house, browser).rpartition("/")[2]
    assert browser.open(f"/invitation/{token}", follow_redirects=True).status_code == 404


def test_disowning_kills_the_link_and_keeps_the_password(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.get("/reset-password?username=m1234")
    browser.submit({"email": "m1234@example.com"})
    letter = house.work()[-1].text
    browser.get(link(letter, "/not-asked/"))
    with house.parts.database.read() as db:
        assert db.execute(select(links.c.ended_at)).scalar_one() is None
    browser.submit()
    assert browser.open(link(letter), follow_redirects=True).status_code == 410
    assert browser.sign_in().state() == "active"


def test_an_invitation_sets_the_first_password(house: House, browser: Browser) -> None:
    house.person("m1234", password=None)
    browser.get(link(house.work()[-1].text, "/invitation/"))
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.sign_in("m1234", NEW).state() == "active"


@pytest.mark.parametrize(
    ("path", "fields", "errors"),
    [
        ("/recover-username", {"email": ""}, 1),
        ("/recover-username", {"email": "anna"}, 1),
        ("/reset-password", {"username": "", "email": ""}, 2),
        ("/reset-password", {"username": "anna@example.com", "email": "anna@example.com"}, 1),
        ("/reset-password", {"username": "anna", "email": "anna@example.com"}, 1),
    ],
)
def test_bad_input_is_told_beside_the_field_and_in_a_summary_with_what_was_typed_kept(
    browser: Browser, path: str, fields: dict[str, str], errors: int
) -> None:
    browser.get(path)
    page = browser.submit(fields)
    assert browser.response is not None
    assert (browser.response.status_code, len(page.errors())) == (422, errors)
    assert page.form()[1].items() >= fields.items()
    summary = [
        a.get("href") for a in page.all("a") if (a.get("href") or "").startswith("#") and a.get("href") != "#content"
    ]
    assert len(summary) == errors


def test_when_all_hashing_places_are_taken_the_link_stays_open(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.kit.hashing import Busy

    def busy() -> None:
        raise Busy

    house.person("m1234")
    browser.get(ask(house, browser))
    with monkeypatch.context() as patch:
        patch.setattr(house.parts.hasher, "turn", busy)
        browser.submit({"password": NEW, "password_again": NEW})
        assert browser.response is not None
        assert browser.response.status_code == 503
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.sign_in("m1234", NEW).state() == "active"
