"""How long a new password has to be: shorter beside a second factor, wherever it is chosen, and told so."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select

from portal.accounts import own_factors
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, authenticator_apps
from portal.kit.hashing import Turn
from portal.rules import terms
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.pages import Page
from tests.web.security_people import come_in, has, status

LETTERS = "correct horse battery"
ALONE, BESIDE = terms.PASSWORD_MIN, terms.PASSWORD_MIN_SECOND_FACTOR
LENGTHS = [
    (False, ALONE - 1, False),
    (False, ALONE, True),
    (False, ALONE + 1, True),
    (True, BESIDE - 1, False),
    (True, BESIDE, True),
    (True, ALONE - 1, True),
    (True, ALONE, True),
]
lengths = pytest.mark.parametrize(("factor", "length", "taken"), LENGTHS)
every_page = pytest.mark.parametrize("page", ["profile", "reset"])


def on_the_profile(house: House, person: Administrator) -> Browser:
    browser = come_in(house)
    browser.get("/profile/password")
    return browser


def behind_the_link(house: House, person: Administrator) -> Browser:
    with house.parts.database.write() as db:
        at = house.clock.now()
        link_id = house.parts.links.issue(db, Purpose.RESET, person.id, at=at, expires_at=at.replace(hour=23))
        token = house.parts.links.token(db, link_id)
    browser = house.browser()
    browser.get(f"/reset-password/{token}")
    return browser


PAGES: dict[str, Callable[[House, Administrator], Browser]] = {"profile": on_the_profile, "reset": behind_the_link}


def somebody(house: House, *, factor: bool) -> Administrator:
    person = house.person("m1234")
    if factor:
        house.add_app(person)
    return person


def choose(browser: Browser, password: str) -> Page:
    return browser.submit({"current_password": PASSWORD, "password": password, "password_again": password})


def stored(house: House, person: Administrator) -> tuple[str | None, bool]:
    """(the hash, whether the password is too short to stand alone)"""
    with house.parts.database.read() as db:
        query = select(administrators.c.password_hash, administrators.c.short_password)
        return tuple(db.execute(query.where(administrators.c.id == person.id)).one())


def test_the_numbers_are_those_of_the_rules() -> None:
    assert (BESIDE, ALONE) == (8, 15)


@both_databases
@every_page
@lengths
def test_a_password_is_taken_from_its_length_on(
    house: House, page: str, factor: bool, length: int, taken: bool
) -> None:
    person = somebody(house, factor=factor)
    before = stored(house, person)
    browser = PAGES[page](house, person)
    found = choose(browser, LETTERS[:length])
    now = stored(house, person)
    assert (now[0] != before[0]) is taken
    assert now[1] is (taken and length < ALONE)
    if not taken:
        number = BESIDE if factor else ALONE
        assert (status(browser), found.errors()) == (
            422,
            [f"Use {number} characters or more: a short sentence is easiest."],
        )


@every_page
@pytest.mark.parametrize(("factor", "number"), [(False, ALONE), (True, BESIDE)])
def test_the_hint_tells_the_number_that_counts(house: House, page: str, factor: bool, number: int) -> None:
    browser = PAGES[page](house, somebody(house, factor=factor))
    assert browser.page is not None
    assert f"{number} characters or more" in browser.page.text


def test_an_invitation_asks_for_the_longer_one(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234-marco", password=None)
    (link,) = {word for word in house.work()[-1].text.split() if "/invitation/" in word}
    browser = house.browser()
    page = browser.get(link.removeprefix("http://127.0.0.1:8000"))
    assert f"{ALONE} characters or more" in page.text
    assert choose(browser, LETTERS[: ALONE - 1]).errors()


@both_databases
@every_page
def test_a_factor_that_goes_while_a_short_password_is_hashed_takes_the_password_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """Or it would stand alone."""
    person = somebody(house, factor=True)
    browser = PAGES[page](house, person)
    before = stored(house, person)
    hash_one = Turn.hash

    def slowly(turn: Turn, password: str) -> str:
        with house.parts.database.write() as db:
            db.execute(delete(authenticator_apps).where(authenticator_apps.c.administrator_id > 0))
        return hash_one(turn, password)

    with monkeypatch.context() as patched:
        patched.setattr(Turn, "hash", slowly)
        found = choose(browser, LETTERS[:BESIDE])
    assert (status(browser), stored(house, person)) == (422, before)
    assert found.errors() == [f"Use {ALONE} characters or more: a short sentence is easiest."]
    choose(browser, LETTERS[:ALONE])
    assert stored(house, person)[0] != before[0]


@both_databases
def test_a_short_password_that_came_in_between_keeps_the_factor(house: House) -> None:
    """Both hold the person's row, so one of them sees the other."""
    person = somebody(house, factor=True)
    browser = behind_the_link(house, person)
    choose(browser, LETTERS[:BESIDE])
    with house.parts.database.write() as db:
        kept = own_factors.remove_app(db, person, demanded=False, at=house.clock.now(), but=0)
    assert (kept, has(house, person).app) == ("short-password", True)


def test_a_longer_password_frees_the_factor_again(house: House) -> None:
    person = somebody(house, factor=True)
    choose(behind_the_link(house, person), LETTERS[:BESIDE])
    choose(behind_the_link(house, person), LETTERS[:ALONE])
    with house.parts.database.write() as db:
        assert own_factors.remove_app(db, person, demanded=False, at=house.clock.now(), but=0) is None
