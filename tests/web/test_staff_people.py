"""What staff do for a person: with a reason, by the right role, told to the customer; two of them where it matters."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts import administrators
from portal.accounts.queries import Administrator
from portal.accounts.tables import email_changes
from portal.rules.staff import StaffRole
from portal.staff.tables import approvals
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House

REASON = "T-1234, on the phone"


def act(browser: Browser, what: str, reason: str = REASON, username: str = "m1234") -> str:
    page = browser.get(f"/staff/people/{username}")
    token = page.value("csrf_token")
    data = {"csrf_token": token, "reason": reason}
    browser.open(
        f"/staff/people/{username}/{what}", method="POST", data=data, headers=SAME_ORIGIN, follow_redirects=True
    )
    assert browser.page
    return browser.page.text


def told(house: House) -> str:
    """What the customer reads."""
    customer = house.browser()
    customer.sign_in()
    return customer.get("/subscription/activity").text


def new_address(house: House, person: Administrator, days_ago: int) -> None:
    """The address was changed so long ago."""
    at = house.clock.now().replace(microsecond=0)
    row = {"administrator_id": person.id, "old_email": "old@example.com", "new_email": person.email}
    row |= {"new_email_folded": person.email, "asked_at": at, "confirmed_at": at - timedelta(days=days_ago)}
    with house.parts.database.write() as db:
        db.execute(email_changes.insert().values(row))


@both_databases
def test_a_link_goes_to_the_stored_address_and_staff_never_see_it(house: House) -> None:
    house.person("m1234", email="anna@example.com")
    browser = at_the_desk(house)
    assert "Done." in act(browser, "reset-link")
    [letter] = house.work()
    assert letter.recipient == "anna@example.com"
    assert REASON in letter.text
    link = next(word for word in letter.text.split() if "/reset-password/" in word)
    assert browser.page
    assert link.rpartition("/")[2] not in browser.page.html
    assert "A link to set a new password was mailed to m1234." in told(house)


@pytest.mark.parametrize("reason", ["", "   ", "abc", "x" * 201, "a\x07bcd"])
def test_nothing_is_done_without_a_reason_and_what_was_typed_stays(house: House, reason: str) -> None:
    house.person("m1234")
    browser = at_the_desk(house)
    act(browser, "reset-link", reason)
    assert browser.response
    assert browser.response.status_code == 422
    assert browser.page
    assert browser.page.errors()
    assert house.work() == []


def test_a_session_is_ended_and_its_owner_reads_by_whom(house: House) -> None:
    house.person("m1234")
    customer = house.browser()
    customer.sign_in()
    browser = at_the_desk(house)
    assert "Done." in act(browser, "end-session")
    assert "Our staff ended your session." in customer.get("/subscription").text
    assert "There was nothing to do any more." in act(browser, "end-session")


def test_lost_factors_are_asked_for_and_stopped(house: House) -> None:
    house.add_app(house.person("m1234"))
    browser = at_the_desk(house)
    assert "Done." in act(browser, "lost-factor")
    assert "This was asked for already" in act(browser, "lost-factor")
    assert "Done." in act(browser, "keep-factor")
    assert "There was nothing to do any more." in act(browser, "keep-factor")


def test_who_has_no_second_factor_has_none_to_lose(house: House) -> None:
    house.person("m1234")
    assert "This person has no second factor" in act(at_the_desk(house), "lost-factor")


# --- two of them ------------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(house: House) -> House:
    """Somebody whose address is six days old, and a request for a link to it that waits."""
    new_address(house, house.person("m1234", email="anna@example.com"), 6)
    assert "a second person has to approve" in act(at_the_desk(house), "reset-link")
    assert house.work() == []
    return house


def decide(house: House, browser: Browser, choice: str = "approve") -> str:
    with house.parts.database.read() as db:
        number = db.execute(select(approvals.c.id)).scalar_one()
    browser.get("/staff/approvals")
    fields = {"csrf_token": _token(browser), "choice": choice}
    path = f"/staff/approvals/{number}"
    browser.open(path, method="POST", data=fields, headers=SAME_ORIGIN, follow_redirects=True)
    assert browser.page
    return browser.page.text


def _token(browser: Browser) -> str:
    assert browser.page
    found = browser.page.root.find(".//input[@name='csrf_token']")
    return found.get("value", "") if found is not None else ""


def test_a_link_to_an_address_of_this_week_leaves_when_a_second_person_wants_it(changed: House) -> None:
    assert "Done." in decide(changed, at_the_desk(changed, StaffRole.ADMINISTRATION, "leo"))
    assert [letter.recipient for letter in changed.work()] == ["anna@example.com"]


def test_nobody_approves_the_own_request(changed: House) -> None:
    browser = at_the_desk(changed)
    assert "You asked for it: somebody else decides." in browser.get("/staff/approvals").text
    assert "is not yours to decide" in decide(changed, browser)
    assert changed.work() == []


def test_nobody_approves_who_might_not_do_it(changed: House) -> None:
    assert "is not yours to decide" in decide(changed, at_the_desk(changed, StaffRole.BILLING, "bea"))
    assert changed.work() == []


def test_what_was_refused_is_not_done_and_not_decided_again(changed: House) -> None:
    leo = at_the_desk(changed, StaffRole.ADMINISTRATION, "leo")
    assert "Refused: nothing is done." in decide(changed, leo, "refuse")
    assert "does not wait any more" in decide(changed, leo)
    assert changed.work() == []


def test_an_approval_waits_a_day(changed: House) -> None:
    leo = at_the_desk(changed, StaffRole.ADMINISTRATION, "leo")
    changed.clock.move(hours=24)
    leo = at_the_desk(changed, StaffRole.ADMINISTRATION, "leo")
    assert "does not wait any more" in decide(changed, leo)


def test_an_address_that_changed_again_meanwhile_gets_no_link(changed: House) -> None:
    leo = at_the_desk(changed, StaffRole.ADMINISTRATION, "leo")
    with changed.parts.database.write() as db:
        db.execute(update(email_changes).values(confirmed_at=changed.clock.now()))
    assert "There was nothing to do any more." in decide(changed, leo)
    assert changed.work() == []


def test_the_same_request_waits_once(changed: House) -> None:
    act(at_the_desk(changed), "reset-link")
    with changed.parts.database.read() as db:
        assert len(db.execute(select(approvals)).all()) == 1


@pytest.mark.parametrize(("days", "waits"), [(6, True), (7, False)])
def test_after_seven_days_one_person_is_enough(house: House, days: int, waits: bool) -> None:
    new_address(house, house.person("m1234"), days)
    assert ("a second person" in act(at_the_desk(house), "reset-link")) == waits


def test_only_what_there_is_a_point_in_doing_is_offered(house: House) -> None:
    person, browser = house.person("m1234"), at_the_desk(house)

    def offered() -> set[str]:
        page = browser.get("/staff/people/m1234")
        return {(button.get("formaction") or "").rpartition("/")[2] for button in page.all("button")} - {""}

    assert offered() == {"reset-link"}
    house.browser().sign_in()
    house.add_app(person)
    assert offered() == {"reset-link", "end-session", "lost-factor"}
    act(browser, "lost-factor")
    assert offered() == {"reset-link", "end-session", "keep-factor"}
    with house.parts.database.write() as db:
        administrators.disable(db, person, at=house.clock.now())
    assert offered() == set()


def test_there_is_no_page_of_nobody(house: House) -> None:
    assert at_the_desk(house).open("/staff/people/m9999").status_code == 404
