"""The cast of the demonstration: what it has bought holds together, and everybody can open every page."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal import standing
from portal.billing import checks, invoices, queries
from portal.billing.tasks import Task
from portal.demonstration import till
from portal.rules.dates import business_date
from portal.rules.lifecycle import State
from portal.rules.orders import OrderState
from portal.rules.pricing import TaxTreatment
from portal.support.queries import count_contacts
from portal.web.demo.cast import BILLING, BOUGHT, CAST, INVITED, PASSWORD, PRINTED, STAFF, STAGES, Colleague
from portal.web.demo.seeding import cut_keys, seed
from tests.helpers import databases
from tests.helpers.browser import Browser
from tests.helpers.house import House, build
from tests.web.security_people import press, shown_secret

STAGES_BY_ID = {stage.id: stage for stage in STAGES}
GONE = "m2008"
PAGES = (
    "/profile",
    "/profile/email",
    "/profile/password",
    "/profile/security",
    "/profile/security/app",
    "/profile/security/passkeys/new",
    "/profile/sessions",
    "/subscription",
    "/subscription/activity",
    "/subscription/activity.csv",
    "/subscription/administrators",
    "/subscription/billing",
    "/subscription/buy",
    "/subscription/buy/administrators",
    "/subscription/cancel",
    "/subscription/contacts",
    "/subscription/edition",
    "/subscription/edition/business",
    "/subscription/edition/pro",
    "/subscription/export",
    "/subscription/invoices",
    "/subscription/payment-method",
    "/subscription/purchase",
    "/subscription/renew",
    "/subscription/sms",
    "/subscription/sms/buy",
    "/support/view",
)


def fill(house: House) -> House:
    keys = cut_keys(house.parts)
    with house.parts.database.write() as db:
        seed(db, keys, till(house.parts))
    return house


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The cast as it stands on Friday 20 November 2026. Nobody changes anything but sessions."""
    folder = tmp_path_factory.mktemp("cast")
    with databases.sqlite(folder) as url:
        house = fill(build(folder, url, demo=True))
        with closing(house.parts.database):
            yield house


def orders_of(house: House, platform_id: int) -> list[Any]:
    with house.parts.database.read() as db:
        return queries.orders_of(db, platform_id)


def all_invoices(house: House) -> list[invoices.Invoice]:
    with house.parts.database.read() as db:
        found = [invoice for stage in STAGES for invoice in invoices.invoices_of(db, stage.id).invoices]
    return sorted(found, key=lambda invoice: invoice.id)


@pytest.mark.parametrize("platform_id", BILLING)
def test_the_billing_data_are_what_the_page_would_have_taken(platform_id: int) -> None:
    assert checks.judge(BILLING[platform_id]) == BILLING[platform_id]


def test_every_platform_has_billing_data_and_a_contact(demo: House) -> None:
    assert set(BILLING) == set(STAGES_BY_ID)
    with demo.parts.database.read() as db:
        assert all(count_contacts(db, stage.id) for stage in STAGES)


def test_everything_bought_is_delivered_but_what_still_waits(demo: House) -> None:
    for bought in BOUGHT:
        wanted = OrderState.AWAITING_PAYMENT if bought.paid_ago is None else OrderState.DELIVERED
        found = {order.choice: order.state for order in orders_of(demo, bought.platform_id)}
        assert found[bought.choice] is wanted


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 20, 9, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 59, tzinfo=UTC),  # a minute before the new year in Rome
        datetime(2026, 12, 31, 23, 1, tzinfo=UTC),
        datetime(2027, 3, 28, 0, 59, tzinfo=UTC),  # a minute before summer time
        datetime(2028, 2, 29, 9, tzinfo=UTC),  # m2003 ended on 28 February of a leap year: no renewal ends there
        datetime(2028, 3, 9, 9, tzinfo=UTC),  # m2004 did
    ],
)
def test_on_whatever_day_it_starts_every_platform_ends_when_it_should_and_invoices_follow_their_days(
    tmp_path: Path, database_url: str, now: datetime
) -> None:
    house = build(tmp_path, database_url, demo=True)
    house.clock.set(now)
    with closing(fill(house).parts.database):
        today = business_date(now, house.parts.settings.timezone)
        for stage in STAGES:
            wanted = None if stage.ends_in is None else today + timedelta(days=stage.ends_in)
            assert house.place(stage.id).expires_on == wanted, stage.company
        written = all_invoices(house)
        assert [(i.issued_on, i.number) for i in written] == sorted((i.issued_on, i.number) for i in written)
        for year in {i.issued_on.year for i in written}:
            mine = [i.number for i in written if i.issued_on.year == year]
            assert mine == [f"{year}-{number:06}" for number in range(1, len(mine) + 1)]
        ago = {today - timedelta(days=bought.paid_ago) for bought in BOUGHT if bought.paid_ago is not None}
        assert {i.issued_on for i in written} <= ago


def test_the_german_company_is_invoiced_without_tax(demo: House) -> None:
    (invoice,) = [found for found in all_invoices(demo) if found.platform_id == 2007]
    assert invoice.offer.treatment is TaxTreatment.REVERSE_CHARGE
    assert invoice.tax.cents == 0


def test_seats_come_with_what_was_paid(demo: House) -> None:
    """One with the term, one bought later; Marco and Lucia sit on them."""
    with demo.parts.database.read() as db:
        assert standing.seats(db, demo.place(1234)) == standing.Seats(paid=3, taken=3)


def test_the_invited_one_cannot_sign_in_before_the_link_is_opened(demo: House) -> None:
    assert INVITED.username not in {actor.username for actor in CAST}
    page = demo.browser().sign_in(INVITED.username, PASSWORD)
    assert page.state() is None
    assert page.errors() or "alert" in page.html


def test_staff_have_something_to_look_at(demo: House) -> None:
    with demo.parts.database.read() as db:
        assert [(task.kind, task.platform_id) for task in queries.open_tasks(db)] == [(Task.OVERPAID, 2001)]
        assert [order.platform_id for order in queries.awaited_transfers(db, at=demo.clock.now())] == [2007]


def test_a_smaller_edition_waits(demo: House) -> None:
    place = demo.place(2001)
    assert (place.edition, place.platform.next_edition) == ("business", "pro")


def test_the_list_of_pages_is_complete(demo: House) -> None:
    """Whatever of My subscription is opened by an address without a part of its own."""
    rules = [
        r.rule
        for r in demo.app.url_map.iter_rules()
        if r.rule.startswith("/subscription") and "GET" in (r.methods or ())
    ]
    assert {rule for rule in rules if "<" not in rule} <= set(PAGES), "add the page to PAGES"


def phone(house: House, username: str) -> str:
    """The code that the page of the codes shows beside this user name."""
    page = house.browser().get("/demo/codes")
    rows = [" ".join(" ".join(row.itertext()).split()) for row in page.root.iter("tr")]
    (found,) = [row for row in rows if row.startswith(f"{username} ")]
    (code,) = re.findall(r"\b\d{3} \d{3}\b", found)
    return str(code)


def come_in(house: House, username: str, language: str = "en") -> Browser:
    """Sign in as somebody of the cast, by the code that the phone shows where one is asked for."""
    browser = house.browser(language=language)
    browser.get(f"/login?lang={language}")
    page = browser.submit({"username": username, "password": PASSWORD})
    if 'name="code"' in page.html:
        page = browser.code(phone(house, username))
        house.clock.move(seconds=60)  # that code is used up
    if 'name="choice"' in page.html:
        browser.submit({"choice": "continue"})
    return browser


def to_the_desk(house: House, username: str) -> Browser:
    """Sign in as one of the staff, from the link on the page of the demonstration."""
    browser = house.browser()
    page = browser.get(f"/staff/login?username={username}&lang=en")
    assert page.value("username") == username
    browser.submit({"username": username, "password": PASSWORD})
    browser.submit({"code": phone(house, username)})
    house.clock.move(seconds=60)  # that code is used up
    return browser


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("username", [actor.username for actor in CAST if actor.username != GONE])
def test_everybody_opens_every_page(demo: House, username: str, language: str) -> None:
    browser = come_in(demo, username, language)
    platform_id = int(username[1:5])
    mine = orders_of(demo, platform_id)
    written = [invoice.number for invoice in all_invoices(demo) if invoice.platform_id == platform_id]
    paths = [*PAGES, *(f"/orders/{o.id}" for o in mine), *(f"/orders/{o.id}/pay" for o in mine)]
    for path in [*paths, *(f"/subscription/invoices/{number}" for number in written)]:
        answer = browser.open(f"{path}?lang={language}")
        assert answer.status_code in (200, 303), f"{username}: {path} answers {answer.status_code}"
        if browser.page:
            assert browser.page.root.get("lang") == language
            assert any(form.get("action") == "/logout" for form in browser.page.all("form")), f"{path}: signed out"
        elif answer.mimetype == "text/csv":
            assert answer.headers["Content-Disposition"].startswith("attachment")
        else:
            ours = ("/orders/", "/subscription/", "/profile/security")
            assert answer.location.startswith(ours), f"{username}: {path} leads away"


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("path", ["/demo", "/demo/codes", "/request-trial"])
def test_the_pages_for_testers_open(demo: House, path: str, language: str) -> None:
    browser = demo.browser(language=language)
    assert browser.open(f"{path}?lang={language}").status_code == 200


def test_the_late_payer_is_free_once_the_transfer_has_come(tmp_path: Path, database_url: str) -> None:
    house = fill(build(tmp_path, database_url, demo=True))
    with closing(house.parts.database):
        (order,) = [found for found in orders_of(house, 2007) if found.state is OrderState.AWAITING_PAYMENT]
        assert house.place(2007).blocks
        paolo = to_the_desk(house, "paolo")
        paolo.get(f"/staff/orders/{order.id}")
        paolo.submit({"value_date": "2026-11-20", "reference": "CRO 7", "reason": "bank statement"})
        assert house.place(2007).blocks == []


def test_in_the_grace_one_renews_by_the_demonstrations_own_page(tmp_path: Path, database_url: str) -> None:
    """m2003, as the page of the demonstration proposes it: renew, pay, follow."""
    house = fill(build(tmp_path, database_url, demo=True))
    with closing(house.parts.database):
        dario = house.browser()
        dario.sign_in("m2003", PASSWORD)
        dario.get("/subscription/renew")
        dario.submit({"order": "1"})
        dario.submit({"way": "demo"}, follow=False)
        assert dario.response is not None
        address = urlsplit(dario.response.location)
        dario.get(address.path)
        dario.submit({"choice": "never"}, follow=False)  # the worker asks by itself
        house.clock.move(minutes=3)
        house.work()
        assert house.place(2003).state is State.ACTIVE


def test_the_phone_of_the_demonstration_shows_what_the_sign_in_takes(tmp_path: Path, database_url: str) -> None:
    house = fill(build(tmp_path, database_url, demo=True))
    with closing(house.parts.database):
        for _ in range(2):
            assert come_in(house, "m1236").get("/subscription").state() == "active"
        printed = house.browser()
        printed.sign_in("m1236", PASSWORD)
        printed.code(PRINTED[0])
        printed.submit({"choice": "continue"})
        assert "Ne restano 9 su 10." in printed.get("/profile/security").text


def test_the_phone_shows_an_app_that_is_being_added_and_one_that_is_moved(tmp_path: Path, database_url: str) -> None:
    house = fill(build(tmp_path, database_url, demo=True))
    with closing(house.parts.database):
        marco = come_in(house, "m1234-marco")
        marco.get("/profile/security")
        press(marco, "/profile/security/app/begin")
        page = house.browser().get("/demo/codes")
        assert "Is being added" in page.text
        marco.submit({"code": phone(house, "m1234-marco")})
        marco.get("/profile/security")
        secret = shown_secret(press(marco, "/profile/security/app/move"))
        tester = house.browser()
        tester.get("/demo/codes")
        shown = tester.submit({"typed": secret.lower()}).text
        (code,) = re.findall(r"type it off\. (\d{3} \d{3})", shown)
        assert "The app on the new device is the one that counts now." in marco.submit({"code": code}).text


@pytest.mark.parametrize("typed", ["", "not a secret", "é", "1" * 400, "AAAA AAAA AAAA AAA"])
def test_what_is_no_secret_shows_no_code(demo: House, typed: str) -> None:
    browser = demo.browser()
    browser.get("/demo/codes")
    assert browser.submit({"typed": typed}).errors()
    assert browser.response is not None
    assert browser.response.status_code == 422


def test_the_codes_are_shown_nowhere_but_in_the_demonstration(browser: Browser) -> None:
    assert browser.open("/demo/codes").status_code == 404


@pytest.mark.parametrize("colleague", STAFF, ids=[colleague.username for colleague in STAFF])
def test_the_staff_come_to_the_desk_by_what_their_phones_show(demo: House, colleague: Colleague) -> None:
    assert f"/staff/login?username={colleague.username}" in demo.browser().get("/demo").html
    page = to_the_desk(demo, colleague.username).page
    assert page is not None
    assert page.heading == "Desk"
