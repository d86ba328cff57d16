"""A house to test in: an application with its own database, a clock, people, and a mailbox."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyotp
from flask import Flask
from sqlalchemy import select, update

from portal import standing
from portal.accounts import administrators, authenticator_apps, queries, recovery_codes
from portal.accounts.administrators import Newcomer
from portal.accounts.queries import Administrator
from portal.billing import orders, settle
from portal.billing.choices import Choice
from portal.billing.frozen import BillingData
from portal.billing.orders import NewOrder
from portal.billing.queries import Order, orders_of
from portal.billing.settle import Result
from portal.credits import actions as credits
from portal.factory import create_app
from portal.jobs.payments import till
from portal.jobs.post import work_once
from portal.jobs.rounds import make_round
from portal.outside.post import Letter, Undelivered
from portal.parts import Parts
from portal.rules import dates, names
from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from portal.setting_values import EXAMPLE_PRICES, Secret
from portal.standing import Standing
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform
from tests.helpers import plans
from tests.helpers.browser import Browser
from tests.helpers.clocks import StandingClock
from tests.helpers.compiled import COMPILED
from tests.helpers.shop import A_YEAR, COMPANY, kind_of, offer

PASSWORD = "a short sentence is easiest"
SECRET = Secret("Zq7-not-a-real-one-but-long-and-mixed-0123456789")
SELLER = {
    "seller_name": "Posta Chiara S.r.l.",
    "seller_street": "Corso Buenos Aires 10",
    "seller_postcode": "20124",
    "seller_city": "Milano",
    "seller_province": "MI",
    "seller_vat_number": "00743110157",
}
CHEAP_HASH = {"argon2_memory_kib": 1024, "argon2_time_cost": 1, "argon2_parallelism": 1, "argon2_simultaneous": 4}


@dataclass
class Mailbox:
    """A post that keeps letters, and can be told to refuse them."""

    letters: list[Letter] = field(default_factory=list)
    fault: Undelivered | None = None

    def send(self, letter: Letter) -> None:
        if self.fault:
            raise self.fault
        self.letters.append(letter)


@dataclass
class House:
    app: Flask
    clock: StandingClock
    mailbox: Mailbox

    @property
    def parts(self) -> Parts:
        found: Parts = self.app.extensions["portal"]
        return found

    def browser(self, **options: Any) -> Browser:
        return Browser(self.app, **options)

    def work(self) -> list[Letter]:
        """Let the worker do everything that is due; returns the letters that left meanwhile."""
        before = len(self.mailbox.letters)
        make_round(self.parts)
        while work_once(self.app):
            pass
        return self.mailbox.letters[before:]

    def platform(self, platform_id: int = 1234, *, ends_in: int | None = 98, **facts: Any) -> int:
        """A platform whose E is `ends_in` days from today; None: SMS-only. A year long unless it is a trial."""
        today = dates.business_date(self.clock.now(), self.parts.settings.timezone)
        term = None
        if ends_in is not None:
            ends_on = today + timedelta(days=ends_in)
            starts_on = ends_on - timedelta(days=29 if facts.get("trial") else 364)
            term = (starts_on, ends_on)
        cancelled = facts.pop("cancelled", False)
        defaults = {"email_channel": ends_in is not None, "sms_channel": True, "additional_seats": 0}
        new = NewPlatform(platform_id, "pro", term=term, **defaults | facts)
        with self.parts.database.write() as db:
            subscription.create(db, new, at=self.clock.now())
            if cancelled:
                subscription.cancel(db, platform_id, by="test", at=self.clock.now())
        return platform_id

    def person(self, username: str = "m1234", *, password: str | None = PASSWORD, **facts: Any) -> Administrator:
        """An administrator; the platform is created too if it is missing. password=None: only invited."""
        name = names.parse(username)
        assert isinstance(name, names.UserName)
        with self.parts.database.read() as db:
            from portal.subscription.queries import find_platform

            missing = find_platform(db, name.platform_id) is None
        if missing:
            self.platform(name.platform_id)
        newcomer = Newcomer(
            name,
            facts.get("email", f"{username}@example.com"),
            facts.get("full_name", "Anna Bianchi"),
            facts.get("language", "en"),
        )
        hashed = None
        if password is not None:
            with self.parts.hasher.turn() as turn:
                hashed = turn.hash(password)
        with self.parts.database.write() as db:
            made = administrators.create(db, self.parts.links, newcomer, at=self.clock.now(), password_hash=hashed)
        assert isinstance(made, queries.Administrator)
        return made

    def add_app(self, person: Administrator) -> str:
        """Give the person an authenticator app; returns its secret. Its present code can still be used."""
        at, vault = self.clock.now(), self.parts.vault
        with self.parts.database.write() as db:
            assert authenticator_apps.begin(db, vault, person, at=at), "there is an app already"
            secret = authenticator_apps.find_waiting(db, vault, person)
            assert secret is not None
            assert authenticator_apps.confirm(db, vault, person, pyotp.TOTP(secret).at(at), at=at)
            mine = authenticator_apps.apps.c.administrator_id == person.id
            db.execute(update(authenticator_apps.apps).where(mine).values(last_step=authenticator_apps.NO_STEP))
        return secret

    def code(self, person: Administrator, *, earlier: float = 0) -> str:
        """What the person's app shows now, or showed so many seconds earlier. Each counts once: then move the clock."""
        at = self.clock.now() - timedelta(seconds=earlier)
        with self.parts.database.read() as db:
            mine = authenticator_apps.apps.c.administrator_id == person.id
            hidden = db.execute(select(authenticator_apps.apps.c.secret).where(mine)).scalar_one()
        secret = self.parts.vault.decrypt(hidden, belongs_to=f"authenticator-app:{person.id}")
        return pyotp.TOTP(secret).at(at)

    def add_codes(self, person: Administrator) -> list[str]:
        """Give the person a new set of recovery codes, and return them."""
        codes, hashes = recovery_codes.make(self.parts.hasher)
        with self.parts.database.write() as db:
            recovery_codes.replace(db, person, hashes, at=self.clock.now())
        return codes

    def lot(self, platform_id: int, amount: int, *, bought_on: date, expires_on: date | None) -> int:
        with self.parts.database.write() as db:
            return credits.grant(
                db, platform_id, amount, bought_on=bought_on, expires_on=expires_on, at=self.clock.now()
            )

    def place(self, platform_id: int = 1234) -> Standing:
        """Where the platform stands now."""
        with self.parts.database.read() as db:
            return standing.find(db, platform_id, at=self.clock.now(), zone=self.parts.settings.timezone)

    def order(
        self,
        choice: Choice = A_YEAR,
        *,
        by: Administrator | None = None,
        billing: BillingData = COMPANY,
        key: str | None = None,
    ) -> Order:
        """An order at today's price, placed by an administrator (m1234, who is created if she is missing)."""
        buyer = by or self.administrator("m1234") or self.person("m1234")
        place = self.place(buyer.platform_id)
        made = offer(choice, place, self.parts.prices, billing)
        client_key = key or uuid4().hex
        new = NewOrder(buyer, kind_of(choice, place), choice, made, billing, place.expires_on, client_key)
        with self.parts.database.write() as db:
            return orders.place(db, new, at=self.clock.now(), zone=self.parts.settings.timezone)

    def orders(self, platform_id: int = 1234) -> list[Order]:
        """The orders of a platform, newest first."""
        with self.parts.database.read() as db:
            return orders_of(db, platform_id)

    def administrator(self, username: str) -> Administrator | None:
        """Who is there already under this user name."""
        with self.parts.database.read() as db:
            return queries.find_administrator(db, username)

    def pay(
        self,
        order: Order,
        *,
        way: Way = Way.TRANSFER,
        amount: Money | None = None,
        reference: str | None = None,
        **facts: Any,
    ) -> Result:
        """Money arrives for the order, as staff or a provider report it; by transfer with today's value date."""
        now = self.clock.now()
        if way is Way.TRANSFER:
            facts = {"value_date": dates.business_date(now, self.parts.settings.timezone)} | facts
        name = reference or f"{way}-{order.id}"
        report = Report(way, f"event-{name}", name, PaymentState.RECEIVED, amount or order.total, now, **facts)
        with self.parts.database.write() as db:
            return settle.receive(db, report, till(self.parts, now), order_id=order.id)


BUILT: list["House"] = []  # closed after the test that built them


def build(folder: Path, database_url: str, **overrides: Any) -> House:
    clock, mailbox = StandingClock(), Mailbox()
    given = {
        "instance_path": folder,
        "database_url": database_url,
        "secret_key": SECRET,
        "support_email": "help@example.com",
        "price_list": EXAMPLE_PRICES,
    }
    app = create_app(clock=clock, post=mailbox, **given | SELLER | CHEAP_HASH | overrides)
    app.jinja_env.bytecode_cache = COMPILED
    plans.watch(app)
    house = House(app, clock, mailbox)
    BUILT.append(house)
    return house
