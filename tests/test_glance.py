"""A platform at a glance: one statement reads what several did, and a page made of it is kept as long as it is true."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, update

from portal import glance, standing
from portal.accounts.tables import administrators
from portal.demonstration import till
from portal.glance import Glance
from portal.kit import texts
from portal.rules import dates
from portal.rules.access import Block, Role
from portal.subscription import actions as subscription
from portal.subscription import graces
from portal.subscription.tables import platforms, seat_grants
from portal.web.demo.cast import STAGES
from portal.web.demo.seeding import cut_keys, seed
from portal.web.subscription import _content
from tests.conftest import both_databases
from tests.helpers.house import House

ROME = ZoneInfo("Europe/Rome")
TICK = timedelta(microseconds=1)


def seen(house: House, platform_id: int = 1234) -> Glance:
    with house.parts.database.read() as db:
        return glance.find(db, platform_id, at=house.clock.now(), zone=ROME)


def cast(house: House) -> list[int]:
    keys = cut_keys(house.parts)
    with house.parts.database.write() as db:
        seed(db, keys, till(house.parts))
    return [stage.id for stage in STAGES]


@both_databases
def test_a_glance_sees_what_is_read_one_by_one(house: House) -> None:
    for platform_id in cast(house):
        found, when = seen(house, platform_id), {"at": house.clock.now(), "zone": ROME}
        with house.parts.database.read() as db:
            place = standing.find(db, platform_id, **when)
            assert found.place == place
            assert found.seats == standing.seats(db, place)
            assert found.credits == standing.credits_of(db, place)
            assert found.additional_at_expiry == standing.additional_at_expiry(db, place)


@both_databases
def test_a_glance_sees_blocks_lots_and_a_longer_grace(house: House) -> None:
    house.platform(ends_in=2)
    house.lot(1234, 500, bought_on=date(2026, 11, 1), expires_on=date(2026, 11, 22))
    at = house.clock.now()
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.ABUSE, by="staff", note="", at=at)
        subscription.block(db, 1234, Block.PAYMENT_OVERDUE, by="staff", note="", at=at + TICK)
        graces.extend(db, 1234, date(2026, 11, 22), date(2026, 12, 24), reason="He asked", by="sara", at=at)
    with house.parts.database.read() as db:
        place = standing.find(db, 1234, at=at, zone=ROME)
        assert seen(house).place == place
        assert len(place.blocks) == 2
        assert place.life.grace_until == date(2026, 12, 24)
        assert seen(house).credits == standing.credits_of(db, place)


def test_a_platform_that_is_not_there_is_not_seen(house: House) -> None:
    with pytest.raises(LookupError, match="no platform 77"):
        seen(house, 77)


@both_databases
@pytest.mark.parametrize("what", ["company", "seats", "enabled", "credits", "block", "language of somebody else"])
def test_whatever_changes_is_another_row(house: House, what: str) -> None:
    house.platform()
    person = house.person()
    before = seen(house).row
    with house.parts.database.write() as db:
        if what == "company":
            db.execute(update(platforms).values(company="Another"))
        elif what == "seats":
            db.execute(delete(seat_grants))
            row = {"platform_id": 1234, "quantity": 1, "starts_on": date(2026, 1, 1), "ends_on": date(2027, 1, 1)}
            db.execute(seat_grants.insert().values(row))
        elif what == "enabled":
            db.execute(update(administrators).values(disabled_at=house.clock.now()))
        elif what == "block":
            subscription.block(db, 1234, Block.ABUSE, by="staff", note="", at=house.clock.now())
    if what == "credits":
        house.lot(1234, 1, bought_on=date(2026, 11, 1), expires_on=None)
    if what == "language of somebody else":
        with house.parts.database.write() as db:
            db.execute(update(administrators).where(administrators.c.id == person.id).values(language="en"))
        assert seen(house).row == before
    else:
        assert seen(house).row != before


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_overview_says_the_same_through_a_day_and_not_longer(house: House, language: str) -> None:
    """The kept page is known again by its business day: at its first and its last instant it has to be the same."""
    for platform_id in cast(house):
        today = dates.business_date(house.clock.now(), ROME)
        first, last = dates.start_of(today, ROME), dates.end_of(today, ROME) - TICK
        pages = [overview(house, platform_id, at, language) for at in (first, house.clock.now(), last, last + TICK)]
        assert pages[0] == pages[1] == pages[2], platform_id
        if seen(house, platform_id).place.expires_on:  # else credits until a day say the same on many days
            assert pages[3] != pages[2], platform_id


def overview(house: House, platform_id: int, at: datetime, language: str) -> str:
    with house.parts.database.read() as db, house.app.test_request_context("/subscription"), texts.speaking(language):
        found = glance.find(db, platform_id, at=at, zone=ROME)
        return _content(found, Role.FIRST)


def test_a_kept_overview_is_shown_again_and_a_change_shows_at_once(house: House) -> None:
    house.platform()
    house.person()
    browser = house.browser(language="en")
    browser.sign_in()
    browser.open("/subscription")
    kept = house.app.extensions["portal.overviews"]
    browser.open("/subscription")
    assert kept.cache_info().hits >= 1
    with house.parts.database.write() as db:
        db.execute(update(platforms).values(company="Fratelli <Neri>"))
    assert "Fratelli &lt;Neri&gt;" in browser.open("/subscription").text


def tokens(text: str) -> set[str]:
    return set(re.findall(r'name="csrf_token" value="([^"]*)"', text))


def test_a_kept_overview_has_the_token_of_the_session_that_looks(house: House) -> None:
    house.platform()
    house.person()
    browser, seen = house.browser(), []
    for _ in range(2):
        browser.sign_in()
        page = browser.open("/subscription").text
        (token,) = tokens(page)
        seen.append((token, page))
        browser.client.post("/logout", data={"csrf_token": token})
        assert browser.open("/subscription").status_code == 303
    (first, before), (second, after) = seen
    assert house.app.extensions["portal.overviews"].cache_info().misses == 1
    assert first != second
    assert before.replace(first, second) == after


def test_a_message_stands_on_the_overview_once(house: House) -> None:
    house.platform()
    house.person()
    browser = house.browser()
    browser.sign_in()
    browser.open("/subscription")
    with browser.client.session_transaction() as cookie:
        cookie["_flashes"] = [("good", "Done that.")]
    assert "Done that." in browser.open("/subscription").text
    assert "Done that." not in browser.open("/subscription").text


def test_the_way_to_the_other_language_keeps_the_question_of_the_address(house: House) -> None:
    house.platform()
    house.person()
    browser = house.browser(language="en")
    browser.sign_in()
    assert 'href="/subscription?lang=it"' in browser.open("/subscription").text
    assert 'href="/subscription?from=mail&amp;lang=it"' in browser.open("/subscription?from=mail").text


def test_a_kept_overview_warns_of_the_end_of_the_session_that_looks(house: House) -> None:
    """Not of an earlier one's: near the longest a session may last, less is left than its idle time."""
    house.platform()
    house.person()
    browser = house.browser()
    browser.sign_in()
    before = browser.open("/subscription").text
    while (answer := browser.open("/subscription")).status_code == 200:
        last = answer.text
        house.clock.move(minutes=25)
    warned = [re.search(r'data-ends-in="(\d+)" data-final="(\d)"', text) for text in (before, last)]
    assert [found.groups() for found in warned if found] == [("1800", "0"), ("1200", "1")]


def test_somebody_with_another_role_or_language_is_not_shown_the_kept_page_of_the_first(house: House) -> None:
    house.platform(additional_seats=1)
    house.person(language="en")
    house.person("m1234-anna", language="it")
    first, other = house.browser(), house.browser()
    first.sign_in()
    assert "Cancel the subscription" in first.open("/subscription").text
    other.sign_in("m1234-anna")
    text = other.open("/subscription").text
    assert "Cancel the subscription" not in text
    assert "Disdici" not in text
