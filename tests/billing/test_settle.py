"""Money arrives: what it delivers, once, and what becomes of money that buys nothing."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, Table, select, update

from portal.billing import invoices, queries
from portal.billing import orders as orders_
from portal.billing.choices import CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.pending import may_still_renew
from portal.billing.queries import Order
from portal.billing.settle import Result, Till, receive
from portal.billing.tables import payments, staff_tasks
from portal.billing.tasks import Task
from portal.credits.tables import lots
from portal.jobs.payments import till
from portal.rules.lifecycle import State
from portal.rules.money import Money
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.payments import Report
from portal.rules.renewal import Term
from portal.standing import Standing
from portal.subscription import actions as subscription
from portal.subscription.tables import seat_grants, terms
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.shop import A_YEAR, PACK
from tests.rules.instants import rome

E = date(2026, 11, 22)


@pytest.fixture
def house(house: House) -> House:
    """It is noon of 20 November; platform 1234 is paid until the 22nd."""
    house.clock.set(rome("2026-11-20 12:00:00"))
    house.platform(1234, ends_in=2)
    house.person("m1234")
    return house


def now_is(house: House, text: str) -> None:
    house.clock.set(rome(text))


def rows(house: House, table: Table) -> Sequence[object]:
    with house.parts.database.read() as db:
        return db.execute(select(table)).all()


def stored(house: House, order: Order) -> Order:
    with house.parts.database.read() as db:
        return queries.get_order(db, order.id)


def open_tasks(house: House) -> list[tuple[str, int]]:
    with house.parts.database.read() as db:
        return [(task.kind, task.amount.cents) for task in queries.open_tasks(db)]


def invoiced(house: House) -> list[int]:
    with house.parts.database.read() as db:
        return [found.total.cents for found in invoices.invoices_of(db, 1234).invoices]


def begun(house: House, order: Order) -> int:
    """A card payment that is begun now; returns its id."""
    with house.parts.database.write() as db:
        payment = orders_.begin_payment(db, order, Way.CARD, at=house.clock.now())
        orders_.note_started(db, payment.id, reference=f"cs_{payment.id}", address="https://pay.example")
        return payment.id


def card(
    house: House, payment_id: int, order: Order, state: PaymentState = PaymentState.RECEIVED, **facts: object
) -> Result:
    """What the card's provider reports of it now."""
    at = house.clock.now()
    given = {"amount": order.total, "reference": f"cs_{payment_id}"} | facts
    report = Report(Way.CARD, f"evt_{payment_id}_{state}", state=state, at=at, payment_id=payment_id, **given)
    with house.parts.database.write() as db:
        return receive(db, report, till(house.parts, at))


# --- what money gives


@both_databases
def test_a_paid_renewal_is_a_term_an_invoice_and_nothing_else(house: House) -> None:
    order = house.order(TermChoice("business", 12, additional=2))
    assert house.pay(order) is Result.DELIVERED
    place = house.place()
    assert (place.terms[-1], place.expires_on) == (
        Term(date(2026, 11, 23), date(2027, 11, 22), anchor=date(2025, 11, 23)),
        date(2027, 11, 22),
    )
    assert [paid.edition for paid in place.paid] == ["pro", "business"]
    assert place.edition == "pro"  # until the last day of what was paid before
    (grant,) = rows(house, seat_grants)
    assert (grant.quantity, grant.starts_on, grant.ends_on) == (2, date(2026, 11, 23), date(2027, 11, 22))
    assert stored(house, order).state is OrderState.DELIVERED
    assert invoiced(house) == [order.total.cents]
    assert open_tasks(house) == []


def test_the_last_minute_of_the_grace_renews_from_the_day_after_the_expiry(house: House) -> None:
    now_is(house, "2026-12-02 23:59:59.999999")
    assert house.place().state is State.GRACE
    order = house.order()
    payment = begun(house, order)
    now_is(house, "2026-12-03 23:59:59.999999")
    assert house.place().state is State.DUE_FOR_DELETION
    assert card(house, payment, order) is Result.DELIVERED
    assert house.place().terms[-1].starts_on == date(2026, 11, 23)
    assert house.place().state is State.ACTIVE


def test_a_microsecond_later_the_money_is_given_back(house: House) -> None:
    now_is(house, "2026-12-02 23:59:59.999999")
    order = house.order()
    payment = begun(house, order)
    now_is(house, "2026-12-04 00:00:00")
    assert card(house, payment, order) is Result.STAFF
    assert house.place().expires_on == E
    assert open_tasks(house) == [(Task.CLOSED_ORDER, order.total.cents)]


@pytest.mark.parametrize(
    ("value_date", "confirmed", "result"),
    [
        (date(2026, 12, 2), "2026-12-09 23:59:59", Result.DELIVERED),  # the fifth bank working day
        (date(2026, 12, 2), "2026-12-10 00:00:00", Result.STAFF),
        (date(2026, 12, 3), "2026-12-03 12:00:00", Result.STAFF),  # the money came a day too late
    ],
)
def test_a_transfer_counts_by_its_value_date_and_five_bank_days(
    house: House, value_date: date, confirmed: str, result: Result
) -> None:
    now_is(house, "2026-11-25 12:00:00")
    order = house.order()
    with house.parts.database.write() as db:
        orders_.choose_transfer(
            db, order, to=house.administrator("m1234"), at=house.clock.now(), zone=house.parts.settings.timezone
        )
    now_is(house, confirmed)
    assert house.pay(order, value_date=value_date) is result
    assert (house.place().expires_on == date(2027, 11, 22)) is (result is Result.DELIVERED)


def test_a_renewal_undoes_the_cancellation(house: House) -> None:
    with house.parts.database.write() as db:
        subscription.cancel(db, 1234, by="m1234", at=house.clock.now())
    assert house.pay(house.order()) is Result.DELIVERED
    assert house.place().state is State.ACTIVE


def test_a_renewal_lifts_the_block_of_an_overdue_payment_and_no_other(house: House) -> None:
    from portal.rules.access import Block

    with house.parts.database.write() as db:
        for code in (Block.PAYMENT_OVERDUE, Block.ABUSE):
            subscription.block(db, 1234, code, by="staff", note="", at=house.clock.now())
    house.pay(house.order())
    assert [block.code for block in house.place().blocks] == [Block.ABUSE]


def test_credits_are_a_lot_from_the_day_of_the_payment(house: House) -> None:
    order = house.order(PACK)
    now_is(house, "2026-11-21 08:00:00")
    assert house.pay(order) is Result.DELIVERED
    (lot,) = rows(house, lots)
    assert (lot.bought_on, lot.kept_until, lot.order_id) == (date(2026, 11, 21), None, order.id)
    assert house.place().platform.sms_channel


def test_an_upgrade_changes_the_edition_from_the_payment_and_leaves_the_expiry(house: House) -> None:
    order = house.order(UpgradeChoice("pro", "business"))
    assert house.place().edition == "pro"
    assert house.pay(order) is Result.DELIVERED
    assert (house.place().edition, house.place().expires_on) == ("business", E)


def test_seats_last_from_the_payment_to_the_expiry(house: House) -> None:
    order = house.order(SeatsChoice(3))
    now_is(house, "2026-11-21 09:00:00")
    assert house.pay(order) is Result.DELIVERED
    (grant,) = rows(house, seat_grants)
    assert (grant.quantity, grant.starts_on, grant.ends_on) == (3, date(2026, 11, 21), E)


def test_a_trial_bought_on_the_tenth_day_after_its_end_keeps_its_data_and_starts_that_day(house: House) -> None:
    house.platform(2000, ends_in=-8, trial=True)
    now_is(house, "2026-11-22 18:00:00")
    buyer = house.person("m2000")
    assert house.place(2000).state is State.GRACE
    order = house.order(A_YEAR, by=buyer)
    assert house.pay(order) is Result.DELIVERED
    place = house.place(2000)
    assert place.state is State.ACTIVE
    assert (place.terms[-1].starts_on, place.expires_on) == (E, date(2027, 11, 21))
    assert not place.platform.trial


def test_an_sms_platform_that_adds_e_mail_keeps_the_credits_it_bought(house: House) -> None:
    house.platform(3000, ends_in=None)
    buyer = house.person("m3000")
    house.lot(3000, 500, bought_on=date(2026, 1, 10), expires_on=None)
    assert house.pay(house.order(A_YEAR, by=buyer)) is Result.DELIVERED
    place = house.place(3000)
    assert place.platform.email_channel
    assert (place.terms[-1].starts_on, place.expires_on) == (date(2026, 11, 20), date(2027, 11, 19))
    (lot,) = [lot for lot in rows(house, lots) if lot.platform_id == 3000]
    assert lot.kept_until == date(2028, 1, 10)  # no earlier than was promised


def test_the_money_is_written_down_as_it_was_reported(house: House) -> None:
    order = house.order()
    assert card(house, begun(house, order), order) is Result.DELIVERED
    (row,) = rows(house, payments)
    assert (row.amount, row.currency, row.state) == (order.total.cents, "EUR", PaymentState.RECEIVED)


# --- what money does not give twice


@both_databases
def test_the_same_report_again_changes_nothing(house: House) -> None:
    order = house.order()
    payment = begun(house, order)
    assert card(house, payment, order) is Result.DELIVERED
    before = [rows(house, table) for table in (terms, payments, staff_tasks)]
    assert card(house, payment, order) is Result.KNOWN
    assert [rows(house, table) for table in (terms, payments, staff_tasks)] == before
    assert len(invoiced(house)) == 1


@pytest.mark.parametrize("late", [PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.PENDING])
def test_what_is_reported_after_the_money_does_not_unsay_it(house: House, late: PaymentState) -> None:
    order = house.order()
    payment = begun(house, order)
    assert card(house, payment, order) is Result.DELIVERED
    assert card(house, payment, order, late, amount=None) is Result.KNOWN
    assert stored(house, order).state is OrderState.DELIVERED


@both_databases
def test_money_that_arrives_while_a_failure_is_being_noted_is_not_unsaid(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment is read before the platform is held; what another worker has written meanwhile stays."""
    from portal.billing import settle

    order = house.order()
    payment, hold = begun(house, order), settle._lock

    def held_after_the_money(db: Connection, order_id: int, till: Till) -> tuple[Order, Standing]:
        mine = payments.c.id == payment
        db.execute(update(payments).where(mine).values(state=PaymentState.RECEIVED, ended_at=house.clock.now()))
        return hold(db, order_id, till)

    monkeypatch.setattr(settle, "_lock", held_after_the_money)
    assert card(house, payment, order, PaymentState.FAILED, amount=None) is Result.KNOWN
    (row,) = rows(house, payments)
    assert row.state == PaymentState.RECEIVED


def test_money_after_a_failure_is_money(house: House) -> None:
    order = house.order()
    payment = begun(house, order)
    assert card(house, payment, order, PaymentState.PENDING, amount=None) is Result.NOTED
    assert card(house, payment, order, PaymentState.FAILED, amount=None) is Result.NOTED
    assert stored(house, order).state is OrderState.AWAITING_PAYMENT
    assert card(house, payment, order) is Result.DELIVERED


def test_two_orders_of_one_term_make_one_term_and_one_task(house: House) -> None:
    house.platform(1234)
    first, second = house.order(), house.order()
    payment = begun(house, second)
    assert house.pay(first) is Result.DELIVERED
    assert stored(house, second).state is OrderState.CANCELLED  # it waits for nothing any more
    assert card(house, payment, second) is Result.STAFF
    assert house.place().expires_on == date(2027, 11, 22)
    assert open_tasks(house) == [(Task.GIVE_BACK_SECOND, second.total.cents)]
    assert len(invoiced(house)) == 1


def test_an_order_paid_twice_delivers_once_and_gives_the_second_back(house: House) -> None:
    order = house.order(PACK)
    payment = begun(house, order)
    assert house.pay(order) is Result.DELIVERED
    assert card(house, payment, order) is Result.STAFF
    assert open_tasks(house) == [(Task.GIVE_BACK_SECOND, order.total.cents)]
    assert len(rows(house, lots)) == 1


def test_two_upgrades_to_the_same_edition_are_not_paid_twice(house: House) -> None:
    first, second = house.order(UpgradeChoice("pro", "business")), house.order(UpgradeChoice("pro", "business"))
    assert house.pay(first) is Result.DELIVERED
    assert house.pay(second) is Result.STAFF
    assert open_tasks(house) == [(Task.GIVE_BACK_CHANGED, second.total.cents)]
    assert stored(house, second).state is OrderState.PAID


# --- money that is not what was asked for


@pytest.mark.parametrize(
    ("amount", "task"),
    [
        (Money(1, "EUR"), Task.WRONG_AMOUNT),
        (Money(58559, "EUR"), Task.WRONG_AMOUNT),
        (Money(58561, "EUR"), Task.WRONG_AMOUNT),
        (Money(58560, "USD"), Task.WRONG_CURRENCY),
    ],
)
def test_a_card_that_paid_something_else_delivers_nothing(house: House, amount: Money, task: Task) -> None:
    order = house.order()
    assert order.total == Money(58560, "EUR")
    payment = begun(house, order)
    assert card(house, payment, order, amount=amount) is Result.STAFF
    assert open_tasks(house) == [(task, amount.cents)]
    assert (stored(house, order).state, invoiced(house)) == (OrderState.AWAITING_PAYMENT, [])


def test_a_transfer_of_less_waits_for_the_rest_and_then_delivers(house: House) -> None:
    order = house.order()
    assert house.pay(order, amount=Money(50000, "EUR"), reference="A") is Result.SHORT
    assert open_tasks(house) == [(Task.UNDERPAID, 50000)]
    assert invoiced(house) == []
    assert house.pay(order, amount=Money(8559, "EUR"), reference="B") is Result.SHORT
    assert house.pay(order, amount=Money(1, "EUR"), reference="C") is Result.DELIVERED
    assert (open_tasks(house), invoiced(house)) == ([], [58560])


def test_a_transfer_of_more_delivers_and_the_difference_goes_back(house: House) -> None:
    order = house.order()
    assert house.pay(order, amount=Money(58600, "EUR")) is Result.DELIVERED
    assert (open_tasks(house), invoiced(house)) == ([(Task.OVERPAID, 40)], [58560])


def test_what_came_short_before_a_card_paid_it_all_goes_back(house: House) -> None:
    order = house.order()
    payment = begun(house, order)
    assert house.pay(order, amount=Money(50000, "EUR"), reference="A") is Result.SHORT
    assert card(house, payment, order) is Result.DELIVERED
    assert sum(cents for _kind, cents in open_tasks(house)) == 50000


def test_a_cancelled_order_delivers_nothing(house: House) -> None:
    order = house.order(PACK)
    payment = begun(house, order)
    with house.parts.database.write() as db:
        assert orders_.cancel(db, order, by=house.administrator("m1234"), at=house.clock.now())
    assert card(house, payment, order) is Result.STAFF
    assert open_tasks(house) == [(Task.CLOSED_ORDER, order.total.cents)]
    assert rows(house, lots) == []


def test_money_of_which_no_order_is_known_is_a_task(house: House) -> None:
    report = Report(Way.CARD, "evt", "cs_nobody", PaymentState.RECEIVED, Money(100, "EUR"), house.clock.now())
    for expected in (Result.STAFF, Result.KNOWN):
        with house.parts.database.write() as db:
            assert receive(db, report, till(house.parts, house.clock.now())) is expected
    assert open_tasks(house) == [(Task.UNKNOWN_ORDER, 100)]


def test_credits_that_are_paid_in_the_grace_are_given_back_unless_the_transfer_was_valued_before(house: House) -> None:
    by_card, by_transfer = house.order(PACK), house.order(CreditsChoice("1000", 1000))
    payment = begun(house, by_card)
    with house.parts.database.write() as db:
        orders_.choose_transfer(
            db, by_transfer, to=house.administrator("m1234"), at=house.clock.now(), zone=house.parts.settings.timezone
        )
    now_is(house, "2026-11-23 00:00:00")
    assert house.pay(by_transfer, value_date=E) is Result.DELIVERED
    assert card(house, payment, by_card) is Result.STAFF
    assert [kind for kind, _ in open_tasks(house)] == [Task.CLOSED_ORDER]


def test_a_crash_between_paid_and_delivered_leaves_neither(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is one transaction: when anything in it fails, the money has not been taken note of at all."""
    from portal.billing import delivery

    order = house.order(PACK)
    payment = begun(house, order)

    def dies(*_given: object, **_named: object) -> None:
        raise SystemExit("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(delivery.credits, "grant", dies)
        with pytest.raises(SystemExit):
            card(house, payment, order)
    assert stored(house, order).state is OrderState.AWAITING_PAYMENT
    assert (rows(house, lots), invoiced(house), open_tasks(house)) == ([], [], [])
    assert card(house, payment, order) is Result.DELIVERED
    assert len(rows(house, lots)) == 1


def test_a_provider_whose_clock_is_ahead_is_not_believed_about_the_future(house: House) -> None:
    order = house.order(PACK)
    payment = begun(house, order)
    at = house.clock.now()
    report = Report(Way.CARD, "evt", f"cs_{payment}", PaymentState.RECEIVED, order.total, at + timedelta(days=3))
    with house.parts.database.write() as db:
        receive(db, report, Till(at, house.parts.settings.timezone, house.parts.prices, till(house.parts, at).seller))
    (lot,) = rows(house, lots)
    assert lot.bought_on == date(2026, 11, 20)


# --- what is told before the money comes


def test_an_order_that_was_cancelled_can_be_placed_again_from_the_same_page(house: House) -> None:
    first = house.order(PACK, key="page")
    with house.parts.database.write() as db:
        orders_.cancel(db, first, by=house.administrator("m1234"), at=house.clock.now())
    second = house.order(PACK, key="page")
    assert second.id != first.id
    assert house.order(PACK, key="page").id == second.id
    assert house.pay(second) is Result.DELIVERED
    assert house.order(PACK, key="page").id == second.id  # delivered: the page finds what it ordered


@pytest.mark.parametrize(
    ("at", "awaited"),
    [
        ("2026-12-02 23:59:59.999999", True),
        ("2026-12-03 23:59:59.999999", True),  # begun at 23:59:59.999999, so it has a day
        ("2026-12-04 00:00:00", False),
    ],
)
def test_while_a_card_payment_could_still_renew_the_platform_it_is_awaited(
    house: House, at: str, awaited: bool
) -> None:
    now_is(house, "2026-12-02 23:59:59.999999")
    begun(house, house.order())
    now_is(house, at)
    with house.parts.database.read() as db:
        assert may_still_renew(db, house.place()) is awaited


@pytest.mark.parametrize(
    ("chosen", "at", "awaited"),
    [
        (True, "2026-12-09 23:59:59.999999", True),  # the fifth bank working day
        (True, "2026-12-10 00:00:00", False),
        (False, "2026-12-03 00:00:00", False),  # an order that nobody has begun to pay
    ],
)
def test_while_a_transfer_could_still_renew_the_platform_it_is_awaited(
    house: House, chosen: bool, at: str, awaited: bool
) -> None:
    now_is(house, "2026-12-02 12:00:00")
    order, zone = house.order(), house.parts.settings.timezone
    if chosen:
        with house.parts.database.write() as db:
            orders_.choose_transfer(db, order, to=house.administrator("m1234"), at=house.clock.now(), zone=zone)
    now_is(house, at)
    with house.parts.database.read() as db:
        assert may_still_renew(db, house.place()) is awaited


def test_credits_that_wait_for_their_money_keep_no_platform(house: House) -> None:
    begun(house, house.order(PACK))
    with house.parts.database.read() as db:
        assert not may_still_renew(db, house.place())


def test_who_paid_in_time_does_not_read_that_the_data_is_being_deleted(house: House) -> None:
    now_is(house, "2026-12-02 23:59:00")
    order = house.order()
    payment = begun(house, order)
    now_is(house, "2026-12-03 00:01:00")
    page = house.browser().sign_in()
    assert "A payment that was begun in time is still awaited: until its end is known nothing is deleted" in page.text
    assert "It can no longer be renewed" not in page.text
    card(house, payment, order)
    assert house.browser().sign_in().state() == "active"
