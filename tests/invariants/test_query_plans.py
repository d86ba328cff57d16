"""No request walks through a whole table: every page and form, and what the worker does while it waits.

The browser of the tests holds every request of every test to it on SQLite (`tests/helpers/browser.py`). Here each route
is gone through once more, so that the law stands by itself, and on PostgreSQL too.
"""

import pytest

from portal.jobs import nightly
from portal.rules.staff import StaffRole
from tests.conftest import both_databases
from tests.helpers import plans
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.full_platform import fill
from tests.helpers.house import House
from tests.helpers.plans import REMEDY, asked, walks
from tests.invariants.test_routes import TABLE, D, E, M, example, methods

TYPED = {  # what stands in a field that the form leaves empty
    "reason": "ticket 4711",
    "email": "anna@example.com",
    "username": "m1234",
    "password": "a short sentence is easiest",
    "password_again": "a longer sentence is easier still",
    "current_password": "a short sentence is easiest",
    "full_name": "Anna Bianchi",
    "company": "Marigold srl",
    "name": "Anna Bianchi",
    "code": "000000",
    "q": "marigold",
}
LEAVES = ("/logout", "/staff/logout")  # sent last
# What the worker does may walk through what is small or must be looked at as a whole; once a night, and in slices.
WALKS_OF_THE_WORKER = plans.WALKS | {
    "FROM exports WHERE exports.file IS NOT NULL": "the files that are kept for some days: few, and compared with disk",
    "FROM event_chain": "one row: the end of the chain",
    "FROM nights": "a row for each step of the last nights",
}
SLICES = "cleaning: what is too old goes in slices of thousands, once a night, from tables of what is short-lived"
WALKS_OF_A_NIGHT = WALKS_OF_THE_WORKER | {
    "FROM platforms WHERE platforms.deleted_at IS NULL AND NOT (EXISTS": "who is due for deletion: all are looked at",
    "FROM outbox WHERE outbox.done_at <=": "cleaning: keeps the last warnings of those who are due for deletion",
    "FROM links WHERE links.purpose IN": SLICES,
    "FROM drafts WHERE drafts.saved_at <=": SLICES,
    "FROM resumptions WHERE resumptions.kept_at <=": SLICES,
    "FROM sessions WHERE sessions.ended_at <=": "cleaning: of everybody's ended sessions the newest are kept",
    "FROM trial_requests WHERE trial_requests.confirmed_at IS NULL": SLICES,
    "FROM email_changes WHERE email_changes.confirmed_at IS NULL": SLICES,
    "FROM authenticator_apps WHERE authenticator_apps.confirmed_at IS NULL": SLICES,
    "FROM known_devices WHERE known_devices.last_seen_at <=": SLICES,
}


@pytest.fixture
def full(house: House) -> House:
    """Something in every table, and somebody of the staff who may all."""
    fill(house)
    return house


def open_all(house: House, browser: Browser, who: tuple[str, ...]) -> None:
    """Every page of these routes, and every form on each of them as it stands, but for what leaves."""
    rules = [rule for rule, allowed in TABLE.items() if allowed in who]
    for rule in rules:
        if "GET" in methods(house, rule):
            browser.open(example(rule))
            send_forms(browser, example(rule))
    for rule in (rule for rule in rules if rule not in LEAVES):
        if "POST" in methods(house, rule):
            token = token_of(browser)
            browser.open(example(rule), method="POST", data=TYPED | {"csrf_token": token}, headers=SAME_ORIGIN)


def send_forms(browser: Browser, path: str) -> None:
    for number in range(len(browser.page.forms()) if browser.page else 0):
        browser.open(path)
        if browser.page is None or number >= len(browser.page.forms()):
            return
        action, values = browser.page.form(number)
        if action in LEAVES:
            continue
        typed = {name: value or TYPED.get(name, "") for name, value in values.items()}
        browser.open(action or path, method="POST", data=typed, headers=SAME_ORIGIN)


def token_of(browser: Browser) -> str:
    page = browser.get("/login")
    return page.form()[1].get("csrf_token", "") if page.forms() else ""


@both_databases
def test_no_page_and_no_form_of_a_stranger_walks_through_a_table(full: House) -> None:
    with asked(full.parts.database) as found:
        open_all(full, full.browser(), (E, M))
    assert walks(full.parts.database.writer, found) == {}, REMEDY


@both_databases
def test_no_page_and_no_form_of_a_customer_walks_through_a_table(full: House) -> None:
    browser = full.browser()
    browser.sign_in()
    with asked(full.parts.database) as found:
        open_all(full, browser, tuple({*TABLE.values()} - {E, M, D}))
    assert walks(full.parts.database.writer, found) == {}, REMEDY


@both_databases
def test_no_page_and_no_form_of_the_desk_walks_through_a_table(full: House) -> None:
    browser = at_the_desk(full, StaffRole.ADMINISTRATION)
    with asked(full.parts.database) as found:
        for typed in ("m1234", "1234", "anna@example.com", "marigold", "2026-000001", "IT12345670785"):
            browser.open(f"/staff?q={typed}")
        open_all(full, browser, (D,))
    assert walks(full.parts.database.writer, found) == {}, REMEDY


@both_databases
def test_what_the_worker_does_while_it_waits_walks_through_no_table(full: House) -> None:
    with asked(full.parts.database) as found:
        full.work()
    assert walks(full.parts.database.writer, found, WALKS_OF_THE_WORKER) == {}, REMEDY


@both_databases
def test_a_night_walks_only_through_what_it_has_to_look_at_as_a_whole(full: House) -> None:
    full.clock.move(days=1)
    with asked(full.parts.database) as found:
        nightly.work_due(full.parts)
    assert walks(full.parts.database.writer, found, WALKS_OF_A_NIGHT) == {}, REMEDY


@both_databases
@pytest.mark.parametrize(
    ("statement", "walked"),
    [
        ("SELECT id FROM platforms WHERE company = 'x'", {"platforms"}),
        ("SELECT t.id FROM terms t JOIN platforms AS p ON p.id = t.platform_id WHERE p.company = 'x'", {"platforms"}),
        ("UPDATE administrators SET language = 'it' WHERE language = 'en'", {"administrators"}),
        ("SELECT id FROM platforms WHERE id = 1", set()),
        ("SELECT p.id FROM platforms AS p WHERE p.company > 'x' ORDER BY p.id", {"platforms"}),
    ],
)
def test_a_walk_is_noticed(house: House, statement: str, walked: set[str]) -> None:
    found = walks(house.parts.database.writer, {statement: ()})
    assert {name.split()[0] for name in found.get(statement, set())} == walked
