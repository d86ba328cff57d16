"""What a day changes by itself: the sending service hears of it, and credits whose time is over are written off."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from portal import standing
from portal.credits import actions as credits
from portal.credits.tables import Kind, lots, movements
from portal.outside.service import PlatformState
from portal.rules import dates
from portal.rules.credits import Balance
from portal.rules.lifecycle import State
from portal.subscription.tables import platforms, terms
from tests.conftest import both_databases
from tests.helpers.house import House, build
from tests.helpers.together import together
from tests.jobs.nights import cut, morning, powered, work

TODAY = date(2026, 11, 20)  # of the house's clock
BOUGHT = dates.add_months(TODAY, -24)  # so that today is the last day of a lot on an SMS-only platform
DAY = timedelta(days=1)
TELL, WRITE_OFF = "sending service", "write-offs"


@dataclass
class Listener:
    """A service that keeps what it is told."""

    told: list[PlatformState] = field(default_factory=list)

    def tell(self, state: PlatformState, key: str) -> None:
        self.told.append(state)


@pytest.fixture
def service() -> Listener:
    return Listener()


@pytest.fixture
def shop(tmp_path: Path, database_url: str, service: Listener) -> Iterator[House]:
    """A house whose service is the listener."""
    found = build(tmp_path, database_url, service=service)
    yield found
    found.parts.database.close()


def told(house: House, service: Listener, *offsets: int) -> list[tuple[int, State, bool, int]]:
    """What the service hears in the nights of these days, counted from today: day, state, sending, credits."""
    found = []
    for offset in offsets:
        morning(house, TODAY + timedelta(days=offset))
        before = len(service.told)
        assert work(house, TELL).complete
        house.work()
        found += [(offset, state.state, state.sending, state.credits) for state in service.told[before:]]
    return found


# --- the sending service


@both_databases
def test_the_service_hears_of_the_first_day_of_the_grace_and_of_the_day_after_it(
    shop: House, service: Listener
) -> None:
    shop.platform(1234, ends_in=2)
    assert told(shop, service, *range(16)) == [
        (3, State.GRACE, False, 0),
        (13, State.DUE_FOR_DELETION, False, 0),
    ]


def test_it_hears_of_the_first_day_of_a_new_term(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=2)
    shop.pay(shop.order())
    shop.work()
    assert told(shop, service, *range(20)) == [(3, State.ACTIVE, True, 0)]


def test_it_hears_of_credits_whose_last_day_was_yesterday(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=None)
    shop.lot(1234, 500, bought_on=BOUGHT, expires_on=None)
    shop.lot(1234, 30, bought_on=BOUGHT + 40 * DAY, expires_on=None)
    assert told(shop, service, 0, 1, 2, 3) == [(1, State.ACTIVE, True, 30)]


def test_it_hears_of_them_also_when_they_are_written_off_first(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=None)
    shop.lot(1234, 500, bought_on=BOUGHT, expires_on=None)
    morning(shop, TODAY + DAY)
    assert work(shop, WRITE_OFF).complete
    assert told(shop, service, 1) == [(1, State.ACTIVE, True, 0)]


def test_it_hears_of_an_unused_platform_on_the_day_its_deletion_is_due(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=None)
    assert told(shop, service, 364, 365, 366, 367) == [(366, State.DUE_FOR_DELETION, False, 0)]


def test_a_night_that_is_worked_again_tells_nothing_more(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=-1)
    assert len(told(shop, service, 0, 0, 0)) == 1


def test_of_a_missed_night_the_service_hears_how_things_stand_now(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=2)
    morning(shop, TODAY + 20 * DAY)
    assert work(shop, TELL, day=TODAY + 3 * DAY).complete
    shop.work()
    assert [state.state for state in service.told] == [State.DUE_FOR_DELETION]


def test_nothing_is_told_of_a_day_that_a_renewal_has_moved(shop: House, service: Listener) -> None:
    shop.platform(1234, ends_in=2)
    shop.clock.move(days=5)
    shop.pay(shop.order())
    shop.work()
    before = len(service.told)
    assert work(shop, TELL, day=TODAY + 13 * DAY).complete
    shop.work()
    assert len(service.told) == before


def test_where_nobody_is_told_nothing_is_written(house: House) -> None:
    house.platform(1234, ends_in=-1)
    assert str(work(house, TELL).tally) == "0 done, 0 failed"


# --- credits


def ledger(house: House) -> list[tuple[str, int]]:
    with house.parts.database.read() as db:
        return [(row.kind, row.amount) for row in db.execute(select(movements).order_by(movements.c.id))]


def left(house: House) -> Balance:
    with house.parts.database.read() as db:
        return standing.credits_of(db, house.place()).balance


@pytest.fixture
def sms_only(house: House) -> House:
    """A platform without e-mail, with 500 credits whose last day is today."""
    house.platform(1234, ends_in=None)
    house.lot(1234, 500, bought_on=BOUGHT, expires_on=None)
    return house


@both_databases
@pytest.mark.parametrize(("day", "lost"), [(TODAY, False), (TODAY + DAY, True), (TODAY + 30 * DAY, True)])
def test_credits_are_written_off_when_their_last_day_has_passed(sms_only: House, day: date, lost: bool) -> None:
    spent(sms_only, 120)
    morning(sms_only, day)
    assert work(sms_only, WRITE_OFF).complete
    expected = [(Kind.BOUGHT, 500), (Kind.SPENT, -120)] + ([(Kind.WRITTEN_OFF, -380)] if lost else [])
    assert ledger(sms_only) == expected
    assert left(sms_only) == Balance(0 if lost else 380, 0)


def spent(house: House, quantity: int) -> None:
    zone, at = house.parts.settings.timezone, house.clock.now()
    with house.parts.database.write() as db:
        done = credits.spend(db, 1234, quantity, key="a campaign", at=at, zone=zone, expires_on=None)
    assert isinstance(done, credits.Spent)


def test_credits_are_written_off_once(sms_only: House) -> None:
    morning(sms_only, TODAY + DAY)
    for _ in range(3):
        assert work(sms_only, WRITE_OFF).complete
    assert ledger(sms_only) == [(Kind.BOUGHT, 500), (Kind.WRITTEN_OFF, -500)]


@both_databases
def test_of_workers_at_once_one_writes_them_off(sms_only: House) -> None:
    from portal.jobs import day_changes
    from portal.jobs.night import Night

    morning(sms_only, TODAY + DAY)
    night = Night(sms_only.parts, TODAY + DAY, sms_only.clock.now())
    together(lambda _: day_changes.write_off(night), 4)
    assert ledger(sms_only) == [(Kind.BOUGHT, 500), (Kind.WRITTEN_OFF, -500)]


def test_wherever_the_power_is_cut_they_are_written_off_once(sms_only: House) -> None:
    morning(sms_only, TODAY + DAY)
    with powered(sms_only) as power:
        fuse = 0
        while not cut(power, lambda: work(sms_only, WRITE_OFF), fuse):
            sms_only.clock.move(minutes=10)
            fuse += 1
    assert fuse > 8
    assert ledger(sms_only) == [(Kind.BOUGHT, 500), (Kind.WRITTEN_OFF, -500)]


@pytest.mark.parametrize("ends_in", [10, -1, -10, -11, -400])
def test_what_a_renewal_could_free_or_a_purge_takes_is_not_written_off(house: House, ends_in: int) -> None:
    house.platform(1234, ends_in=ends_in)
    house.lot(1234, 500, bought_on=date(2024, 1, 1), expires_on=TODAY + timedelta(days=ends_in))
    assert work(house, WRITE_OFF).complete
    assert ledger(house) == [(Kind.BOUGHT, 500)]


def test_credits_of_a_platform_that_has_added_e_mail_live_on(sms_only: House) -> None:
    """A bought right is never shortened: their last day is E now."""
    with sms_only.parts.database.write() as db:
        row = {"platform_id": 1234, "anchor_on": TODAY, "starts_on": TODAY, "ends_on": TODAY + 364 * DAY}
        db.execute(terms.insert().values(row | {"edition": "pro", "trial": False}))
        db.execute(update(platforms).values(email_channel=True))
    morning(sms_only, TODAY + DAY)
    assert work(sms_only, WRITE_OFF).complete
    assert left(sms_only) == Balance(500, 0)


def test_lots_that_are_spent_are_left_alone(sms_only: House) -> None:
    spent(sms_only, 500)
    morning(sms_only, TODAY + DAY)
    assert str(work(sms_only, WRITE_OFF).tally) == "0 done, 0 failed"


def test_a_lot_of_a_deleted_platform_is_left_alone(sms_only: House) -> None:
    with sms_only.parts.database.write() as db:
        db.execute(update(platforms).values(deleted_at=sms_only.clock.now()))
        assert db.execute(select(lots.c.id)).scalar_one()
    morning(sms_only, TODAY + DAY)
    assert work(sms_only, WRITE_OFF).complete
    assert ledger(sms_only) == [(Kind.BOUGHT, 500)]
