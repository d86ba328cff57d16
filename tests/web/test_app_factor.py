"""An authenticator app added, moved to another device and taken off, as people do it on its page."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import update

from portal.accounts import app_moves, own_factors, recovery_codes
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, passkeys
from portal.kit.hashing import Hasher
from portal.rules import terms
from portal.rules.factors import setup_until
from portal.subscription import actions as subscription
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.pages import Page
from tests.helpers.together import together
from tests.web.security_people import (
    AGAIN,
    APP,
    BEGIN,
    MOVE,
    MOVED,
    PAGE,
    REMOVE,
    codes_left,
    come_in,
    done,
    has,
    offers,
    press,
    rows,
    send,
    shown_codes,
    shown_secret,
    status,
    where,
    wrong_code,
)

TICK = timedelta(microseconds=1)
REFUSED = "The app does not show this code now"
TOO_LATE = "The secret does not wait any more"


def begun(house: House, username: str = "m1234") -> Browser:
    """Somebody in front of the secret of a new app."""
    browser = come_in(house, username)
    browser.get(PAGE)
    press(browser, BEGIN)
    assert where(browser) == APP
    return browser


def moving(house: House, username: str = "m1234") -> Browser:
    """Somebody in front of the secret of another device, with an app on the present one."""
    browser = come_in(house, username)
    browser.get(PAGE)
    press(browser, MOVE)
    assert where(browser) == MOVE
    return browser


def page_of(browser: Browser) -> Page:
    assert browser.page is not None
    return browser.page


def now_shown(house: House, secret: str) -> str:
    return pyotp.TOTP(secret.replace(" ", "")).at(house.clock.now())


@pytest.fixture
def anna(house: House) -> Administrator:
    """Anna has an authenticator app and recovery codes."""
    person = house.person("m1234")
    house.add_app(person)
    house.add_codes(person)
    return person


# --- added -----------------------------------------------------------------------------------------------------------


@both_databases
def test_the_first_code_adds_the_app_and_it_is_asked_for_from_then_on(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    secret = shown_secret(page_of(browser))
    assert not has(house, person).any
    page = browser.submit({"code": now_shown(house, secret)})
    assert "The authenticator app is added" in page.text
    assert has(house, person).app
    other = house.browser()
    other.sign_in()
    assert where(other) == "/login/second-factor"


def test_the_secret_is_there_to_scan_to_type_and_to_open(house: House) -> None:
    house.person("m1234")
    page = page_of(begun(house))
    typed = shown_secret(page)
    assert [len(group) for group in typed.split()] == [4] * 8
    (address,) = [a.get("href") or "" for a in page.all("a") if (a.get("href") or "").startswith("otpauth:")]
    parts, secret = urlsplit(address), typed.replace(" ", "")
    assert (parts.netloc, parts.path) == ("totp", "/Portal:m1234")
    assert parse_qs(parts.query) == {"secret": [secret], "issuer": ["Portal"]}
    (picture,) = [found for found in page.with_attribute("class") if found.get("class") == "code"]
    assert picture.get("aria-hidden") == "true"  # what it says stands beside it


def test_the_first_app_brings_recovery_codes_that_count(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    codes = shown_codes(browser.submit({"code": house.code(person)}))
    assert len(set(codes)) == terms.RECOVERY_CODES == codes_left(house, person)
    other = house.browser()
    other.sign_in()
    other.code(codes[3])
    assert where(other) == "/login/take-over"


def test_whoever_has_codes_already_keeps_them(house: House) -> None:
    """A passkey was there before."""
    person = house.person("m1234")
    add_key(house, person)
    house.add_codes(person)
    house.clock.move(minutes=1)
    browser = house.browser()
    with house.parts.database.write() as db:
        db.execute(passkeys.delete())  # gone for the sign-in of this test alone
    browser.sign_in()
    add_key(house, person)
    browser.get(PAGE)
    press(browser, BEGIN)
    page = browser.submit({"code": house.code(person)})
    assert (where(browser), shown_codes(page), codes_left(house, person)) == (PAGE, [], 10)
    assert done(house) == ["app_added"]


def test_codes_that_another_factor_brought_meanwhile_stay(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tabs add a first factor each: what was shown first is what counts, and nothing else is shown."""
    person = house.person("m1234")
    browser, make = begun(house), recovery_codes.make
    theirs: list[str] = []

    def slowly(hasher: Hasher) -> tuple[list[str], list[str]]:
        theirs.extend(house.add_codes(person))
        return make(hasher)

    with monkeypatch.context() as patched:
        patched.setattr("portal.web.app_factor.recovery_codes", SimpleNamespace(make=slowly))
        page = browser.submit({"code": house.code(person)})
    assert (where(browser), shown_codes(page), done(house)) == (PAGE, [], ["app_added"])
    other = house.browser()
    other.sign_in()
    other.code(theirs[0])
    assert where(other) == "/login/take-over"


def test_it_is_told_by_mail_and_in_the_activity(house: House) -> None:
    person = house.person("m1234")
    begun(house).submit({"code": house.code(person)})
    (letter,) = house.work()
    assert letter.recipient == person.email
    assert "An authenticator app was added for the user name m1234." in letter.text
    assert done(house) == ["recovery_codes_made", "app_added"]


def test_the_session_in_which_it_was_added_goes_on(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    browser.submit({"code": house.code(person)})
    assert browser.get("/subscription").state() == "active"


def test_a_wrong_code_loses_nothing(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    secret = shown_secret(page_of(browser))
    page = browser.submit({"code": wrong_code(house.code(person))})
    assert status(browser) == 422
    assert [error for error in page.errors() if REFUSED in error]
    assert (shown_secret(page), page.value("code")) == (secret, "")
    browser.submit({"code": house.code(person)})
    assert has(house, person).app


@pytest.mark.parametrize("typed", ["", "  ", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "0" * 5000])
def test_what_is_no_code_is_refused_beside_the_field_and_not_counted(house: House, typed: str) -> None:
    person = house.person("m1234")
    browser = begun(house)
    for _ in range(terms.SIGN_IN_FAILURES + 1):
        assert browser.submit({"code": typed}).errors()
    browser.submit({"code": house.code(person)})
    assert has(house, person).app


def test_guesses_are_counted_with_those_of_the_sign_in_and_wait_like_them(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    for _ in range(terms.SIGN_IN_FAILURES):
        browser.submit({"code": wrong_code(house.code(person))})
    assert REFUSED in browser.submit({"code": house.code(person)}).text
    assert not has(house, person).any
    house.clock.move(seconds=terms.SIGN_IN_FIRST_WAIT.total_seconds())
    browser.submit({"code": house.code(person)})
    assert has(house, person).app


def test_the_right_code_forgets_the_wrong_ones(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    for _ in range(terms.SIGN_IN_FAILURES - 1):
        browser.submit({"code": wrong_code(house.code(person))})
    browser.submit({"code": house.code(person)})
    house.clock.move(seconds=60)
    other = house.browser()
    other.sign_in()
    other.code(wrong_code(house.code(person)))
    other.code(house.code(person))
    assert where(other) == "/login/take-over"


def test_beginning_anew_makes_another_secret_and_the_earlier_one_is_worthless(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    earlier = shown_secret(page_of(browser))
    browser.get(PAGE)
    press(browser, BEGIN)
    assert shown_secret(page_of(browser)) != earlier
    assert REFUSED in browser.submit({"code": now_shown(house, earlier)}).text
    assert not has(house, person).any


def test_the_page_without_a_secret_leads_to_where_one_begins(house: House) -> None:
    browser = come_in(house)
    browser.get(APP)
    assert where(browser) == PAGE
    assert TOO_LATE in send(browser, APP, code="123456").text


@pytest.mark.parametrize(
    ("after", "waits"),
    [(terms.APP_SETUP_LIFE - TICK, True), (terms.APP_SETUP_LIFE, False), (terms.APP_SETUP_LIFE + TICK, False)],
)
def test_a_secret_waits_for_thirty_minutes_and_no_longer(house: House, after: timedelta, waits: bool) -> None:
    person, at = house.person("m1234"), house.clock.now()
    begun(house)
    house.clock.move(seconds=after.total_seconds())
    assert (house.clock.now() < setup_until(at)) is waits
    with house.parts.database.write() as db:
        found = own_factors.find_waiting(db, house.parts.vault, person, at=house.clock.now())
        assert (found is not None) is waits
        facts = {"at": house.clock.now(), "but": 1}
        added = own_factors.add_app(db, house.parts.vault, person, house.code(person), [], **facts)
        assert (added is not None) is waits


def test_the_page_says_until_when_it_waits_and_is_gone_after(house: House) -> None:
    house.person("m1234")
    browser = begun(house)
    assert "That is until 10:30" in page_of(browser).text
    house.clock.move(minutes=20)
    browser.get("/profile")
    house.clock.move(minutes=10)
    browser.get(APP)
    assert where(browser) == PAGE


def test_a_code_that_had_to_wait_for_the_password_is_asked_for_again(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    house.clock.move(minutes=11)
    browser.submit({"code": house.code(person)})
    assert where(browser) == AGAIN
    page = browser.prove()
    assert (status(browser), page.errors()) == (422, ["Enter the code that the app shows now."])
    browser.submit({"code": house.code(person)})
    assert has(house, person).app


def test_whoever_has_an_app_begins_none(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    before = rows(house)
    page = send(browser, BEGIN)
    assert (status(browser), rows(house)) == (409, before)
    assert "You have an authenticator app already." in page.text


def test_a_first_code_sent_twice_adds_one_app(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    form = browser.page
    browser.submit({"code": house.code(person)})
    before = rows(house)
    browser.page = form
    page = browser.submit({"code": house.code(person)})
    assert (TOO_LATE in page.text, rows(house)) == (True, before)


def test_a_secret_of_ones_own_choice_is_not_taken(house: House) -> None:
    person = house.person("m1234")
    browser = begun(house)
    mine = pyotp.random_base32()
    browser.submit({"code": now_shown(house, mine), "secret": mine, "sealed": mine})
    assert not has(house, person).any


def test_two_tabs_that_confirm_at_once_add_one_app_with_one_set_of_codes(house: House) -> None:
    person = house.person("m1234")
    begun(house)
    code, at, vault = house.code(person), house.clock.now(), house.parts.vault

    def confirm(_number: int) -> bool:
        with house.parts.database.write() as db:
            return own_factors.add_app(db, vault, person, code, ["a hash"], at=at, but=1) is not None

    assert sorted(together(confirm, 4)) == [False, False, False, True]
    assert codes_left(house, person) == 1


# --- taken off -------------------------------------------------------------------------------------------------------


@both_databases
def test_taken_off_it_is_asked_for_no_more_and_the_codes_go_with_it(house: House) -> None:
    person = house.person("m1234")
    house.add_app(person)
    house.add_codes(person)
    browser = come_in(house)
    browser.get(PAGE)
    page = press(browser, REMOVE)
    assert "The authenticator app is taken off." in page.text
    assert (has(house, person).any, codes_left(house, person)) == (False, None)
    assert browser.get("/subscription").state() == "active"
    other = house.browser()
    other.sign_in()
    assert where(other) == "/login/take-over"


def test_that_it_was_taken_off_is_told(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    browser.get(PAGE)
    press(browser, REMOVE)
    (letter,) = house.work()
    assert "The authenticator app of the user name m1234 was taken off." in letter.text
    assert done(house) == ["app_removed"]


def test_what_it_means_is_said_before_the_button(house: House, anna: Administrator) -> None:
    page = come_in(house).get(PAGE)
    assert "Without it the password alone opens the platform, and your recovery codes are worthless." in page.text
    add_key(house, anna)
    assert "Without it the password alone" not in come_in_again(house, anna).get(PAGE).text


def test_it_is_taken_off_once(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    form = browser.get(PAGE)
    press(browser, REMOVE)
    before = rows(house)
    browser.page = form
    page = press(browser, REMOVE)
    assert (status(browser), rows(house)) == (409, before)
    assert "There is no authenticator app any more" in page.text


@pytest.mark.parametrize(("length", "stays"), [(8, True), (14, True), (15, False), (16, False)])
def test_beside_a_password_that_cannot_stand_alone_it_stays(house: House, length: int, stays: bool) -> None:
    assert terms.PASSWORD_MIN == 15
    person = house.person("m1234")
    house.add_app(person)
    browser = come_in(house)
    browser.get("/profile/password")
    new = "correct horse battery"[:length]
    browser.submit({"current_password": PASSWORD, "password": new, "password_again": new})
    assert where(browser) == "/profile"
    page = browser.get(PAGE)
    told = "your password has fewer than 15 characters" in page.text
    assert (offers(page, REMOVE), told) == (not stays, stays)
    assert "/profile/password" in [a.get("href") for a in page.all("main")[0].iter("a")]
    send(browser, REMOVE)
    assert (status(browser) == 409, has(house, person).app) == (stays, stays)


def test_where_the_platform_demands_one_the_last_one_stays(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    demand(house)
    page = browser.get(PAGE)
    assert "your platform lets nobody in without a second factor, and you have no other" in page.text
    assert not offers(page, REMOVE)
    send(browser, REMOVE)
    assert (status(browser), has(house, anna).app) == (409, True)


def test_beside_a_passkey_it_may_go_whatever_is_demanded(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    demand(house)
    shorten(house, anna)
    add_key(house, anna)
    browser.get(PAGE)
    press(browser, REMOVE)
    assert (has(house, anna).app, has(house, anna).passkeys, codes_left(house, anna)) == (False, 1, 10)


@both_databases
@pytest.mark.parametrize("change", ["demanded", "shortened"])
def test_what_changed_since_the_page_was_opened_counts(house: House, change: str) -> None:
    person = house.person("m1234")
    house.add_app(person)
    browser = come_in(house)
    browser.get(PAGE)
    changes: dict[str, Callable[[], None]] = {
        "demanded": lambda: demand(house),
        "shortened": lambda: shorten(house, person),
    }
    changes[change]()
    page = press(browser, REMOVE)
    assert (status(browser), has(house, person).app) == (409, True)
    assert "Nothing was changed. It cannot be taken off" in page.text


# --- moved to another device -----------------------------------------------------------------------------------------


@both_databases
def test_moved_the_new_app_counts_and_the_earlier_one_does_not(house: House) -> None:
    person = house.person("m1234")
    earlier = house.add_app(person)
    codes = house.add_codes(person)
    browser = moving(house)
    secret = shown_secret(page_of(browser))
    assert secret.replace(" ", "") != earlier
    page = browser.submit({"code": now_shown(house, secret)})
    assert "The app on the new device is the one that counts now." in page.text
    house.clock.move(seconds=60)
    other = house.browser()
    other.sign_in()
    assert other.code(now_shown(house, earlier)).errors()
    other.code(now_shown(house, secret))
    assert where(other) == "/login/take-over"
    assert codes_left(house, person) == len(codes)


def test_the_code_that_moved_the_app_is_used_up_and_so_is_every_earlier_one(house: House, anna: Administrator) -> None:
    browser = moving(house)
    secret = shown_secret(page_of(browser))
    earlier = pyotp.TOTP(secret.replace(" ", "")).at(house.clock.now() - timedelta(seconds=1))
    code = now_shown(house, secret)
    browser.submit({"code": code})
    other = house.browser()
    other.sign_in()
    for used in (code, earlier):
        assert other.code(used).errors()
    house.clock.move(seconds=30)
    other.code(now_shown(house, secret))
    assert where(other) == "/login/take-over"


def test_until_the_new_one_has_shown_a_code_the_present_one_counts(house: House, anna: Administrator) -> None:
    before = rows(house)[0]
    browser = moving(house)
    browser.submit({"code": wrong_code(now_shown(house, shown_secret(page_of(browser))))})
    assert [row[:4] for row in rows(house)[0]] == [row[:4] for row in before]  # type: ignore[attr-defined]
    other = house.browser()
    other.sign_in()
    other.code(house.code(anna))
    assert where(other) == "/login/take-over"


def test_a_move_is_told_and_ends_no_session_of_ones_own(house: House, anna: Administrator) -> None:
    browser = moving(house)
    browser.submit({"code": now_shown(house, shown_secret(page_of(browser)))})
    (letter,) = house.work()
    assert "was moved to another device; the earlier one no longer counts" in letter.text
    assert done(house) == ["app_moved"]
    assert browser.get("/subscription").state() == "active"


def test_a_new_phone_is_possible_where_the_last_factor_has_to_stay(house: House, anna: Administrator) -> None:
    demand(house)
    shorten(house, anna)
    browser = moving(house)
    secret = shown_secret(page_of(browser))
    browser.submit({"code": now_shown(house, secret)})
    assert (where(browser), house.code(anna)) == (PAGE, now_shown(house, secret))


def test_a_wrong_code_leaves_the_same_secret_on_the_page(house: House, anna: Administrator) -> None:
    browser = moving(house)
    secret = shown_secret(page_of(browser))
    page = browser.submit({"code": wrong_code(now_shown(house, secret))})
    assert (status(browser), shown_secret(page), page.value("code")) == (422, secret, "")
    browser.submit({"code": now_shown(house, secret)})
    assert done(house) == ["app_moved"]


def test_guesses_at_a_move_are_counted_too(house: House, anna: Administrator) -> None:
    browser = moving(house)
    secret = shown_secret(page_of(browser))
    for _ in range(terms.SIGN_IN_FAILURES):
        browser.submit({"code": wrong_code(now_shown(house, secret))})
    browser.submit({"code": now_shown(house, secret)})
    assert (status(browser), done(house)) == (422, [])


@pytest.mark.parametrize("sealed", ["", "x", "A" * 2000, "ÿ", "gAAAA-_=="])
def test_a_seal_that_is_none_opens_nothing(house: House, anna: Administrator, sealed: str) -> None:
    browser = come_in(house)
    page = send(browser, MOVED, sealed=sealed, code="123456")
    assert (status(browser), TOO_LATE in page.text) == (409, True)


def test_the_seal_of_somebody_else_opens_nothing(house: House, anna: Administrator) -> None:
    """Marco hands his page to Anna, so that her account follows his phone."""
    house.add_app(house.person("m1235"))
    marco = moving(house, "m1235")
    secret, sealed = shown_secret(page_of(marco)), page_of(marco).value("sealed")
    browser = come_in(house)
    page = send(browser, MOVED, sealed=sealed, code=now_shown(house, secret))
    assert (status(browser), TOO_LATE in page.text, done(house)) == (409, True, [])


def test_a_move_that_was_done_is_not_done_again(house: House, anna: Administrator) -> None:
    browser = moving(house)
    form, secret = browser.page, shown_secret(page_of(browser))
    browser.submit({"code": now_shown(house, secret)})
    house.clock.move(seconds=60)
    browser.page = form
    page = browser.submit({"code": now_shown(house, secret)})
    assert (status(browser), TOO_LATE in page.text, done(house)) == (409, True, ["app_moved"])


@pytest.mark.parametrize(("after", "waits"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
def test_a_move_waits_as_long_as_a_first_app(house: House, anna: Administrator, after: timedelta, waits: bool) -> None:
    with house.parts.database.write() as db:
        begun_move = app_moves.begin(db, house.parts.vault, anna, at=house.clock.now())
        assert begun_move
        waiting, sealed = begun_move
        house.clock.move(seconds=(terms.APP_SETUP_LIFE + after).total_seconds())
        code, facts = now_shown(house, waiting.secret), {"at": house.clock.now(), "but": 1}
        assert app_moves.move(db, house.parts.vault, anna, sealed, code, **facts) is waits


def test_a_move_that_had_to_wait_for_the_password_goes_on_with_the_same_secret(
    house: House, anna: Administrator
) -> None:
    browser = moving(house)
    secret = shown_secret(page_of(browser))
    house.clock.move(minutes=11)
    browser.submit({"code": now_shown(house, secret)})
    assert where(browser) == AGAIN
    page = browser.prove()
    assert (status(browser), shown_secret(page)) == (422, secret)
    browser.submit({"code": now_shown(house, secret)})
    assert done(house) == ["app_moved"]


def test_without_an_app_there_is_nothing_to_move(house: House) -> None:
    browser = come_in(house)
    assert "There is no authenticator app any more" in send(browser, MOVE).text
    assert status(browser) == 409


# --- helpers ---------------------------------------------------------------------------------------------------------


def come_in_again(house: House, person: Administrator) -> Browser:
    browser = house.browser()
    browser.sign_in()
    browser.code(house.code(person))
    browser.submit({"choice": "continue"})
    return browser


def demand(house: House) -> None:
    with house.parts.database.write() as db:
        assert subscription.demand_second_factor(db, 1234, administrator_id=1, at=house.clock.now())


def shorten(house: House, person: Administrator) -> None:
    """As if the password had been changed to a short one."""
    with house.parts.database.write() as db:
        db.execute(update(administrators).where(administrators.c.id == person.id).values(short_password=True))


def add_key(house: House, person: Administrator) -> None:
    """A passkey as the rules count it; nobody can sign in with it."""
    row = {"administrator_id": person.id, "credential_id": f"key-{person.id}", "user_handle": "h", "public_key": "k"}
    row |= {"sign_count": 0, "transports": [], "name": "Key", "added_at": house.clock.now()}
    with house.parts.database.write() as db:
        db.execute(passkeys.insert().values(row))
