"""Who has lost every second factor, and who only says so: from the request of staff to the mailbox."""

from urllib.parse import unquote

import pytest

from portal.accounts import factor_removals
from portal.accounts.factor_removals import Stop
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.kit import texts
from portal.kit.links import Fault
from portal.outside.post import Letter
from portal.subscription import actions as subscription
from tests.accounts.test_lost_factors import addresses, ask, asked, disable, has, is_open, stop, wait, with_app
from tests.accounts.test_lost_factors import link as newest
from tests.conftest import both_databases
from tests.helpers import authenticator
from tests.helpers.authenticator import Authenticator, give
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.web.test_recovery import link

STOP, STOPPED = "/lost-factor/", "/lost-factor/stopped"
FIRST, ANNA = "m1234@example.com", "m1234-anna@example.com"
NEW_PASSWORD = "another short sentence"


def stop_link(letters: list[Letter], recipient: str) -> str:
    return link(next(letter for letter in letters if letter.recipient == recipient and STOP in letter.text).text, STOP)


def notices(house: House, person: Administrator) -> list[Letter]:
    """Staff ask; returns the notices."""
    asked(house, person)
    return house.work()


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def path(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


@both_databases
def test_after_three_days_and_from_the_own_mailbox_a_person_comes_in_again(house: House, browser: Browser) -> None:
    person = with_app(house)
    assert browser.sign_in("m1234-anna").heading == "One more step"
    ask(house, person)
    wait(house)
    mail = next(letter for letter in house.work() if letter.recipient == ANNA)
    browser.get(link(mail.text))
    browser.submit({"password": "short one", "password_again": "short one"})
    assert status(browser) == 422  # without a second factor the password has its full length again
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    assert browser.sign_in("m1234-anna", NEW_PASSWORD).state() == "active"


def test_where_a_second_factor_is_demanded_a_new_one_is_the_first_thing_that_is_asked(
    house: House, browser: Browser
) -> None:
    person = with_app(house)
    with house.parts.database.write() as db:
        assert subscription.demand_second_factor(db, 1234, administrator_id=person.id, at=house.clock.now())
    ask(house, person)
    wait(house)
    mail = next(letter for letter in house.work() if letter.recipient == ANNA)
    browser.get(link(mail.text))
    browser.submit({"password": NEW_PASSWORD, "password_again": NEW_PASSWORD})
    browser.sign_in("m1234-anna", NEW_PASSWORD)
    assert path(browser) == "/profile/security"
    assert browser.open("/subscription").status_code == 303


def test_who_knows_the_password_and_has_made_staff_believe_does_not_come_in(house: House) -> None:
    """Eve: until then the factor is asked for, and afterwards the way in lies in a mailbox that is not hers."""
    person, eve = with_app(house), house.browser(address="192.0.2.66")
    ask(house, person)
    house.clock.move(hours=71, minutes=59)
    house.work()
    assert eve.sign_in("m1234-anna").heading == "One more step"
    assert eve.open("/subscription").status_code == 303
    house.clock.move(minutes=1)
    assert addresses(house.work(), "was taken off") == [ANNA, FIRST]
    assert eve.sign_in("m1234-anna").state() is None
    assert eve.open("/subscription").status_code == 303
    assert {letter.recipient for letter in house.work()} <= {ANNA}
    eve.get("/reset-password?username=m1234-anna")
    eve.submit({"email": "eve@example.net"})
    assert house.work() == []


def test_who_stood_at_the_question_when_the_factors_went_begins_anew(house: House, browser: Browser) -> None:
    person = with_app(house)
    ask(house, person)
    house.clock.move(hours=71, minutes=59)
    browser.sign_in("m1234-anna")
    code = house.code(person)
    house.clock.move(minutes=1)
    house.work()
    assert browser.code(code).heading == "Sign in to the platform"


@pytest.mark.parametrize("recipient", [FIRST, ANNA])
def test_whoever_has_got_a_notice_stops_it_on_any_device(house: House, browser: Browser, recipient: str) -> None:
    person = with_app(house)
    letters = notices(house, person)
    page = browser.get(stop_link(letters, recipient))
    assert "m1234-anna" in page.text
    assert "ticket 7" in page.text
    assert "23 November 2026" in page.text
    assert browser.submit().heading == "The second factors stay"
    assert path(browser) == STOPPED
    assert not is_open(house, person)
    assert addresses(house.work(), "stays") == [ANNA, FIRST]
    assert browser.open("/subscription").status_code == 303  # the link signs nobody in
    for other in (FIRST, ANNA):
        assert house.browser().open(stop_link(letters, other), follow_redirects=True).status_code == 410


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_scanners_that_open_the_link_stop_nothing(house: House, method: str) -> None:
    person = with_app(house)
    scanner = house.browser(agent="scanner")
    opened = stop_link(notices(house, person), ANNA)
    for address in (opened, "/lost-factor/stop", STOPPED):
        scanner.open(address, method=method, follow_redirects=True)
    assert is_open(house, person)


def test_the_token_leaves_the_address_bar_before_the_button_is_shown(house: House, browser: Browser) -> None:
    opened = stop_link(notices(house, with_app(house)), ANNA)
    answer = browser.open(opened)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/lost-factor/stop")
    assert opened.rpartition("/")[2] not in browser.get("/lost-factor/stop").html


@pytest.mark.parametrize(("waited", "found"), [(72 * 3600 - 1, 200), (72 * 3600, 410)])
def test_the_link_lives_until_it_is_due(house: House, waited: int, found: int) -> None:
    opened = stop_link(notices(house, with_app(house)), ANNA)
    house.clock.move(seconds=waited)
    assert house.browser().open(opened, follow_redirects=True).status_code == found


@pytest.mark.parametrize("token", ["x", "x" * 2000, "a.b", "é", "%00", "null"])
def test_a_broken_link_gets_its_own_page(browser: Browser, token: str) -> None:
    assert browser.open(STOP + token, follow_redirects=True).status_code == 404
    assert browser.page is not None
    assert browser.page.heading == "This link does not open"


def test_a_link_that_was_used_or_came_too_late_says_why(house: House, browser: Browser) -> None:
    person = with_app(house)
    opened = stop_link(notices(house, person), ANNA)
    browser.get(opened)
    browser.submit()
    assert "used already" in browser.get(opened).text
    later = stop_link(notices(house, person), ANNA)
    assert stop(house, person)
    assert "withdrawn" in browser.get(later).text
    last = stop_link(notices(house, person), ANNA)
    wait(house)
    assert "that time is over" in browser.get(last).text
    house.work()
    assert "withdrawn" in browser.get(last).text


def test_a_page_that_was_open_when_it_was_done_says_that_it_is_too_late(house: House, browser: Browser) -> None:
    person = with_app(house)
    browser.get(stop_link(notices(house, person), ANNA))
    assert browser.page is not None
    page = browser.page
    wait(house)
    house.work()
    browser.page = page
    browser.submit()
    assert status(browser) == 410
    assert not has(house, person).any


def test_a_link_of_another_purpose_stops_nothing_and_this_one_does_nothing_else(house: House, browser: Browser) -> None:
    person = with_app(house)
    token = stop_link(notices(house, person), ANNA).rpartition("/")[2]
    for other in ("/reset-password/", "/invitation/", "/profile/email/", "/profile/email/undo/", "/request-trial/"):
        assert browser.open(other + token, follow_redirects=True).status_code == 404
    with house.parts.database.write() as db:
        at, maker = house.clock.now(), house.parts.links
        for purpose in set(Purpose) - {Purpose.STOP_REMOVAL}:
            made = maker.issue(db, purpose, 1, at=at, expires_at=at.replace(year=2027))
            assert maker.find(db, maker.token(db, made), Purpose.STOP_REMOVAL, at=at) is Fault.BROKEN
    assert is_open(house, person)


def test_the_link_is_dead_once_nobody_signs_in_any_more(house: House, browser: Browser) -> None:
    house.platform(1234, ends_in=-9)
    opened = stop_link(notices(house, with_app(house)), ANNA)
    assert browser.open(opened, follow_redirects=True).status_code == 200
    house.clock.move(hours=40)
    assert browser.open(opened, follow_redirects=True).status_code == 410


def test_the_link_of_somebody_disabled_is_dead(house: House, browser: Browser) -> None:
    person = with_app(house)
    opened = stop_link(notices(house, person), FIRST)
    disable(house, person)
    assert browser.open(opened, follow_redirects=True).status_code == 410


# --- coming in with a factor


def test_who_comes_in_with_the_app_has_not_lost_it(house: House, browser: Browser) -> None:
    person = with_app(house)
    ask(house, person)
    browser.sign_in("m1234-anna")
    assert is_open(house, person)  # the password alone says nothing
    browser.code("000000")
    assert is_open(house, person)
    browser.code(house.code(person))
    assert browser.page is not None
    assert browser.page.state() == "active"
    assert not is_open(house, person)
    assert {ANNA, FIRST} <= {letter.recipient for letter in house.work() if "stays" in letter.subject}


def test_a_recovery_code_stands_in_for_what_was_lost(house: House, browser: Browser) -> None:
    person = house.person("m1234")
    house.add_app(person)
    (code, *_) = house.add_codes(person)
    ask(house, person)
    browser.sign_in()
    browser.code(code)
    assert not is_open(house, person)


@pytest.mark.parametrize("beside", [True, False], ids=["beside the password", "alone"])
def test_who_comes_in_with_a_passkey_has_not_lost_it(house: House, browser: Browser, beside: bool) -> None:
    person, key = with_app(house), Authenticator()
    give(house, person, key)
    ask(house, person)
    if beside:
        browser.sign_in("m1234-anna")
    else:
        browser.get("/login")
    assert authenticator.use(browser, key).state() == "active"
    assert not is_open(house, person)


def test_a_factor_that_was_shown_is_there_though_the_other_session_goes_on(house: House, browser: Browser) -> None:
    """At the question who is to be signed in, all has been proven already."""
    person = with_app(house)
    browser.sign_in("m1234-anna")
    browser.code(house.code(person))
    house.clock.move(minutes=1)
    ask(house, person)
    phone = house.browser()
    phone.sign_in("m1234-anna")
    phone.code(house.code(person))
    assert path(phone) == "/login/take-over"
    assert not is_open(house, person)


# --- signed in all the while


@both_databases
def test_who_is_still_signed_in_reads_of_it_and_stops_it_with_one_button(house: House, browser: Browser) -> None:
    person = with_app(house)
    browser.sign_in("m1234-anna")
    browser.code(house.code(person))
    assert "are to be taken off" not in browser.get("/profile/security").text
    ask(house, person)
    house.clock.move(minutes=15)  # no password is asked for, however long ago it was typed
    page = browser.get("/profile/security")
    assert "Your second factors are to be taken off" in page.text
    assert "ticket 7" in page.text
    page = browser.submit(form=own_form(browser))
    assert "your second factors stay" in page.text
    assert "are to be taken off" not in page.text
    assert not is_open(house, person)
    assert has(house, person).app


def own_form(browser: Browser) -> int:
    assert browser.page is not None
    actions = [form.get("action", "") for form in browser.page.forms()]
    return actions.index("/profile/security/lost-factor/stop")


def test_the_button_pressed_when_there_is_nothing_to_stop_says_so(house: House, browser: Browser) -> None:
    person = with_app(house)
    browser.sign_in("m1234-anna")
    browser.code(house.code(person))
    ask(house, person)
    browser.get("/profile/security")
    assert stop(house, person, Stop.STAFF)
    assert "There was nothing to stop" in browser.submit(form=own_form(browser)).text


def test_nobody_stops_what_is_asked_for_somebody_else(house: House, browser: Browser) -> None:
    anna, first = with_app(house), house.administrator("m1234")
    assert first is not None
    ask(house, anna)
    browser.sign_in()
    token = browser.get("/profile").form()[1]["csrf_token"]
    fields = {"csrf_token": token, "administrator_id": str(anna.id), "username": "m1234-anna"}
    headers = {"Sec-Fetch-Site": "same-origin"}
    browser.open("/profile/security/lost-factor/stop", method="POST", data=fields, headers=headers)
    assert is_open(house, anna)


# --- words


def test_the_question_for_the_second_factor_says_what_to_do_without_any(house: House, browser: Browser) -> None:
    with_app(house)
    page = browser.sign_in("m1234-anna")
    assert "72 hours later" in page.text
    (address,) = [unquote(a.get("href", "")) for a in page.all("main")[0].iter("a") if "mailto" in a.get("href", "")]
    assert address == "mailto:help@example.com?subject=Platform 1234: m1234-anna, lost second factor"


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_pages_speak_the_language_of_the_browser(house: House, language: str) -> None:
    browser = house.browser(language=language)
    opened = stop_link(notices(house, with_app(house)), ANNA)
    heading = {"it": "Tieni il secondo fattore", "en": "Keep the second factor"}[language]
    assert browser.get(opened).heading == heading
    page = browser.submit()
    assert page.root.get("lang") == language
    assert page.heading == {"it": "I secondi fattori restano", "en": "The second factors stay"}[language]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_way_to_stop_it_has_words_of_its_own_in_the_mail(house: House, language: str) -> None:
    person = house.person("m1234", language=language)
    house.add_app(person)
    bodies = set()
    for why in set(Stop) - {Stop.CLOSED}:  # of which nobody is told
        ask(house, person)
        assert stop(house, person, why)
        bodies.add(house.work()[-1].text)
    assert len(bodies) == len(Stop) - 1


@pytest.mark.parametrize(
    ("act", "who"),
    [("link", "Somebody who was not signed in"), ("staff", "Our staff"), ("button", "m1234-anna")],
)
def test_the_activity_says_who_stopped_it(house: House, browser: Browser, act: str, who: str) -> None:
    person = with_app(house)
    ask(house, person)
    with house.parts.database.write() as db:
        at = house.clock.now()
        if act == "link":
            found = newest(house)
            assert not isinstance(found, Fault)
            assert factor_removals.stop_by_link(db, found, at=at)
        else:
            by = "staff" if act == "staff" else None
            assert factor_removals.stop(db, person.id, Stop(act), at=at, by=by)
    browser.sign_in("m1234", PASSWORD)
    text = browser.get("/subscription/activity").text
    assert f"The second factors of m1234-anna stay: taking them off was stopped. {who}" in text
    assert "It was asked that the lost second factors of m1234-anna be taken off. Reason: ticket 7 Our staff" in text
