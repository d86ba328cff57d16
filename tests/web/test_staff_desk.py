"""The desk: a customer is found by whatever they tell, and looked at, now and on another day."""

from datetime import timedelta

import pytest

from portal.billing import profiles
from portal.rules.staff import StaffRole
from portal.subscription import actions as subscription
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind
from tests.helpers.browser import Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.shop import COMPANY, PACK
from tests.helpers.statements import counting


@pytest.fixture
def known(house: House) -> House:
    """A customer with a bit of everything, and a neighbour who must not be found instead."""
    house.platform(1234, company="Bianchi e figli", ends_in=20)
    anna = house.person("m1234", email="anna@example.com", full_name="Anna Bianchi")
    house.person("m1235", email="nina@example.com")
    house.pay(house.order(PACK, by=anna))
    with house.parts.database.write() as db:
        profiles.store(db, 1234, COMPANY, at=house.clock.now())
        contact = Entry(Kind.TECHNICAL, "Teo Tecnico", "teo@example.com")
        support.add(db, anna, contact, at=house.clock.now())
    house.work()
    return house


def look_for(browser: Browser, text: str) -> str:
    return browser.get(f"/staff?q={text}").text


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("m1234", "user name: m1234"),
        ("M1234", "user name: m1234"),
        ("1234", "platform: 1234"),
        ("m1234-nobody", "platform: m1234-nobody"),
        ("anna@example.com", "e-mail of an administrator: m1234"),
        ("ANNA@Example.com", "e-mail of an administrator: m1234"),
        ("teo@example.com", "e-mail of a contact: teo@example.com"),
        ("bianchi", "company: Bianchi e figli"),
        ("12345670785", "VAT number: 12345670785"),
        ("IT 1234567 0785", "VAT number: IT12345670785"),
        ("1", "order: 1"),
        ("2026-000001", "invoice: 2026-000001"),
    ],
)
def test_a_customer_is_found_by_whatever_they_tell(known: House, typed: str, by: str) -> None:
    page = look_for(at_the_desk(known), typed)
    assert by in page
    assert "1235" not in page


@pytest.mark.parametrize(
    "typed", ["nobody@example.com", "m9999", "99999999999999999999", "%", "_", "x" * 400, "\u0661", "a\x00"]
)
def test_what_means_nobody_finds_nobody(known: House, typed: str) -> None:
    assert "Nobody is found by this." in at_the_desk(known).get("/staff", query_string={"q": typed}).text


def test_many_that_are_found_take_as_many_statements_as_one(known: House) -> None:
    browser, counts = at_the_desk(known), []
    for numbers in ((), range(2001, 2021)):
        for number in numbers:
            known.platform(number, company="Bianchi e figli")
        with counting(known.parts.database.reader) as sent:
            look_for(browser, "bianchi")
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_the_page_of_a_platform_tells_how_it_stands_and_what_was_sent(known: House) -> None:
    page = at_the_desk(known, StaffRole.BILLING).get("/staff/platforms/1234").text
    assert "Bianchi e figli" in page
    assert "10 December 2026" in page
    assert "Anna Bianchi anna@example.com enabled" in page
    assert "2026-000001" in page
    assert "accepted by the mail server" in page
    assert "What order 1 bought was switched on." in page


@pytest.mark.parametrize(
    ("days", "state"),
    [(20, "Active"), (21, "Expired, still renewable"), (30, "Expired, still renewable"), (31, "Being deleted")],
)
def test_what_if_tells_the_state_of_another_day(known: House, days: int, state: str) -> None:
    day = known.clock.now().date() + timedelta(days=days)
    page = at_the_desk(known).get(f"/staff/platforms/1234?on={day}").text
    assert f"What would be State {state}" in page


@pytest.mark.parametrize("typed", ["tomorrow", "2026-13-01", "0001-01-01", "9999-12-31"])
def test_a_day_that_is_none_is_said_and_nothing_else_happens(known: House, typed: str) -> None:
    answer = at_the_desk(known).open(f"/staff/platforms/1234?on={typed}")
    assert answer.status_code == 200


def test_blocks_and_holds_are_seen(known: House) -> None:
    with known.parts.database.write() as db:
        from portal.rules.access import Block

        subscription.block(db, 1234, Block.ABUSE, by="test", note="", at=known.clock.now())
        subscription.hold(db, 1234, by="test", at=known.clock.now())
    page = at_the_desk(known).get("/staff/platforms/1234").text
    assert "Blocked" in page
    assert "Legal hold" in page


def test_nothing_on_the_page_opens_anything(known: House) -> None:
    """Staff never see a link, a token or a hash."""
    with known.parts.database.read() as db:
        from portal.accounts import queries

        found = queries.find_credential(db, "m1234")
    assert found
    assert found.password_hash
    html = at_the_desk(known).get("/staff/platforms/1234").html
    assert found.password_hash not in html
    assert "reset-password" not in html


def test_there_is_no_page_of_what_does_not_exist(known: House) -> None:
    assert at_the_desk(known).open("/staff/platforms/9999").status_code == 404


@pytest.mark.parametrize("path", ["/staff", "/staff/platforms/1234"])
def test_nobody_else_looks(known: House, path: str) -> None:
    customer = known.browser()
    customer.sign_in()
    assert customer.open(path).status_code == 303
    assert known.browser().open(path).status_code == 303
