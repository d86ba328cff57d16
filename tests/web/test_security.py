"""The page of the second factors, and the recovery codes: shown once, made anew, dead when they are replaced."""

import base64
import zlib

import pytest
from sqlalchemy import select, update

from portal.accounts import own_factors, recovery_codes
from portal.accounts.queries import Administrator
from portal.accounts.tables import recovery_codes as code_table
from portal.kit.hashing import Busy, Turn
from portal.rules import terms
from portal.subscription import actions as subscription
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.web.security_people import (
    AGAIN,
    APP,
    BEGIN,
    CODES,
    DEMAND,
    MOVE,
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
    status,
    where,
)


@pytest.fixture
def anna(house: House) -> Administrator:
    """Anna has an authenticator app and recovery codes."""
    person = house.person("m1234")
    house.add_app(person)
    house.add_codes(person)
    return person


def text_of_cookie(browser: Browser) -> str:
    """What the browser's cookie holds, readable for anybody who has it."""
    value = browser.client.get_cookie("portal").value.rpartition(".")[0]
    compressed, data = value.startswith("."), value.lstrip(".").partition(".")[0]
    raw = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    return (zlib.decompress(raw) if compressed else raw).decode("utf-8", "replace")


# --- the page --------------------------------------------------------------------------------------------------------


def test_whoever_has_none_reads_what_that_means_and_can_add_one(house: House) -> None:
    page = come_in(house).get(PAGE)
    assert "Whoever knows the password of m1234 can sign in with it." in page.text
    assert (offers(page, BEGIN), offers(page, REMOVE), offers(page, CODES)) == (True, False, False)


def test_profile_and_password_lead_to_the_page(house: House) -> None:
    browser = come_in(house)
    for path in ("/profile", "/profile/password"):
        links = [a.get("href") for a in browser.get(path).all("main")[0].iter("a")]
        assert PAGE in links


def test_it_says_since_when_there_is_an_app_and_when_it_was_last_used(house: House, anna: Administrator) -> None:
    house.clock.move(hours=24)
    page = come_in(house).get(PAGE)
    assert "To sign in as m1234, the password alone is not enough." in page.text
    assert "Since 20 November 2026, 10:00 Last used 21 November 2026, 10:00" in page.text
    assert (offers(page, BEGIN), offers(page, MOVE), offers(page, REMOVE)) == (False, True, True)


@pytest.mark.parametrize(
    ("used", "told"), [(0, "10 of 10 are left."), (9, "1 of 10 is left."), (10, "All of them have been used.")]
)
def test_it_says_how_many_recovery_codes_are_left_and_when_they_were_made(house: House, used: int, told: str) -> None:
    person = house.person("m1234")
    house.add_app(person)
    browser = come_in(house)
    house.add_codes(person)
    with house.parts.database.write() as db:
        mine = db.execute(select(code_table.c.id).limit(used)).scalars().all()
        db.execute(update(code_table).where(code_table.c.id.in_(mine)).values(used_at=house.clock.now()))
    assert f"{told} Made 20 November 2026, 10:01" in browser.get(PAGE).text


def test_the_rules_are_told_with_their_numbers(house: House) -> None:
    text = come_in(house).get(PAGE).text
    minutes = int(terms.REAUTHENTICATION_LIFE.total_seconds()) // 60
    assert f"if that was more than {minutes} minutes ago" in text
    assert f"{terms.PASSWORD_MIN_SECOND_FACTOR} characters or more, instead of {terms.PASSWORD_MIN}" in text
    assert f"{int(terms.FACTOR_REMOVAL_WAIT.total_seconds()) // 3600} hours later" in text
    assert "the second factor is asked for all the same" in text


def test_it_speaks_italian(house: House, anna: Administrator) -> None:
    page = come_in(house).get(f"{PAGE}?lang=it")
    assert page.heading == "Sicurezza dell’accesso"
    assert "Ne restano 10 su 10." in page.text


def test_strangers_are_led_to_the_sign_in_and_back(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.get(PAGE)
    assert where(browser) == "/login"
    browser.submit({"username": "m1234", "password": PASSWORD})
    assert where(browser) == PAGE


# --- recovery codes --------------------------------------------------------------------------------------------------


@both_databases
def test_new_codes_are_shown_and_count_and_the_earlier_ones_do_not(house: House) -> None:
    person = house.person("m1234")
    house.add_app(person)
    earlier = house.add_codes(person)
    house.clock.move(minutes=1)
    browser = come_in(house)
    browser.get(PAGE)
    codes = shown_codes(press(browser, CODES))
    assert len(set(codes)) == terms.RECOVERY_CODES
    other = house.browser()
    other.sign_in()
    assert other.code(earlier[0]).errors()
    other.code(codes[0])
    other.submit({"choice": "continue"})
    assert other.get("/subscription").state() == "active"


def test_codes_are_shown_once_and_kept_nowhere(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    browser.get(PAGE)
    page = press(browser, CODES)
    codes = shown_codes(page)
    assert browser.response is not None
    assert browser.response.headers["Cache-Control"] == "no-store"
    assert not browser.response.history, "they are the answer itself, and stand behind no address"
    kept = text_of_cookie(browser) + browser.get(PAGE).text + browser.get("/profile").text
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]
    assert browser.open(CODES).status_code == 405


def test_the_same_codes_stand_there_as_text_to_copy(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    browser.get(PAGE)
    page = press(browser, CODES)
    (area,) = page.all("textarea")
    assert (area.text or "").split() == shown_codes(page)
    assert area.get("readonly") is not None
    assert not list(page.all("main")[0].iter("form")), "in a form it would be kept as a draft"


def test_new_codes_are_told_by_mail_and_in_the_activity(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    browser.get(PAGE)
    press(browser, CODES)
    (letter,) = house.work()
    assert (letter.recipient, "New recovery codes were made" in letter.text) == (anna.email, True)
    assert done(house) == ["recovery_codes_made"]


def test_the_session_in_which_they_were_made_goes_on(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    browser.get(PAGE)
    press(browser, CODES)
    assert browser.get("/subscription").state() == "active"


def test_the_form_that_is_sent_again_leaves_the_printed_codes_alone(house: House, anna: Administrator) -> None:
    """A reload sends it again, and so does a second click."""
    browser = come_in(house)
    page = browser.get(PAGE)
    codes = shown_codes(press(browser, CODES))
    browser.page = page
    again = press(browser, CODES)
    assert (status(browser), shown_codes(again)) == (409, [])
    assert "The codes were made anew since you opened the page." in again.text
    other = house.browser()
    other.sign_in()
    other.code(codes[0])
    assert where(other) == "/login/take-over"


@pytest.mark.parametrize("known", ["", "0", "2026-11-20", "x" * 500, "2026-11-20T09:00:00+00:00 "])
def test_a_form_that_names_another_set_changes_nothing(house: House, anna: Administrator, known: str) -> None:
    browser = come_in(house)
    send(browser, CODES, known=known)
    assert (status(browser), codes_left(house, anna), done(house)) == (409, 10, [])


def test_without_a_factor_there_are_none(house: House) -> None:
    browser = come_in(house)
    page = send(browser, CODES, known="")
    assert (status(browser), shown_codes(page)) == (409, [])
    assert "Recovery codes stand in for a second factor, and you have none yet." in page.text
    assert codes_left(house, house.person("m1235")) is None


def test_a_factor_without_codes_gets_some(house: House) -> None:
    """Somebody whose codes were taken back with a change of the address."""
    person = house.person("m1234")
    house.add_app(person)
    browser = come_in(house)
    assert "You have none." in browser.get(PAGE).text
    assert len(shown_codes(press(browser, CODES))) == terms.RECOVERY_CODES
    assert codes_left(house, person) == terms.RECOVERY_CODES


def test_where_all_places_to_hash_are_taken_it_is_told_and_the_codes_stay(
    house: House, anna: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = come_in(house)
    browser.get(PAGE)

    def busy() -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr(house.parts.hasher, "turn", busy)
        press(browser, CODES)
    assert browser.response is not None
    assert (status(browser), browser.response.headers["Retry-After"]) == (503, "2")
    assert (codes_left(house, anna), done(house)) == (10, [])
    assert len(shown_codes(press(browser, CODES))) == terms.RECOVERY_CODES


@both_databases
def test_another_factor_that_goes_while_codes_are_hashed_leaves_none_behind(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = house.person("m1234")
    house.add_app(person)
    browser = come_in(house)
    make = recovery_codes.make

    def slowly(hasher: object) -> tuple[list[str], list[str]]:
        with house.parts.database.write() as db:
            assert own_factors.remove_app(db, person, demanded=False, at=house.clock.now(), but=1) is None
        return make(house.parts.hasher)

    browser.get(PAGE)
    monkeypatch.setattr(recovery_codes, "make", slowly)
    press(browser, CODES)
    assert (status(browser), codes_left(house, person)) == (409, None)


# --- the password again ----------------------------------------------------------------------------------------------


@both_databases
@pytest.mark.parametrize("path", [BEGIN, MOVE, REMOVE, CODES, DEMAND])
def test_every_change_waits_for_the_password_and_is_then_done_once(house: House, path: str) -> None:
    person = house.person("m1234")
    if path != BEGIN:
        house.add_app(person)
        house.add_codes(person)
    browser = come_in(house, minutes=terms.REAUTHENTICATION_LIFE.total_seconds() / 60)
    browser.get(PAGE)
    before = rows(house)
    press(browser, path)
    assert (where(browser), rows(house)) == (AGAIN, before)
    question = browser.page
    browser.prove()
    after = rows(house)
    assert (after != before) is (path != MOVE), "the move begins on the page alone"
    browser.page = question
    browser.open(AGAIN, follow_redirects=True)
    assert rows(house) == after


@pytest.mark.parametrize("path", [BEGIN, REMOVE, CODES])
def test_the_password_of_somebody_else_proves_nothing(house: House, path: str) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco", password="the password of somebody else")
    person = house.person("m1234")
    if path != BEGIN:
        house.add_app(person)
        house.add_codes(person)
    browser = come_in(house, minutes=11)
    browser.get(PAGE)
    before = rows(house)
    press(browser, path)
    browser.submit({"password": "the password of somebody else", "username": "m1234-marco"})
    assert (where(browser), rows(house)) == (AGAIN, before)


@both_databases
def test_codes_are_hashed_while_nothing_holds_the_database_even_after_the_question(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = house.person("m1234")
    house.add_app(person)
    browser = come_in(house, minutes=11)
    browser.get(PAGE)
    press(browser, CODES)
    hashed = []
    hash_all = Turn.hash_all

    def watched(turn: Turn, texts: list[str]) -> list[str]:
        with house.parts.database.write() as db:  # on SQLite one waits here, in vain, for whoever holds it
            subscription.note_sign_in(db, 1234, at=house.clock.now(), zone=house.parts.settings.timezone)
        hashed.append(len(texts))
        return hash_all(turn, texts)

    monkeypatch.setattr(Turn, "hash_all", watched)
    assert len(shown_codes(browser.prove())) == terms.RECOVERY_CODES
    assert hashed == [terms.RECOVERY_CODES]


def test_a_request_that_waits_for_the_password_is_lost_to_nobody_where_hashing_is_busy(
    house: House, anna: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = come_in(house, minutes=11)
    browser.get(PAGE)
    press(browser, CODES)

    def busy(hasher: object) -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr(recovery_codes, "make", busy)
        browser.prove()
    assert (status(browser), codes_left(house, anna)) == (503, 10)
    assert len(shown_codes(press(browser, CODES))) == terms.RECOVERY_CODES


# --- what an attacker tries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BEGIN, APP, REMOVE, CODES])
def test_nobody_changes_the_factors_of_somebody_else(house: House, anna: Administrator, path: str) -> None:
    """Fields that no form has name her; the session is Marco's."""
    house.person("m1235")
    browser = come_in(house, "m1235")
    fields = {"administrator_id": str(anna.id), "person": str(anna.id), "username": "m1234", "known": "", "code": "1"}
    before = has(house, anna)
    send(browser, path, **fields)
    assert (has(house, anna), codes_left(house, anna)) == (before, 10)


@pytest.mark.parametrize("path", [BEGIN, APP, REMOVE, MOVE, CODES, DEMAND])
def test_a_link_or_a_picture_changes_nothing(house: House, anna: Administrator, path: str) -> None:
    browser = come_in(house)
    before = rows(house)
    for method in ("GET", "HEAD"):
        browser.open(path, method=method)
    assert rows(house) == before


def test_another_site_changes_nothing(house: House, anna: Administrator) -> None:
    browser = come_in(house)
    before = rows(house)
    for path in (BEGIN, APP, REMOVE, MOVE, CODES, DEMAND):
        assert browser.open(path, method="POST", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert rows(house) == before


@both_databases
def test_whoever_stands_halfway_at_the_sign_in_begins_anew_after_a_change(house: House) -> None:
    """The password is proven there, and the question is whether to end the session in which an app is added now."""
    person = house.person("m1234")
    owner = come_in(house)
    other = house.browser()
    other.sign_in()
    assert where(other) == "/login/take-over"
    owner.get(PAGE)
    press(owner, BEGIN)
    owner.submit({"code": house.code(person)})
    other.submit({"choice": "continue"})
    assert where(other) == "/login"
    assert owner.get("/subscription").state() == "active"


def test_a_session_that_ended_meanwhile_changes_nothing(house: House, anna: Administrator) -> None:
    first = come_in(house)
    first.get(PAGE)
    second = house.browser()
    second.sign_in()
    second.code(house.code(anna))
    second.submit({"choice": "continue"})
    before = rows(house)
    press(first, REMOVE)
    assert (where(first), rows(house), has(house, anna).app) == ("/login", before, True)
