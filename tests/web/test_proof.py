"""The password again: asked ten minutes after it was typed, for what is sensitive, and then that is done, once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import jsonify, request
from sqlalchemy import func, select

from portal.accounts import administrators, recovery, sessions, sign_in
from portal.accounts.sign_in import Attempt, Proven
from portal.accounts.tables import resumptions
from portal.kit.audit import events
from portal.kit.hashing import Busy
from portal.rules import terms
from portal.rules.sessions import EndReason
from portal.support import queries as support
from portal.web import access
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.pages import Page
from tests.helpers.together import together
from tests.web.test_cancellation import is_cancelled

CANCEL, AGAIN, LIST = "/subscription/cancel", "/login/again", "/subscription/administrators"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
TICK = timedelta(microseconds=1)


def signed_in(house: House, username: str = "m1234", *, minutes: int = 0, **facts: Any) -> Browser:
    """Somebody who typed her password so many minutes ago."""
    if house.administrator(username) is None:
        house.person(username, **facts)
    browser = house.browser()
    browser.sign_in(username)
    house.clock.move(minutes=minutes)
    return browser


def asked(house: House, **facts: Any) -> Browser:
    """Somebody who has pressed the button of the cancellation, and is asked for the password."""
    browser = signed_in(house, minutes=10, **facts)
    browser.get(CANCEL)
    browser.submit()
    assert where(browser) == AGAIN
    return browser


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def address(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.full_path


def send(browser: Browser, path: str, **fields: Any) -> Page:
    """A form sent to an address with a good token, whatever the present page offers."""
    token = browser.get("/profile").value("csrf_token")
    data = {"csrf_token": token} | fields
    browser.open(path, method="POST", data=data, headers=SAME_ORIGIN, follow_redirects=True)
    return browser.page or Page.empty()


def cancellations(house: House) -> int:
    with house.parts.database.read() as db:
        done = select(func.count()).select_from(events).where(events.c.tag == "subscription.cancelled")
        return db.execute(done).scalar_one()


@both_databases
@pytest.mark.parametrize(("language", "words"), [("en", "Your password again"), ("it", "Di nuovo la password")])
def test_what_waited_for_the_password_is_done_with_it(house: House, language: str, words: str) -> None:
    browser = asked(house, language=language)
    assert browser.page is not None
    assert browser.page.heading == words
    assert not is_cancelled(house)
    browser.prove()
    assert (where(browser), is_cancelled(house)) == (CANCEL, True)


def test_the_question_says_what_is_about_to_be_done_and_serves_password_managers(house: House) -> None:
    page = asked(house).page
    assert page is not None
    assert "You are about to do this: Cancel the subscription" in page.text
    fields = {field.get("autocomplete"): field for field in page.all("main")[0].iter("input")}
    assert fields["username"].get("value") == "m1234"
    assert fields["username"].get("name") is None  # shown, and never believed
    assert fields["current-password"].get("name") == "password"


@pytest.mark.parametrize(("after", "question"), [(-TICK, False), (timedelta(0), True), (TICK, True)])
def test_the_password_counts_for_ten_minutes_and_no_longer(house: House, after: timedelta, question: bool) -> None:
    browser = signed_in(house)
    browser.get(CANCEL)
    house.clock.move(seconds=(terms.REAUTHENTICATION_LIFE + after).total_seconds())
    browser.submit()
    assert (where(browser) == AGAIN, is_cancelled(house)) == (question, not question)


def test_a_proof_counts_for_ten_minutes_like_a_sign_in(house: House) -> None:
    browser = asked(house)
    browser.prove()
    for minutes, question in ((9, False), (1, True)):
        browser.submit()  # take it back, which needs no proof
        house.clock.move(minutes=minutes)
        browser.get(CANCEL)
        browser.submit()
        assert (where(browser) == AGAIN) is question


def test_reading_never_asks(house: House) -> None:
    browser = signed_in(house, minutes=29)
    for path in (CANCEL, "/subscription/payment-method", LIST):
        browser.get(path)
        assert (status(browser), where(browser)) == (200, path)


def test_disabling_somebody_and_removing_a_contact_wait_as_well(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco")
    browser = signed_in(house)
    contact = {"kind": "technical", "full_name": "Marco", "email": "marco@example.com"}
    send(browser, "/subscription/contacts", **contact)
    with house.parts.database.read() as db:
        (known,) = [found for group in support.contacts_of(db, 1234).values() for found in group]
    house.clock.move(minutes=10)
    browser.get(f"{LIST}/m1234-marco/disable")
    browser.submit()
    marco = house.administrator("m1234-marco")
    assert marco is not None
    assert marco.enabled
    assert "m1234-marco is disabled" in browser.prove().text
    house.clock.move(minutes=10)
    browser.get(f"/subscription/contacts/{known.id}")
    page = browser.submit(form=1)
    (back,) = [a for a in page.all("main")[0].iter("a") if "Back" in "".join(a.itertext())]
    assert back.get("href") == f"/subscription/contacts/{known.id}"
    assert "Marco is no longer a contact." in browser.prove().text


def test_going_back_does_nothing(house: House) -> None:
    browser = asked(house)
    assert browser.page is not None
    (back,) = [a for a in browser.page.all("main")[0].iter("a") if "Back" in "".join(a.itertext())]
    assert back.get("href") == CANCEL
    browser.get(CANCEL)
    assert not is_cancelled(house)


# --- the password -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "not the password", "the password of somebody else"])
@both_databases
def test_no_other_password_will_do_and_the_request_goes_on_waiting(house: House, typed: str) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco", password="the password of somebody else")
    browser = asked(house)
    page = browser.submit({"password": typed, "username": "m1234-marco"})
    assert (status(browser), len(page.errors()), is_cancelled(house)) == (422, 1, False)
    browser.prove()
    assert is_cancelled(house)


def test_wrong_passwords_are_counted_like_those_of_the_sign_in(house: House) -> None:
    browser = asked(house)
    for _ in range(5):
        browser.prove("not the password")
    browser.prove()
    assert (status(browser), is_cancelled(house)) == (422, False)


def test_without_a_free_place_to_compare_the_password_the_page_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = asked(house)

    def busy() -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr(house.parts.hasher, "turn", busy)
        browser.prove()
    assert browser.response is not None
    assert (status(browser), browser.response.headers["Retry-After"]) == (503, "2")
    browser.prove()
    assert is_cancelled(house)


# --- exactly once -----------------------------------------------------------------------------------------------------


def test_the_page_of_the_password_sent_again_does_nothing_twice(house: House) -> None:
    browser = asked(house)
    number, page = address(browser), browser.page
    assert page is not None
    old = page.form()[1]["csrf_token"]
    browser.prove()
    send(browser, "/subscription/cancel/undo")
    data = {"csrf_token": old, "password": PASSWORD}
    assert browser.open(number, method="POST", data=data).status_code == 400  # its forgery secret is gone
    assert "Nothing waits for your password" in send(browser, number, password=PASSWORD).text
    assert "Nothing waits for your password" in browser.get(number).text
    assert (is_cancelled(house), cancellations(house)) == (False, 1)


@both_databases
def test_of_several_at_once_one_goes_on(house: House) -> None:
    first = asked(house)
    name, number = house.parts.settings.cookie_name, address(first)
    cookie = first.client.get_cookie(name).value
    assert first.page is not None
    data = {"csrf_token": first.page.form()[1]["csrf_token"], "password": PASSWORD}

    def press(_number: int) -> int:
        browser = house.browser()
        browser.client.set_cookie(name, cookie)
        return browser.open(number, method="POST", data=data, headers=SAME_ORIGIN).status_code

    together(press, 3)
    assert (is_cancelled(house), cancellations(house)) == (True, 1)


def test_a_request_is_kept_no_longer_than_a_proof_counts(house: House) -> None:
    for seconds, done in ((600, False), (599, True)):
        browser = asked(house)
        house.clock.move(seconds=seconds)
        browser.prove()
        assert is_cancelled(house) is done
        browser.submit({}, form=0) if done else send(browser, "/logout")


def test_nobody_goes_on_with_what_another_session_has_sent(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco")
    number = address(asked(house))
    for username in ("m1234-marco", "m1235"):
        other = signed_in(house, username)
        assert "Nothing waits for your password" in send(other, number, password=PASSWORD).text
        assert "Nothing waits for your password" in other.get(number).text
    assert not is_cancelled(house)


@pytest.mark.parametrize("number", ["", "0", "-1", "x", "٣", "9" * 30])
def test_a_number_that_was_never_given_leads_to_the_first_page(house: House, number: str) -> None:
    browser = signed_in(house)
    assert "Nothing waits for your password" in browser.get(AGAIN, query_string={"waiting": number}).text
    assert where(browser) == "/subscription"


@pytest.mark.parametrize("path", ["/profile", "/logout", "/nowhere", "//evil.example/", "/login", "/subscription"])
def test_only_what_waits_for_a_proof_can_be_done_that_way(house: House, path: str) -> None:
    browser = asked(house)
    with house.parts.database.write() as db:
        db.execute(resumptions.update().values(path=path, fields=[["full_name", "Mallory"], ["language", "it"]]))
    send(browser, address(browser), password=PASSWORD)
    assert status(browser) in (404, 405)
    anna = house.administrator("m1234")
    assert anna is not None
    assert anna.full_name == "Anna Bianchi"


def test_who_may_not_do_it_may_not_do_it_with_the_password_either(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234")
    browser = signed_in(house, "m1234-marco", minutes=10)
    send(browser, CANCEL)
    page = browser.prove()
    assert (status(browser), is_cancelled(house)) == (403, False)
    assert "Only the first administrator" in page.text


# --- what is kept -----------------------------------------------------------------------------------------------------


@both_databases
def test_the_form_arrives_as_it_was_sent_but_for_secrets(house: House) -> None:
    def echo(name: str) -> Any:
        return jsonify(path=request.path, name=name, method=request.method, form=request.form.to_dict(flat=False))

    view = access.signed_in_proven("Echo")(echo)
    house.app.add_url_rule("/echo/<name>", view_func=view, methods=["GET", "POST"])
    browser = signed_in(house, minutes=10)
    typed = {"list": ["b", "a", "b", ""], "text": "è \U0001f600\r\n\x00 & = + %41", "big": "€" * 7_000}
    send(browser, "/echo/zoë", **typed, password="not kept", current_password="not kept")
    with house.parts.database.read() as db:
        assert "not kept" not in str(db.execute(select(resumptions.c.fields)).scalar_one())
    browser.prove()
    assert browser.response is not None
    expected = {"list": typed["list"], "text": [typed["text"]], "big": [typed["big"]]}
    assert browser.response.json == {"path": "/echo/zoë", "name": "zoë", "method": "POST", "form": expected}
    with house.parts.database.read() as db:
        assert db.execute(select(resumptions.c.fields)).scalar_one() == []


def test_what_fails_was_not_done_and_can_be_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = asked(house)
    number = address(browser)
    with monkeypatch.context() as patched:
        patched.setattr("portal.subscription.cancellation.cancel", lambda *_given, **_named: 1 / 0)
        browser.prove()
    assert (status(browser), is_cancelled(house)) == (500, False)
    send(browser, number, password=PASSWORD)
    assert (where(browser), is_cancelled(house)) == (CANCEL, True)


# --- the session ------------------------------------------------------------------------------------------------------


def test_a_proof_renews_the_session_and_every_copy_of_the_old_cookie_is_worthless(house: House) -> None:
    browser, thief = asked(house), house.browser()
    name = house.parts.settings.cookie_name
    old = browser.client.get_cookie(name).value
    browser.prove()
    assert browser.client.get_cookie(name).value != old
    thief.client.set_cookie(name, old)
    thief.get("/subscription")
    assert where(thief) == "/login"
    browser.get("/subscription")
    assert where(browser) == "/subscription"


def test_a_proof_does_not_lengthen_the_longest_session(house: House) -> None:
    browser = signed_in(house)
    life = int(terms.SESSION_LIFE.total_seconds()) // 60
    for _ in range(life // 20 - 1):
        house.clock.move(minutes=20)
        send(browser, CANCEL, expires_on="2000-01-01")  # refused each time, after the password
        browser.prove()
        assert status(browser) == 409
    house.clock.move(minutes=20)
    browser.get("/subscription")
    assert where(browser) == "/login"


def test_a_second_tab_with_a_question_of_its_own_is_asked_again_and_then_goes_on(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco")
    browser = asked(house)
    browser.get(f"{LIST}/m1234-marco/disable")
    browser.submit()
    second_tab, second_answer = browser.page, browser.response
    browser.get(CANCEL)
    browser.submit()
    browser.prove()
    assert is_cancelled(house)
    browser.page, browser.response = second_tab, second_answer
    assert browser.prove().heading == "Your password again"  # its forgery token was of the session before the renewal
    assert "m1234-marco is disabled" in browser.prove().text


# --- the forms that ask for the password themselves -------------------------------------------------------------------


NEW_ADDRESS, NEW_PASSWORD = "anna.new@example.com", "another short sentence"
FORMS = {
    "/profile/email": {"email": NEW_ADDRESS},
    "/profile/password": {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD},
}
both_forms = pytest.mark.parametrize("path", FORMS)


def typed_there(house: House, path: str, password: str = PASSWORD, **facts: Any) -> Browser:
    """Somebody whose password counts no longer, and who has typed it into the form at this address."""
    browser = signed_in(house, minutes=10, **facts)
    browser.get(path)
    browser.submit({"current_password": password, **FORMS[path]})
    return browser


def changed(house: House) -> bool:
    """Whether the form did what it is for: a mail to the new address, or about the new password, is on its way."""
    return [letter.recipient for letter in house.work()] != []


@both_forms
@pytest.mark.parametrize(("after", "question"), [(-TICK, False), (timedelta(0), True), (TICK, True)])
def test_a_password_typed_into_a_form_counts_for_ten_minutes_too(
    house: House, path: str, after: timedelta, question: bool
) -> None:
    browser = typed_there(house, path)
    browser.get(CANCEL)
    house.clock.move(seconds=(terms.REAUTHENTICATION_LIFE + after).total_seconds())
    browser.submit()
    assert (where(browser) == AGAIN, is_cancelled(house)) == (question, not question)


@both_forms
@both_databases
def test_it_renews_the_session_and_the_forgery_secret_as_well(house: House, path: str) -> None:
    browser, thief, name = signed_in(house), house.browser(), house.parts.settings.cookie_name
    browser.get(path)
    assert browser.page is not None
    token, cookie = browser.page.value("csrf_token"), browser.client.get_cookie(name).value
    browser.submit({"current_password": PASSWORD, **FORMS[path]})
    assert changed(house)
    thief.client.set_cookie(name, cookie)
    thief.get("/subscription")
    assert where(thief) == "/login"
    assert browser.open("/logout", method="POST", data={"csrf_token": token}).status_code == 400
    browser.get("/subscription")
    assert where(browser) == "/subscription"


@both_forms
@pytest.mark.parametrize("typed", ["", "not the password", "the password of somebody else"])
def test_no_other_password_will_do_there_either(house: House, path: str, typed: str) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco", password="the password of somebody else")
    browser = typed_there(house, path, typed)
    assert browser.page is not None
    assert (status(browser), len(browser.page.errors()), changed(house)) == (422, 1, False)
    browser.get(CANCEL)
    browser.submit()
    assert where(browser) == AGAIN


def test_the_page_of_a_refused_address_can_be_sent_again_though_the_session_is_renewed(house: House) -> None:
    browser = signed_in(house)
    for number in range(6):
        browser.get("/profile/email")
        page = browser.submit({"current_password": PASSWORD, "email": f"{number}@example.com"})
    assert (status(browser), page.value("email")) == (422, "5@example.com")
    page = browser.submit({"current_password": "not the password"})
    assert (status(browser), len(page.errors())) == (422, 1)  # the answer to a form of ours


def test_a_changed_password_does_not_lengthen_the_longest_session(house: House) -> None:
    browser = typed_there(house, "/profile/password")
    for _ in range(int(terms.SESSION_LIFE.total_seconds()) // 1200 - 1):
        house.clock.move(minutes=20)
        browser.get("/subscription")
        assert where(browser) == "/subscription"
    house.clock.move(minutes=10)
    browser.get("/subscription")
    assert where(browser) == "/login"


# --- what happens while the password is compared ----------------------------------------------------------------------


def _signs_in_elsewhere(house: House) -> None:
    anna = house.administrator("m1234")
    assert anna is not None
    with house.parts.database.write() as db:
        sessions.start(db, anna, at=house.clock.now(), network="192.0.2.0/24", device="Edge · Windows")


def _resets_the_password(house: House) -> None:
    anna = house.administrator("m1234")
    assert anna is not None
    with house.parts.hasher.turn() as turn:
        hashed = turn.hash("the sentence of the owner")
    with house.parts.database.write() as db:
        recovery.store_password(db, anna, hashed, EndReason.PASSWORD_RESET, at=house.clock.now())


def _is_disabled(house: House) -> None:
    anna = house.administrator("m1234")
    assert anna is not None
    with house.parts.database.write() as db:
        administrators.disable(db, anna, at=house.clock.now())


@pytest.mark.parametrize("happens", [_signs_in_elsewhere, _resets_the_password, _is_disabled])
@pytest.mark.parametrize("path", [AGAIN, *FORMS])
@both_databases
def test_a_session_that_ended_meanwhile_does_nothing_more(
    house: House, path: str, happens: Callable[[House], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = asked(house)
    if path != AGAIN:
        browser.get(path)
    compare = sign_in.prove

    def meanwhile(*given: Any, **named: Any) -> Any:
        found = compare(*given, **named)
        happens(house)
        return found

    with monkeypatch.context() as patched:
        patched.setattr("portal.accounts.sign_in.prove", meanwhile)
        browser.submit({"password": PASSWORD} if path == AGAIN else {"current_password": PASSWORD, **FORMS[path]})
    assert where(browser) == "/login"
    assert not is_cancelled(house)
    assert NEW_ADDRESS not in [letter.recipient for letter in house.work()]
    attempt = Attempt("m1234", NEW_PASSWORD, "192.0.2.0/24", house.clock.now())
    assert not isinstance(compare(house.parts.database, house.parts.hasher, attempt), Proven)
