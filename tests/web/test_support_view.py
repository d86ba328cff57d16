"""The customer lets our support look for a quarter of an hour, sees until when, and ends it at any time."""

import pytest
from sqlalchemy import select

from portal.staff import views
from portal.staff.tables import view_permissions
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House
from tests.helpers.together import together

PAGE = "/support/view"


@pytest.fixture
def anna(house: House) -> Browser:
    house.person("m1234", email="anna@example.com")
    browser = house.browser()
    browser.sign_in()
    return browser


def permissions(house: House) -> list[tuple[object, ...]]:
    with house.parts.database.read() as db:
        return [tuple(row) for row in db.execute(select(view_permissions).order_by(view_permissions.c.id))]


def subjects(house: House) -> list[str]:
    return [letter.subject for letter in house.work()]


@both_databases
def test_our_support_is_let_in_told_by_mail_and_shut_out_again(house: House, anna: Browser) -> None:
    house.work()
    page = anna.get(PAGE)
    assert "Let our support look for 15 minutes" in page.text
    page = anna.submit()
    assert "Our staff can look at your pages now." in page.text
    assert "Open until" in page.text
    assert subjects(house) == ["Our support can look at the pages of m1234"]
    assert "Our staff can no longer look" in anna.submit().text
    assert "Let our support look for 15 minutes" in anna.get(PAGE).text
    told = anna.get("/subscription/activity").text
    assert "Let our staff look at the own pages for a while. m1234" in told
    assert "Our staff can no longer look at the pages of m1234. m1234" in told


def test_the_menu_leads_there(anna: Browser) -> None:
    assert any(link.get("href") == PAGE for link in anna.get("/subscription").all("a"))


@pytest.mark.parametrize(("moved", "is_open"), [({"minutes": 15, "microseconds": -1}, True), ({"minutes": 15}, False)])
def test_it_closes_by_itself_at_the_microsecond(
    house: House, anna: Browser, moved: dict[str, int], is_open: bool
) -> None:
    anna.get(PAGE)
    anna.submit()
    house.clock.move(**moved)
    assert ("Open until" in anna.get(PAGE).text) is is_open


def test_allowing_it_twice_is_allowing_it_once_and_no_minute_longer(house: House, anna: Browser) -> None:
    house.work()
    page = anna.get(PAGE)
    action, fields = page.form()
    for _ in range(2):
        anna.open(action, method="POST", data=fields)
        house.clock.move(minutes=5)
    assert len(permissions(house)) == 1
    assert len(subjects(house)) == 1
    house.clock.move(minutes=5)
    assert "Open until" not in anna.get(PAGE).text


def test_after_it_has_ended_it_can_be_allowed_again(house: House, anna: Browser) -> None:
    anna.get(PAGE)
    anna.submit()
    anna.submit()
    anna.submit()
    assert "Open until" in anna.get(PAGE).text
    assert len(permissions(house)) == 2


def test_ending_what_is_over_says_so_and_changes_nothing(house: House, anna: Browser) -> None:
    anna.get(PAGE)
    anna.submit()
    house.clock.move(minutes=15)
    before = permissions(house)
    assert "It had ended already." in anna.submit().text
    assert permissions(house) == before


def test_nobody_sees_or_ends_it_for_a_colleague(house: House, anna: Browser) -> None:
    house.person("m1234-marco")
    marco = house.browser()
    marco.sign_in("m1234-marco")
    anna.get(PAGE)
    anna.submit()
    page = marco.get(PAGE)
    assert "Open until" not in page.text
    token = page.value("csrf_token")
    marco.open(f"{PAGE}/end", method="POST", data={"csrf_token": token})
    assert "Open until" in anna.get(PAGE).text


@both_databases
def test_of_two_permissions_at_the_same_moment_there_is_one(house: House) -> None:
    person = house.person("m1234")
    house.browser().sign_in()

    def allow(_number: int) -> int:
        with house.parts.database.write() as db:
            return views.allow(db, person, at=house.clock.now()).id

    assert len(set(together(allow, 4))) == 1
    assert len(permissions(house)) == 1
