"""Orders, payments and time in any order and number, with power cuts between any two statements: no money is lost,
nothing is delivered twice, and nothing before it was paid.

A machine of hypothesis plays customer, bank, card provider, staff, clock and power supply against the real actions on a
real database, and looks at the books after every step.
"""

import tempfile
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlalchemy import Connection, event, func, select

from portal.billing import orders as orders_
from portal.billing import queries, quotes
from portal.billing.choices import Choice, CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.queries import Order
from portal.billing.settle import receive, settle_free
from portal.billing.tables import invoices, orders, payments, staff_tasks
from portal.credits.tables import lots, movements
from portal.jobs.payments import till
from portal.rules import dates
from portal.rules import orders as order_rules
from portal.rules.access import Act, Allowed, Role
from portal.rules.money import Money
from portal.rules.offers import NoOffer
from portal.rules.orders import Kind, OrderState, PaymentState, Way
from portal.rules.payments import Report
from portal.subscription.tables import seat_grants, terms
from tests.helpers import databases
from tests.helpers.house import House, build
from tests.helpers.shop import COMPANY, kind_of
from tests.rules.instants import rome

ACTS = {
    Kind.RENEWAL: Act.RENEW,
    Kind.PURCHASE: Act.PURCHASE,
    Kind.SEATS: Act.BUY_SEATS,
    Kind.CREDITS: Act.BUY_CREDITS,
    Kind.UPGRADE: Act.CHANGE_EDITION,
}
CHOICES = st.one_of(
    st.builds(TermChoice, st.sampled_from(["starter", "pro", "business"]), st.sampled_from([1, 12]), st.integers(0, 2)),
    st.builds(SeatsChoice, st.integers(1, 3)),
    st.sampled_from([CreditsChoice("1000", 1000), CreditsChoice("5000", 5000)]),
    st.sampled_from(["starter", "pro", "business"]).map(lambda new: UpgradeChoice("", new)),
)


class PowerCut(Exception):
    """The process dies here."""


class Books(RuleBasedStateMachine):
    placed = Bundle("placed")
    begun = Bundle("begun")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.house: House = build(folder, self.stack.enter_context(databases.sqlite(folder)))
        self.house.clock.set(rome("2026-11-10 12:00:00"))
        self.house.platform(1234, ends_in=12)
        self.house.platform(2000, ends_in=12, trial=True)
        self.house.platform(3000, ends_in=None)
        self.people = {number: self.house.person(f"m{number}") for number in (1234, 2000, 3000)}
        self.fuse: int | None = None
        self.transfers = 0
        event.listen(self.house.parts.database.writer, "before_cursor_execute", self.burn)

    def teardown(self) -> None:
        self.house.parts.database.close()
        self.stack.close()

    def burn(self, *_given: Any) -> None:
        """The power goes off before the statement with which the fuse has burnt down."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise PowerCut

    def write(self, act: Any, fuse: int | None) -> Any:
        """Do it in a transaction, cut off after `fuse` statements and then done again, as a worker would."""
        if fuse is not None:
            self.fuse = fuse
            with suppress(PowerCut), self.house.parts.database.write() as db:
                act(db)
                self.fuse = None
            self.fuse = None
        with self.house.parts.database.write() as db:
            return act(db)

    # --- what people do

    @rule(target=placed, platform=st.sampled_from([1234, 2000, 3000]), choice=CHOICES)
    def order(self, platform: int, choice: Choice) -> Order | None:
        place = self.house.place(platform)
        if isinstance(choice, UpgradeChoice):
            choice = UpgradeChoice(place.edition or "", choice.new)
        kind = kind_of(choice, place)
        if not place.state.may_sign_in or not isinstance(place.decide(ACTS[kind], Role.FIRST), Allowed):
            return None
        prices = self.house.parts.prices
        if isinstance(quotes.compose(kind, choice, place, prices, quotes.treatment_of(COMPANY)), NoOffer):
            return None
        order = self.house.order(choice, by=self.people[platform])
        if order.total.cents == 0:
            with self.house.parts.database.write() as db:
                settle_free(db, order, till(self.house.parts, self.house.clock.now()))
        return order

    @rule(order=placed)
    def choose_transfer(self, order: Order | None) -> None:
        if order:
            with self.house.parts.database.write() as db:
                at, zone = self.house.clock.now(), self.house.parts.settings.timezone
                orders_.choose_transfer(db, order, to=self.people[order.platform_id], at=at, zone=zone)

    @rule(order=placed)
    def cancel(self, order: Order | None) -> None:
        if order:
            with self.house.parts.database.write() as db:
                orders_.cancel(db, order, by=self.people[order.platform_id], at=self.house.clock.now())

    @rule(target=begun, order=placed)
    def begin_card(self, order: Order | None) -> tuple[Order, int] | None:
        if order is None or order.total.cents == 0:
            return None
        with self.house.parts.database.write() as db:
            now = queries.get_order(db, order.id)
            if order_rules.state(now.state, now.open_until, self.house.clock.now()) is not OrderState.AWAITING_PAYMENT:
                return None
            payment = orders_.begin_payment(db, order, Way.CARD, at=self.house.clock.now())
            orders_.note_started(db, payment.id, reference=f"cs_{payment.id}", address="https://pay.example")
        return order, payment.id

    # --- what the neighbours say

    @rule(
        payment=begun,
        state=st.sampled_from(PaymentState),
        times=st.integers(1, 2),
        off=st.sampled_from([0, 0, 0, -1, 1]),
        fuse=st.none() | st.integers(0, 40),
    )
    def card_reports(
        self, payment: tuple[Order, int] | None, state: PaymentState, times: int, off: int, fuse: int | None
    ) -> None:
        if payment is None:
            return
        order, payment_id = payment
        at = self.house.clock.now()
        amount = order.total + Money(off, "EUR") if state is PaymentState.RECEIVED else None
        report = Report(Way.CARD, f"evt_{payment_id}", f"cs_{payment_id}", state, amount, at, payment_id=payment_id)
        for _ in range(times):
            self.write(lambda db: receive(db, report, till(self.house.parts, at)), fuse)

    @rule(
        order=placed,
        share=st.sampled_from([1, 2, 2, 3]),
        again=st.booleans(),
        days_ago=st.integers(0, 4),
        fuse=st.none() | st.integers(0, 40),
    )
    def transfer_arrives(self, order: Order | None, share: int, again: bool, days_ago: int, fuse: int | None) -> None:
        if order is None or order.total.cents == 0:
            return
        at = self.house.clock.now()
        self.transfers += 0 if again and self.transfers else 1
        value_date = dates.business_date(at, self.house.parts.settings.timezone) - timedelta(days=days_ago)
        amount = Money(order.total.cents * share // 2 or 1, "EUR")
        reference = f"TRN{self.transfers}"
        report = Report(Way.TRANSFER, reference, reference, PaymentState.RECEIVED, amount, at, value_date=value_date)
        self.write(lambda db: receive(db, report, till(self.house.parts, at), order_id=order.id), fuse)

    @rule(order=placed, times=st.integers(1, 2))
    def card_pays_at_once(self, order: Order | None, times: int) -> None:
        """Somebody pays; twice: in two tabs that were both open."""
        payments_begun = [self.begin_card(order) for _ in range(times)]
        for payment in payments_begun:
            self.card_reports(payment, PaymentState.RECEIVED, 1, 0, None)

    @rule(number=st.integers(1, 3))
    def money_from_nowhere(self, number: int) -> None:
        at = self.house.clock.now()
        report = Report(Way.CARD, f"evt_x{number}", f"cs_x{number}", PaymentState.RECEIVED, Money(77, "EUR"), at)
        self.write(lambda db: receive(db, report, till(self.house.parts, at)), None)

    @rule(hours=st.sampled_from([1, 11, 25, 24 * 4, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.house.clock.set(self.house.clock.now() + timedelta(hours=hours))

    # --- what has to be true of the books

    @invariant()
    def money_in_is_on_invoices_or_with_staff(self) -> None:
        with self.house.parts.database.read() as db:
            came = total(db, payments.c.amount, payments.c.state == PaymentState.RECEIVED)
            assert came == total(db, invoices.c.total) + total(
                db, staff_tasks.c.amount, staff_tasks.c.closed_at.is_(None)
            )

    @invariant()
    def each_delivered_order_was_paid_and_has_one_invoice(self) -> None:
        with self.house.parts.database.read() as db:
            written = [row.order_id for row in db.execute(select(invoices.c.order_id))]
            assert sorted(written) == sorted(
                order.id for order in self.every_order(db) if order.state is OrderState.DELIVERED and order.total.cents
            )
            for order in self.every_order(db):
                received = total(
                    db,
                    payments.c.amount,
                    (payments.c.order_id == order.id) & (payments.c.state == PaymentState.RECEIVED),
                )
                if order.state in (OrderState.DELIVERED, OrderState.PAID):
                    assert received >= order.total.cents

    @invariant()
    def what_was_cancelled_is_never_delivered(self) -> None:
        with self.house.parts.database.read() as db:
            for order in self.every_order(db):
                if order.cancelled_at is not None:
                    assert order.state is OrderState.CANCELLED

    @invariant()
    def what_was_given_is_what_was_paid_for(self) -> None:
        with self.house.parts.database.read() as db:
            paid = [order for order in self.every_order(db) if order.state is OrderState.DELIVERED]
            bought = {order.id: order.choice for order in paid}
            given = {row.order_id: row for row in db.execute(select(terms).where(terms.c.order_id.is_not(None)))}
            assert set(given) == {number for number, choice in bought.items() if isinstance(choice, TermChoice)}
            seats = {row.order_id: row.quantity for row in db.execute(select(seat_grants))}
            assert seats == {number: seats_of(choice) for number, choice in bought.items() if seats_of(choice)}
            sums = select(lots.c.order_id, func.sum(movements.c.amount)).join(movements).group_by(lots.c.order_id)
            wallet = dict(db.execute(sums).tuples().all())
            assert wallet == {
                number: choice.credits for number, choice in bought.items() if isinstance(choice, CreditsChoice)
            }

    @invariant()
    def terms_tile(self) -> None:
        place = self.house.place(1234)
        for before, after in zip(place.terms, place.terms[1:], strict=False):
            assert after.starts_on == before.ends_on + timedelta(days=1)
        assert len([term for term in place.terms if term.starts_on > place.today]) <= 1

    def every_order(self, db: Connection) -> list[Order]:
        return [queries.get_order(db, number) for (number,) in db.execute(select(orders.c.id).order_by(orders.c.id))]


def seats_of(choice: Choice) -> int:
    if isinstance(choice, SeatsChoice):
        return choice.quantity
    return choice.additional if isinstance(choice, TermChoice) else 0


def total(db: Connection, column: Any, *where: Any) -> int:
    return db.execute(select(func.coalesce(func.sum(column), 0)).where(*where)).scalar_one()


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=40, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
