"""Coming in and going out (RULES.md, Sign-in and session)."""

import pytest
from sqlalchemy import select, update

from portal.accounts import sessions
from portal.accounts.tables import administrators as people
from portal.kit.hashing import Busy, Turn, Verdict
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House

ONE_ANSWER = "User name and password do not go together"


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


@both_databases
def test_signs_in_with_the_user_name_whatever_its_case(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in(" M1234 ")
    assert where(browser) == "/subscription"


def test_every_failure_has_the_same_bytes_and_status(house: House, browser: Browser) -> None:
    house.person("m1234")
    house.person("m1234-idle")
    house.person("m1234-new", password=None)
    with house.parts.database.write() as db:
        from portal.accounts import administrators, queries

        disabled = queries.find_administrator(db, "m1234-idle")
        assert disabled is not None
        administrators.disable(db, disabled, at=house.clock.now())
    browser.get("/login")
    seen = set()
    for name, password in (
        ("m1234", "not the password"),
        ("m9999", PASSWORD),
        ("m1234-idle", PASSWORD),
        ("m1234-new", PASSWORD),
        ("m1234", "x" * 60_000),
        ("what is this", PASSWORD),
    ):
        page = browser.submit({"username": name, "password": password})
        assert browser.response is not None
        assert ONE_ANSWER in page.text
        seen.add((browser.response.status_code, page.bytes_but_token.replace(name, "NAME")))
    assert len(seen) == 1


def test_a_throttled_person_gets_the_same_answer_with_the_right_password(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.get("/login")
    wrong = browser.submit({"username": "m1234", "password": "not the password"})
    for _ in range(4):
        browser.submit({"username": "m1234", "password": "not the password"})
    page = browser.submit({"username": "m1234", "password": PASSWORD})
    assert page.bytes_but_token == wrong.bytes_but_token
    house.clock.move(seconds=29, microseconds=999_999)
    assert ONE_ANSWER in browser.submit({"username": "m1234", "password": PASSWORD}).text
    house.clock.move(microseconds=1)
    browser.submit({"username": "m1234", "password": PASSWORD})
    assert where(browser) == "/subscription"


def test_a_reset_lifts_the_wait(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.get("/login")
    for _ in range(5):
        browser.submit({"username": "m1234", "password": "not the password"})
    browser.get("/reset-password?username=m1234")
    browser.submit({"email": "m1234@example.com"})
    link = next(word for word in house.work()[0].text.split() if "/reset-password/" in word)
    browser.get(link.removeprefix("http://127.0.0.1:8000"))
    browser.submit({"password": "another short sentence", "password_again": "another short sentence"})
    browser.sign_in("m1234", "another short sentence")
    assert where(browser) == "/subscription"


def test_an_address_is_pointed_to_the_recovery_of_the_user_name(house: House, browser: Browser) -> None:
    house.person("m1234", email="anna@example.com")
    browser.get("/login")
    known = browser.submit({"username": "anna@example.com", "password": PASSWORD})
    unknown = browser.submit({"username": "nobody@example.com", "password": PASSWORD})
    assert known.bytes_but_token.replace("anna@", "X@") == unknown.bytes_but_token.replace("nobody@", "X@")
    assert any(link.get("href") == "/recover-username" for link in known.all("a"))


def test_what_was_typed_is_kept_but_the_password(browser: Browser) -> None:
    browser.get("/login")
    page = browser.submit({"username": "m1234", "password": ""})
    assert page.form()[1]["username"] == "m1234"
    assert page.form()[1]["password"] == ""
    assert page.errors() == ["Enter your password."]


def test_when_all_hashing_places_are_taken_it_says_so_and_counts_nothing(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.person("m1234")
    browser.get("/login")
    for _ in range(6):
        with monkeypatch.context() as patch:
            patch.setattr(house.parts.hasher, "turn", _busy)
            page = browser.submit({"username": "m1234", "password": PASSWORD})
        assert browser.response is not None
        assert (browser.response.status_code, browser.response.headers["Retry-After"]) == (503, "2")
        assert page.form()[1]["username"] == "m1234"
    browser.submit({"username": "m1234", "password": PASSWORD})
    assert where(browser) == "/subscription"


def _busy() -> None:
    raise Busy


@both_databases
@pytest.mark.parametrize("change", ["disabled_at", "password_hash"])
def test_what_changes_while_the_password_is_compared_lets_nobody_in(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    person, real = house.person("m1234"), Turn.verify
    values = {"disabled_at": house.clock.now()} if change == "disabled_at" else {"password_hash": "another"}

    def slowly(turn: Turn, stored: str | None, password: str) -> Verdict:
        with house.parts.database.write() as db:
            db.execute(update(people).where(people.c.id == person.id).values(values))
        return real(turn, stored, password)

    browser.get("/login")
    with monkeypatch.context() as patch:
        patch.setattr(Turn, "verify", slowly)
        page = browser.submit({"username": "m1234", "password": PASSWORD})
    assert ONE_ANSWER in page.text
    with house.parts.database.read() as db:
        assert db.execute(select(sessions.sessions)).all() == []


def test_sign_out_is_a_post_and_makes_every_copy_of_the_cookie_worthless(house: House, browser: Browser) -> None:
    house.person("m1234")
    page = browser.sign_in()
    copy = browser.client.get_cookie("portal").value
    assert browser.open("/logout").status_code == 405
    assert browser.open("/subscription").status_code == 200
    token = next(i.get("value") for i in page.all("input") if i.get("name") == "csrf_token")
    answer = browser.open("/logout", method="POST", data={"csrf_token": token})
    assert "cache" in answer.headers["Clear-Site-Data"]
    thief = house.browser()
    thief.client.set_cookie("portal", copy)
    assert thief.open("/subscription").status_code == 303


def test_the_session_and_the_forgery_token_are_new_at_every_sign_in(house: House, browser: Browser) -> None:
    house.person("m1234")
    page = browser.get("/login")
    before = browser.client.get_cookie("portal").value
    token = page.form()[1]["csrf_token"]
    browser.submit({"username": "m1234", "password": PASSWORD})
    assert browser.client.get_cookie("portal").value != before
    assert browser.open("/logout", method="POST", data={"csrf_token": token}).status_code == 400
    assert browser.open("/subscription").status_code == 200


def test_a_planted_cookie_does_not_become_the_persons_session(house: House, browser: Browser) -> None:
    """Fixation: what an attacker knew before the sign-in opens nothing after it."""
    house.person("m1234")
    attacker = house.browser()
    attacker.get("/login")
    planted = attacker.client.get_cookie("portal").value
    browser.client.set_cookie("portal", planted)
    browser.sign_in()
    assert where(browser) == "/subscription"
    assert attacker.open("/subscription").status_code == 303


def test_a_second_sign_in_asks_first_and_the_ended_session_reads_why(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=3)
    second = house.browser(agent="Mozilla/5.0 (Windows NT 10.0) Chrome/140.0")
    question = second.sign_in()
    assert where(second) == "/login/take-over"
    assert "Firefox" in question.text
    assert "10:00" in question.text
    second.submit({"choice": "continue"})
    assert where(second) == "/subscription"
    assert "signed in with your user name on another device" in browser.get("/subscription").text
    assert where(browser) == "/login"


def test_leaving_the_question_changes_nothing(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    second = house.browser()
    second.sign_in()
    second.submit({"choice": "leave"})
    assert where(second) == "/login"
    assert browser.open("/subscription").status_code == 200
    assert second.open("/login/take-over", method="POST", data={}).status_code == 400


def test_the_question_is_open_for_five_minutes_and_once(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    late, second = house.browser(), house.browser()
    late.sign_in()
    house.clock.move(minutes=5)
    late.submit({"choice": "continue"})
    assert where(late) == "/login"
    second.sign_in()
    page, answer = second.page, second.response
    copy = second.client.get_cookie("portal").value
    second.submit({"choice": "continue"})
    assert where(second) == "/subscription"
    thief = house.browser()
    thief.client.set_cookie("portal", copy)
    thief.page, thief.response = page, answer
    thief.submit({"choice": "continue"})
    assert where(thief) == "/login"


def test_an_idle_session_is_not_asked_about(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    house.clock.move(minutes=31)
    second = house.browser()
    second.sign_in()
    assert where(second) == "/subscription"


@pytest.mark.parametrize(
    ("ends_in", "status", "opens"),
    [(0, 200, True), (-1, 200, True), (-10, 200, True), (-11, 403, False)],
)
def test_who_is_past_the_grace_is_told_only_after_the_right_password(
    house: House, browser: Browser, ends_in: int, status: int, opens: bool
) -> None:
    house.platform(1234, ends_in=ends_in)
    house.person("m1234")
    browser.get("/login")
    assert ONE_ANSWER in browser.submit({"username": "m1234", "password": "wrong"}).text
    browser.sign_in()
    assert browser.response is not None
    assert browser.response.status_code == status
    assert (where(browser) == "/subscription") is opens


def test_a_session_does_not_outlive_the_grace(house: House, browser: Browser) -> None:
    house.platform(1234, ends_in=-10)
    house.person("m1234")
    house.clock.set(house.clock.now().replace(hour=22, minute=50))
    browser.sign_in()
    assert browser.open("/subscription").status_code == 200
    house.clock.move(minutes=10)
    assert browser.open("/subscription").status_code == 303


def test_a_person_whose_password_must_be_new_gets_a_link_instead(house: House, browser: Browser) -> None:
    from portal import office

    house.person("m1234")
    office.block(house.parts, 1234, "compromised", "")
    browser.sign_in()
    assert browser.open("/subscription").status_code == 303
    letters = house.work()
    assert [letter.recipient for letter in letters] == ["m1234@example.com"]
    link = next(word for word in letters[0].text.split() if "/reset-password/" in word)
    browser.get(link.removeprefix("http://127.0.0.1:8000"))
    browser.submit({"password": "another short sentence", "password_again": "another short sentence"})
    browser.sign_in("m1234", "another short sentence")
    assert where(browser) == "/subscription"


def test_disabling_ends_the_session_at_the_next_request(house: House, browser: Browser) -> None:
    from portal import people_office

    house.person("m1234")
    browser.sign_in()
    people_office.disable_administrator(house.parts, "m1234")
    assert "disabled" in browser.get("/subscription").text


def test_ending_a_session_elsewhere_is_seen_at_the_next_request(house: House, browser: Browser) -> None:
    person = house.person("m1234")
    browser.sign_in()
    with house.parts.database.write() as db:
        sessions.end_all(db, person.id, EndReason.BY_STAFF, at=house.clock.now())
    assert "Our staff ended your session." in browser.get("/subscription").text


def test_a_forced_reset_mails_five_links_a_day_at_most_and_says_the_same(house: House, browser: Browser) -> None:
    from portal import office

    house.person("m1234")
    office.block(house.parts, 1234, "compromised", "")
    pages = {browser.sign_in().text for _ in range(6)}
    assert len(pages) == 1
    assert len(house.work()) == 1  # the five earlier links were replaced before their mails left, or never made
    with house.parts.database.read() as db:
        from portal.kit.links import links

        assert len(db.execute(links.select()).all()) == 5
