"""What goes on at a portal while its processes die: orders, requests for a reset, money of a provider; and the books.

What was answered with success is written down here, outside of the portal, and compared in the end with what it has.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.billing import orders as billing
from portal.billing import profiles
from portal.billing.queries import Order
from portal.billing.tables import invoices, orders, payments, staff_tasks
from portal.credits.tables import lots
from portal.jobs.post import work_once
from portal.kit.clock import SystemClock
from portal.kit.outbox import LEASE, outbox
from portal.outside.post import SmtpPost
from portal.outside.signatures import signature
from portal.rules.orders import OrderState, PaymentState, Way
from tests.helpers.house import House, build
from tests.helpers.nodes import until
from tests.helpers.shop import COMPANY, PACK
from tests.nodes.people import Addresses, Person, Seen
from tests.outside.providers import KEY, WEBHOOK_SECRET
from tests.outside.servers import MailServer

BUY = "/subscription/sms/buy"
EVENTS = "/payments/stripe/events"
SHOPPERS, DEBTORS, FORGETFUL = 1001, 2001, 3001  # where their platform IDs begin
PAUSE_SECONDS = 0.05  # between two things that somebody does
STRIPE = {"stripe_secret_key": KEY, "stripe_webhook_secret": WEBHOOK_SECRET}


@dataclass
class Traffic:
    """house: on the database of the nodes, to prepare it and to look at it."""

    house: House
    mail: MailServer
    addresses: Addresses
    seen: Seen = field(default_factory=Seen)
    bills: list[tuple[int, Order]] = field(default_factory=list)  # payments that were begun at the provider
    placed: list[tuple[str, int]] = field(default_factory=list)  # user name and order
    told: list[int] = field(default_factory=list)  # payments of which an event was taken
    asked: list[str] = field(default_factory=list)  # who was told that a mail is on its way
    over: threading.Event = field(default_factory=threading.Event)

    # --- what people do

    def shop(self, username: str) -> None:
        """Order again and again; an order counts once its page is open."""
        person = Person(self.addresses, self.seen, seed=len(username))
        person.sign_in_somewhere(username)
        while not self.over.is_set():
            person.see(BUY)
            if person.path != BUY:  # signed out: a session that was being written as its node died
                person.sign_in_somewhere(username)
                continue
            person.send(BUY, **person.fields() | {"pack": "5000", "country": "DE", "look": "1"})
            person.send(BUY, **person.fields() | {"pack": "5000", "country": "DE", "order": "1"})
            found = re.fullmatch(r"/orders/(\d+)/pay", person.path)
            if found is None:
                self.seen.faults.append(f"an order led to {person.path}: {person.page.text[:300]}")
                return
            self.placed.append((username, int(found[1])))
            time.sleep(PAUSE_SECONDS)

    def forget(self, first: int) -> None:
        """One person after the other asks for a mail to set a new password."""
        person = Person(self.addresses, self.seen, seed=first)
        for username in self._forgetful[first::2]:
            if self.over.is_set():
                return
            person.see("/reset-password")
            person.send("/reset-password", username=username, email=f"{username}@example.com")
            if person.path == "/recovery/asked/password":
                self.asked.append(username)
            time.sleep(PAUSE_SECONDS * 4)

    def pay(self, first: int) -> None:
        """A provider tells of each payment until it is answered 200, and of every third one once more."""
        provider = Person(self.addresses, self.seen, seed=first)
        for number, (payment_id, order) in list(enumerate(self.bills))[first::2]:
            if self.over.is_set():
                return
            for _ in range(2 if number % 3 == 0 else 1):
                provider.tell(EVENTS, *_event(payment_id, order))
            self.told.append(payment_id)
            time.sleep(PAUSE_SECONDS * 4)

    @property
    def _forgetful(self) -> list[str]:
        return [f"m{number}" for number in range(FORGETFUL, FORGETFUL + len(self.bills))]

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """For the length of the block; then everybody finishes what they are at. Fails with what failed in a thread."""
        faults: list[BaseException] = []

        def run(act: Callable[[Any], None], who: Any) -> None:
            try:
                act(who)
            except BaseException as error:  # told to the test, which waits for all of them
                faults.append(error)

        acts: list[tuple[Callable[[Any], None], Any]] = [(self.shop, f"m{SHOPPERS + n}") for n in range(2)]
        acts += [(act, n) for act in (self.forget, self.pay) for n in range(2)]
        threads = [threading.Thread(target=run, args=given) for given in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
        if faults:
            raise faults[0]

    # --- afterwards

    def wait_until_quiet(self) -> None:
        """Everything that waits is done but what dead workers have claimed; then the end of their leases is played."""
        until(lambda: not self._waiting(claimed=False), lambda: f"{self._waiting(claimed=False)} wait", seconds=1200)
        self.house.clock.set(SystemClock().now() + LEASE)
        while work_once(self.house.app):
            pass
        assert self._waiting(claimed=True) == []

    def _waiting(self, *, claimed: bool) -> list[tuple[str, int]]:
        """Rows that are due and not done: those that nobody has claimed, or all."""
        rows = select(outbox.c.name, outbox.c.attempts).where(outbox.c.done_at.is_(None))
        rows = rows.where(outbox.c.due_at <= SystemClock().now())
        if not claimed:
            rows = rows.where(outbox.c.claimed_until.is_(None))
        with self.house.parts.database.read() as db:
            return [(row.name, row.attempts) for row in db.execute(rows)]

    def check(self, *, repeats: int) -> None:
        """The guarantee: what was answered is there exactly once; its mails left at least once.

        A mail leaves a second time only where a worker died between the content and the answer of the mail server.
        """
        assert not self.seen.faults, self.seen.faults[:3]
        assert not self.seen.unhelpful, self.seen.unhelpful[:3]
        self._check_orders()
        self._check_money()
        self._check_mails(repeats)

    def _check_orders(self) -> None:
        assert self.placed
        assert len(set(self.placed)) == len(self.placed), "two forms led to one order"
        for username, count in Counter(name for name, _ in self.placed).items():
            mine = select(orders.c.id).where(orders.c.platform_id == int(username[1:]))
            with self.house.parts.database.read() as db:
                found = set(db.execute(mine).scalars())
            told = {number for name, number in self.placed if name == username}
            assert found == told, f"lost: {told - found}; placed twice, or never told: {found - told}"
            assert len(found) == count

    def _check_money(self) -> None:
        assert self.told
        with self.house.parts.database.read() as db:
            came = _total(db, payments.c.amount, payments.c.state == PaymentState.RECEIVED)
            open_ = _total(db, staff_tasks.c.amount, staff_tasks.c.closed_at.is_(None))
            assert came == _total(db, invoices.c.total) + open_, "money in is on invoices or with staff"
            paid = {
                row.id: row for row in db.execute(select(payments).where(payments.c.state == PaymentState.RECEIVED))
            }
            assert set(paid) == set(self.told)
            bought = sorted(row.order_id for row in paid.values())
            delivered = select(orders.c.id).where(orders.c.state == OrderState.DELIVERED).order_by(orders.c.id)
            assert list(db.execute(delivered).scalars()) == bought
            assert sorted(db.execute(select(invoices.c.order_id)).scalars()) == bought
            given = select(lots.c.order_id).where(lots.c.order_id.is_not(None))
            assert sorted(db.execute(given).scalars()) == bought
            failed = db.execute(select(outbox.c.name, outbox.c.error).where(outbox.c.outcome == "failed")).all()
            assert not failed, failed

    def _check_mails(self, repeats: int) -> None:
        assert self.asked
        accepted = self.mail.accepted
        repeated = len(accepted) - len({mail["Message-ID"] for mail in accepted})
        assert repeated <= repeats, f"{repeated} mails left again, with {repeats} to be understood"
        resets = {mail["To"] for mail in accepted if "password" in mail["Subject"]}
        missing = {f"{username}@example.com" for username in self.asked} - resets
        assert not missing, f"no mail to {missing}"
        subjects = Counter(mail["Subject"].split(" · ")[0] for mail in accepted)
        for _, number in self.placed:
            assert subjects[f"Order {number} received"], f"no mail about order {number}"
        ids = {payment_id: order.id for payment_id, order in self.bills}
        for payment_id in self.told:
            paid = f"Order {ids[payment_id]} is paid, invoice"
            assert any(subject.startswith(paid) for subject in subjects), f"no mail: {paid}"


def _total(db: Any, column: Any, *where: Any) -> int:
    return int(db.execute(select(func.coalesce(func.sum(column), 0)).where(*where)).scalar_one())


def _event(payment_id: int, order: Order) -> tuple[bytes, dict[str, str]]:
    """What Stripe says of a payment that was received, and its headers."""
    now = SystemClock().now()
    session = {"id": f"cs_{payment_id}", "payment_status": "paid", "metadata": {"payment": str(payment_id)}}
    session |= {"amount_total": order.total.cents, "currency": order.total.currency.lower()}
    event = {"id": f"evt_{payment_id}", "type": "checkout.session.completed", "created": int(now.timestamp())}
    body = json.dumps(event | {"data": {"object": session}}).encode()
    return body, {"Stripe-Signature": signature(body, WEBHOOK_SECRET, now), "Content-Type": "application/json"}


@contextmanager
def prepare(folder: Path, url: str, mail: MailServer, addresses: Addresses, *, bills: int) -> Iterator[Traffic]:
    """Customers who shop, others whose orders wait for a card, and as many again who will have forgotten a password."""
    house = build(folder, url, mail_server="127.0.0.1", mail_port=mail.port, **STRIPE)
    house.app.extensions["portal"] = replace(house.parts, post=SmtpPost(house.app))
    house.clock.set(SystemClock().now())
    traffic = Traffic(house, mail, addresses)
    for number in (SHOPPERS, SHOPPERS + 1, *range(FORGETFUL, FORGETFUL + bills)):
        person = house.person(f"m{number}")
        with house.parts.database.write() as db:
            profiles.store(db, number, COMPANY, at=house.clock.now(), by=person.id)
    debtors = [house.person(f"m{DEBTORS + n}") for n in range(min(4, bills))]
    for n in range(bills):
        order = house.order(PACK, by=debtors[n % len(debtors)])
        with house.parts.database.write() as db:
            traffic.bills.append((billing.begin_payment(db, order, Way.CARD, at=house.clock.now()).id, order))
    try:
        yield traffic
    finally:
        house.parts.database.close()
