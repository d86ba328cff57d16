"""The pages of the trial: one answer for everybody, a link that only a password uses up, and a name to sign in with."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts import queries as accounts
from portal.rules import terms
from portal.subscription.tables import platforms
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.house import PASSWORD, House, build
from tests.helpers.pages import Page
from tests.helpers.together import together

ANNA = {"full_name": "Anna Bianchi", "company": "Bianchi srl", "email": "anna@example.com"}
NEW = {"password": PASSWORD, "password_again": PASSWORD}


def ask(browser: Browser, **changed: str) -> Page:
    browser.get("/request-trial")
    return browser.submit(ANNA | changed)


def link(house: House) -> str:
    """The path of the link in the newest mail."""
    words = [word for word in house.work()[-1].text.split() if "/request-trial/" in word]
    return words[0].removeprefix("http://127.0.0.1:8000")


def asked(house: House, browser: Browser, **changed: str) -> str:
    ask(browser, **changed)
    return link(house)


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def platform_ids(house: House) -> list[int]:
    with house.parts.database.read() as db:
        return list(db.execute(select(platforms.c.id).order_by(platforms.c.id)).scalars())


def test_the_sign_in_and_recovery_pages_lead_here(browser: Browser) -> None:
    for path in ("/login", "/recover-username", "/reset-password"):
        page = browser.get(path)
        words = ["".join(a.itertext()) for a in page.all("a") if a.get("href") == "/request-trial"]
        assert words == ["Ask for one now"]


@pytest.mark.parametrize(("language", "heading"), [("it", "Prova la piattaforma"), ("en", "Try the platform")])
def test_the_form_says_how_long_the_trial_is(browser: Browser, language: str, heading: str) -> None:
    page = browser.get(f"/request-trial?lang={language}")
    assert page.heading == heading
    assert str(terms.TRIAL_DAYS) in page.text


@both_databases
def test_from_the_request_to_the_first_sign_in(house: House, browser: Browser) -> None:
    house.platform(1234)
    path = asked(house, browser)
    browser.get(path)
    page = browser.submit(NEW)
    assert where(browser) == "/request-trial/ready"
    assert page.heading == "Your trial is ready"
    assert "m1235" in page.text
    assert "Saturday 19 December 2026, 23:59" in page.text
    (sign_in,) = [a.get("href", "") for a in page.all("a") if a.get("class") == "button"]
    page = browser.get(sign_in)
    assert page.value("username") == "m1235"
    assert browser.submit({"password": PASSWORD}).state() == "trial"
    (ready,) = house.work()
    assert (ready.recipient, "m1235" in ready.text) == ("anna@example.com", True)


def test_the_platform_has_what_was_typed_and_the_trials_edition(house: House, browser: Browser) -> None:
    browser.get(asked(house, browser, full_name="  Anna B. ", company=" Bianchi ", email=" Anna@Example.com "))
    browser.submit(NEW)
    with house.parts.database.read() as db:
        (person,) = accounts.administrators_of_email(db, "anna@example.com")
        platform = db.execute(select(platforms)).one()
    assert (person.full_name, person.email, person.language) == ("Anna B.", "Anna@Example.com", "en")
    assert platform.company == "Bianchi"


def test_the_mail_speaks_the_language_of_the_page(house: House, browser: Browser) -> None:
    browser.get("/request-trial?lang=it")
    browser.submit(ANNA)
    (mail,) = house.work()
    assert mail.subject == "La tua prova di Portal: conferma il tuo indirizzo"


def answers(house: House, emails: list[str]) -> set[tuple[int, str, str]]:
    """(status, address, bytes) of each answer on the way; each from a browser that nobody has used before."""
    found = set()
    for email in emails:
        browser = house.browser()
        browser.get("/request-trial")
        browser.submit(ANNA | {"email": email}, follow=False)
        assert browser.response is not None
        found.add((browser.response.status_code, browser.response.headers["Location"], browser.response.text))
        page = browser.get("/request-trial/asked")
        found.add((browser.response.status_code, where(browser), page.html))
    return found


def test_known_and_unknown_addresses_get_the_same_bytes(house: House) -> None:
    house.platform(10, trial=True, ends_in=20)
    house.platform(20)
    house.person("m10", email="trial@example.com")
    house.person("m20", email="customer@example.com")
    found = answers(house, ["trial@example.com", "customer@example.com", "nobody@example.com"])
    house.work()
    found |= answers(house, ["trial@example.com", "nobody@example.com"])
    assert len(found) == 2  # the redirect, and the page it leads to


def test_past_the_limit_of_the_network_the_answer_is_the_same_and_no_mail_leaves(house: House) -> None:
    inside = terms.TRIAL_REQUESTS_PER_NETWORK
    found = answers(house, [f"p{number}@example.com" for number in range(inside + 2)])
    assert len(found) == 2
    assert len(house.work()) == inside


def test_who_has_a_trial_is_sent_to_it_and_gets_no_second_one(house: House, browser: Browser) -> None:
    browser.get(asked(house, browser))
    browser.submit(NEW)
    house.work()
    ask(house.browser(), email="ANNA@example.com")
    (mail,) = house.work()
    assert mail.subject == "You have a trial of Portal already: m1"
    assert "/request-trial/" not in mail.text
    assert platform_ids(house) == [1]


@pytest.mark.parametrize(("days", "again"), [(39, False), (40, True)])
def test_a_trial_that_is_over_for_good_hinders_nobody(house: House, browser: Browser, days: int, again: bool) -> None:
    """E is the 30th day; ten more in which it can be purchased; then a new one may begin."""
    browser.get(asked(house, browser))
    browser.submit(NEW)
    house.work()
    house.clock.move(days=days)
    ask(house.browser())
    (mail,) = house.work()
    assert ("/request-trial/" in mail.text) is again


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_scanners_that_open_the_link_use_nothing_up(house: House, browser: Browser, method: str) -> None:
    path = asked(house, browser)
    scanner = house.browser(address="192.0.2.1", agent="scanner")
    for _ in range(3):
        scanner.open(path, method=method, follow_redirects=True)
    assert platform_ids(house) == []
    browser.get(path)
    browser.submit(NEW)
    assert platform_ids(house) == [1]


def test_the_token_leaves_the_address_bar_before_the_form_is_shown(house: House, browser: Browser) -> None:
    path = asked(house, browser)
    answer = browser.open(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/request-trial/start")
    assert path.rpartition("/")[2] not in browser.get("/request-trial/start").html


@both_databases
def test_a_rejected_password_uses_nothing_up_and_a_valid_one_does(house: House, browser: Browser) -> None:
    path = asked(house, browser)
    browser.get(path)
    rejected = ["short", "x" * 300, "my company is bianchi srl", "it is anna@example.com"]
    for bad in rejected:
        assert len(browser.submit({"password": bad, "password_again": bad}).errors()) == 1
        assert status(browser) == 422
    browser.submit({"password": PASSWORD, "password_again": "something else entirely"})
    assert status(browser) == 422
    assert platform_ids(house) == []
    browser.submit(NEW)
    assert platform_ids(house) == [1]
    page = browser.get(path)
    assert status(browser) == 410
    assert "Your trial has been started with it" in page.text


def test_a_form_left_open_starts_no_second_trial(house: House, browser: Browser) -> None:
    path = asked(house, browser)
    second = house.browser()
    for tab in (browser, second):
        tab.get(path)
    browser.submit(NEW)
    second.submit(NEW)
    assert status(second) == 410
    assert platform_ids(house) == [1]


@both_databases
def test_two_people_pressing_at_once_start_one_trial(house: House, browser: Browser) -> None:
    path = asked(house, browser)
    tabs = [house.browser() for _ in range(3)]
    for tab in tabs:
        tab.get(path)
    together(lambda number: tabs[number].submit(NEW, follow=False), len(tabs))
    assert sorted(status(tab) for tab in tabs) == [303, 410, 410]
    assert platform_ids(house) == [1]


@pytest.mark.parametrize(("minutes", "code"), [(24 * 60 - 1, 200), (24 * 60, 410)])
def test_a_link_lives_a_day(house: House, browser: Browser, minutes: int, code: int) -> None:
    path = asked(house, browser)
    house.clock.move(minutes=minutes)
    browser.get(path)
    assert status(browser) == code


def test_a_newer_request_kills_the_earlier_link_which_says_the_way_forward(house: House, browser: Browser) -> None:
    first, second = asked(house, browser), asked(house, browser)
    page = browser.get(first)
    assert status(browser) == 410
    assert "/request-trial" in [a.get("href") for a in page.all("a")]
    browser.get(second)
    assert status(browser) == 200


@pytest.mark.parametrize("token", ["x", "x" * 2000, "a.b", "é", "%00", "..", "null", "W10.x"])
def test_a_broken_link_gets_its_own_page_with_the_way_forward(browser: Browser, token: str) -> None:
    answer = browser.open(f"/request-trial/{token}", follow_redirects=True)
    assert answer.status_code == 404


def test_a_link_of_one_kind_opens_no_other_page(house: House, browser: Browser) -> None:
    house.person("m1234")  # the first of its kind, as the request is: both links have the subject 1
    browser.get("/reset-password?username=m1234")
    browser.submit({"email": "m1234@example.com"})
    text = house.work()[-1].text
    reset = next(w for w in text.split() if "/reset-password/" in w and "not-asked" not in w).rpartition("/")[2]
    trial = asked(house, browser).rpartition("/")[2]
    for path in (f"/request-trial/{reset}", f"/reset-password/{trial}", f"/invitation/{trial}"):
        assert browser.open(path, follow_redirects=True).status_code == 404
    for opened, page in (
        (f"/reset-password/{reset}", "/request-trial/start"),
        (f"/request-trial/{trial}", "/reset-password/new"),
    ):
        browser.open(opened)
        token = {"csrf_token": browser.get("/login").form()[1]["csrf_token"]}
        assert browser.open(page, method="POST", data=NEW | token, headers=SAME_ORIGIN).status_code == 404
    assert platform_ids(house) == [1234]


def test_nothing_of_the_request_can_be_changed_at_the_end(house: House, browser: Browser) -> None:
    browser.get(asked(house, browser))
    browser.submit(NEW | {"email": "eve@example.com", "username": "m5", "id": "77", "edition": "enterprise"})
    with house.parts.database.read() as db:
        assert accounts.administrators_of_email(db, "eve@example.com") == []
        (person,) = accounts.administrators_of_email(db, "anna@example.com")
    assert person.username == "m1"
    assert platform_ids(house) == [1]


def test_who_has_started_nothing_is_led_to_the_sign_in(browser: Browser) -> None:
    assert browser.open("/request-trial/ready").headers["Location"] == "/login"


def test_when_all_hashing_places_are_taken_the_link_stays_open(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.kit.hashing import Busy

    def busy() -> None:
        raise Busy

    browser.get(asked(house, browser))
    with monkeypatch.context() as patch:
        patch.setattr(house.parts.hasher, "turn", busy)
        browser.submit(NEW)
        assert status(browser) == 503
    browser.submit(NEW)
    assert platform_ids(house) == [1]


def test_no_mail_quotes_what_somebody_typed(house: House, browser: Browser) -> None:
    ask(browser, full_name="Win at casino.example now", company="Click casino.example")
    (mail,) = house.work()
    assert "casino" not in mail.subject + mail.text + mail.html


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"full_name": ""}, 1),
        ({"full_name": "x" * 121}, 1),
        ({"company": "x" * 201}, 1),
        ({"company": "a\nb"}, 1),
        ({"email": "anna"}, 1),
        ({"email": "a@example.com,b@example.com"}, 1),
        ({"full_name": " ", "company": "\x00", "email": ""}, 3),
    ],
)
def test_bad_input_is_told_beside_the_field_with_what_was_typed_kept(
    house: House, browser: Browser, changed: dict[str, str], errors: int
) -> None:
    page = ask(browser, **changed)
    assert (status(browser), len(page.errors())) == (422, errors)
    assert page.value("email") == (ANNA | changed)["email"]
    assert house.work() == []


@pytest.mark.parametrize("what", ["full_name", "company"])
@both_databases
def test_the_longest_names_fit(house: House, browser: Browser, what: str) -> None:
    browser.get(asked(house, browser, **{what: "è" * (120 if what == "full_name" else 200)}))
    browser.submit(NEW)
    assert platform_ids(house) == [1]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "full_name": st.text(max_size=400),
            "company": st.text(max_size=400),
            "email": st.emails() | st.text(),
            "language": st.text(),
        },
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@both_databases
def test_whatever_is_sent_nothing_breaks(house: House, browser: Browser, fields: dict[str, str]) -> None:
    browser.get("/request-trial")
    clean = {name: text.encode("utf-8", "replace").decode() for name, text in fields.items()}
    browser.submit(clean, follow=False)
    assert status(browser) in (303, 422)
    house.work()
    with house.parts.database.read() as db:
        from portal.kit import outbox

        outcomes = set(db.execute(select(outbox.outbox.c.outcome)).scalars())
    assert outcomes <= {"handled", "sent"}


def test_without_throttle_the_network_is_not_counted(tmp_path: Path, database_url: str) -> None:
    house = build(tmp_path, database_url, throttle=False)
    for number in range(terms.TRIAL_REQUESTS_PER_NETWORK + 2):
        ask(house.browser(), email=f"p{number}@example.com")
    assert len(house.work()) == terms.TRIAL_REQUESTS_PER_NETWORK + 2
    house.parts.database.close()
