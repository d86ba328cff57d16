"""What staff do to a platform: blocked and lifted, held and released, once each, with a reason the customer reads."""

import pytest
from sqlalchemy import select

from portal import office, people_office
from portal.accounts import factor_removals
from portal.accounts.tables import administrators
from portal.kit import texts
from portal.rules.access import Block
from portal.rules.staff import StaffRole
from portal.subscription import graces
from portal.subscription import queries as subscription
from portal.subscription.tables import blocks
from portal.web import platform_desk_words, words
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.jobs.test_purge import DUE, over, state, to_the_end
from tests.web.test_staff_people import REASON, told

__all__ = ["over"]  # a fixture
ROOT = "/staff/platforms/1234"


@pytest.fixture
def anna(house: House) -> House:
    """A platform with one administrator, and a neighbour that nobody touches."""
    house.person("m1234")
    house.person("m1235")
    return house


def send(browser: Browser, page: str, **typed: str) -> str:
    """The form of the page, filled in and sent; what is read then."""
    browser.get(f"{ROOT}/{page}")
    browser.submit({"reason": REASON} | typed)
    assert browser.page
    return browser.page.text


def open_blocks(house: House, platform_id: int = 1234) -> list[Block]:
    return [found.code for found in house.place(platform_id).blocks]


# --- block and lift ---------------------------------------------------------------------------------------------------


@both_databases
def test_a_platform_is_blocked_with_a_reason_that_the_customer_reads(anna: House) -> None:
    page = send(at_the_desk(anna), "block", why="abuse", note="seen in the list of complaints")
    assert "Done. The customer finds it in the activity." in page
    assert "Messages from this platform were reported as abuse." in page
    assert "seen in the list of complaints" in page
    assert (open_blocks(anna), open_blocks(anna, 1235)) == ([Block.ABUSE], [])
    activity = told(anna)
    reported = "The platform was blocked: Messages from this platform were reported as abuse."
    assert f"{reported} Reason: {REASON} Our staff" in activity.replace("Subscription ", "")
    assert "list of complaints" not in activity
    assert "sara" not in activity


def test_who_set_a_block_is_known_to_the_staff(anna: House) -> None:
    send(at_the_desk(anna), "block", why="legal")
    with anna.parts.database.read() as db:
        [found] = subscription.known_blocks(db, 1234)
    assert (found.set_by, found.note, found.lifted_at) == ("sara", "", None)


@pytest.mark.parametrize("code", Block)
def test_what_the_customer_will_read_stands_beside_the_choice_in_every_language(anna: House, code: Block) -> None:
    page = at_the_desk(anna).get(f"{ROOT}/block").text
    for language in texts.LANGUAGES:
        with texts.speaking(language):
            said = (words.block_title(code), words.block_steps(code), words.block_effect(code))
            department = words.block_department(code)
        for text in (*said, f"{department}, help@example.com"):
            assert text in page, f"{language}: {text}"


def test_what_was_promised_is_what_the_customer_reads(anna: House) -> None:
    send(at_the_desk(anna), "block", why="fraud_check")
    customer = anna.browser()
    customer.sign_in()
    page = customer.get("/subscription").text
    reading = next(one for one in platform_desk_words.customer_reads(Block.FRAUD_CHECK) if one.language == "en")
    for text in (reading.title, reading.steps, reading.effect, reading.department):
        assert text in page


def test_the_same_block_twice_is_said_and_done_once(anna: House) -> None:
    browser = at_the_desk(anna)
    send(browser, "block", why="abuse")
    page = send(browser, "block", why="abuse")
    assert "blocked for this reason already. Nothing was done a second time." in page
    with anna.parts.database.read() as db:
        assert len(db.execute(select(blocks)).all()) == 1


def test_several_blocks_are_open_and_each_is_lifted_alone(anna: House) -> None:
    browser = at_the_desk(anna)
    send(browser, "block", why="abuse")
    send(browser, "block", why="missing_documents")
    assert "Done." in send(browser, "blocks/abuse/lift")
    assert open_blocks(anna) == [Block.MISSING_DOCUMENTS]
    assert f"A block was lifted: Messages from this platform were reported as abuse. Reason: {REASON}" in told(anna)


def test_lifting_what_is_not_open_is_said_and_does_nothing(anna: House) -> None:
    browser = at_the_desk(anna)
    assert "is not blocked for this reason any more." in browser.get(f"{ROOT}/blocks/abuse/lift").text
    assert "There was nothing to lift." in send(browser, "blocks/abuse/lift")
    assert "lifted" not in told(anna)


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("block", {"why": "abuse", "note": "kept words", "reason": "   "}),
        ("block", {"why": "abuse", "note": "kept words", "reason": "abc"}),
        ("block", {"why": "abuse", "note": "kept words", "reason": "x" * 201}),
        ("block", {"why": "abuse", "note": "x" * 301}),
        ("block", {"why": "annoying"}),
        ("block", {"why": ""}),
        ("hold", {"reason": "abc"}),
        ("unlock", {"request": "", "reason": REASON}),
        ("unlock", {"request": "T-1234", "reason": "abc"}),
    ],
)
def test_nothing_is_done_without_what_it_takes_and_what_was_typed_stays(
    anna: House, page: str, typed: dict[str, str]
) -> None:
    browser = at_the_desk(anna, StaffRole.ADMINISTRATION)
    office.block(anna.parts, 1234, "compromised", "")
    browser.get(f"{ROOT}/{page}")
    token = browser.page.value("csrf_token") if browser.page else ""
    data = {"csrf_token": token, "reason": REASON} | typed
    answer = browser.open(f"{ROOT}/{page}", method="POST", data=data, headers=SAME_ORIGIN)
    assert answer.status_code == 422
    assert browser.page
    assert browser.page.errors()
    for text in typed.values():
        assert text.strip() in browser.page.html or text == "annoying"
    assert open_blocks(anna) == [Block.COMPROMISED]
    assert anna.place().platform.legal_hold_since is None


@pytest.mark.parametrize(
    ("page", "links"),
    [("block", ["#why", "#reason"]), ("unlock", ["#request", "#reason"]), ("grace", ["#until", "#reason"])],
)
def test_what_is_missing_is_told_in_the_order_of_the_page(anna: House, page: str, links: list[str]) -> None:
    browser = at_the_desk(anna, StaffRole.ADMINISTRATION)
    send(browser, page, reason="")
    assert browser.page
    summary = browser.page.root.find(".//div[@role='alert']")
    assert summary is not None
    assert [link.get("href") for link in summary.iter("a")] == links


def test_a_platform_that_nobody_has_has_no_page(anna: House) -> None:
    browser = at_the_desk(anna, StaffRole.ADMINISTRATION)
    for page in ("block", "blocks", "blocks/abuse/lift", "unlock", "hold", "grace"):
        assert browser.open(f"/staff/platforms/9999/{page}").status_code == 404


# --- compromised ------------------------------------------------------------------------------------------------------


@both_databases
def test_a_compromised_platform_loses_sessions_passwords_and_open_removals_of_factors(anna: House) -> None:
    person = anna.administrator("m1234")
    assert person
    customer = anna.browser()
    customer.sign_in()
    anna.add_app(person)
    people_office.ask_removal(anna.parts, "m1234", "lost the phone")
    anna.work()
    assert "Done." in send(at_the_desk(anna), "block", why="compromised")
    assert "The platform was blocked to protect it" in customer.get("/subscription").text
    with anna.parts.database.read() as db:
        reset = select(administrators.c.must_reset).where(administrators.c.username == "m1234")
        assert db.execute(reset).scalar_one() is True
        assert factor_removals.find_open(db, person.id) is None
    [letter] = anna.work()
    assert "Our staff blocked the platform to protect it." in letter.text
    assert letter.recipient == "m1234@example.com"


@both_databases
def test_the_command_stops_open_removals_of_factors_too(anna: House) -> None:
    person = anna.administrator("m1234")
    assert person
    anna.add_app(person)
    people_office.ask_removal(anna.parts, "m1234", "lost the phone")
    office.block(anna.parts, 1234, "compromised", "")
    anna.work()
    anna.clock.move(hours=72)
    anna.work()
    with anna.parts.database.read() as db:
        from portal.accounts import factors

        assert factors.of(db, person.id).any


def test_another_block_lets_a_removal_of_factors_go_on(anna: House) -> None:
    person = anna.administrator("m1234")
    assert person
    anna.add_app(person)
    people_office.ask_removal(anna.parts, "m1234", "lost the phone")
    send(at_the_desk(anna), "block", why="abuse")
    with anna.parts.database.read() as db:
        assert factor_removals.find_open(db, person.id)


def test_administration_unlocks_it_with_a_reference_to_the_written_request(anna: House) -> None:
    office.block(anna.parts, 1234, "compromised", "")
    browser = at_the_desk(anna, StaffRole.ADMINISTRATION)
    assert "Done." in send(browser, "unlock", request="T-77, with the passport")
    assert open_blocks(anna) == []
    assert "There was nothing to lift." in send(browser, "unlock", request="T-77")
    with anna.parts.database.read() as db:
        from portal.kit import audit

        [event] = [found for found in audit.of_platform(db, 1234, limit=9) if found.tag == "subscription.unblocked"]
    assert event.details["request"] == "T-77, with the passport"
    assert event.details["member"] == "sara"


def test_support_does_not_unlock_it_by_any_door(anna: House) -> None:
    office.block(anna.parts, 1234, "compromised", "")
    browser = at_the_desk(anna)
    token = browser.get("/staff").root.find(".//input[@name='csrf_token']")
    assert token is not None
    data = {"csrf_token": token.get("value", ""), "reason": REASON, "request": "T-77"}
    for page, status in (("unlock", 403), ("blocks/compromised/lift", 404)):
        answer = browser.open(f"{ROOT}/{page}", method="POST", data=data, headers=SAME_ORIGIN)
        assert answer.status_code == status
    assert open_blocks(anna) == [Block.COMPROMISED]
    assert "Unlock" not in browser.get(f"{ROOT}/blocks").text


def test_the_command_asks_for_the_written_request_too(anna: House) -> None:
    office.block(anna.parts, 1234, "compromised", "")
    with pytest.raises(office.Refused, match="--request"):
        office.unblock(anna.parts, 1234, "compromised")
    office.unblock(anna.parts, 1234, "compromised", request="letter of 3 May")
    assert open_blocks(anna) == []


# --- legal hold -------------------------------------------------------------------------------------------------------


def test_a_hold_is_put_and_taken_off_with_a_reason(anna: House) -> None:
    browser = at_the_desk(anna, StaffRole.ADMINISTRATION)
    assert "Done." in send(browser, "hold")
    assert anna.place().platform.legal_hold_since == anna.clock.now()
    assert "Done." in send(browser, "hold", choice="release")
    assert anna.place().platform.legal_hold_since is None
    activity = told(anna)
    assert f"are kept from being deleted. Reason: {REASON}" in activity
    assert f"is gone. Reason: {REASON}" in activity


@pytest.mark.parametrize(("held", "choice", "says"), [(True, "hold", "already"), (False, "release", "nothing to take")])
def test_an_old_page_does_nothing_twice(anna: House, held: bool, choice: str, says: str) -> None:
    """Somebody else was faster: the button means what it said, not the opposite of what is now."""
    browser = at_the_desk(anna, StaffRole.ADMINISTRATION)
    if not held:
        office.hold(anna.parts, 1234)
    browser.get(f"{ROOT}/hold")
    (office.hold if held else office.release)(anna.parts, 1234)
    browser.submit({"reason": REASON, "choice": choice})
    assert browser.page
    assert says in browser.page.text
    assert (anna.place().platform.legal_hold_since is not None) is held


def test_a_hold_stops_the_deletion_and_nothing_else(over: House) -> None:
    browser = at_the_desk(over, StaffRole.ADMINISTRATION)
    send(browser, "hold")
    before = state(over)
    to_the_end(over)
    assert state(over) is before
    assert over.administrator("m1234")
    send(at_the_desk(over, StaffRole.ADMINISTRATION), "hold", choice="release")
    to_the_end(over)
    assert over.administrator("m1234") is None


def test_what_is_deleted_is_neither_blocked_nor_held(over: House) -> None:
    assert over.clock.now() == DUE
    to_the_end(over)
    browser = at_the_desk(over, StaffRole.ADMINISTRATION)
    assert "are deleted, or being deleted now" in send(browser, "hold")
    assert "are deleted, or being deleted now" in send(browser, "block", why="abuse")
    assert open_blocks(over) == []
    assert over.place().platform.legal_hold_since is None


# --- a person's sessions ----------------------------------------------------------------------------------------------


def test_the_page_of_a_person_tells_the_session_and_the_known_browsers(anna: House) -> None:
    customer = anna.browser(agent="Firefox/140.0 Linux")
    customer.sign_in()
    anna.browser(agent="Chrome/140.0 Windows").sign_in("m1235")
    page = at_the_desk(anna).get("/staff/people/m1234").text
    assert "Where the person is signed in Device Firefox · Linux Network 198.51.100.0/24 Since" in page
    assert "Known browsers Device Since Last sign-in Firefox · Linux" in page
    assert "Chrome" not in page


@pytest.mark.parametrize("away", [{"hours": 12}, {"minutes": 31}])
def test_a_session_whose_time_is_over_is_none(anna: House, away: dict[str, int]) -> None:
    anna.browser().sign_in()
    anna.clock.move(**away)
    assert "Nobody is signed in with this user name now." in at_the_desk(anna).get("/staff/people/m1234").text


def test_who_was_signed_out_by_staff_is_no_longer_shown(anna: House) -> None:
    anna.browser().sign_in()
    browser = at_the_desk(anna)
    browser.get("/staff/people/m1234")
    people_office.end_sessions(anna.parts, "m1234", "asked on the phone")
    assert "Nobody is signed in with this user name now." in browser.get("/staff/people/m1234").text


# --- more time to renew -----------------------------------------------------------------------------------------------


def exceptions(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return [f"{one.last_day} by {one.given_by}: {one.reason}" for one in graces.known(db, 1234)]


def test_administration_gives_more_time_and_everybody_reads_the_new_day(over: House) -> None:
    browser = at_the_desk(over, StaffRole.ADMINISTRATION)
    page = browser.get(f"{ROOT}/grace").text
    assert "Last day to renew 2 December 2026 Latest possible day 1 January 2027" in page
    page = send(browser, "grace", until="2026-12-18")
    assert "The last day is now 18 December 2026. Everybody on the platform is told by mail." in page
    assert f"18 December 2026 22 November 2026 {REASON} sara" in page
    assert exceptions(over) == [f"2026-12-18 by sara: {REASON}"]
    assert "Last day to renew 18 December 2026 , by an exception" in browser.get(ROOT).text
    assert f"was moved to 18 December 2026. Reason: {REASON}" in told(over)


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2026-12-02", "through this day already"),
        ("2026-12-03", ""),
        ("2027-01-01", ""),
        ("2027-01-02", "The latest possible day is 1 January 2027."),
        ("2026-13-01", "Write the day such as 2026-11-22."),
        ("soon", "Write the day such as 2026-11-22."),
        ("", "Write the day such as 2026-11-22."),
    ],
)
def test_a_day_that_cannot_be_is_said_beside_the_field_and_kept(over: House, until: str, says: str) -> None:
    browser = at_the_desk(over, StaffRole.ADMINISTRATION)
    page = send(browser, "grace", until=until)
    assert says in page
    assert len(exceptions(over)) == (0 if says else 1)
    assert browser.response
    assert browser.response.status_code == (422 if says else 200)
    assert not says or (browser.page and until in browser.page.html and REASON in browser.page.html)


def test_nobody_gets_more_time_in_advance(anna: House) -> None:
    page = send(at_the_desk(anna, StaffRole.ADMINISTRATION), "grace", until="2027-03-20")
    assert "An exception is made only once the subscription has expired." in page


def test_a_platform_without_expiry_has_no_time_to_renew(house: House) -> None:
    house.platform(1234, ends_in=None)
    browser = at_the_desk(house, StaffRole.ADMINISTRATION)
    assert "Time to renew" not in browser.get(f"{ROOT}/blocks").text
    assert "only once the subscription has expired" in send(browser, "grace", until="2027-03-20")


def test_an_exception_is_offered_once_the_subscription_has_expired(house: House) -> None:
    house.platform(1234, ends_in=2)
    for days, offered in ((0, False), (3, True), (43, False)):
        house.clock.move(days=days)
        page = at_the_desk(house, StaffRole.ADMINISTRATION).get(f"{ROOT}/blocks")
        assert ("Make an exception" in page.text) == offered, days


def test_support_sees_the_exceptions_and_makes_none(over: House) -> None:
    browser = at_the_desk(over)
    page = browser.get(f"{ROOT}/blocks")
    assert "The last day to renew or to purchase is 2 December 2026 ." in page.text
    assert "Make an exception" not in page.text
    assert browser.open(f"{ROOT}/grace").status_code == 403
