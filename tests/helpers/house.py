"""A house to test in: an application with its own database, a clock, people, and a mailbox."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from portal.accounts import administrators, queries
from portal.accounts.administrators import Newcomer
from portal.accounts.queries import Administrator
from portal.credits import actions as credits
from portal.factory import create_app
from portal.jobs.post import work_once
from portal.outside.post import Letter, Undelivered
from portal.parts import Parts
from portal.rules import dates, names
from portal.setting_values import Secret
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform
from tests.helpers.browser import Browser
from tests.helpers.clocks import StandingClock

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

    def lot(self, platform_id: int, amount: int, *, bought_on: date, expires_on: date | None) -> int:
        with self.parts.database.write() as db:
            return credits.grant(
                db, platform_id, amount, bought_on=bought_on, expires_on=expires_on, at=self.clock.now()
            )


def build(folder: Path, database_url: str, **overrides: Any) -> House:
    clock, mailbox = StandingClock(), Mailbox()
    given = {
        "instance_path": folder,
        "database_url": database_url,
        "secret_key": SECRET,
        "support_email": "help@example.com",
    }
    app = create_app(clock=clock, post=mailbox, **given | SELLER | CHEAP_HASH | overrides)
    return House(app, clock, mailbox)
