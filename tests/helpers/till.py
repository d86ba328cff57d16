"""What the tests of the money at the desk share: an order that waits, somebody of billing, and the forms they send."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from portal.billing import orders, queries
from portal.billing.choices import Choice
from portal.billing.queries import Order, Payment, StaffTask
from portal.credits.tables import lots, movements
from portal.kit import audit
from portal.rules.staff import StaffRole
from portal.staff.tables import approvals
from tests.helpers.browser import SAME_ORIGIN, Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.pages import Page
from tests.helpers.shop import PACK
from tests.helpers.together import together

REASON = "T-1234, on the statement"
TODAY = "2026-11-20"
LARGE = "1000.01"  # one cent above what one person takes


def awaited(house: House, choice: Choice = PACK, username: str = "m1234", key: str | None = None) -> Order:
    """An order that waits for a bank transfer; the pack of credits costs 366.00."""
    buyer = house.administrator(username) or house.person(username)
    order = house.order(choice, by=buyer, key=key)
    with house.parts.database.write() as db:
        orders.choose_transfer(db, order, to=buyer, at=house.clock.now(), zone=house.parts.settings.timezone)
        return queries.get_order(db, order.id)


def billing(house: House, username: str = "bea") -> Browser:
    """Somebody of billing at the desk."""
    return at_the_desk(house, StaffRole.BILLING, username)


def send(browser: Browser, path: str, form: str, **typed: str) -> Page:
    """Open a page of the desk and send the form that has this field, with a reason."""
    page = browser.get(path)
    return browser.submit({"reason": REASON} | typed, form=page.form_with(form))


def race(browsers: Sequence[Browser], path: str, form: str, *typed: dict[str, str]) -> list[Page]:
    """Each opens the page while nothing has happened; then all send the form at one moment, each with what it typed."""
    forms = [browser.get(path).form_with(form) for browser in browsers]
    return together(lambda n: browsers[n].submit({"reason": REASON} | typed[n], form=forms[n]), len(browsers))


def take(browser: Browser, order: Order, **typed: str) -> Page:
    """Take a transfer on the page of its order."""
    given = {"value_date": TODAY, "reference": "TRN 1"} | typed
    return send(browser, f"/staff/orders/{order.id}", "value_date", **given)


def short(house: House, browser: Browser, order: Order) -> StaffTask:
    """All but a cent has come for the order."""
    take(browser, order, amount="365.99", reference=f"SHORT {order.id}")
    return next(task for task in tasks(house, order) if task.closed_at is None)


def give(browser: Browser, platform_id: int = 1234, **typed: str) -> Page:
    """Give credits on their page."""
    return send(browser, f"/staff/platforms/{platform_id}/credits", "newest", **typed)


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def decide(house: House, browser: Browser, choice: str = "approve") -> str:
    """Decide about the newest request, also where no form for it is shown; what the page says of it."""
    browser.get("/staff/approvals")
    fields, path = {"csrf_token": token(browser), "choice": choice}, f"/staff/approvals/{requests(house)[-1].id}"
    browser.open(path, method="POST", data=fields, headers=SAME_ORIGIN, follow_redirects=True)
    assert browser.page is not None
    return browser.page.text


def token(browser: Browser) -> str:
    """Of whichever form the present page has: the one to sign out is on each."""
    assert browser.page is not None
    found = browser.page.root.find(".//input[@name='csrf_token']")
    assert found is not None
    return found.get("value", "")


def requests(house: House) -> Sequence[Row[Any]]:
    """What waits for a second person, or did."""
    with house.parts.database.read() as db:
        return db.execute(select(approvals).order_by(approvals.c.id)).all()


def payments(house: House, order: Order) -> list[Payment]:
    with house.parts.database.read() as db:
        return queries.payments_of(db, order.id)


def tasks(house: House, order: Order) -> list[StaffTask]:
    with house.parts.database.read() as db:
        return queries.tasks_of(db, order.id)


def lots_of(house: House, platform_id: int = 1234) -> list[tuple[int, str]]:
    """Credits and source of each lot, oldest first."""
    first = select(movements.c.amount, movements.c.kind).join(lots).where(lots.c.platform_id == platform_id)
    with house.parts.database.read() as db:
        found = db.execute(first.where(movements.c.amount > 0).order_by(movements.c.id))
        return [(amount, kind) for amount, kind in found]


def told(house: House, tag: str) -> list[dict[str, Any]]:
    """The details of each event of a tag."""
    with house.parts.database.read() as db:
        found = db.execute(select(audit.events.c.details).where(audit.events.c.tag == tag).order_by(audit.events.c.id))
        return list(found.scalars())


def customer_reads(house: House) -> str:
    """The activity of the platform, as its first administrator reads it."""
    customer = house.browser()
    customer.sign_in()
    return customer.get("/subscription/activity").text
