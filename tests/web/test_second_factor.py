"""The step after the password, as people meet it: nothing opens before it, and nothing leads around it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal import office, people_office
from portal.accounts import authenticator_apps, factors, recovery, sessions
from portal.accounts.events import Event
from portal.accounts.queries import Administrator
from portal.accounts.tables import sessions as session_table
from portal.rules.factors import Factor, write_recovery_code
from portal.rules.sessions import EndReason
from portal.rules.terms import SECOND_FACTOR_LIFE
from portal.web.access import Who
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.pages import Page

QUESTION, TAKE_OVER = "/login/second-factor", "/login/take-over"
REFUSED = "This code does not count"
TOO_LATE = "The question was open for too long"
NEW = "another short sentence"
TICK = timedelta(microseconds=1)


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


@pytest.fixture
def anna(house: House) -> Administrator:
    """Anna has an authenticator app."""
    person = house.person("m1234")
    house.add_app(person)
    return person


def halfway(house: House, username: str = "m1234") -> Browser:
    """Somebody who knows the password, and is asked for the second factor."""
    browser = house.browser()
    browser.sign_in(username)
    assert where(browser) == QUESTION
    return browser


def copy_of(house: House, browser: Browser) -> Browser:
    """Another browser with the same cookie and the same page in front of it."""
    other, cookie = house.browser(), browser.client.get_cookie("portal")
    other.client.set_cookie("portal", cookie.value)
    other.page, other.response = browser.page, browser.response
    return other


def wrong(house: House, person: Administrator) -> str:
    shown = {house.code(person, earlier=seconds) for seconds in (-30, 0, 30, 60)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in shown)


def session_rows(house: House) -> list[tuple[str, str | None]]:
    """(with what somebody came in, why it ended) of each session there was."""
    with house.parts.database.read() as db:
        rows = db.execute(select(session_table.c.factor, session_table.c.ended_because).order_by(session_table.c.id))
        return [(row.factor, row.ended_because) for row in rows]


# --- coming in -------------------------------------------------------------------------------------------------------


@both_databases
def test_password_and_code_of_the_app_open_the_platform(house: House) -> None:
    person = house.person("m1234")
    house.add_app(person)
    browser = halfway(house)
    assert browser.code(house.code(person)).state() == "active"
    assert session_rows(house) == [(Factor.APP, None)]


def test_a_code_is_pasted_as_the_app_shows_it(house: House, anna: Administrator) -> None:
    code = house.code(anna)
    assert halfway(house).code(f" {code[:3]} {code[3:]} ").state() == "active"


def test_a_recovery_code_opens_the_platform_once_and_its_use_is_mailed(house: House, anna: Administrator) -> None:
    printed = write_recovery_code(house.add_codes(anna)[0])
    browser = halfway(house)
    assert "recovery codes" in browser.get(QUESTION).text
    assert browser.code(printed.upper()).state() == "active"
    (letter,) = [one for one in house.work() if "recovery code" in one.text]
    assert letter.recipient == anna.email
    assert printed not in letter.text
    assert REFUSED in halfway(house).code(printed).text
    assert session_rows(house)[0][0] == Factor.RECOVERY_CODE


def test_whoever_has_no_second_factor_is_not_asked_for_one(house: House, browser: Browser) -> None:
    house.add_codes(house.person("m1234"))  # codes alone stand in for nothing
    browser.sign_in()
    assert where(browser) == "/subscription"
    assert session_rows(house) == [(Factor.PASSWORD, None)]


def test_an_app_that_was_not_confirmed_is_not_asked_for(house: House, browser: Browser) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        authenticator_apps.begin(db, house.parts.vault, person, at=house.clock.now())
    browser.sign_in()
    assert where(browser) == "/subscription"


def test_the_way_leads_back_to_where_the_person_wanted_to_go(house: House, anna: Administrator) -> None:
    browser = house.browser()
    browser.get("/profile")
    browser.submit({"username": "m1234", "password": PASSWORD})
    browser.code(house.code(anna))
    assert where(browser) == "/profile"


def test_no_foreign_place_survives_the_question(house: House, anna: Administrator) -> None:
    browser = house.browser()
    browser.get("/login?next=//evil.example/")
    browser.submit({"username": "m1234", "password": PASSWORD, "next": "//evil.example/"})
    browser.code(house.code(anna))
    assert where(browser) == "/subscription"


# --- the password alone ----------------------------------------------------------------------------------------------


def test_the_password_alone_opens_no_page_and_no_session(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    inside = [rule for rule in house.app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    tried = 0
    for rule in inside:
        declared = getattr(house.app.view_functions[rule.endpoint], "access", None)
        if declared is None or declared.who is not Who.SIGNED_IN:
            continue
        answer = browser.open(rule.rule)
        assert answer.status_code in (303, 401), rule.rule
        tried += 1
    assert tried > 10
    assert session_rows(house) == []
    assert "m1234" not in browser.get("/login").text


def test_the_question_is_the_same_however_the_platform_stands(house: House) -> None:
    seen = set()
    for number, ends_in in ((1234, 98), (1235, -5), (1236, -11)):
        house.platform(number, ends_in=ends_in)
        house.add_app(house.person(f"m{number}"))
        page = halfway(house, f"m{number}").get(QUESTION)
        seen.add(page.bytes_but_token.replace(str(number), "NUMBER"))
    assert len(seen) == 1


def test_that_the_platform_is_closed_is_told_after_the_second_factor_only(house: House) -> None:
    house.platform(1234, ends_in=-11)
    person = house.person("m1234")
    house.add_app(person)
    browser = halfway(house)
    assert REFUSED in browser.code(wrong(house, person)).text
    browser.code(house.code(person))
    assert status(browser) == 403
    assert session_rows(house) == []


def test_whether_somebody_is_signed_in_already_is_told_after_the_second_factor_only(
    house: House, anna: Administrator
) -> None:
    halfway(house).code(house.code(anna))
    intruder = halfway(house)
    assert "already signed in" not in intruder.get(QUESTION).text
    intruder.get(TAKE_OVER)
    assert where(intruder) == "/login"
    intruder.get(QUESTION)
    token = intruder.page.form()[1]["csrf_token"]  # type: ignore[union-attr]
    answer = intruder.open(TAKE_OVER, method="POST", data={"csrf_token": token, "choice": "continue"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert session_rows(house) == [(Factor.APP, None)]


def test_a_wrong_password_is_refused_as_for_anybody(house: House, anna: Administrator) -> None:
    house.person("m1235")
    browser = house.browser()
    browser.get("/login")
    mine = browser.submit({"username": "m1234", "password": "wrong"}).bytes_but_token
    theirs = browser.submit({"username": "m1235", "password": "wrong"}).bytes_but_token
    assert mine == theirs.replace("m1235", "m1234")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_without_a_proven_password_there_is_no_question(house: House, anna: Administrator, method: str) -> None:
    browser = house.browser()
    browser.get("/login")
    token = browser.page.form()[1]["csrf_token"]  # type: ignore[union-attr]
    data = {"csrf_token": token, "code": house.code(anna)} if method == "POST" else None
    answer = browser.open(QUESTION, method=method, data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert halfway(house).code(house.code(anna)).state() == "active"  # and no code was used up


def test_the_question_of_one_person_takes_no_code_of_another(house: House, anna: Administrator) -> None:
    bruno = house.person("m1235")
    house.add_app(bruno)
    hers, his = halfway(house, "m1234"), halfway(house, "m1235")
    assert REFUSED in hers.code(house.code(bruno)).text
    assert "m1235" in his.code(house.code(bruno)).text
    assert hers.code(house.code(anna)).state() == "active"


def test_the_question_of_one_browser_is_of_no_use_in_another(house: House, anna: Administrator) -> None:
    """Neither its page with its forgery token, nor its address, opens anything where the password was not proven."""
    hers, other = halfway(house), house.browser()
    other.get("/login")
    data = {"csrf_token": hers.page.form()[1]["csrf_token"], "code": house.code(anna)}  # type: ignore[union-attr]
    assert other.open(QUESTION, method="POST", data=data).status_code == 400
    other.get(QUESTION)
    assert where(other) == "/login"
    bruno = house.person("m1235")
    house.add_app(bruno)
    swapped = halfway(house, "m1235")
    assert swapped.open(QUESTION, method="POST", data=data).status_code == 400
    assert hers.code(house.code(anna)).state() == "active"


def test_a_newer_question_ends_the_earlier_one(house: House, anna: Administrator) -> None:
    first, second = halfway(house), halfway(house)
    assert TOO_LATE in first.code(house.code(anna)).text
    assert second.code(house.code(anna)).state() == "active"


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_code_that_was_seen_over_a_shoulder_is_worth_nothing(house: House, anna: Administrator) -> None:
    code = house.code(anna)
    halfway(house).code(code)
    intruder = halfway(house)
    assert REFUSED in intruder.code(code).text
    assert status(intruder) == 422
    house.clock.move(seconds=9)
    assert REFUSED in intruder.code(code).text


def test_a_copy_of_the_cookie_opens_nothing_after_the_question_was_answered(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    thief = copy_of(house, browser)
    browser.code(house.code(anna))
    house.clock.move(seconds=30)
    assert TOO_LATE in thief.code(house.code(anna)).text
    assert session_rows(house) == [(Factor.APP, None)]


def test_a_copy_of_the_cookie_opens_nothing_after_the_sign_out(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    thief = copy_of(house, browser)
    browser.code(house.code(anna))
    inside = copy_of(house, browser)
    token = browser.get("/profile").form()[1]["csrf_token"]
    browser.open("/logout", method="POST", data={"csrf_token": token})
    assert inside.open("/subscription").status_code == 303
    assert TOO_LATE in thief.submit({"code": house.code(anna)}).text
    browser.sign_in()
    assert where(browser) == QUESTION


def test_a_wrong_code_leaves_the_question_open(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    for _ in range(4):
        assert REFUSED in browser.code(wrong(house, anna)).text
    assert browser.code(house.code(anna)).state() == "active"


@pytest.mark.parametrize(
    ("waited", "in_time"),
    [(SECOND_FACTOR_LIFE - TICK, True), (SECOND_FACTOR_LIFE, False), (SECOND_FACTOR_LIFE + TICK, False)],
)
def test_the_question_is_open_for_five_minutes(
    house: House, anna: Administrator, waited: timedelta, in_time: bool
) -> None:
    browser = halfway(house)
    house.clock.move(seconds=waited.total_seconds())
    page = browser.code(house.code(anna))
    assert (page.state() == "active") is in_time
    assert (TOO_LATE in page.text) is not in_time


def end_by_reset(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        recovery.store_password(db, person, "a hash", EndReason.PASSWORD_RESET, at=house.clock.now())


def end_by_forced_reset(house: House, person: Administrator) -> None:
    office.block(house.parts, person.platform_id, "compromised", "")


def end_by_disabling(house: House, person: Administrator) -> None:
    people_office.disable_administrator(house.parts, person.username)


def end_by_a_change_of_factors(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        factors.changed(db, person, Event.RECOVERY_CODES_MADE, at=house.clock.now())


@pytest.mark.parametrize("end", [end_by_reset, end_by_forced_reset, end_by_disabling, end_by_a_change_of_factors])
def test_the_question_dies_with_what_it_stood_on(house: House, anna: Administrator, end: object) -> None:
    browser = halfway(house)
    assert callable(end)
    end(house, anna)
    assert TOO_LATE in browser.code(house.code(anna)).text
    assert session_rows(house) == []


# --- guesses ---------------------------------------------------------------------------------------------------------


@both_databases
def test_exactly_five_of_fifty_simultaneous_guesses_are_evaluated(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From copies of one browser, each at another address; then the right code has to wait too."""
    person = house.person("m1234")
    house.add_app(person)
    bad, evaluated, use = wrong(house, person), [], authenticator_apps.use

    def counted(*given: object, **facts: object) -> bool:
        evaluated.append(given)
        return use(*given, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(authenticator_apps, "use", counted)
    question = halfway(house)
    copies = [copy_of(house, question) for _ in range(50)]

    def guess(number: int) -> int:
        copies[number].address = f"198.51.{number}.7"
        copies[number].code(bad)
        return status(copies[number])

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(50)))
    assert set(answers) == {422}
    assert REFUSED in question.code(house.code(person)).text
    assert len(evaluated) == 5


def test_a_wait_is_told_in_the_words_of_a_wrong_code(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    seen = {browser.code(wrong(house, anna)).bytes_but_token for _ in range(7)}
    right = browser.code(house.code(anna)).bytes_but_token
    assert seen == {right}
    assert status(browser) == 422
    house.clock.move(seconds=30)
    assert browser.code(house.code(anna)).state() == "active"


def test_another_browser_and_another_network_share_the_wait(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    for _ in range(5):
        browser.code(wrong(house, anna))
    elsewhere = house.browser(address="203.0.113.9")
    elsewhere.sign_in()
    assert REFUSED in elsewhere.code(house.code(anna)).text


def test_a_right_password_gives_no_new_guesses(house: House, anna: Administrator) -> None:
    for _ in range(5):
        halfway(house).code(wrong(house, anna))
    assert REFUSED in halfway(house).code(house.code(anna)).text


# --- around it -------------------------------------------------------------------------------------------------------


def reset(house: House) -> Browser:
    """A new password by mail, as somebody who reads the mailbox would set it."""
    browser = house.browser()
    browser.get("/reset-password?username=m1234")
    browser.submit({"email": "m1234@example.com"})
    letter = next(one for one in house.work() if "/reset-password/" in one.text)
    link = next(word for word in letter.text.split() if "/reset-password/" in word)
    browser.get(link.removeprefix("http://127.0.0.1:8000"))
    page = browser.submit({"password": NEW, "password_again": NEW})
    assert "Your password is set" in page.text
    return browser


@both_databases
def test_a_new_password_by_mail_leads_to_the_question_and_not_around_it(house: House) -> None:
    person = house.person("m1234")
    house.add_app(person)
    browser = reset(house)
    assert session_rows(house) == []
    browser.sign_in("m1234", NEW)
    assert where(browser) == QUESTION
    assert browser.open("/subscription").status_code == 303
    browser.get(QUESTION)
    assert browser.code(house.code(person)).state() == "active"


def test_a_new_password_by_mail_lifts_the_wait(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    for _ in range(5):
        browser.code(wrong(house, anna))
    assert REFUSED in browser.code(house.code(anna)).text
    browser = reset(house)
    browser.sign_in("m1234", NEW)
    assert browser.code(house.code(anna)).state() == "active"


def test_after_the_time_out_both_are_asked_again(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    browser.code(house.code(anna))
    house.clock.move(minutes=30)
    assert browser.open("/subscription").status_code == 303
    browser.sign_in()
    assert where(browser) == QUESTION


# --- the take-over question ------------------------------------------------------------------------------------------


def test_the_take_over_question_comes_after_the_factor_and_keeps_it(house: House, anna: Administrator) -> None:
    first = halfway(house)
    first.code(house.code(anna))
    house.clock.move(seconds=30)
    second = house.browser()
    second.get("/profile")
    second.submit({"username": "m1234", "password": PASSWORD})
    second.code(house.code(anna))
    assert where(second) == TAKE_OVER
    second.submit({"choice": "continue"})
    assert where(second) == "/profile"
    assert session_rows(house) == [(Factor.APP, EndReason.TAKEN_OVER), (Factor.APP, None)]
    assert first.open("/subscription").status_code == 303


def test_a_recovery_code_is_remembered_through_the_take_over_question(house: House, anna: Administrator) -> None:
    codes = house.add_codes(anna)
    halfway(house).code(house.code(anna))
    second = halfway(house)
    second.code(codes[0])
    second.submit({"choice": "continue"})
    assert session_rows(house)[-1] == (Factor.RECOVERY_CODE, None)


def test_the_factor_of_an_earlier_person_in_the_browser_is_not_taken_over(house: House, anna: Administrator) -> None:
    """Anna stands at the take-over question; then Bruno signs in there with the password alone."""
    halfway(house).code(house.code(anna))
    house.clock.move(seconds=30)
    shared = halfway(house)
    shared.code(house.code(anna))
    assert where(shared) == TAKE_OVER
    house.person("m1235")
    shared.sign_in("m1235")
    assert session_rows(house)[-1] == (Factor.PASSWORD, None)
    elsewhere = house.browser()
    elsewhere.sign_in("m1235")
    elsewhere.submit({"choice": "continue"})
    assert session_rows(house)[-1] == (Factor.PASSWORD, None)


# --- faults ----------------------------------------------------------------------------------------------------------


def spoil(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(update(authenticator_apps.apps).values(secret="spoilt"))


def test_where_the_secret_cannot_be_read_the_page_says_what_is_left(house: House, anna: Administrator) -> None:
    codes, code = house.add_codes(anna), house.code(anna)
    spoil(house)
    browser = halfway(house)
    page = browser.code(code)
    assert status(browser) == 503
    assert "Through a fault of ours" in page.errors()[0]
    assert "help@example.com" in page.errors()[0]
    assert session_rows(house) == []
    assert browser.code(codes[0]).state() == "active"


def test_where_the_secret_cannot_be_read_the_guesses_are_not_counted(house: House, anna: Administrator) -> None:
    codes, code = house.add_codes(anna), house.code(anna)
    spoil(house)
    browser = halfway(house)
    for _ in range(6):
        browser.code(code)
    assert browser.code(codes[0]).state() == "active"


def test_where_all_places_to_hash_are_taken_it_is_told_and_nothing_is_lost(house: House, anna: Administrator) -> None:
    codes = house.add_codes(anna)
    browser = halfway(house)
    places = [house.parts.hasher.turn() for _ in range(4)]
    for place in places:
        place.__enter__()
    page = browser.code(codes[0])
    assert (status(browser), browser.response.headers["Retry-After"]) == (503, "2")  # type: ignore[union-attr]
    assert "nothing was counted against you" in page.text
    for place in places:
        place.__exit__(None, None, None)
    assert browser.code(codes[0]).state() == "active"


# --- the page --------------------------------------------------------------------------------------------------------


def field(page: Page) -> dict[str, str]:
    (found,) = [one for one in page.all("input") if one.get("name") == "code"]
    return dict(found.items())


def test_a_phone_knows_what_the_field_is_for(house: House, anna: Administrator) -> None:
    given = field(halfway(house).get(QUESTION))
    assert given["autocomplete"] == "one-time-code"
    assert given["inputmode"] == "numeric"
    assert "maxlength" not in given  # which would cut a code pasted with a blank
    house.add_codes(anna)
    assert field(halfway(house).get(QUESTION))["inputmode"] == "text"


@pytest.mark.parametrize(
    ("typed", "error"), [("", "Enter the code."), ("  ", "Enter the code."), ("12345", REFUSED), ("nonsense", REFUSED)]
)
def test_an_error_stands_beside_the_field_and_the_code_is_not_repeated(
    house: House, anna: Administrator, typed: str, error: str
) -> None:
    browser = halfway(house)
    page = browser.code(typed)
    assert status(browser) == 422
    assert page.errors()[0].startswith(error)
    assert field(page)["value"] == ""
    assert field(page)["aria-invalid"] == "true"


def test_the_page_says_what_to_enter_and_whom_to_ask(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    text = browser.get(QUESTION).text
    assert "six digits" in text
    assert "recovery codes" not in text
    assert text.count("help@example.com") == 2
    house.add_codes(anna)
    assert "recovery codes" in browser.get(QUESTION).text


def test_it_speaks_italian(house: House, anna: Administrator) -> None:
    browser = house.browser(language="it")
    browser.sign_in()
    assert "Ancora un passo" in browser.page.text  # type: ignore[union-attr]
    assert "Questo codice non vale" in browser.code(wrong(house, anna)).text


def test_the_question_is_never_kept_by_a_browser(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    assert browser.open(QUESTION).headers["Cache-Control"] == "no-store"


def test_looking_at_the_question_uses_nothing_up(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    for method in ("GET", "HEAD", "GET"):
        assert browser.open(QUESTION, method=method).status_code == 200
    browser.get(QUESTION)
    assert browser.code(house.code(anna)).state() == "active"


def test_one_session_is_opened_by_one_answer(house: House, anna: Administrator) -> None:
    browser = halfway(house)
    twin = copy_of(house, browser)
    codes = house.add_codes(anna)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: pair[0].code(pair[1]), [(browser, codes[0]), (twin, codes[1])]))
    with house.parts.database.read() as db:
        assert db.execute(select(func.count()).select_from(session_table)).scalar_one() == 1
        assert sessions.find_elsewhere(
            db, anna.id, at=house.clock.now(), idle=house.parts.settings.idle_timeout_seconds
        )
