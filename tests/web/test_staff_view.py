"""One of the staff looks as a customer: only while it is allowed, only at what is open, and nothing is ever changed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update

from portal.accounts import administrators, drafts, sessions
from portal.accounts.queries import Administrator
from portal.kit.audit import events
from portal.rules.sessions import EndReason
from portal.rules.staff import SeenPage, StaffRole
from portal.staff import members, queries, views
from portal.staff import sessions as staff_sessions
from portal.staff.tables import staff_members
from portal.subscription.tables import platforms
from portal.web import access, activity_sentences
from portal.web.access import Who
from portal.web.staff import entry, view
from portal.web.who import TOKEN
from tests.billing.bills import issue
from tests.conftest import both_databases
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk, hire
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.helpers.shop import PACK
from tests.invariants.test_routes import TABLE, D, M, contents, example, methods

REASON = "T-1234, on the phone"
FIRST = "/subscription"
BANNER = "You are looking at the portal as m1234 sees it"
OPEN = {
    "/orders/<int(max=2147483647):order_id>": SeenPage.ORDER,
    "/subscription": SeenPage.SUBSCRIPTION,
    "/subscription/activity": SeenPage.ACTIVITY,
    "/subscription/administrators": SeenPage.ADMINISTRATORS,
    "/subscription/billing": SeenPage.BILLING,
    "/subscription/buy": SeenPage.BUY,
    "/subscription/buy/administrators": SeenPage.BUY_ADMINISTRATORS,
    "/subscription/cancel": SeenPage.CANCEL,
    "/subscription/contacts": SeenPage.CONTACTS,
    "/subscription/edition": SeenPage.EDITION,
    "/subscription/edition/<code>": SeenPage.EDITION,
    "/subscription/invoices": SeenPage.INVOICES,
    "/subscription/invoices/<number>": SeenPage.INVOICE,
    "/subscription/invoices/<number>.pdf": SeenPage.INVOICE_FILE,
    "/subscription/purchase": SeenPage.PURCHASE,
    "/subscription/renew": SeenPage.RENEW,
    "/subscription/sms": SeenPage.CREDITS,
    "/subscription/sms/buy": SeenPage.BUY_CREDITS,
}
OWN = ("/staff/login", "/staff/login/second-factor", "/staff/logout", "/staff/invitation/<token>")
THE_DESKS = {*OWN, "/staff/invitation/new"} | {rule for rule, who in TABLE.items() if who in (D, M)}
REMEDY = "decide whether staff may see the page, then write it into OPEN of tests/web/test_staff_view.py, or leave it"


@pytest.fixture
def anna(house: House) -> Administrator:
    """Somebody with an order and an invoice, who allows nothing yet."""
    person = house.person("m1234", email="anna@example.com")
    house.order(PACK, by=person)
    issue(house)
    return person


def allow(house: House, person: Administrator) -> Browser:
    """The browser in which the person allows it, and stays signed in."""
    customer = house.browser()
    if 'name="choice"' in customer.sign_in(person.username).html:
        customer.submit({"choice": "continue"})
    customer.get("/support/view")
    customer.submit()
    return customer


def begin(browser: Browser, username: str = "m1234", reason: str = REASON) -> Page:
    token = browser.get(f"/staff/people/{username}").value("csrf_token")
    data = {"csrf_token": token, "reason": reason}
    browser.open(f"/staff/people/{username}/view", method="POST", data=data, headers=SAME_ORIGIN, follow_redirects=True)
    assert browser.page
    return browser.page


def looking(house: House, person: Administrator, role: StaffRole = StaffRole.SUPPORT) -> Browser:
    """A browser of the desk that looks as this person."""
    browser = at_the_desk(house, role)
    allow(house, person)
    begin(browser, person.username)
    return browser


def token_of(browser: Browser) -> str:
    """The forgery token of the banner, the only one there is."""
    field = browser.get(FIRST).root.find(".//section[@class='looking']//input[@name='csrf_token']")
    assert field is not None
    return field.get("value") or ""


def cookie(browser: Browser) -> dict[str, Any]:
    """What stands in the browser's cookie."""
    with browser.client.session_transaction() as content:
        return dict(content)


def put_cookie(browser: Browser, content: dict[str, Any]) -> None:
    """What nobody can do without our key."""
    with browser.client.session_transaction() as found:
        found.clear()
        found.update(content)


def seen(house: House) -> list[str]:
    """The pages that were recorded, in order."""
    with house.parts.database.read() as db:
        rows = db.execute(select(events.c.details).where(events.c.tag == "accounts.page_seen").order_by(events.c.id))
        return [row.details["page"] for row in rows]


def is_shown(browser: Browser, path: str = FIRST) -> bool:
    answer = browser.open(path)
    assert (answer.status_code == 200) == (browser.page is not None and BANNER in browser.page.text)
    return answer.status_code == 200


# --- the story --------------------------------------------------------------------------------------------------------


@both_databases
def test_support_looks_and_the_customer_is_told_everything(house: House, anna: Administrator) -> None:
    browser = at_the_desk(house)
    customer = allow(house, anna)
    house.work()
    page = begin(browser)
    assert BANNER in page.text
    assert page.heading.startswith("Your subscription is paid until")
    assert "".join(page.all("title")[0].itertext()).startswith("m1234: ")
    [letter] = house.work()
    assert letter.recipient == "anna@example.com"
    assert REASON in letter.text
    assert "2026-000001" in browser.get("/subscription/invoices").text
    told = customer.get("/subscription/activity").text
    assert "Our staff began to look at the portal as m1234 sees it." in told
    assert "Our staff looked as m1234 at: My subscription Our staff" in told
    assert "Our staff looked as m1234 at: Invoices Our staff" in told


def test_the_button_ends_view_and_permission_and_leads_back_to_the_person(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    token = token_of(browser)
    answer = browser.open("/staff/view/end", method="POST", data={"csrf_token": token}, headers=SAME_ORIGIN)
    assert (answer.status_code, answer.location) == (303, "/staff/people/m1234")
    page = browser.get("/staff/people/m1234")
    assert "You look no more" in page.text
    assert BANNER not in page.text
    assert browser.open(FIRST).location == "/login"
    with house.parts.database.read() as db:
        assert views.find_of(db, anna.id, at=house.clock.now()) is None


def test_who_of_the_staff_it_was_is_written_down_and_told_to_nobody(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    token = token_of(browser)
    browser.open("/staff/view/end", method="POST", data={"csrf_token": token}, headers=SAME_ORIGIN)
    with house.parts.database.read() as db:
        rows = db.execute(select(events.c.tag, events.c.details).where(events.c.tag.startswith("accounts.")))
        named = {row.tag for row in rows if row.details.get("by") == "staff" and row.details.get("member") == "sara"}
    assert named == {"accounts.view_begun", "accounts.page_seen", "accounts.view_ended"}
    customer = house.browser()
    customer.sign_in()
    assert "sara" not in customer.get("/subscription/activity").text


def test_the_desk_stays_at_hand_under_the_banner(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    assert BANNER in browser.get("/staff/platforms/1234").text
    assert seen(house) == ["subscription"]


# --- the permission ---------------------------------------------------------------------------------------------------


def buttons(page: Page) -> list[str]:
    return ["".join(button.itertext()) for button in page.all("button")]


def test_the_button_is_there_only_while_it_is_allowed(house: House, anna: Administrator) -> None:
    browser, words = at_the_desk(house), "Look at the portal as this person sees it"
    assert words not in buttons(browser.get("/staff/people/m1234"))
    allow(house, anna)
    assert words in buttons(browser.get("/staff/people/m1234"))
    assert words not in buttons(at_the_desk(house, StaffRole.BILLING, "bea").get("/staff/people/m1234"))
    house.clock.move(minutes=15)
    assert words not in buttons(browser.get("/staff/people/m1234"))


def test_nothing_begins_without_a_permission(house: House, anna: Administrator) -> None:
    house.work()
    browser = at_the_desk(house)
    assert "There was nothing to do any more." in begin(browser).text
    assert not is_shown(browser)
    assert house.work() == []


def test_the_permission_of_one_person_opens_nothing_of_a_colleague(house: House, anna: Administrator) -> None:
    house.person("m1234-marco")
    allow(house, anna)
    assert "There was nothing to do any more." in begin(at_the_desk(house), "m1234-marco").text


def test_nothing_begins_without_a_reason(house: House, anna: Administrator) -> None:
    allow(house, anna)
    browser = at_the_desk(house)
    assert begin(browser, reason="x").errors()
    assert not is_shown(browser)


@pytest.mark.parametrize(("early", "open_still"), [(1, True), (0, False)])
def test_it_ends_at_the_microsecond(house: House, anna: Administrator, early: int, open_still: bool) -> None:
    browser = looking(house, anna)
    house.clock.move(minutes=15, microseconds=-early)
    assert is_shown(browser) is open_still


def change(house: House, statement: Any) -> None:
    with house.parts.database.write() as db:
        db.execute(statement)


def ended_by_the_customer(house: House) -> None:
    person = house.administrator("m1234")
    assert person
    with house.parts.database.write() as db:
        permission = views.find_of(db, person.id, at=house.clock.now())
        assert permission
        assert views.end(db, permission, at=house.clock.now(), by="m1234")


def signed_out(house: House) -> None:
    """Whatever ends the session in which it was allowed: here the person leaves."""
    person = house.administrator("m1234")
    assert person
    with house.parts.database.write() as db:
        sessions.end_all(db, person.id, EndReason.SIGNED_OUT, at=house.clock.now())


def signed_in_anew(house: House) -> None:
    """Another session does not bring it back."""
    signed_out(house)
    house.clock.move(microseconds=1)
    house.browser().sign_in()


def disabled(house: House) -> None:
    person = house.administrator("m1234")
    assert person
    with house.parts.database.write() as db:
        administrators.disable(db, person, at=house.clock.now())


def deleted(house: House) -> None:
    change(house, update(platforms).values(deleted_at=house.clock.now()))


def member_disabled(house: House) -> None:
    with house.parts.database.write() as db:
        found = queries.find_member(db, "sara")
        assert found
        members.disable(db, found, by="leo", at=house.clock.now())


def lost_the_role(house: House) -> None:
    change(house, update(staff_members).values(role=StaffRole.BILLING))


def signed_out_elsewhere(house: House) -> None:
    with house.parts.database.write() as db:
        found = queries.find_member(db, "sara")
        assert found
        staff_sessions.end_all(db, found.id, EndReason.SIGNED_OUT, at=house.clock.now())


def signed_in_elsewhere(house: House) -> None:
    at_the_desk(house)


@pytest.mark.parametrize(
    "happens",
    [
        ended_by_the_customer,
        signed_out,
        signed_in_anew,
        disabled,
        deleted,
        member_disabled,
        lost_the_role,
        signed_out_elsewhere,
        signed_in_elsewhere,
    ],
)
def test_it_ends_with_whatever_it_hangs_on(house: House, anna: Administrator, happens: Callable[[House], None]) -> None:
    browser = looking(house, anna)
    assert is_shown(browser)
    happens(house)
    recorded = seen(house)
    answer = browser.open(FIRST)
    assert (answer.status_code, answer.location) == (303, "/staff")
    assert view.MARK not in cookie(browser)
    assert browser.open(FIRST).location == "/login"
    assert seen(house) == recorded


def test_what_was_ended_is_not_opened_again_by_a_new_permission(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    kept = cookie(browser)
    ended_by_the_customer(house)
    allow(house, anna)
    put_cookie(browser, kept)
    assert not is_shown(browser)


def test_signing_out_of_the_desk_ends_it_for_every_copy_of_the_cookie(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    kept = cookie(browser)
    browser.open("/staff/logout", method="POST", data={"csrf_token": token_of(browser)}, headers=SAME_ORIGIN)
    thief = house.browser()
    put_cookie(thief, kept)
    assert not is_shown(thief)


# --- whose cookie -----------------------------------------------------------------------------------------------------


def test_the_mark_opens_nothing_without_the_session_of_the_desk(house: House, anna: Administrator) -> None:
    mark = cookie(looking(house, anna))[view.MARK]
    stranger = house.browser()
    put_cookie(stranger, {view.MARK: mark})
    assert not is_shown(stranger)


def test_the_mark_opens_nothing_in_the_session_of_a_colleague(house: House, anna: Administrator) -> None:
    mark = cookie(looking(house, anna))[view.MARK]
    leo = at_the_desk(house, StaffRole.ADMINISTRATION, "leo")
    put_cookie(leo, cookie(leo) | {view.MARK: mark})
    assert not is_shown(leo)


def test_the_mark_opens_nothing_to_a_customer_whose_own_pages_stay(house: House, anna: Administrator) -> None:
    mark = cookie(looking(house, anna))[view.MARK]
    house.person("m2000")
    other = house.browser()
    other.sign_in("m2000")
    put_cookie(other, cookie(other) | {view.MARK: mark})
    assert not is_shown(other)
    assert "m2000" in other.get(FIRST).text


def test_a_customers_session_in_the_same_cookie_is_neither_used_nor_changed(house: House, anna: Administrator) -> None:
    house.person("m2000")
    other = house.browser()
    other.sign_in("m2000")
    theirs = {name: value for name, value in cookie(other).items() if name in (TOKEN, "at")}
    browser = looking(house, anna)
    put_cookie(browser, cookie(browser) | theirs)
    house.clock.move(minutes=2)
    before = contents(house)["sessions"]
    page = browser.get(FIRST)
    assert BANNER in page.text
    assert "m2000" not in page.text
    assert contents(house)["sessions"] == before
    assert {name: cookie(browser)[name] for name in theirs} == theirs


def test_afterwards_the_browser_is_what_it_was(house: House, anna: Administrator) -> None:
    browser = at_the_desk(house)
    browser.get("/staff/people/m1234")
    before, known = cookie(browser), [c.key for c in browser.client._cookies.values()]
    allow(house, anna)
    begin(browser)
    for rule in OPEN:
        browser.open(example(rule))
    token = token_of(browser)
    browser.open("/staff/view/end", method="POST", data={"csrf_token": token}, headers=SAME_ORIGIN)
    browser.get("/staff")
    after = cookie(browser)
    assert {**after, entry.ACTIVE_AT: 0} == {**before, entry.ACTIVE_AT: 0}
    assert [c.key for c in browser.client._cookies.values()] == known


# --- what is open -----------------------------------------------------------------------------------------------------


def test_what_staff_may_look_at_is_what_the_table_says(house: House) -> None:
    with house.app.app_context():
        rules = [(route.rule, access.rule_of(route.endpoint)) for route in house.app.url_map.iter_rules()]
        found = {name: rule.seen_as for name, rule in rules if rule and rule.seen_as}
    assert found == OPEN, REMEDY
    assert set(OPEN.values()) == set(SeenPage)
    assert set(activity_sentences.SEEN_PAGES) == set(SeenPage)


def test_only_pages_of_people_who_are_signed_in_are_open_and_none_that_a_script_asks_for(house: House) -> None:
    with house.app.app_context():
        rules = [access.rule_of(route.endpoint) for route in house.app.url_map.iter_rules()]
    assert all(rule.who is Who.SIGNED_IN and rule.activity for rule in rules if rule and rule.seen_as)


def test_every_other_page_and_every_other_method_is_refused_and_nothing_is_written(
    house: House, anna: Administrator
) -> None:
    browser = looking(house, anna)
    token, before = token_of(browser), contents(house)
    for rule in TABLE.keys() - THE_DESKS:
        reads = {"GET", "HEAD"} if "GET" in methods(house, rule) and rule not in OPEN else set()
        for method in {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} | reads:
            data = {"csrf_token": token} if method == "POST" else None
            answer = browser.open(example(rule), method=method, data=data, headers=SAME_ORIGIN)
            known = method in methods(house, rule) | reads or method == "OPTIONS"
            assert answer.status_code in ((403,) if known else (403, 405)), f"{method} {rule}"
            assert answer.mimetype == "text/html"
    assert contents(house) == before
    assert is_shown(browser)


def test_a_refused_page_says_so_and_leads_on(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    page = browser.get("/profile/security")
    assert page.heading == "Closed to staff"
    assert BANNER in page.text
    assert {"/subscription", "/staff/people/m1234"} <= {link.get("href") for link in page.all("a")}
    assert "anna@example.com" not in page.text


def test_what_is_open_is_shown_and_recorded_and_nothing_else_is_written(house: House, anna: Administrator) -> None:
    customer = house.browser()
    customer.sign_in()
    browser = looking(house, anna)
    house.clock.move(minutes=2)  # late enough for the row of a session to be written
    browser.get("/staff")
    before, recorded = contents(house), seen(house)
    for rule in OPEN:
        for method in ("GET", "HEAD"):
            answer = browser.open(example(rule), method=method)
            assert answer.status_code not in (403, 405, 500), f"{method} {rule}"
    after = contents(house)
    pages = [str(page) for page in OPEN.values() for _ in range(2)]
    assert seen(house) == recorded + pages
    assert len(after.pop("events")) == len(before.pop("events")) + len(pages)
    assert after == before


def main_of(page: Page) -> str:
    """What <main> says, but for what stands around it and for the forgery token."""
    return " ".join(" ".join(page.all("main")[0].itertext()).split())


@pytest.mark.parametrize("username", ["m1234", "m1234-marco"])
def test_staff_see_what_this_very_person_sees_and_no_more(house: House, username: str) -> None:
    house.person("m1234")
    person = house.administrator(username) or house.person(username)
    issue(house)
    browser = at_the_desk(house)
    customer = allow(house, person)
    customer.get(FIRST)  # takes away the word that they may
    begin(browser, username)
    browser.get(FIRST)  # takes away the word that it has begun
    for path in ("/subscription", "/subscription/buy", "/subscription/contacts", "/subscription/invoices"):
        assert main_of(browser.get(path)) == main_of(customer.get(path))


def test_what_somebody_typed_and_did_not_send_is_not_shown(house: House, anna: Administrator) -> None:
    with house.parts.database.write() as db:
        typed = {"name": "Not sent yet"}
        drafts.save(db, anna.id, "/subscription/billing", typed, at=house.clock.now())
    assert "Not sent yet" not in looking(house, anna).get("/subscription/billing").html


@pytest.mark.parametrize("rule", ["/subscription/cancel", "/subscription/billing", "/subscription/contacts"])
def test_no_form_in_it_has_a_forgery_token_and_each_leads_to_the_closed_page(
    house: House, anna: Administrator, rule: str
) -> None:
    browser = looking(house, anna)
    page = browser.get(rule)
    assert page.forms()
    for number in range(len(page.forms())):
        browser.get(rule)
        assert page.form(number)[1]["csrf_token"] == ""
        assert browser.submit(form=number).heading == "Closed to staff"
    assert not any(form.get("action") == "/logout" for form in page.all("form"))
    assert page.root.find(".//dialog") is None


def test_another_customers_order_is_not_found(house: House, anna: Administrator) -> None:
    other = house.order(PACK, by=house.person("m2000"))
    browser = looking(house, anna)
    assert browser.open(f"/orders/{other.id}").status_code == 404
    assert browser.page
    assert BANNER in browser.page.text


def test_where_the_customer_must_add_a_factor_first_nothing_but_the_closed_page_is_shown(
    house: House, anna: Administrator
) -> None:
    browser = looking(house, anna)
    change(house, update(platforms).values(second_factor_since=house.clock.now()))
    assert browser.get(FIRST).heading == "Closed to staff"


def test_what_cannot_be_recorded_is_not_shown(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    change(house, text("ALTER TABLE events RENAME TO elsewhere"))
    assert browser.open("/subscription/invoices").status_code in (500, 503)
    assert browser.page
    assert "2026-000001" not in browser.page.text


@both_databases
def test_a_permission_that_ends_while_a_page_is_asked_for_shows_nothing(house: House, anna: Administrator) -> None:
    allow(house, anna)
    at = house.clock.now()
    with house.parts.database.write() as db:
        known = views.find_of(db, anna.id, at=at)
        assert known
        assert views.end(db, known, by="m1234", at=at)
    sara = hire(house)
    with house.parts.database.write() as db:
        assert not views.note_page(db, known, SeenPage.INVOICES, member=sara, at=at)
    assert seen(house) == []


def test_every_reload_counts(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    for _ in range(3):
        browser.get("/subscription/sms")
    assert seen(house) == ["subscription", *["credits"] * 3]


def test_a_script_that_asks_for_a_closed_page_keeps_no_session_alive(house: House, anna: Administrator) -> None:
    browser = looking(house, anna)
    house.clock.move(minutes=14)
    assert browser.open("/session").status_code == 403
    house.clock.move(minutes=16)
    assert browser.open("/staff").location == "/staff/login"


def test_looking_keeps_the_session_of_the_desk_alive_and_not_the_customers(house: House, anna: Administrator) -> None:
    customer = house.browser()
    customer.sign_in()
    browser = looking(house, anna)
    house.clock.move(minutes=14)
    assert is_shown(browser)
    house.clock.move(minutes=20)
    assert browser.open("/staff").status_code == 200
    assert customer.open(FIRST).location == "/login"


def test_the_banner_has_the_language_of_the_desk(house: House) -> None:
    browser = looking(house, house.person("m1234", language="it"))
    assert BANNER in browser.get(FIRST).text
    assert "Stai guardando il portale come lo vede m1234" in browser.get(f"{FIRST}?lang=it").text
