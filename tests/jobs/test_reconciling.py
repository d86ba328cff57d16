"""Payments that nobody follows any more: their provider is asked once a night, for a month."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.billing import orders
from portal.billing.tables import payments
from portal.kit.outbox import Outcome, outbox
from portal.rules.orders import PaymentState, Way
from portal.rules.terms import PAYMENTS_ASKED_FOR
from tests.helpers.house import House
from tests.jobs.nights import work

STEP = "payments"
TICK = timedelta(microseconds=1)


def begun(house: House, reference: str | None = "cs_1") -> int:
    """A card payment that somebody has begun."""
    order = house.order()
    with house.parts.database.write() as db:
        payment = orders.begin_payment(db, order, Way.CARD, at=house.clock.now())
        if reference:
            orders.note_started(db, payment.id, reference=reference, address="https://pay.example")
    return payment.id


def give_up(house: House, outcome: str = Outcome.FAILED) -> None:
    """Whatever follows it has come to an end."""
    with house.parts.database.write() as db:
        mine = (outbox.c.name == orders.FOLLOW_ERRAND) & outbox.c.done_at.is_(None)
        db.execute(update(outbox).where(mine).values(done_at=house.clock.now(), outcome=outcome))


def asked(house: House) -> list[str]:
    """The errands that were left, whether they are done or not."""
    with house.parts.database.read() as db:
        found = select(outbox.c.deduplication_key).where(outbox.c.name == orders.FOLLOW_ERRAND).order_by(outbox.c.id)
        return list(db.execute(found).scalars())


def test_a_payment_that_is_followed_is_not_asked_about(house: House) -> None:
    begun(house)
    assert work(house, STEP).complete
    assert asked(house) == ["follow:1"]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.HANDLED])
def test_one_that_was_given_up_is_asked_about_once_a_night(house: House, outcome: str) -> None:
    begun(house)
    give_up(house, outcome)
    for _ in range(3):
        assert work(house, STEP).complete
    assert asked(house) == ["follow:1", "follow:1:2026-11-20"]


def test_and_again_the_night_after_the_errand_has_ended(house: House) -> None:
    begun(house)
    give_up(house)
    work(house, STEP)
    house.clock.move(days=1)
    work(house, STEP)
    assert asked(house) == ["follow:1", "follow:1:2026-11-20"]  # it is still at it
    give_up(house)
    house.clock.move(days=1)
    work(house, STEP)
    assert asked(house) == ["follow:1", "follow:1:2026-11-20", "follow:1:2026-11-22"]


def test_one_whose_row_was_cleaned_away_is_asked_about(house: House) -> None:
    begun(house)
    with house.parts.database.write() as db:
        db.execute(outbox.delete())
    work(house, STEP)
    assert asked(house) == ["follow:1:2026-11-20"]


@pytest.mark.parametrize(
    ("after", "found"), [(PAYMENTS_ASKED_FOR - TICK, 2), (PAYMENTS_ASKED_FOR, 2), (PAYMENTS_ASKED_FOR + TICK, 1)]
)
def test_after_a_month_nobody_asks_any_more(house: House, after: timedelta, found: int) -> None:
    begun(house)
    give_up(house)
    house.clock.instant += after
    work(house, STEP)
    assert len(asked(house)) == found


@pytest.mark.parametrize("state", [state for state in PaymentState if not state.open])
def test_a_payment_whose_end_is_known_is_left_alone(house: House, state: PaymentState) -> None:
    begun(house)
    give_up(house)
    with house.parts.database.write() as db:
        db.execute(update(payments).values(state=state))
    work(house, STEP)
    assert asked(house) == ["follow:1"]


def test_one_that_never_reached_its_provider_is_left_alone(house: House) -> None:
    begun(house, reference=None)
    give_up(house)
    work(house, STEP)
    assert asked(house) == ["follow:1"]
