"""What belongs to another customer does not exist, to the byte; and what a form did not ask for changes nothing."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.billing import queries as billing
from portal.kit.db import metadata
from portal.rules.orders import OrderState
from portal.subscription import exports
from portal.support import actions as support
from portal.support.actions import Entry
from portal.support.queries import Kind
from tests.helpers.browser import Browser
from tests.helpers.journey import YEAR, Story, invoiced, look, order, path, post, read, status

# what is the neighbour's, and what is nobody's
# fmt: off
READ = [
    ("/orders/1", "/orders/404"),
    ("/orders/2/pay", "/orders/404/pay"),
    ("/orders/1/state", "/orders/404/state"),
    ("/subscription/invoices/2026-000001", "/subscription/invoices/2026-000404"),
    ("/subscription/invoices/2026-000001.pdf", "/subscription/invoices/2026-000404.pdf"),
    ("/subscription/administrators/m5678-zoe/disable", "/subscription/administrators/m5678-abc/disable"),
    ("/subscription/contacts/1", "/subscription/contacts/404"),
    ("/subscription/export/1.zip", "/subscription/export/404.zip"),
    ("/subscription/export/1/state", "/subscription/export/404/state"),
]
ACT = [
    ("/orders/2/cancel", "/orders/404/cancel", {}),
    ("/orders/2/pay", "/orders/404/pay", {"way": "demo"}),
    ("/orders/2/pay", "/orders/404/pay", {"way": "transfer"}),
    ("/subscription/invoices/2026-000001.pdf", "/subscription/invoices/2026-000404.pdf", {}),
    ("/subscription/administrators/m5678-zoe/disable", "/subscription/administrators/m5678-abc/disable", {}),
    ("/subscription/administrators/m5678-zoe/enable", "/subscription/administrators/m5678-abc/enable", {}),
    ("/subscription/administrators/m5678-zoe/invite", "/subscription/administrators/m5678-abc/invite", {}),
    ("/subscription/contacts/1", "/subscription/contacts/404",
     {"kind": "technical", "full_name": "Eve", "email": "eve@example.com", "phone": ""}),
    ("/subscription/contacts/1/remove", "/subscription/contacts/404/remove", {}),
]
FORGED = {
    "price": "1", "total": "1", "unit_price": "1", "net": "0", "tax": "0", "amount": "1", "currency": "USD",
    "credits": "9", "platform_id": "5678", "administrator_id": "2", "paid": "1", "paid_at": "2026-01-01",
    "state": "delivered",
    "role": "first", "kind": "credits", "treatment": "outside-eu", "starts_on": "2026-01-01", "ends_on": "2099-01-01",
    "expires_on": "2099-01-01", "email_channel": "1", "trial": "0", "value_date": "2026-01-01", "order_id": "2",
}
# fmt: on


@pytest.fixture
def anna(story: Story) -> Browser:
    """m1234, beside a neighbour with orders, an invoice, credits, a colleague, a contact and an export."""
    story.now_is("2026-11-20 10:00:00")
    story.platform("2026-12-22")
    story.platform("2026-12-22", 5678, additional_seats=1)
    story.house.person("m5678-zoe")
    neighbour = story.sign_in("m5678")
    story.buy(neighbour, "/subscription/sms/buy", {"pack": "1000"})
    order(neighbour, "/subscription/renew", {**YEAR, "additional": "1"})
    owner = story.house.administrator("m5678")
    assert owner
    with story.house.parts.database.write() as db:
        support.add(db, owner, Entry(Kind.TECHNICAL, "Ugo", "ugo@example.com"), at=story.house.clock.now())
        exports.ask(db, owner, network="", at=story.house.clock.now())
    story.house.work()
    return story.sign_in()


def answer(browser: Browser, where: str) -> tuple[int, str]:
    """Status and page, without what is of this one request: tokens, its reference and its own address."""
    found, page = browser.response, browser.page
    assert found is not None
    assert page is not None, where
    body = page.html.replace(where, "…").replace(where.replace("/", "%2F"), "…")
    body = re.sub(r'(name="csrf_token"[^>]*value=")[^"]*', r"\1", body)
    (reference,) = re.findall(r"<code>([0-9a-f]{10})</code>", body)
    return found.status_code, body.replace(reference, "…")


def everything(story: Story) -> dict[str, Any]:
    """How many rows each table has, but for sign-ins."""
    with story.house.parts.database.read() as db:
        tables = [table for table in metadata.sorted_tables if table.name != "sessions"]
        return {table.name: db.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


@pytest.mark.parametrize(("theirs", "nobodys"), READ)
def test_to_look_at_it_is_as_if_it_were_not_there(story: Story, anna: Browser, theirs: str, nobodys: str) -> None:
    anna.open(theirs)
    found = answer(anna, theirs)
    anna.open(nobodys)
    assert found == answer(anna, nobodys)
    assert found[0] == 404


@pytest.mark.parametrize(("theirs", "nobodys", "fields"), ACT)
def test_to_change_it_is_as_if_it_were_not_there(
    story: Story, anna: Browser, theirs: str, nobodys: str, fields: dict[str, str]
) -> None:
    before = everything(story)
    post(anna, theirs, fields)
    found = answer(anna, theirs)
    post(anna, nobodys, fields)
    assert found == answer(anna, nobodys)
    assert found[0] == 404
    assert everything(story) == before
    assert [order.state for order in story.orders()] == [OrderState.DELIVERED, OrderState.AWAITING_PAYMENT]
    zoe = story.house.administrator("m5678-zoe")
    assert zoe
    assert zoe.enabled


def test_nothing_of_the_neighbour_stands_on_any_list(story: Story, anna: Browser) -> None:
    for where in ("", "/sms", "/administrators", "/contacts", "/invoices", "/billing", "/buy"):
        page = read(anna.get(f"/subscription{where}"))
        for words in ("m5678", "Platform 5678", "zoe", "ugo@example.com", "2026-000001"):
            assert words not in page, where
    assert "SMS credits 0" in read(anna.get("/subscription"))
    assert invoiced(anna) == []


@pytest.mark.parametrize(
    ("where", "choice", "cents"),
    [
        ("/subscription/renew", YEAR, 58560),
        ("/subscription/sms/buy", {"pack": "1000"}, 7320),
        ("/subscription/buy/administrators", {"quantity": "1"}, 1324),
        ("/subscription/edition/business", {}, 7942),
    ],
)
def test_what_a_form_did_not_ask_for_changes_nothing(
    story: Story, anna: Browser, where: str, choice: dict[str, str], cents: int
) -> None:
    """33 days of 365 are left: 120.00 and 720.00 a year, and 22 % on both."""
    if where.endswith("business"):
        anna.get(where)
    else:
        look(anna, where, choice)
    anna.submit({**FORGED, **choice, "order": "1"})
    assert path(anna) == "/orders/3/pay"
    placed = story.orders()[-1]
    assert (placed.total.cents, placed.total.currency, placed.platform_id) == (cents, "EUR", 1234)
    assert (placed.state, placed.paid_at) == (OrderState.AWAITING_PAYMENT, None)
    anna.submit({**FORGED, "way": "demo"}, follow=False)
    with story.house.parts.database.read() as db:
        (payment,) = billing.payments_of(db, 3)
    assert (payment.amount.cents, payment.state, payment.ended_at) == (cents, "begun", None)
    assert story.expires_on() == "2026-12-22"
    assert story.house.place().platform.trial is False


@pytest.mark.parametrize("way", ["card", "paid", "", "free"])
def test_a_way_to_pay_that_there_is_not_begins_nothing(story: Story, anna: Browser, way: str) -> None:
    order(anna, "/subscription/sms/buy", {"pack": "1000"})
    assert post(anna, "/orders/3/pay", {"way": way}) == 422
    with story.house.parts.database.read() as db:
        assert billing.payments_of(db, 3) == []


def test_an_additional_administrator_renews_and_buys_nothing_else(story: Story, anna: Browser) -> None:
    """Nor does a form make her the first one."""
    zoe = story.sign_in("m5678-zoe")
    for where in ("/subscription/sms/buy", "/subscription/buy/administrators", "/subscription/edition/business"):
        assert "Only the first administrator can do this." in read(zoe.get(where))
        assert post(zoe, where, {**FORGED, "pack": "1000", "quantity": "1", "order": "1"}) == 409
    order(zoe, "/subscription/renew", YEAR)
    assert (status(zoe), len(story.orders())) == (200, 3)


def test_the_seal_of_one_page_is_worth_nothing_on_another(story: Story, anna: Browser) -> None:
    """Cheap is not dear: the price that was sealed is that of one choice on one page."""
    _action, cheap = look(anna, "/subscription/sms/buy", {"pack": "1000"}).form()
    for where, choice in (
        ("/subscription/sms/buy", {"pack": "100000"}),
        ("/subscription/renew", YEAR),
        ("/subscription/buy/administrators", {"quantity": "1"}),
    ):
        assert post(anna, where, {"sealed": cheap["sealed"], "order": "1", **choice}) == 409, where
    assert len(story.orders()) == 2
