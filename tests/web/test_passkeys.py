"""Passkeys on the pages: added and taken off, in the place of the password, beside it, and as the proof asked again."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from portal import office
from portal.accounts import administrators, factors, passkeys
from portal.accounts.links import Purpose
from portal.accounts.passkeys import Passkey
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators as people
from portal.accounts.tables import sessions
from portal.kit.hashing import Busy
from portal.kit.links import links
from portal.rules import terms
from portal.rules.factors import Factors
from portal.subscription import actions as subscription
from tests.conftest import both_databases
from tests.helpers import authenticator as script
from tests.helpers.authenticator import Authenticator, Json, give, text
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import House, build
from tests.helpers.pages import Page
from tests.helpers.together import together
from tests.web.test_cancellation import is_cancelled
from tests.web.test_proof import CANCEL, address, asked, cancellations, send, signed_in, status, where

SECURITY, KEYS, NEW = "/profile/security", "/profile/security/passkeys", "/profile/security/passkeys/new"
ALONE, BESIDE, AGAIN = "/login/passkey", "/login/second-factor/passkey", "/login/again/passkey"
OVERVIEW = "/subscription"
REFUSED = "This passkey does not open the platform, or its answer came too late."
TICK = timedelta(microseconds=1)
LATE = [(-TICK, True), (timedelta(0), False), (TICK, False)]
LIES: list[dict[str, Any]] = [
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:8000"},
    {"host": "evil.example"},
    {"present": False},
]


def anna(house: House) -> Administrator:
    return house.administrator("m1234") or house.person("m1234")


def keys_of(house: House, username: str = "m1234") -> list[Passkey]:
    person = house.administrator(username)
    assert person is not None
    with house.parts.database.read() as db:
        return passkeys.of(db, person.id)


def has(house: House) -> Factors:
    with house.parts.database.read() as db:
        return factors.of(db, anna(house).id)


def wait(house: House, life: timedelta) -> None:
    house.clock.move(seconds=life.total_seconds())


def cookie(house: House, browser: Browser) -> str:
    found: str = browser.client.get_cookie(house.parts.settings.cookie_name).value
    return found


def set_cookie(house: House, browser: Browser, value: str) -> None:
    browser.client.set_cookie(house.parts.settings.cookie_name, value)


# --- adding -----------------------------------------------------------------------------------------------------------


@both_databases
@pytest.mark.parametrize(
    ("language", "words"), [("en", "The passkey “My key” is added"), ("it", "La passkey «My key» è aggiunta")]
)
def test_a_passkey_is_added_and_recovery_codes_come_with_it(house: House, language: str, words: str) -> None:
    browser = signed_in(house, language=language)
    page = script.add(browser, Authenticator(), "My key")
    assert words in page.text
    assert len([item for item in page.all("li") if item.find("code") is not None]) == terms.RECOVERY_CODES
    assert has(house) == Factors(passkeys=1, codes=terms.RECOVERY_CODES)
    assert "My key" in browser.get(SECURITY).text


def test_the_next_one_brings_no_codes(house: House) -> None:
    browser = signed_in(house)
    script.add(browser, Authenticator(), "One")
    page = script.add(browser, Authenticator(), "Two")
    assert (where(browser), page.all("ol")) == (SECURITY, [])
    assert "The passkey “Two” is added" in page.text
    assert [key.name for key in keys_of(house)] == ["One", "Two"]


def test_it_is_told_by_mail_and_in_the_activity(house: House) -> None:
    browser = signed_in(house)
    house.work()
    script.add(browser, Authenticator())
    (letter,) = house.work()
    assert "A passkey was added for the user name m1234." in letter.text
    assert "Added a passkey." in browser.get("/subscription/activity").text


def test_the_session_in_which_it_was_added_goes_on(house: House) -> None:
    browser = signed_in(house)
    script.add(browser, Authenticator())
    browser.get(OVERVIEW)
    assert where(browser) == OVERVIEW


def test_without_a_name_it_is_called_after_the_browser(house: House) -> None:
    browser = signed_in(house)
    page = script.begin(browser)
    assert page.value("name") == "Firefox · Linux"
    fields = {"answer": Authenticator().make(script.given(browser)), "name": "  "}
    browser.submit(fields, form=script.form_of(browser))
    assert [key.name for key in keys_of(house)] == ["Firefox · Linux"]


@pytest.mark.parametrize(("name", "fits"), [("x" * 60, True), ("x" * 61, False), ("a\x07b", False)])
def test_a_name_is_one_line_of_sixty_characters(house: House, name: str, fits: bool) -> None:
    browser = signed_in(house)
    page = script.add(browser, Authenticator(), name)
    assert (len(page.errors()), len(keys_of(house))) == ((0, 1) if fits else (1, 0))
    if not fits:
        assert status(browser) == 422
        assert "value" in page.html
        fields = {"answer": Authenticator().make(script.given(browser)), "name": "Better"}
        browser.submit(fields, form=script.form_of(browser))  # the challenge still waits
        assert [key.name for key in keys_of(house)] == ["Better"]


@pytest.mark.parametrize(("after", "counts"), LATE)
def test_the_browser_has_five_minutes_to_make_it(house: House, after: timedelta, counts: bool) -> None:
    browser = signed_in(house)
    script.begin(browser)
    answer = Authenticator().make(script.given(browser))
    wait(house, terms.PASSKEY_LIFE + after)
    page = browser.submit({"answer": answer, "name": "My key"}, form=script.form_of(browser))
    assert len(keys_of(house)) == counts
    if not counts:
        assert (status(browser), page.value("name")) == (422, "My key")
        assert "It took too long" in page.text
        fields = {"answer": Authenticator().make(script.given(browser))}
        browser.submit(fields, form=script.form_of(browser))  # with the new challenge of this page
        assert [key.name for key in keys_of(house)] == ["My key"]


def test_the_page_without_a_challenge_leads_to_the_list(house: House) -> None:
    browser = signed_in(house)
    browser.get(NEW)
    assert where(browser) == SECURITY


def test_ten_minutes_after_the_password_it_is_asked_for_first(house: House) -> None:
    browser = signed_in(house, minutes=10)
    page = script.begin(browser)
    assert where(browser) == "/login/again"
    assert "You are about to do this: Add a passkey" in page.text
    browser.prove()
    assert where(browser) == NEW
    fields = {"answer": Authenticator().make(script.given(browser))}
    browser.submit(fields, form=script.form_of(browser))
    assert len(keys_of(house)) == 1


def test_a_key_that_had_to_wait_for_the_password_is_made_once_more(house: House) -> None:
    """The proof began the browser's session anew, and with it went the challenge: the new page has another one."""
    browser = signed_in(house, minutes=9)
    script.begin(browser)
    answer = Authenticator().make(script.given(browser))
    house.clock.move(minutes=1)
    browser.submit({"answer": answer, "name": "My key"}, form=script.form_of(browser))
    page = browser.prove()
    assert (status(browser), page.value("name"), keys_of(house)) == (422, "My key", [])
    browser.submit({"answer": Authenticator().make(script.given(browser))}, form=script.form_of(browser))
    assert [key.name for key in keys_of(house)] == ["My key"]


@pytest.mark.parametrize("lies", LIES)
def test_a_key_made_elsewhere_is_not_added(house: House, lies: Json) -> None:
    browser = signed_in(house)
    page = script.add(browser, Authenticator(), **lies)
    assert (status(browser), keys_of(house)) == (422, [])
    assert "The answer of the passkey could not be used." in page.text


def test_a_challenge_of_another_browser_is_of_no_use(house: House) -> None:
    mine, theirs = signed_in(house), signed_in(house, "m1235")
    script.begin(theirs)
    script.begin(mine)
    answer = Authenticator().make(script.given(theirs))
    mine.submit({"answer": answer}, form=script.form_of(mine))
    assert (status(mine), keys_of(house)) == (422, [])


def test_a_challenge_of_somebody_else_is_of_no_use_even_in_the_same_browser(house: House) -> None:
    """What no page lets happen: the sign-in begins the browser's session anew."""
    theirs, mine = signed_in(house, "m1235"), signed_in(house)
    script.begin(theirs)
    script.begin(mine)
    answer = Authenticator().make(script.given(theirs))
    with theirs.client.session_transaction() as kept:
        token = kept[Purpose.NEW_PASSKEY]
    with mine.client.session_transaction() as kept:
        kept[Purpose.NEW_PASSKEY] = token
    mine.submit({"answer": answer}, form=script.form_of(mine))
    assert (status(mine), keys_of(house), keys_of(house, "m1235")) == (422, [], [])


def test_the_same_answer_adds_nothing_twice(house: House) -> None:
    browser = signed_in(house)
    script.begin(browser)
    old = cookie(house, browser)
    fields = {"answer": Authenticator().make(script.given(browser))}
    number, page, shown = script.form_of(browser), browser.page, browser.response
    browser.submit(fields, form=number)
    set_cookie(house, browser, old)
    browser.page, browser.response = page, shown
    browser.submit(fields, form=number)
    assert (status(browser), len(keys_of(house))) == (422, 1)


def test_another_change_of_a_factor_ends_the_wait(house: House) -> None:
    """So that no key is kept under what the keys before it knew the person by, and no eleventh passes."""
    browser = signed_in(house)
    script.add(browser, Authenticator())
    script.begin(browser)
    answer, page, shown = Authenticator().make(script.given(browser)), browser.page, browser.response
    take_off(browser, keys_of(house)[0])
    browser.page, browser.response = page, shown
    browser.submit({"answer": answer}, form=script.form_of(browser))
    assert (status(browser), keys_of(house)) == (422, [])


def test_the_eleventh_is_not_begun(house: House) -> None:
    browser = signed_in(house)
    for number in range(terms.PASSKEYS_MAX - 1):
        give(house, anna(house), Authenticator(), f"Key {number}")
    script.add(browser, Authenticator(), "The tenth")
    assert len(keys_of(house)) == terms.PASSKEYS_MAX
    assert all(form.get("action") != NEW for form in browser.get(SECURITY).forms())
    page = send(browser, NEW)
    assert status(browser) == 409
    assert "You have 10 passkeys" in page.text


def test_the_page_says_that_a_key_is_known_already(house: House) -> None:
    """What no honest browser does: it was told which keys not to make again."""
    browser = signed_in(house)
    script.begin(browser)
    key = Authenticator()
    answer = key.make(script.given(browser))
    row = give(house, house.person("m1235"), Authenticator())
    with house.parts.database.write() as db:
        table = passkeys.passkeys
        db.execute(update(table).where(table.c.id == row.id).values(credential_id=text(key.keys[-1].id)))
    page = browser.submit({"answer": answer}, form=script.form_of(browser))
    assert (status(browser), keys_of(house)) == (409, [])
    assert "This passkey is on the list of somebody already." in page.text


def test_without_a_free_place_to_hash_the_codes_nothing_is_used_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(house)
    script.begin(browser)
    fields = {"answer": Authenticator().make(script.given(browser))}

    def busy() -> None:
        raise Busy

    with monkeypatch.context() as patched:
        patched.setattr(house.parts.hasher, "turn", busy)
        browser.submit(fields, form=script.form_of(browser))
    assert browser.response is not None
    assert (status(browser), browser.response.headers["Retry-After"], keys_of(house)) == (503, "2", [])
    browser.submit(fields, form=script.form_of(browser))
    assert len(keys_of(house)) == 1


def test_where_a_second_factor_is_demanded_a_passkey_will_do(house: House) -> None:
    house.person("m1234")
    with house.parts.database.write() as db:
        subscription.demand_second_factor(db, 1234, administrator_id=1, at=house.clock.now())
    browser = house.browser()
    browser.sign_in()
    assert where(browser) == SECURITY
    script.add(browser, Authenticator())
    browser.get(OVERVIEW)
    assert where(browser) == OVERVIEW


def test_the_script_finds_hidden_forms_and_what_to_hide(house: House) -> None:
    page = script.begin(signed_in(house))
    (form,) = [form for form in page.forms() if form.get("data-passkey")]
    assert form.get("hidden") is not None
    (words,) = [element for element in page.root.iter() if element.get("data-no-passkey") is not None]
    assert "needs JavaScript" in "".join(words.itertext())


# --- taking off -------------------------------------------------------------------------------------------------------


def take_off(browser: Browser, key: Passkey) -> Page:
    page = browser.get(SECURITY)
    action = f"{KEYS}/{key.id}/remove"
    return browser.submit(form=next(n for n, form in enumerate(page.forms()) if form.get("action") == action))


def test_a_key_that_was_taken_off_opens_nothing(house: House) -> None:
    key, browser = Authenticator(), signed_in(house)
    script.add(browser, key)
    house.work()
    page = take_off(browser, keys_of(house)[0])
    assert "The passkey is taken off." in page.text
    assert has(house) == Factors()
    assert "A passkey of the user name m1234 was taken off." in house.work()[-1].text
    other = house.browser()
    other.get("/login")
    page = script.use(other, key)
    assert (status(other), REFUSED in page.text) == (422, True)


def test_taking_off_asks_for_the_password_ten_minutes_after_it_was_typed(house: House) -> None:
    browser = signed_in(house)
    script.add(browser, Authenticator())
    house.clock.move(minutes=10)
    page = take_off(browser, keys_of(house)[0])
    assert (where(browser), len(keys_of(house))) == ("/login/again", 1)
    assert "You are about to do this: Take the passkey off" in page.text
    browser.prove()
    assert keys_of(house) == []


def test_the_last_factor_stays_where_it_is_demanded(house: House) -> None:
    browser = signed_in(house)
    script.add(browser, Authenticator())
    with house.parts.database.write() as db:
        subscription.demand_second_factor(db, 1234, administrator_id=1, at=house.clock.now())
    assert all(not form.get("action", "").endswith("/remove") for form in browser.get(SECURITY).forms())
    page = send(browser, f"{KEYS}/{keys_of(house)[0].id}/remove")
    assert (status(browser), len(keys_of(house))) == (409, 1)
    assert "It cannot be taken off: your platform" in page.text


def test_the_last_factor_stays_beside_a_short_password(house: House) -> None:
    browser = signed_in(house)
    script.add(browser, Authenticator())
    with house.parts.database.write() as db:
        db.execute(update(people).values(short_password=True))
    page = send(browser, f"{KEYS}/{keys_of(house)[0].id}/remove")
    assert (status(browser), len(keys_of(house))) == (409, 1)
    assert "It cannot be taken off: your password" in page.text


def test_a_key_of_somebody_else_is_like_one_that_does_not_exist(house: House) -> None:
    theirs = give(house, house.person("m1235"), Authenticator())
    browser = signed_in(house)
    pages = []
    for number in (theirs.id, 999):
        page = send(browser, f"{KEYS}/{number}/remove")
        pages.append((status(browser), page.text))
    assert pages[0] == pages[1]
    assert pages[0][0] == 409
    assert len(keys_of(house, "m1235")) == 1


# --- in the place of the password -------------------------------------------------------------------------------------


def with_key(house: House, **facts: Any) -> Authenticator:
    """An authenticator with a passkey of m1234."""
    key = Authenticator(**facts)
    give(house, anna(house), key)
    return key


def at_login(house: House, **options: Any) -> Browser:
    browser = house.browser(**options)
    browser.get("/login")
    return browser


@both_databases
def test_a_passkey_alone_opens_the_platform(house: House) -> None:
    key, browser = with_key(house), at_login(house)
    script.use(browser, key)
    assert where(browser) == OVERVIEW
    with house.parts.database.read() as db:
        assert db.execute(select(sessions.c.factor)).scalar_one() == "passkey"
    assert keys_of(house)[0].last_used_at == house.clock.now()


def test_it_leads_to_where_the_person_wanted_to_go(house: House) -> None:
    key, browser = with_key(house), house.browser()
    browser.get("/subscription/contacts")
    assert where(browser) == "/login"
    script.use(browser, key)
    assert where(browser) == "/subscription/contacts"


def test_another_live_session_is_asked_about_as_after_a_password(house: House) -> None:
    key = with_key(house)
    signed = house.browser()
    signed.get("/login")
    script.use(signed, key)
    browser = at_login(house)
    script.use(browser, key)
    assert where(browser) == "/login/take-over"
    browser.submit({"choice": "continue"})
    assert where(browser) == OVERVIEW
    signed.get(OVERVIEW)
    assert where(signed) == "/login"


def test_what_is_asked_tells_nothing_of_anybody(house: House) -> None:
    before = script.ask(at_login(house))
    with_key(house)
    after = script.ask(at_login(house))
    assert before.pop("challenge") != after.pop("challenge")
    assert before == after
    assert before == {
        "status": 200,
        "rpId": "localhost",
        "timeout": 300_000,
        "allowCredentials": [],
        "userVerification": "required",
    }


def disable(house: House) -> None:
    with house.parts.database.write() as db:
        administrators.disable(db, anna(house), at=house.clock.now())


def take_off_all(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(passkeys.passkeys.delete())


def nothing(_house: House) -> None:
    return None


@pytest.mark.parametrize(
    ("lies", "change"),
    [
        *((lies, nothing) for lies in LIES),
        ({"handle": text(b"somebody else")}, nothing),
        ({"handle": None}, nothing),
        ({"count": 4}, nothing),
        ({}, disable),
        ({}, take_off_all),
    ],
)
def test_nobody_comes_in_otherwise_and_nobody_is_told_why(
    house: House, lies: Json, change: Callable[[House], None]
) -> None:
    key = with_key(house)
    with house.parts.database.write() as db:
        db.execute(update(passkeys.passkeys).values(sign_count=4))
    key.keys[-1].count = 4
    change(house)
    unknown = Authenticator(keys=[script.Key(b"x" * 32, key.keys[0].private, "localhost", key.keys[0].handle)])
    known, stranger = at_login(house), at_login(house)
    refused = script.use(known, key, **lies)
    assert (status(known), REFUSED in refused.text) == (422, True)
    assert refused.text == script.use(stranger, unknown).text
    known.get(OVERVIEW)
    assert where(known) == "/login"


def test_a_key_that_has_not_found_out_who_it_is_is_refused(house: House) -> None:
    key, browser = with_key(house, verifies=False), at_login(house)
    page = script.use(browser, key)
    assert (status(browser), REFUSED in page.text) == (422, True)


def test_a_copy_of_a_key_is_refused(house: House) -> None:
    key, browser = with_key(house), at_login(house)
    script.use(browser, key, count=9)
    assert where(browser) == OVERVIEW
    other = at_login(house)
    script.use(other, key, count=8)
    assert (where(other), status(other)) == (ALONE, 422)


def test_an_answer_counts_once(house: House) -> None:
    key, browser = with_key(house, counts=False), at_login(house)
    answer, before = key.use(script.ask(browser)), cookie(house, browser)
    script.send(browser, answer)
    assert where(browser) == OVERVIEW
    thief = at_login(house)
    set_cookie(house, thief, before)
    page = thief.get("/login")
    thief.submit({"answer": answer}, form=script.form_of(thief))
    assert page.heading
    assert (where(thief), status(thief)) == (ALONE, 422)


def test_an_answer_that_does_not_count_uses_the_challenge_up(house: House) -> None:
    key, browser = with_key(house), at_login(house)
    options, before = script.ask(browser), cookie(house, browser)
    script.send(browser, key.use(options, origin="https://evil.example"))
    assert status(browser) == 422
    set_cookie(house, browser, before)
    script.send(browser, key.use(options))
    assert (where(browser), status(browser)) == (ALONE, 422)


def test_challenges_of_two_browsers_cannot_be_swapped(house: House) -> None:
    key, one, two = with_key(house), at_login(house), at_login(house)
    first, second = script.ask(one), script.ask(two)
    script.send(one, key.use(second))
    script.send(two, key.use(first))
    assert (status(one), status(two)) == (422, 422)


def test_of_two_tabs_the_one_that_began_last_counts(house: House) -> None:
    key, browser = with_key(house), at_login(house)
    first = script.ask(browser)
    second = script.ask(browser)
    page, shown = browser.page, browser.response
    script.send(browser, key.use(first))
    assert status(browser) == 422
    browser.page, browser.response = page, shown
    script.ask(browser)
    script.send(browser, key.use(second))
    assert status(browser) == 422
    script.use(browser, key)
    assert where(browser) == OVERVIEW


@pytest.mark.parametrize(("after", "counts"), LATE)
def test_the_answer_has_five_minutes(house: House, after: timedelta, counts: bool) -> None:
    key, browser = with_key(house), at_login(house)
    answer = key.use(script.ask(browser))
    wait(house, terms.PASSKEY_LIFE + after)
    script.send(browser, answer)
    assert (where(browser) == OVERVIEW) is counts


def test_a_challenge_of_another_purpose_opens_nothing(house: House) -> None:
    """The challenge for a new key, answered as if it were the one of the sign-in."""
    key, browser = with_key(house), at_login(house)
    script.use(browser, key)
    script.begin(browser)
    options = {"challenge": script.given(browser)["challenge"], "rpId": "localhost", "allowCredentials": []}
    send(browser, ALONE, answer=key.use(options))
    assert status(browser) == 422


def test_who_needs_a_new_password_gets_the_link_and_does_not_come_in(house: House) -> None:
    key, browser = with_key(house), at_login(house)
    office.block(house.parts, 1234, "compromised", "")
    house.work()
    page = script.use(browser, key)
    assert page.heading == "A new password is needed"
    assert any("/reset-password/" in letter.text for letter in house.work())
    browser.get(OVERVIEW)
    assert where(browser) == "/login"


def test_that_the_platform_is_closed_is_told_after_the_right_key_only(house: House) -> None:
    house.platform(1234, ends_in=-11)
    key, browser = with_key(house), at_login(house)
    page = script.use(browser, key, origin="https://evil.example")
    assert (status(browser), page.heading) == (422, "Sign in to the platform")
    script.use(browser, key)
    assert status(browser) == 403


def test_guesses_at_the_password_do_not_keep_the_key_out(house: House) -> None:
    key, browser = with_key(house), at_login(house)
    for _ in range(terms.SIGN_IN_FAILURES):
        browser.submit({"username": "m1234", "password": "not the password"})
    browser.get("/login")
    script.use(browser, key)
    assert where(browser) == OVERVIEW


@both_databases
def test_a_network_begins_sixty_times_in_five_minutes(house: House) -> None:
    browser = at_login(house)
    limit = terms.PASSKEY_REQUESTS_PER_NETWORK
    assert [script.ask(browser)["status"] for _ in range(limit + 1)] == [200] * limit + [429]
    assert script.ask(at_login(house, address="192.0.2.1"))["status"] == 200
    wait(house, terms.PASSKEY_NETWORK_WINDOW - TICK)
    assert "Too many sign-ins" in script.ask(browser)["told"]
    wait(house, TICK)
    assert script.ask(browser)["status"] == 200


def test_the_limit_can_be_lifted_for_load_tests(tmp_path: Any, database_url: str) -> None:
    house = build(tmp_path, database_url, throttle=False)
    browser = at_login(house)
    found = {script.ask(browser)["status"] for _ in range(terms.PASSKEY_REQUESTS_PER_NETWORK + 2)}
    house.parts.database.close()
    assert found == {200}


def test_challenges_that_are_too_old_are_forgotten(house: House) -> None:
    browser = at_login(house)
    for _ in range(3):
        script.ask(browser)
        wait(house, terms.PASSKEY_LIFE / 2)
    with house.parts.database.read() as db:
        assert db.execute(select(func.count()).select_from(links)).scalar_one() == 2


@pytest.mark.parametrize("path", [f"{ALONE}/begin", f"{BESIDE}/begin", f"{AGAIN}/begin"])
def test_a_form_of_another_site_cannot_ask(house: House, path: str) -> None:
    browser = signed_in(house)
    token = browser.get("/profile").value("csrf_token")
    assert browser.open(path, method="POST", data={"csrf_token": token}, headers=SAME_ORIGIN).status_code == 415
    assert browser.open(path, method="POST", json={}, headers=SAME_ORIGIN).status_code == 400


def test_at_another_address_the_page_says_where_keys_work(house: House) -> None:
    house.person("m1234")
    browser = house.browser()
    browser.open("/login", base_url="http://127.0.0.1:8000")
    page = browser.page
    assert page is not None
    assert all(form.get("data-passkey") is None for form in page.all("form"))
    assert "Passkeys do not work at this address of the portal" in page.text
    assert "http://localhost:8000/login" in [link.get("href") for link in page.all("a")]


# --- beside the password ----------------------------------------------------------------------------------------------


def at_second_factor(house: House, **facts: Any) -> tuple[Authenticator, Browser]:
    """Somebody with a passkey, who has typed the password."""
    key, browser = with_key(house, **facts), house.browser()
    browser.sign_in()
    assert where(browser) == "/login/second-factor"
    return key, browser


@both_databases
def test_beside_the_password_a_touch_of_the_key_is_enough(house: House) -> None:
    key, browser = at_second_factor(house, verifies=False)
    script.use(browser, key)
    assert where(browser) == OVERVIEW
    with house.parts.database.read() as db:
        assert db.execute(select(sessions.c.factor)).scalar_one() == "passkey"


def test_only_the_keys_of_the_person_are_asked_for(house: House) -> None:
    give(house, house.person("m1235"), Authenticator())
    _key, browser = at_second_factor(house)
    options = script.ask(browser)
    assert [allowed["id"] for allowed in options["allowCredentials"]] == [keys_of(house)[0].credential_id]
    assert options["userVerification"] == "discouraged"


def test_the_key_of_somebody_else_does_not_count(house: House) -> None:
    _key, browser = at_second_factor(house)
    other = Authenticator()
    give(house, house.person("m1235"), other)
    page = script.send(browser, other.use(script.ask(browser) | {"allowCredentials": []}))
    assert (where(browser), status(browser), REFUSED in page.text) == (BESIDE, 422, True)
    browser.get(OVERVIEW)
    assert where(browser) == "/login"


@pytest.mark.parametrize("lies", [*LIES, {"handle": text(b"somebody else")}, {"count": 0}])
def test_an_answer_that_does_not_count_leaves_the_question_open(house: House, lies: Json) -> None:
    key, browser = at_second_factor(house)
    with house.parts.database.write() as db:
        db.execute(update(passkeys.passkeys).values(sign_count=1))
    key.keys[-1].count = 1
    script.use(browser, key, **lies)
    assert status(browser) == 422
    script.use(browser, key)
    assert where(browser) == OVERVIEW


def test_the_question_of_one_browser_is_not_answered_in_another(house: House) -> None:
    key, one = at_second_factor(house)
    first = script.ask(one)
    two = house.browser()
    two.sign_in()
    script.send(two, key.use(first))
    assert (where(two), status(two)) == (BESIDE, 422)


def test_an_answer_counts_once_beside_the_password_too(house: House) -> None:
    key, browser = at_second_factor(house, counts=False)
    answer, before = key.use(script.ask(browser)), cookie(house, browser)
    page, shown = browser.page, browser.response
    script.send(browser, answer)
    assert where(browser) == OVERVIEW
    set_cookie(house, browser, before)
    browser.page, browser.response = page, shown
    script.send(browser, answer)
    assert where(browser) == "/login"


@pytest.mark.parametrize(("after", "counts"), LATE)
def test_the_question_is_open_for_five_minutes(house: House, after: timedelta, counts: bool) -> None:
    key, browser = at_second_factor(house)
    answer = key.use(script.ask(browser))
    wait(house, terms.SECOND_FACTOR_LIFE + after)
    script.send(browser, answer)
    assert (where(browser) == OVERVIEW) is counts


def test_without_the_password_nothing_is_asked_and_nothing_answered(house: House) -> None:
    key, browser = at_second_factor(house)
    options, number, page, shown = script.ask(browser), script.form_of(browser), browser.page, browser.response
    wait(house, terms.SECOND_FACTOR_LIFE)
    assert script.ask(browser)["status"] == 409
    browser.page, browser.response = page, shown
    browser.submit({"answer": key.use(options)}, form=number)
    assert where(browser) == "/login"


def test_who_has_no_passkey_is_not_offered_one(house: House) -> None:
    house.add_app(anna(house))
    browser = house.browser()
    page = browser.sign_in()
    assert all(form.get("data-passkey") is None for form in page.forms())


def test_who_has_nothing_but_passkeys_is_asked_for_no_code(house: House) -> None:
    _key, browser = at_second_factor(house)
    assert browser.page is not None
    assert all("code" not in browser.page.form(n)[1] for n in range(len(browser.page.forms())))


def test_a_key_taken_off_meanwhile_does_not_count(house: House) -> None:
    key, browser = at_second_factor(house)
    house.add_app(anna(house))
    answer = key.use(script.ask(browser))
    take_off_all(house)
    script.send(browser, answer)
    assert (where(browser), status(browser)) == (BESIDE, 422)


# --- as the proof that is asked again ---------------------------------------------------------------------------------


def asked_again(house: House, **facts: Any) -> tuple[Authenticator, Browser]:
    """Somebody with a passkey whose cancellation waits for a proof."""
    browser = asked(house)
    key = with_key(house, **facts)
    browser.get(address(browser))
    return key, browser


@both_databases
def test_what_waited_is_done_with_a_passkey_as_with_the_password(house: House) -> None:
    key, browser = asked_again(house)
    old = cookie(house, browser)
    script.use(browser, key)
    assert (where(browser), is_cancelled(house)) == (CANCEL, True)
    thief = house.browser()
    set_cookie(house, thief, old)
    thief.get(OVERVIEW)
    assert where(thief) == "/login"


def test_the_proof_counts_for_ten_minutes(house: House) -> None:
    key, browser = asked_again(house)
    script.use(browser, key)
    browser.submit()  # take the cancellation back
    for minutes, question in ((9, False), (1, True)):
        house.clock.move(minutes=minutes)
        browser.get(CANCEL)
        browser.submit()
        assert (where(browser) == "/login/again") is question
        if not question:
            browser.submit()


@pytest.mark.parametrize("lies", [*LIES, {"handle": text(b"somebody else")}, {"count": 0}])
def test_no_other_answer_will_do_and_the_request_goes_on_waiting(house: House, lies: Json) -> None:
    key, browser = asked_again(house)
    with house.parts.database.write() as db:
        db.execute(update(passkeys.passkeys).values(sign_count=1))
    key.keys[-1].count = 1
    page = script.use(browser, key, **lies)
    assert (status(browser), REFUSED in page.text, is_cancelled(house)) == (422, True, False)
    script.use(browser, key)
    assert is_cancelled(house)


def test_the_proof_needs_a_key_that_has_found_out_who_it_is(house: House) -> None:
    key, browser = asked_again(house, verifies=False)
    script.use(browser, key)
    assert (status(browser), is_cancelled(house)) == (422, False)


def test_the_key_of_somebody_else_proves_nothing(house: House) -> None:
    _key, browser = asked_again(house)
    other = Authenticator()
    give(house, house.person("m1235"), other)
    script.send(browser, other.use(script.ask(browser) | {"allowCredentials": []}))
    assert (status(browser), is_cancelled(house)) == (422, False)


@pytest.mark.parametrize(("after", "counts"), LATE)
def test_the_answer_to_the_proof_has_five_minutes(house: House, after: timedelta, counts: bool) -> None:
    key, browser = asked_again(house)
    answer = key.use(script.ask(browser))
    wait(house, terms.PASSKEY_LIFE + after)
    script.send(browser, answer)
    assert is_cancelled(house) is counts


def test_without_a_passkey_none_is_offered(house: House) -> None:
    page = asked(house).page
    assert page is not None
    assert all(form.get("data-passkey") is None for form in page.forms())


def test_who_needs_a_new_password_proves_nothing_by_a_key(house: House) -> None:
    key, browser = asked_again(house)
    with house.parts.database.write() as db:
        db.execute(update(people).values(must_reset=True))
    script.use(browser, key)
    assert (status(browser), is_cancelled(house)) == (422, False)


def test_nothing_is_done_where_nothing_waits(house: House) -> None:
    key, browser = asked_again(house)
    answer = key.use(script.ask(browser))
    page = send(browser, f"{AGAIN}?waiting=999", answer=answer)
    assert "Nothing waits for your password" in page.text


@both_databases
def test_of_several_proofs_at_once_one_goes_on(house: House) -> None:
    key, first = asked_again(house, counts=False)
    answer = key.use(script.ask(first))
    assert first.page is not None
    action, fields = first.page.form(script.form_of(first))
    value = cookie(house, first)

    def press(_number: int) -> int:
        browser = house.browser()
        set_cookie(house, browser, value)
        data = fields | {"answer": answer}
        return browser.open(action, method="POST", data=data, headers=SAME_ORIGIN).status_code

    together(press, 3)
    assert (is_cancelled(house), cancellations(house)) == (True, 1)


# --- what nobody sends but an attacker --------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=60).map(text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
PARTS = ("id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature")
ANSWERS = st.one_of(
    st.text(max_size=100),
    ANYTHING.map(json.dumps),
    st.dictionaries(st.sampled_from(PARTS), ANYTHING).map(json.dumps),
    st.fixed_dictionaries(
        {"id": st.just("AQID"), "rawId": st.just("AQID"), "type": st.just("public-key")},
        optional={"response": st.dictionaries(st.sampled_from(PARTS), ANYTHING)},
    ).map(json.dumps),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
def test_whatever_is_sent_as_an_answer_is_refused_and_nothing_breaks(house: House, answer: str) -> None:
    anna(house)
    if not keys_of(house):
        give(house, anna(house), Authenticator())
    alone = at_login(house)
    script.ask(alone)
    script.send(alone, answer)
    assert status(alone) == 422
    beside = house.browser()
    beside.sign_in()
    script.send(beside, answer)
    assert status(beside) == 422
    house.clock.move(minutes=6)  # another window of the limits


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
def test_whatever_is_sent_as_a_new_key_or_a_proof_is_refused_and_nothing_breaks(house: House, answer: str) -> None:
    if house.administrator("m1234") is None:
        give(house, anna(house), Authenticator())
    key = Authenticator()
    take_off_all(house)
    give(house, anna(house), key)
    browser = at_login(house)
    script.use(browser, key)
    if where(browser) == "/login/take-over":
        browser.submit({"choice": "continue"})
    script.begin(browser)
    browser.submit({"answer": answer}, form=script.form_of(browser))
    assert (status(browser), len(keys_of(house))) == (422, 1)
    house.clock.move(minutes=10)
    script.begin(browser)
    assert where(browser) == "/login/again"
    script.ask(browser)
    script.send(browser, answer)
    assert status(browser) == 422


def test_an_answer_that_is_too_long_is_refused_as_any_body_is(house: House) -> None:
    browser = at_login(house)
    send(browser, ALONE, answer="x" * 70_000)
    assert status(browser) == 413
