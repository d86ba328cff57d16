"""Lots and movements: a balance is a sum, and nobody writes one."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.credits import queries
from portal.credits.tables import lots, movements
from portal.rules.credits import Lot
from tests.conftest import both_databases
from tests.helpers.house import House

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = date(2026, 11, 20)
E = date(2027, 2, 28)


def move(house: House, lot_id: int, amount: int, key: str | None = None) -> None:
    with house.parts.database.write() as db:
        db.execute(movements.insert().values(lot_id=lot_id, amount=amount, kind="spent", at=START, idempotency_key=key))


def found(house: House, platform_id: int = 1234) -> list[Lot]:
    with house.parts.database.read() as db:
        return queries.lots_of(db, platform_id)


@both_databases
def test_what_is_left_of_each_lot_is_the_sum_of_its_movements(house: House) -> None:
    house.platform(1234)
    house.platform(2000)
    newer = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    older = house.lot(1234, 50, bought_on=date(2026, 1, 1), expires_on=E)
    house.lot(2000, 7, bought_on=DAY, expires_on=E)
    for amount in (-1, -2, -3):
        move(house, newer, amount)
    assert found(house) == [Lot(older, date(2026, 1, 1), 50), Lot(newer, DAY, 94)]
    assert type(found(house)[0].remaining) is int


def test_a_lot_of_an_sms_only_platform_has_a_day_of_its_own(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.lot(1234, 100, bought_on=DAY, expires_on=None)
    assert found(house)[0].kept_until == date(2028, 11, 20)


def test_a_lot_beside_e_mail_lives_with_e(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    assert found(house)[0].kept_until is None


@pytest.mark.parametrize("amount", [0, -1])
def test_an_empty_lot_is_none(house: House, amount: int) -> None:
    house.platform(1234)
    with pytest.raises(ValueError, match="at least one credit"):
        house.lot(1234, amount, bought_on=DAY, expires_on=E)
    with house.parts.database.read() as db:
        assert db.execute(select(lots)).all() == []


@both_databases
def test_the_same_spending_is_booked_once(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    move(house, lot, -1, "message-1")
    with pytest.raises(IntegrityError):
        move(house, lot, -1, "message-1")
    assert found(house)[0].remaining == 99


def test_a_movement_of_nothing_is_none(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    with pytest.raises(IntegrityError):
        move(house, lot, 0)


def test_a_ledger_below_zero_is_a_fault_and_no_balance(house: House) -> None:
    house.platform(1234)
    move(house, house.lot(1234, 100, bought_on=DAY, expires_on=E), -101)
    with pytest.raises(ValueError, match="-1 credits"):
        found(house)


@both_databases
def test_the_newest_movement_of_each_lot(house: House) -> None:
    house.platform(1234)
    first = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    house.clock.move(days=3)
    second = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    with house.parts.database.read() as db:
        assert queries.last_movements(db, 1234) == {first: START, second: house.clock.now()}
        assert queries.last_movements(db, 404) == {}


def test_a_platform_without_lots_has_none(house: House) -> None:
    house.platform(1234)
    assert found(house) == []
