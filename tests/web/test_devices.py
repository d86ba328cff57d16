"""The cookie by which a browser is known again, and the notice of one that is not."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from pathlib import Path

import pytest

from portal import office
from portal.rules.terms import DEVICE_COOKIE_LIFE, KNOWN_DEVICES_MAX, SIGN_IN_FAILURES, SIGN_IN_NETWORK_FAILURES
from tests.conftest import both_databases
from tests.helpers import authenticator as script
from tests.helpers import databases
from tests.helpers.authenticator import Authenticator
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House, build
from tests.helpers.pages import Page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1"
NAME = "portal-device"
ONE_ANSWER = "User name and password do not go together"
FAR_AWAY = "203.0.113.9"


def cookies(browser: Browser) -> dict[str, Morsel[str]]:
    """What the present answer sets, by name."""
    assert browser.response is not None
    found: SimpleCookie = SimpleCookie()
    for line in browser.response.headers.getlist("Set-Cookie"):
        found.load(line)
    return dict(found)


def send(browser: Browser, username: str = "m1234", password: str = PASSWORD) -> Page:
    """Sign in, and stay at the answer to the form."""
    browser.get("/login")
    return browser.submit({"username": username, "password": password}, follow=False)


def token(browser: Browser) -> str | None:
    found = browser.client.get_cookie(NAME)
    return found.value if found else None


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def come_in(browser: Browser, username: str = "m1234") -> None:
    """Sign in from this browser, ending the session of any other."""
    page = browser.sign_in(username)
    if where(browser) == "/login/take-over":
        page = browser.submit({"choice": "continue"})
    assert any(form.get("action") == "/logout" for form in page.all("form")), page.text


def sign_out(browser: Browser) -> None:
    browser.get("/profile/sessions")
    browser.submit()


def guess(house: House, times: int, username: str = "m1234", **browser: str) -> None:
    stranger = house.browser(**browser)
    for _ in range(times):
        assert ONE_ANSWER in stranger.sign_in(username, "not the password").text


# --- the cookie ------------------------------------------------------------------------------------------------------


def test_the_cookie_is_set_by_a_complete_sign_in_and_closed_to_scripts(house: House, browser: Browser) -> None:
    house.person("m1234")
    send(browser)
    cookie = cookies(browser)[NAME]
    assert len(cookie.value) >= 43  # 256 bits
    assert int(cookie["max-age"]) == DEVICE_COOKIE_LIFE.total_seconds() == 400 * 86_400
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, "", "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[House]:
    with databases.sqlite(tmp_path) as url:
        house = build(tmp_path, url, public_url="https://portal.example", mail_use_tls=True)
        with closing(house.parts.database):
            yield house


def test_where_the_portal_is_https_the_cookie_is_secure_and_of_this_host_alone(secure: House) -> None:
    secure.person("m1234")
    browser = secure.browser()
    here = {"base_url": "https://portal.example"}
    form = browser.get("/login", **here).form()[1] | {"username": "m1234", "password": PASSWORD}
    headers = {"Referer": "https://portal.example/login"}
    browser.open("/login", method="POST", data=form, headers=headers, **here)
    assert set(cookies(browser)) == {"__Host-portal", "__Host-portal-device"}
    cookie = cookies(browser)["__Host-portal-device"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_nothing_but_a_complete_sign_in_sets_it(house: House, browser: Browser) -> None:
    house.person("m1234")
    house.platform(3000, ends_in=-11)
    house.person("m3000")
    other = house.browser()
    other.sign_in()
    for username, password in (("m1234", "wrong"), ("m4321", PASSWORD), ("m3000", PASSWORD), ("m1234", PASSWORD)):
        send(browser, username, password)
        assert NAME not in cookies(browser)
    browser.get("/login/take-over")
    browser.submit({"choice": "leave"})
    assert token(browser) is None
    send(browser)
    browser.get("/login/take-over")
    browser.submit({"choice": "continue"}, follow=False)
    assert NAME in cookies(browser)


def test_who_stands_before_the_second_factor_is_not_known_yet(house: House, browser: Browser) -> None:
    anna = house.person("m1234")
    house.add_app(anna)
    browser.sign_in()
    assert token(browser) is None
    browser.code(house.code(anna))
    assert where(browser) == "/subscription"
    assert token(browser) is not None


def test_it_is_the_same_and_lives_anew_at_each_sign_in(house: House, browser: Browser) -> None:
    house.platform(1234, ends_in=1000)
    house.person("m1234")
    send(browser)
    first = token(browser)
    house.clock.move(days=300)
    send(browser)
    assert cookies(browser)[NAME]["max-age"] == str(400 * 86_400)
    assert token(browser) == first
    house.clock.move(days=300)
    stranger = house.browser()
    come_in(stranger)
    house.work()
    come_in(browser)
    assert house.work() == []


def test_signing_out_leaves_it_where_it_is(house: House, browser: Browser) -> None:
    """It opens nothing, and a person who signs out each evening is no stranger in the morning."""
    house.person("m1234")
    come_in(browser)
    kept = token(browser)
    browser.get("/profile/sessions")
    browser.submit(follow=False)
    assert browser.response is not None
    assert "cookies" not in browser.response.headers["Clear-Site-Data"]
    assert NAME not in cookies(browser)
    assert token(browser) == kept


def test_it_opens_nothing(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    thief = house.browser()
    thief.client.set_cookie(NAME, token(browser) or "")
    assert thief.open("/subscription").status_code == 303
    assert ONE_ANSWER in thief.sign_in("m1234", "wrong").text


# --- the notice ------------------------------------------------------------------------------------------------------


def test_the_first_sign_in_of_an_account_is_told_to_nobody(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    assert house.work() == []


@both_databases
def test_a_sign_in_from_another_browser_is_told_once_and_stops_nobody(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    phone = house.browser(agent=PHONE, address=FAR_AWAY)
    come_in(phone)
    (letter,) = house.work()
    assert letter.recipient == "m1234@example.com"
    for said in ("New sign-in as m1234", "20 November 2026, 10:00", "Safari · iPhone", "203.0.113.0/24", "password"):
        assert said in letter.subject + letter.text
    assert "wrong password" not in letter.text
    for one in (browser, phone):
        sign_out(phone)
        come_in(one)
    assert house.work() == []


def test_the_factor_is_told_and_how_often_the_password_was_wrong_before(house: House, browser: Browser) -> None:
    anna = house.person("m1234")
    come_in(browser)
    sign_out(browser)
    house.add_app(anna)
    guess(house, 3)
    phone = house.browser(agent=PHONE)
    phone.sign_in()
    phone.code(house.code(anna))
    letter = house.work()[-1]
    assert "a code of the authenticator app" in letter.text
    assert "3 attempts with a wrong password" in letter.text


def test_the_failures_of_somebody_who_got_half_way_are_not_told_of_another(house: House, browser: Browser) -> None:
    """Anna stays before her second factor, and Marco comes in there by a passkey alone, where nobody counts."""
    house.add_app(house.person("m1234"))
    marco, key = house.person("m1234-marco"), Authenticator()
    script.give(house, marco, key)
    first = house.browser()
    first.get("/login")
    script.use(first, key)
    guess(house, 3)
    browser.sign_in()
    assert where(browser) == "/login/second-factor"
    browser.get("/login")
    script.use(browser, key)
    browser.submit({"choice": "continue"})
    letter = house.work()[-1]
    assert (letter.recipient, "wrong password" in letter.text) == (marco.email, False)
    assert "With a passkey." in letter.text


@pytest.mark.parametrize(("failures", "mails"), [(SIGN_IN_FAILURES - 1, 0), (SIGN_IN_FAILURES, 1)])
def test_success_after_many_failures_is_told_even_where_no_browser_is_known(
    house: House, browser: Browser, failures: int, mails: int
) -> None:
    house.person("m1234")
    guess(house, failures)
    house.clock.move(minutes=1)
    come_in(browser)
    assert len(house.work()) == mails


def test_so_is_success_after_many_failures_in_a_browser_that_is_known(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    sign_out(browser)
    for _ in range(SIGN_IN_FAILURES):
        browser.sign_in("m1234", "wrong")
    house.clock.move(seconds=30)
    come_in(browser)
    (letter,) = house.work()
    assert "that we did not know" not in letter.text
    assert "5 attempts" in letter.text


def test_two_people_share_a_browser_and_each_is_told_of_it_once(house: House, browser: Browser) -> None:
    house.person("m1234")
    house.person("m2000")
    for username in ("m1234", "m2000"):
        come_in(house.browser(), username)
    for times in (1, 0, 0):
        for username in ("m1234", "m2000"):
            come_in(browser, username)
            assert len(house.work()) == times, username
            sign_out(browser)


@pytest.mark.parametrize("brought", ["", "x" * 43, "x" * 4000, "é", "a b;c"])
def test_a_forged_cookie_is_none(house: House, browser: Browser, brought: str) -> None:
    house.person("m1234")
    come_in(house.browser())
    browser.client.set_cookie(NAME, brought)
    come_in(browser)
    assert len(house.work()) == 1
    assert token(browser) != brought


def test_the_cookie_of_another_person_is_none(house: House, browser: Browser) -> None:
    house.person("m1234")
    house.person("m2000")
    come_in(browser)
    come_in(house.browser(), "m2000")
    thief = house.browser()
    thief.client.set_cookie(NAME, token(browser) or "")
    come_in(thief, "m2000")
    (letter,) = house.work()
    assert letter.recipient == "m2000@example.com"


def test_a_browser_that_was_not_used_for_four_hundred_days_is_new(house: House, browser: Browser) -> None:
    house.platform(1234, ends_in=1000)
    house.person("m1234")
    come_in(browser)
    kept = token(browser)
    house.clock.move(days=200)
    come_in(house.browser())
    house.work()
    house.clock.instant += timedelta(days=200)
    browser.client.set_cookie(NAME, kept or "")  # as if the browser had not thrown it away by itself
    come_in(browser)
    assert len(house.work()) == 1


# --- the throttle ----------------------------------------------------------------------------------------------------


@both_databases
def test_the_owner_comes_in_while_strangers_have_locked_the_name(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    sign_out(browser)
    guess(house, SIGN_IN_FAILURES, address=FAR_AWAY)
    assert ONE_ANSWER in house.browser().sign_in().text
    come_in(browser)


def test_the_owner_comes_in_while_the_own_network_is_locked(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    sign_out(browser)
    for number in range(SIGN_IN_NETWORK_FAILURES):
        guess(house, 1, f"m{5000 + number}")
    assert ONE_ANSWER in house.browser().sign_in().text
    come_in(browser)


def test_who_is_signed_in_can_prove_the_password_while_strangers_guess(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    guess(house, SIGN_IN_FAILURES, address=FAR_AWAY)
    browser.get("/profile/email")
    page = browser.submit({"email": "anna.new@example.com", "current_password": PASSWORD})
    assert "anna.new@example.com" in page.text
    assert page.errors() == []


def test_the_page_says_the_same_whatever_is_known(house: House, browser: Browser) -> None:
    house.person("m1234")
    house.person("m2000")
    come_in(browser)
    sign_out(browser)
    mine, seen = token(browser) or "", set()
    for username, brought in (("m1234", mine), ("m1234", ""), ("m2000", mine), ("m4321", mine), ("m4321", "")):
        for _ in range(SIGN_IN_FAILURES + 1):  # the last one is throttled
            asking = house.browser()
            if brought:
                asking.client.set_cookie(NAME, brought)
            page = asking.sign_in(username, "not the password")
            assert asking.response is not None
            cookies_set = set(cookies(asking)) - {"portal"}
            seen.add((asking.response.status_code, page.bytes_but_token.replace(username, "NAME"), *cookies_set))
    assert len(seen) == 1


# --- what the owner sees ---------------------------------------------------------------------------------------------


def known_rows(page: Page) -> list[str]:
    rows = page.all("table")[0].iter("tr")
    return [" ".join("".join(row.itertext()).split()) for row in rows][1:]


def test_the_known_browsers_are_listed_and_this_one_is_told(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(house.browser(agent=PHONE))
    house.clock.move(days=1)
    come_in(browser)
    rows = known_rows(browser.get("/profile/sessions"))
    assert len(rows) == 2
    assert "Firefox · Linux" in rows[0]
    assert "This one" in rows[0]
    assert "21 November 2026" in rows[0]
    assert "Safari · iPhone" in rows[1]
    assert "This one" not in rows[1]


def test_all_others_are_forgotten_at_one_press_and_this_one_is_not(house: House, browser: Browser) -> None:
    house.person("m1234")
    phone = house.browser(agent=PHONE)
    come_in(phone)
    come_in(browser)
    house.work()
    browser.get("/profile/sessions")
    page = browser.submit(form=1)
    assert "The other browsers are forgotten." in page.text
    assert len(known_rows(page)) == 1
    assert len(page.forms()) == 1  # nothing is left to forget
    assert "Had the portal forget" in browser.get("/subscription/activity").text
    sign_out(browser)
    come_in(browser)
    assert house.work() == []
    come_in(phone)
    assert len(house.work()) == 1


def test_at_most_twenty_are_kept(house: House) -> None:
    house.person("m1234")
    for _ in range(KNOWN_DEVICES_MAX + 2):
        browser = house.browser()
        come_in(browser)
    assert len(known_rows(browser.get("/profile/sessions"))) == KNOWN_DEVICES_MAX


def test_whose_cookie_is_gone_sees_the_list_all_the_same(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    browser.client.delete_cookie(NAME)
    page = browser.get("/profile/sessions")
    assert "This one" not in page.text
    page = browser.submit(form=1)
    assert "There is none." in page.text


def test_forgetting_needs_a_session_and_a_token_of_the_form(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    assert browser.open("/profile/sessions/forget").status_code == 405
    assert browser.open("/profile/sessions/forget", method="POST").status_code == 400


def test_after_a_block_as_compromised_no_browser_is_known(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    office.block(house.parts, 1234, "compromised", "")
    guess(house, SIGN_IN_FAILURES, address=FAR_AWAY)
    assert ONE_ANSWER in browser.sign_in().text
