"""Every page, in every state of the cast: axe finds nothing in light and dark, and nothing scrolls sideways."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import office, people_office
from portal.accounts import administrators, email_changes
from portal.accounts.links import Purpose
from portal.kit.links import links
from tests.billing.bills import issue
from tests.browser.conftest import Person
from tests.helpers.house import PASSWORD, House
from tests.helpers.processes import command, free_port, wait_for

Somebody = Callable[..., Person]
BEFORE_SIGN_IN = [
    "/login",
    "/recover-username",
    "/recovery/asked/username",
    "/recovery/asked/password",
    "/reset-password?username=m1234",
    "/reset-password/" + "x" * 40,
    "/reset-password/not-asked/" + "x" * 40,
    "/invitation/" + "x" * 40,
    "/profile/email/" + "x" * 40,
    "/profile/email/undone",
    "/lost-factor/" + "x" * 40,
    "/lost-factor/stopped",
    "/not-me/" + "x" * 40,
    "/not-me/done",
    "/request-trial",
    "/request-trial/asked",
    "/request-trial/" + "x" * 40,
    "/nowhere",
]
SIGNED_IN = [
    "/subscription",
    "/subscription/buy",
    "/subscription/activity",
    "/subscription/administrators",
    "/subscription/cancel",
    "/subscription/billing",
    "/subscription/payment-method",
    "/subscription/contacts",
    "/subscription/export",
    "/subscription/invoices",
    "/subscription/invoices/2026-000001",
    "/subscription/invoices/2026-000001.pdf",
    "/subscription/sms",
    "/profile",
    "/profile/email",
    "/profile/password",
    "/profile/security",
    "/profile/sessions",
    "/support/view",
    "/nowhere",
]
STATES = {
    "active": {},
    "expiring": {"ends_in": 6},
    "cancelled": {"cancelled": True},
    "last day": {"ends_in": 0},
    "grace": {"ends_in": -1},
    "last day of grace": {"ends_in": -10},
    "trial": {"ends_in": 20, "trial": True},
    "SMS-only": {"ends_in": None},
}


def look(person: Person, path: str) -> None:
    person.go(path)
    person.check_accessibility()
    assert person.fits(), f"{path} scrolls sideways at {person.page.viewport_size}"


def enter(person: Person) -> None:
    person.go("/login")
    person.page.fill("#username", "m1234")
    person.page.fill("#password", PASSWORD)
    person.enter()
    assert person.page.url == f"{person.address}/subscription"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("it", 320), ("en", 1280)])
def test_pages_before_the_sign_in(somebody: Somebody, dark: bool, language: str, width: int) -> None:
    person = somebody(language, width=width, dark=dark)
    for path in BEFORE_SIGN_IN:
        look(person, path)
    person.go("/login")
    person.page.get_by_role("main").get_by_role("button").last.press("Enter")
    person.page.wait_for_selector(".error")
    person.check_accessibility()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_second_factor(house: House, somebody: Somebody, dark: bool) -> None:
    """By keyboard: the question, a code that does not count, and the one that does."""
    mine = house.person("m1234", language="it")
    house.add_app(mine)
    house.add_codes(mine)
    person = somebody("it", width=320 if dark else 1280, dark=dark)
    person.go("/login")
    person.page.fill("#username", "m1234")
    person.page.fill("#password", PASSWORD)
    person.enter()
    assert person.page.url == f"{person.address}/login/second-factor"
    look(person, "/login/second-factor")
    for typed, after in (("12345", "/login/second-factor"), (house.code(mine), "/subscription")):
        person.page.fill("#code", typed)
        person.enter()
        assert person.page.url == f"{person.address}{after}"
        person.check_accessibility()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_pages_in_every_state(house: House, somebody: Somebody, state: str, dark: bool) -> None:
    house.platform(1234, **STATES[state])
    house.person("m1234", language="it")
    today = house.clock.now().date()
    house.lot(1234, 5_000, bought_on=today, expires_on=None)
    issue(house, language="it")
    person = somebody("it", width=320 if dark else 1280, dark=dark)
    enter(person)
    for path in SIGNED_IN if state == "active" else SIGNED_IN[:2]:
        look(person, path)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_administrators_and_a_cancelled_subscription(house: House, somebody: Somebody, dark: bool) -> None:
    house.platform(1234, additional_seats=3, cancelled=True)
    house.person("m1234")
    house.person("m1234-marco", password=None)
    gone = house.person("m1234-luca")
    with house.parts.database.write() as db:
        administrators.disable(db, gone, at=house.clock.now())
    person = somebody("it", width=320 if dark else 1280, dark=dark)
    enter(person)
    for path in ("", "/m1234-marco/disable"):
        look(person, f"/subscription/administrators{path}")
    look(person, "/subscription/cancel")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_links_that_change_the_address_and_change_it_back(house: House, somebody: Somebody, dark: bool) -> None:
    mine = house.person("m1234", language="it")
    parts, at = house.parts, house.clock.now()
    with parts.database.write() as db:
        assert email_changes.ask(db, parts.links, mine, f"{'a-long-name.' * 5}anna@example.com", at=at)
        change = db.execute(select(links.c.id)).scalar_one()
        undo = parts.links.issue(db, Purpose.EMAIL_UNDO, 1, at=at, expires_at=at + timedelta(days=7))
        tokens = [parts.links.token(db, link_id) for link_id in (change, undo)]
    person = somebody("it", width=320 if dark else 1280, dark=dark)
    enter(person)
    for path in ("", f"/{tokens[0]}", f"/undo/{tokens[1]}"):
        look(person, f"/profile/email{path}")
        assert person.page.get_by_role("main").get_by_role("button").count() >= 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["it", "en"])
def test_the_removal_of_lost_factors_is_stopped_by_keyboard(
    house: House, somebody: Somebody, language: str, dark: bool
) -> None:
    mine = house.person("m1234", language=language)
    person = somebody(language, width=320 if dark else 1280, dark=dark)
    enter(person)
    house.add_app(mine)
    reason = "ticket 4711: " + "a-long-word-without-any-place-to-break-" * 4
    people_office.ask_removal(house.parts, "m1234", reason)
    look(person, "/profile/security")
    (notice,) = [letter for letter in house.work() if "/lost-factor/" in letter.text]
    person.follow(next(word for word in notice.text.split() if "/lost-factor/" in word))
    person.check_accessibility()
    assert person.fits()
    person.press({"it": "Ferma: i secondi fattori restano", "en": "Stop it: the second factors stay"}[language])
    assert person.page.url.endswith("/lost-factor/stopped")
    person.check_accessibility()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["it", "en"])
def test_this_was_not_me_is_said_by_keyboard(house: House, somebody: Somebody, language: str, dark: bool) -> None:
    house.person("m1234", language=language)
    house.browser().sign_in()
    person = somebody(language, width=320 if dark else 1280, dark=dark)
    person.go("/login")
    person.type({"it": "Nome utente", "en": "User name"}[language], "m1234")
    person.type("Password", PASSWORD)
    person.enter()
    person.press({"it": "Continua qui e chiudi l’altra", "en": "Continue here and end the other"}[language])
    look(person, "/profile/sessions")
    person.press({"it": "Dimentica tutti gli altri", "en": "Forget all others"}[language])
    person.check_accessibility()
    (mail,) = house.work()
    person.follow(next(word for word in mail.text.split() if "/not-me/" in word))
    person.check_accessibility()
    assert person.fits()
    person.press({"it": "Non ero io", "en": "This was not me"}[language])
    assert person.page.url.endswith("/not-me/done")
    person.check_accessibility()
    assert person.fits()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_blocked_platform(house: House, somebody: Somebody, dark: bool) -> None:
    house.person("m1234")
    for code in ("payment_overdue", "abuse"):
        office.block(house.parts, 1234, code, "")
    person = somebody(width=320, dark=dark)
    enter(person)
    look(person, "/subscription")
    look(person, "/subscription/buy")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_past_the_grace_and_the_question(house: House, somebody: Somebody, dark: bool) -> None:
    house.platform(1234, ends_in=-11)
    house.person("m1234")
    person = somebody(width=320, dark=dark)
    person.go("/login")
    person.page.fill("#username", "m1234")
    person.page.fill("#password", PASSWORD)
    person.enter()
    person.check_accessibility()
    assert person.fits()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_behind_the_links_and_the_forms_with_errors(house: House, somebody: Somebody, dark: bool) -> None:
    house.person("m1234", language="it")
    person = somebody("it", width=320, dark=dark)
    person.go("/reset-password?username=m1234")
    person.page.fill("#email", "m1234@example.com")
    person.page.locator("#email").press("Enter")
    person.page.wait_for_url("**/recovery/asked/password")
    links = [word for word in house.work()[-1].text.split() if "/reset-password/" in word]
    opened = next(link for link in links if "not-asked" not in link)
    look(person, opened.removeprefix("http://127.0.0.1:8000"))
    person.page.fill("#password", "short")
    person.page.fill("#password_again", "other")
    person.page.locator("#password_again").press("Enter")
    person.page.wait_for_selector(".error")
    person.check_accessibility()
    assert person.fits()
    disown = next(link for link in links if "not-asked" in link)
    look(person, disown.removeprefix("http://127.0.0.1:8000"))
    person.page.get_by_role("main").get_by_role("button").press("Enter")
    person.page.wait_for_selector("main h1")
    person.check_accessibility()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_take_over_question_and_the_forced_reset(house: House, somebody: Somebody, dark: bool) -> None:
    house.person("m1234")
    enter(somebody())
    second = somebody(width=320, dark=dark)
    for page in ("**/login/take-over", None):
        second.go("/login")
        second.page.fill("#username", "m1234")
        second.page.fill("#password", PASSWORD)
        second.enter()
        if page:
            second.page.wait_for_url(page)
            office.block(house.parts, 1234, "compromised", "")
        second.check_accessibility()
        assert second.fits()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_of_the_demonstration(tmp_path: Path, somebody: Somebody, dark: bool) -> None:
    person, port = somebody("it", width=320, dark=dark), free_port()
    person.address = f"http://127.0.0.1:{port}"
    with command(tmp_path, "demo", "--port", str(port)) as process:
        wait_for(person.address, process, tmp_path / "log")
        person.go("/reset-password?username=m2001")
        person.page.fill("#email", "bruno@example.com")
        person.page.locator("#email").press("Enter")
        person.page.wait_for_url("**/recovery/asked/password")
        for _ in range(50):
            person.go("/demo/mail")
            if "bruno@example.com" in person.page.content():
                break
            time.sleep(0.2)
        for path in ("/demo", "/demo/mail", "/demo/mail/0", "/demo/codes"):
            look(person, path)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["it", "en"])
def test_the_password_is_asked_again_by_keyboard(house: House, somebody: Somebody, language: str, dark: bool) -> None:
    house.person("m1234", language=language)
    person = somebody(language, width=320 if dark else 1280, dark=dark)
    enter(person)
    person.go("/subscription/cancel")
    house.clock.move(minutes=11)
    button = person.page.get_by_role("main").get_by_role("button").first
    button.focus()
    person.enter()
    assert "/login/again" in person.page.url
    person.check_accessibility()
    assert person.fits()
    person.page.locator("#password").focus()
    person.page.keyboard.type(PASSWORD)
    person.enter()
    assert person.page.url.endswith("/subscription/cancel")
    assert house.place().platform.cancelled_at is not None
