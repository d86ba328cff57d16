""" "This was not me", from the mail to the new password, and what it does to whoever was not."""

import pyotp
import pytest
from sqlalchemy import delete, update

from portal.accounts import administrators
from portal.accounts.links import Purpose
from portal.accounts.tables import known_devices, sessions
from portal.kit.links import links
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.invariants.test_routes import contents
from tests.web.security_people import APP, BEGIN, PAGE, has, press, shown_secret, status
from tests.web.test_email_change import EVIL, OLD, UNDO, change
from tests.web.test_recovery import link

NOT_ME = "/not-me/"
NEW_PASSWORD = "another short sentence"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0"


def come_in(browser: Browser) -> Page:
    page = browser.sign_in()
    assert browser.response is not None
    if browser.response.request.path == "/login/take-over":
        page = browser.submit({"choice": "continue"})
    assert browser.response.status_code == 200
    return page


def intruder(house: House) -> Browser:
    """Eve, who knows the password, comes in from far away."""
    found = house.browser(address="192.0.2.66", agent=WINDOWS)
    come_in(found)
    return found


@pytest.fixture
def eve(house: House, browser: Browser) -> Browser:
    """Anna has come in from her browser, and then Eve from hers."""
    house.person("m1234")
    come_in(browser)
    house.clock.move(hours=1)
    return intruder(house)


def notice(house: House) -> str:
    """The link of the newest notice that was mailed."""
    house.work()
    return next(link(mail.text, NOT_ME) for mail in reversed(house.mailbox.letters) if NOT_ME in mail.text)


def reset_link(house: House) -> str:
    """The newest link to a new password that went to Anna."""
    house.work()
    texts = [letter.text for letter in house.mailbox.letters if letter.recipient == OLD]
    return next(link(text) for text in reversed(texts) if "/reset-password/" in text)


def choose_password(house: House, browser: Browser) -> None:
    browser.get(reset_link(house))
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})


def add_app(house: House, browser: Browser) -> str:
    """Add an authenticator app on the pages; returns its secret."""
    browser.get(PAGE)
    secret = shown_secret(press(browser, BEGIN)).replace(" ", "")
    press(browser, APP, code=pyotp.TOTP(secret).at(house.clock.now()))
    return secret


def address(house: House) -> str:
    found = house.administrator("m1234")
    assert found is not None
    return found.email


@both_databases
@pytest.mark.parametrize(
    ("language", "asked", "done"),
    [
        ("it", "Questo accesso non è tuo?", "Ora imposta una nuova password"),
        ("en", "Was this sign-in not you?", "Now set a new password"),
    ],
)
def test_the_owner_takes_everything_back_from_an_intruder_who_did_all_she_could(
    house: House, language: str, asked: str, done: str
) -> None:
    """Eve changes the address twice, adds an app and recovery codes, and comes in from a second browser of hers."""
    anna = house.person("m1234", language=language)
    come_in(house.browser(language=language))
    eve = intruder(house)
    path = notice(house)
    house.clock.move(minutes=1)
    change(house, eve, EVIL)
    change(house, eve, "eve2@example.net")
    secret = add_app(house, eve)
    house.clock.move(minutes=1)
    second = house.browser(address="192.0.2.99")
    second.sign_in()
    second.code(pyotp.TOTP(secret).at(house.clock.now()))
    second.submit({"choice": "continue"})
    assert second.open("/subscription").status_code == 200
    hers = notice(house)
    assert house.mailbox.letters[-1].recipient == "eve2@example.net"

    owner = house.browser(language=language)
    page = owner.get(path)
    assert (page.heading, page.root.get("lang")) == (asked, language)
    assert "Chrome · Windows" in page.text
    assert "192.0.2.0/24" in page.text
    page = owner.submit()
    assert (page.heading, page.root.get("lang")) == (done, language)

    for browser in (eve, second):
        assert browser.open("/subscription").status_code == 303
    assert not has(house, anna).any
    assert address(house) == OLD
    assert house.browser().open(hers, follow_redirects=True).status_code == 410
    letters = house.work()
    assert {letter.recipient for letter in letters if "/reset-password/" in letter.text} == {OLD}
    choose_password(house, owner)
    assert owner.sign_in("m1234", NEW_PASSWORD).state() == "active"
    assert eve.sign_in().state() is None
    assert not any(NOT_ME in letter.text for letter in house.work())  # nothing was known any more


def test_who_is_thrown_out_reads_why(house: House, browser: Browser, eve: Browser) -> None:
    browser.get(notice(house))
    browser.submit()
    assert "reported as not yours" in eve.get("/subscription").text


def test_the_earlier_password_opens_nothing_any_more(house: House, browser: Browser, eve: Browser) -> None:
    browser.get(notice(house))
    browser.submit()
    assert "new password" in eve.sign_in().text
    assert eve.open("/subscription").status_code == 303
    assert {letter.recipient for letter in house.work()} == {OLD}  # the link she is told of goes to the owner


def test_anybody_with_the_mail_may_say_so_without_a_sign_in(house: House, eve: Browser) -> None:
    phone = house.browser(address="203.0.113.9")
    phone.get(notice(house))
    phone.submit()
    assert eve.open("/subscription").status_code == 303
    assert phone.open("/subscription").status_code == 303  # the link proves a mailbox, and signs nobody in


def test_the_browser_in_which_it_is_said_is_nobodys_afterwards(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(house.browser())
    come_in(browser)
    path = notice(house)
    browser.get(path)
    browser.submit()
    assert "not yours" not in browser.get("/subscription").text
    assert browser.open("/not-me").status_code == 404  # not even the link is left in its cookie


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_scanners_that_open_the_link_change_nothing(house: House, eve: Browser, method: str) -> None:
    path, scanner = notice(house), house.browser(agent="scanner")
    before = contents(house)
    scanner.open(path, method=method, follow_redirects=True)
    for page in ("/not-me", "/not-me/done"):
        scanner.open(page, method=method)
    assert contents(house) == before
    assert eve.open("/subscription").status_code == 200


def test_before_the_button_it_says_what_will_happen(house: House, browser: Browser, eve: Browser) -> None:
    page = browser.get(notice(house))
    for said in (
        "is signed out",
        "recovery codes",
        "e-mail address is taken back",
        "set a new password",
        "Was it you?",
    ):
        assert said in page.text


def test_the_token_leaves_the_address_bar_before_the_button_is_shown(
    house: House, browser: Browser, eve: Browser
) -> None:
    path = notice(house)
    answer = browser.open(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/not-me")
    assert path.rpartition("/")[2] not in browser.get("/not-me").html


@pytest.mark.parametrize(("waited", "found"), [(7 * 86_400 - 1, 200), (7 * 86_400, 410), (7 * 86_400 + 1, 410)])
def test_it_can_be_said_for_a_week(house: House, browser: Browser, eve: Browser, waited: int, found: int) -> None:
    path = notice(house)
    house.clock.move(seconds=waited)
    assert browser.open(path, follow_redirects=True).status_code == found


def test_a_page_that_was_open_for_too_long_does_nothing(house: House, browser: Browser, eve: Browser) -> None:
    browser.get(notice(house))
    house.clock.move(days=7)
    browser.submit()
    assert status(browser) == 410
    assert eve.sign_in().state() == "active"


def test_a_second_click_gets_its_own_page(house: House, browser: Browser, eve: Browser) -> None:
    path = notice(house)
    browser.get(path)
    page, answer = browser.page, browser.response
    cookie = browser.client.get_cookie("portal").value
    browser.submit()
    browser.client.set_cookie("portal", cookie)
    browser.page, browser.response = page, answer
    page = browser.submit()
    assert (status(browser), page.heading) == (410, "This link does not open")
    assert "used already" in page.text
    assert browser.open(path, follow_redirects=True).status_code == 410
    assert any(a.get("href") == "/reset-password" for a in page.all("a"))


@pytest.mark.parametrize("token", ["x", "x" * 2000, "a.b", "é", "%00", "null"])
def test_a_broken_link_gets_its_own_page_too(browser: Browser, token: str) -> None:
    assert browser.open(NOT_ME + token, follow_redirects=True).status_code == 404


def test_without_a_link_there_is_nothing_to_say(house: House, browser: Browser) -> None:
    house.person("m1234")
    come_in(browser)
    assert browser.open("/not-me").status_code == 404


def test_the_link_opens_no_other_page_and_no_other_link_opens_this_one(
    house: House, browser: Browser, eve: Browser
) -> None:
    token = notice(house).rpartition("/")[2]
    for other in (UNDO, "/profile/email/", "/reset-password/", "/invitation/", "/request-trial/"):
        assert browser.open(other + token, follow_redirects=True).status_code == 404
    undo = change(house, eve, EVIL)
    assert browser.open(NOT_ME + undo.rpartition("/")[2], follow_redirects=True).status_code == 404


def test_where_nothing_is_known_of_the_sign_in_any_more_the_link_is_dead(
    house: House, browser: Browser, eve: Browser
) -> None:
    path = notice(house)
    with house.parts.database.write() as db:
        db.execute(update(links).where(links.c.purpose == Purpose.NOT_ME).values(subject_id=4711))
        db.execute(delete(known_devices))
    assert browser.open(path, follow_redirects=True).status_code == 410
    assert eve.open("/subscription").status_code == 200


def test_links_of_somebody_disabled_or_of_a_platform_that_ended_are_dead(house: House, eve: Browser) -> None:
    path, anna = notice(house), house.administrator("m1234")
    assert anna is not None
    with house.parts.database.write() as db:
        assert administrators.disable(db, anna, at=house.clock.now())
    assert house.browser().open(path, follow_redirects=True).status_code == 410
    house.platform(2000, ends_in=-10)
    house.person("m2000")
    for _ in range(2):
        late = house.browser()
        late.sign_in("m2000")
    late.submit({"choice": "continue"})
    path = notice(house)
    assert late.open(path, follow_redirects=True).status_code == 200
    house.clock.move(hours=20)  # the last day of the grace is over
    assert late.open(path, follow_redirects=True).status_code == 410


def test_the_link_to_undo_still_works_after_a_hostile_change(house: House, browser: Browser, eve: Browser) -> None:
    """Whoever finds that mail first need not look for the other one."""
    notice(house)
    undo = change(house, eve, EVIL)
    browser.get(undo)
    assert browser.submit().heading == "The change is taken back"
    assert address(house) == OLD
    choose_password(house, browser)
    assert browser.sign_in("m1234", NEW_PASSWORD).state() == "active"


def test_whoever_was_alarmed_for_nothing_loses_nothing_but_the_password(
    house: House, browser: Browser, eve: Browser
) -> None:
    """Eve was Anna, at another computer."""
    anna = house.administrator("m1234")
    assert anna is not None
    before = house.place()
    browser.get(notice(house))
    browser.submit()
    choose_password(house, browser)
    assert browser.sign_in("m1234", NEW_PASSWORD).state() == "active"
    assert house.place() == before
    assert house.administrator("m1234") == anna


def test_an_app_that_the_owner_had_before_is_still_asked_for(house: House, browser: Browser) -> None:
    anna = house.person("m1234")
    house.add_app(anna)
    house.clock.move(minutes=5)
    for one in (browser, house.browser()):
        one.sign_in()
        one.code(house.code(anna))
        house.clock.move(minutes=1)
    one.submit({"choice": "continue"})
    browser.get(notice(house))
    browser.submit()
    choose_password(house, browser)
    browser.sign_in("m1234", NEW_PASSWORD)
    assert browser.code(house.code(anna)).state() == "active"


def test_sessions_of_others_are_left_alone(house: House, browser: Browser, eve: Browser) -> None:
    house.person("m1234-marco")
    marco = house.browser()
    marco.sign_in("m1234-marco")
    browser.get(notice(house))
    browser.submit()
    assert marco.open("/subscription").status_code == 200
    with house.parts.database.read() as db:
        live = db.execute(sessions.select().where(sessions.c.ended_at.is_(None))).all()
    assert len(live) == 1


def test_the_activity_tells_it_to_everybody_on_the_platform(house: House, browser: Browser, eve: Browser) -> None:
    browser.get(notice(house))
    browser.submit()
    choose_password(house, browser)
    browser.sign_in("m1234", NEW_PASSWORD)
    assert "reported as somebody else's" in browser.get("/subscription/activity").text


def test_the_button_needs_the_token_of_its_form(house: House, browser: Browser, eve: Browser) -> None:
    browser.get(notice(house))
    assert browser.open("/not-me", method="POST").status_code == 400
    assert eve.open("/subscription").status_code == 200
