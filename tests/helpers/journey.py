"""What people do in a whole story: buy on the pages, pay at the provider's, wait, and look at what came of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.billing import profiles, queries
from portal.billing.frozen import BillingData
from portal.billing.queries import Order
from portal.billing.tables import invoices, orders, payments, staff_tasks
from portal.outside.demo_payments import DemoPayments
from portal.outside.payments import Provider
from portal.outside.post import Letter
from portal.rules.orders import PaymentState, Way
from portal.setting_values import Secret
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House, build
from tests.helpers.pages import Page
from tests.helpers.shop import COMPANY
from tests.rules.instants import rome

Choice = Mapping[str, Any]
BANK = {"bank_holder": "Posta Chiara S.r.l.", "bank_iban": "IT60X0542811101000000123456", "bank_bic": "BCITITMM"}
EVENTS = "/payments/demo/events"
YEAR: Choice = {"edition": "pro", "months": "12", "additional": "0"}
RECEIVED, FAILED, PENDING = PaymentState.RECEIVED, PaymentState.FAILED, PaymentState.PENDING


@dataclass
class Story:
    """A portal with its people, and the provider at which they pay."""

    house: House
    provider: DemoPayments

    def now_is(self, text: str) -> None:
        """The clock of Rome: "2026-11-22 23:59:00"."""
        self.house.clock.set(rome(text))

    def platform(
        self, expires_on: str | None, number: int = 1234, *, billing: BillingData | None = COMPANY, **facts: Any
    ) -> None:
        """A platform that expires on a day, with its first administrator; the language is hers."""
        today = self.house.clock.now().date()  # in the stories it is never the hour in which Rome has another date
        ends_in = (date.fromisoformat(expires_on) - today).days if expires_on else None
        language = facts.pop("language", "en")
        self.house.platform(number, ends_in=ends_in, **facts)
        anna = self.house.person(f"m{number}", language=language)
        if billing:
            with self.house.parts.database.write() as db:
                profiles.store(db, number, billing, at=self.house.clock.now(), by=anna.id)

    def sign_in(self, username: str = "m1234", password: str = PASSWORD, *, language: str = "en") -> Browser:
        """Somebody at a browser of their own, signed in."""
        browser = self.house.browser(language=language)
        browser.sign_in(username, password)
        assert path(browser) == "/subscription", read(browser.page)
        return browser

    # --- paying

    def pay_at_provider(self, browser: Browser) -> str:
        """Press the button of the pay page, and arrive at the provider; the reference of the payment there."""
        browser.submit({"way": "demo"}, follow=False)
        assert browser.response is not None
        assert browser.response.location, read(browser.page)
        return browser.response.location.rpartition("/")[2]

    def tell(self, reference: str, state: PaymentState = RECEIVED) -> int:
        """The provider posts its signed event, without a browser; the status of the answer."""
        body = self.provider.event(reference, state)
        assert body is not None
        client = self.house.app.test_client()
        return client.post(EVENTS, data=body, headers=self.provider.headers(body)).status_code

    def becomes(self, reference: str, state: PaymentState = RECEIVED) -> list[Letter]:
        """The payment is made (or fails), the provider tells, and the worker acts on it; the mails that left."""
        assert self.provider.move(reference, state)
        assert self.tell(reference, state) == 200
        return self.house.work()

    def buy(self, browser: Browser, where: str, choice: Choice) -> list[Letter]:
        """From the choice to the paid order; the mails that left."""
        order(browser, where, choice)
        return self.becomes(self.pay_at_provider(browser))

    # --- what came of it

    def expires_on(self, number: int = 1234) -> str:
        """E of a platform, as ISO 8601; empty where there is none."""
        found = self.house.place(number).expires_on
        return found.isoformat() if found else ""

    def orders(self) -> list[Order]:
        """Every order there is, oldest first."""
        with self.house.parts.database.read() as db:
            return [queries.get_order(db, number) for (number,) in db.execute(select(orders.c.id).order_by("id"))]

    def tasks(self) -> list[tuple[str, int]]:
        """What staff have to do: (kind, cents)."""
        with self.house.parts.database.read() as db:
            return [(task.kind, task.amount.cents) for task in queries.open_tasks(db)]

    def check_books(self) -> None:
        """Every sum that has arrived is on an invoice, or is a task of the staff."""
        came = self._sum(payments.c.amount, payments.c.state == RECEIVED)
        used = self._sum(invoices.c.total, invoices.c.refers_to.is_(None))
        open_ = self._sum(staff_tasks.c.amount, staff_tasks.c.closed_at.is_(None))
        assert came == used + open_, f"{came} cents came in, {used} are on invoices and {open_} with staff"

    def _sum(self, column: Any, which: Any) -> int:
        with self.house.parts.database.read() as db:
            return int(db.execute(select(func.coalesce(func.sum(column), 0)).where(which)).scalar_one())


def begin(folder: Path, database_url: str) -> Story:
    providers: dict[Way, Provider] = {}
    house = build(folder, database_url, providers=providers, **BANK)
    secret = Secret("the secret of the provider in these stories")
    provider = DemoPayments(folder / "provider", secret, "http://127.0.0.1:8000", clock=house.clock)
    providers[Way.DEMO] = provider
    return Story(house, provider)


def path(browser: Browser) -> str:
    assert browser.response is not None
    return browser.response.request.path


def status(browser: Browser) -> int:
    assert browser.response is not None
    return browser.response.status_code


def read(page: Page | None) -> str:
    """What a person reads inside <main>, without blanks before marks."""
    assert page is not None
    text = " ".join(" ".join(page.all("main")[0].itertext()).split())
    return re.sub(r" ([.,;:])", r"\1", text)


def look(browser: Browser, where: str, choice: Choice) -> Page:
    """The price of a choice."""
    browser.get(where)
    return browser.submit({**choice, "look": "1"})


def order(browser: Browser, where: str, choice: Choice) -> int:
    """Look at the price of a choice and order it: now the page on which it is paid is open. Returns the order's id."""
    look(browser, where, choice)
    browser.submit({**choice, "order": "1"})
    found = re.fullmatch(r"/orders/(\d+)/pay", path(browser))
    assert found, f"no pay page but {path(browser)}: {read(browser.page)}"
    return int(found[1])


def invoiced(browser: Browser) -> list[tuple[str, str]]:
    """The customer's list of invoices: (number, total), newest first."""
    rows = browser.get("/subscription/invoices").all("tbody")
    cells = [[" ".join(cell.itertext()).split() for cell in row] for body in rows for row in body.iter("tr")]
    return [(row[0][0], " ".join(row[5])) for row in cells]


def post(browser: Browser, where: str, fields: Mapping[str, Any]) -> int:
    """A form sent to an address whatever the present page offers, with a good token; the status of the answer."""
    token = browser.get("/profile").value("csrf_token")
    headers = {"Sec-Fetch-Site": "same-origin"}
    return browser.open(where, method="POST", data={"csrf_token": token, **fields}, headers=headers).status_code


def link(letter: Letter, start: str) -> str:
    """The first address of ours in a mail that begins like this."""
    found = re.search(rf"http://127\.0\.0\.1:8000({re.escape(start)}\S*)", letter.text)
    assert found, letter.text
    return found[1]


def subjects(letters: list[Letter]) -> list[str]:
    return [letter.subject for letter in letters]
