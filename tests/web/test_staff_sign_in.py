"""The staff come to the desk: a password, and always a second factor; nobody else, and nothing of a customer's."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.rules import terms
from portal.rules.staff import StaffRole
from portal.staff import members, queries, sign_in
from portal.staff.tables import staff_members, staff_sessions
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.desk import at_the_desk, code_of, hire
from tests.helpers.house import PASSWORD, House
from tests.helpers.pages import Page
from tests.helpers.together import together

WRONG = "a sentence that is wrong"
INSTANT = timedelta(microseconds=1)


def sessions(house: House) -> int:
    with house.parts.database.read() as db:
        live = staff_sessions.c.ended_at.is_(None)
        return db.execute(select(func.count()).select_from(staff_sessions).where(live)).scalar_one()


def type_password(house: House, password: str = PASSWORD, username: str = "sara") -> Browser:
    browser = house.browser()
    browser.get("/staff/login")
    browser.submit({"username": username, "password": password})
    return browser


def shown(browser: Browser) -> Page:
    assert browser.page is not None
    return browser.page


def where(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


@both_databases
def test_the_first_sign_in_adds_the_app_and_comes_in_by_its_first_code(house: House) -> None:
    hire(house)
    browser = type_password(house)
    assert where(browser) == "/staff/login/second-factor"
    assert shown(browser).heading == "Add an authenticator app"
    assert sessions(house) == 0
    browser.submit({"code": code_of(house)})
    assert where(browser) == "/staff"
    assert sessions(house) == 1


def test_from_then_on_the_secret_is_not_shown_any_more(house: House) -> None:
    at_the_desk(house)
    house.clock.move(seconds=60)
    browser = type_password(house)
    assert shown(browser).heading == "One more step"
    assert "secret" not in browser.page.html


def test_the_password_alone_opens_nothing(house: House) -> None:
    hire(house)
    browser = type_password(house)
    assert browser.open("/staff").status_code == 303
    assert browser.get("/staff").heading == "Sign in to the desk"
    assert sessions(house) == 0


@pytest.mark.parametrize("username", ["sara", "nobody", "m1234", ""])
def test_whatever_is_wrong_is_answered_alike(house: House, username: str) -> None:
    hire(house)
    pages = [type_password(house, WRONG, "someone-else").page, type_password(house, WRONG, username).page]
    assert all(pages)
    shown = [page.text.replace("someone-else", username) for page in pages if page and username]
    assert len(set(shown)) <= 1


def test_a_code_counts_once(house: House) -> None:
    at_the_desk(house)
    code = code_of(house)
    browser = type_password(house)
    browser.submit({"code": code})
    assert shown(browser).errors()
    assert where(browser) == "/staff/login/second-factor"


@both_databases
def test_of_many_simultaneous_wrong_codes_five_are_looked_at(house: House) -> None:
    hire(house)
    type_password(house)
    with house.parts.database.read() as db:
        member = queries.find_member(db, "sara")
    assert member

    def guess(number: int) -> bool:
        with house.parts.database.write() as db:
            return sign_in.use_code(db, house.parts.vault, member, f"{number:06}", at=house.clock.now())

    assert not any(together(guess, 12))
    browser = type_password(house)
    browser.submit({"code": code_of(house)})
    assert shown(browser).errors(), "the right one has to wait too"
    house.clock.move(seconds=31)
    browser = type_password(house)
    browser.submit({"code": code_of(house)})
    assert where(browser) == "/staff"


def test_five_wrong_passwords_have_to_wait_and_lock_no_customer_out(house: House) -> None:
    hire(house)
    house.person("m1234")
    for _ in range(5):
        type_password(house, WRONG)
    assert where(type_password(house)) == "/staff/login"
    browser = house.browser()
    assert browser.sign_in().heading != "Sign in to the platform"


@pytest.mark.parametrize(("idle", "path"), [(29 * 60 + 59, "/staff"), (30 * 60, "/staff/login")])
def test_thirty_idle_minutes_end_the_session(house: House, idle: int, path: str) -> None:
    browser = at_the_desk(house)
    house.clock.move(seconds=idle)
    browser.get("/staff")
    assert where(browser) == path


def test_signing_out_makes_every_copy_of_the_cookie_worthless(house: House) -> None:
    browser = at_the_desk(house)
    copy = browser.client.get_cookie("portal").value
    token = browser.page.root.find(".//input[@name='csrf_token']").get("value") if browser.page else ""
    browser.open("/staff/logout", method="POST", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    browser.client.set_cookie("portal", copy)
    assert browser.open("/staff").status_code == 303
    assert sessions(house) == 0


def test_one_of_the_staff_is_no_customer_and_a_customer_none_of_the_staff(house: House) -> None:
    house.person("m1234")
    assert at_the_desk(house).open("/subscription").status_code == 303
    customer = house.browser()
    customer.sign_in()
    assert customer.open("/staff").status_code == 303


def test_coming_to_the_desk_ends_being_a_customer_in_this_browser(house: House) -> None:
    house.person("m1234")
    hire(house)
    browser = house.browser()
    browser.sign_in()
    browser.get("/staff/login")
    browser.submit({"username": "sara", "password": PASSWORD})
    browser.submit({"code": code_of(house)})
    assert where(browser) == "/staff"
    assert browser.open("/subscription").status_code == 303


def test_somebody_disabled_is_out_at_the_next_request(house: House) -> None:
    browser = at_the_desk(house)
    with house.parts.database.write() as db:
        member = queries.find_member(db, "sara")
        assert member
        assert members.disable(db, member, by="test", at=house.clock.now())
    assert browser.open("/staff").status_code == 303
    assert where(type_password(house)) == "/staff/login"


def test_an_invitation_sets_the_password_once_and_lives_a_day(house: House) -> None:
    with house.parts.database.write() as db:
        newcomer = members.Newcomer("leo", StaffRole.BILLING, "leo@desk.example.com", "Leo", "en")
        members.create(db, house.parts.links, newcomer, by="test", at=house.clock.now())
    [letter] = house.work()
    assert letter.recipient == "leo@desk.example.com"
    path = next(word for word in letter.text.split() if "/staff/invitation/" in word).partition("8000")[2]
    browser = house.browser()
    assert browser.get(path).heading == "Set a password"
    browser.submit({"password": "short", "password_again": "short"})
    assert shown(browser).errors()
    browser.submit({"password": "a sentence of the desk", "password_again": "a sentence of the desk"})
    assert where(browser) == "/staff/login"
    assert where(type_password(house, "a sentence of the desk", "leo")) == "/staff/login/second-factor"
    assert house.browser().get(path).heading == "This link does not open"


@pytest.mark.parametrize(
    ("waited", "heading"),
    [(timedelta(hours=24) - INSTANT, "Set a password"), (timedelta(hours=24), "This link does not open")],
)
def test_the_link_of_an_invitation_is_good_for_a_day(house: House, waited: timedelta, heading: str) -> None:
    with house.parts.database.write() as db:
        newcomer = members.Newcomer("leo", StaffRole.BILLING, "leo@desk.example.com", "Leo", "en")
        members.create(db, house.parts.links, newcomer, by="test", at=house.clock.now())
    [letter] = house.work()
    path = next(word for word in letter.text.split() if "/staff/invitation/" in word).partition("8000")[2]
    house.clock.move(microseconds=waited // INSTANT)
    assert timedelta(hours=24) == terms.STAFF_INVITATION_LIFE
    assert house.browser().get(path).heading == heading


def test_a_lost_app_is_forgotten_and_another_added(house: House) -> None:
    browser = at_the_desk(house)
    with house.parts.database.write() as db:
        member = queries.find_member(db, "sara")
        assert member
        members.forget_app(db, member, by="test", at=house.clock.now())
    assert browser.open("/staff").status_code == 303
    again = type_password(house)
    assert shown(again).heading == "Add an authenticator app"
    assert [letter.recipient for letter in house.work()] == ["sara@desk.example.com"]


def test_a_secret_of_another_row_opens_nothing(house: House) -> None:
    at_the_desk(house)
    at_the_desk(house, username="leo")
    with house.parts.database.write() as db:
        stolen = db.execute(select(staff_members.c.app_secret).where(staff_members.c.username == "leo")).scalar_one()
        db.execute(update(staff_members).where(staff_members.c.username == "sara").values(app_secret=stolen))
    house.clock.move(seconds=60)
    code = code_of(house, "leo")
    browser = type_password(house)
    browser.submit({"code": code})
    assert shown(browser).errors()
