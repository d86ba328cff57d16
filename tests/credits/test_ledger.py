"""Lots and movements: a balance is a sum, and nobody writes one: it is counted with each movement."""

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from portal import cli
from portal.credits import ledger, queries
from portal.credits.ledger import Broken, Entry
from portal.credits.tables import Kind, lots, movements
from portal.rules.credits import Lot
from tests.conftest import both_databases
from tests.helpers.credits import book, overdraw
from tests.helpers.house import House

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = date(2026, 11, 20)
E = date(2027, 2, 28)


def found(house: House, platform_id: int = 1234) -> list[Lot]:
    with house.parts.database.read() as db:
        return queries.lots_of(db, platform_id)


def written(house: House, lot_id: int) -> list[tuple[int, int, int]]:
    """Number, amount and what is left after it, of each movement of the lot."""
    rows = select(movements.c.number, movements.c.amount, movements.c.remaining).where(movements.c.lot_id == lot_id)
    with house.parts.database.read() as db:
        return [tuple(row) for row in db.execute(rows.order_by(movements.c.id))]


def broken(house: House) -> list[Broken]:
    return list(ledger.find_broken(house.parts.database))


@both_databases
def test_what_is_left_of_each_lot_is_the_sum_of_its_movements(house: House) -> None:
    house.platform(1234)
    house.platform(2000)
    newer = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    older = house.lot(1234, 50, bought_on=date(2026, 1, 1), expires_on=E)
    house.lot(2000, 7, bought_on=DAY, expires_on=E)
    book(house, newer, -1, -2, -3)
    assert found(house) == [Lot(older, date(2026, 1, 1), 50), Lot(newer, DAY, 94)]
    assert type(found(house)[0].remaining) is int


@both_databases
def test_each_movement_says_what_is_left_after_it(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    other = house.lot(1234, 50, bought_on=DAY, expires_on=E)
    book(house, lot, -1)
    book(house, other, -50)
    book(house, lot, -99)
    assert written(house, lot) == [(1, 100, 100), (2, -1, 99), (3, -99, 0)]
    assert written(house, other) == [(1, 50, 50), (2, -50, 0)]


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
    book(house, lot, -1, key="message")
    with pytest.raises(IntegrityError):
        book(house, lot, -1, key="message")
    assert found(house)[0].remaining == 99


def test_a_movement_of_nothing_is_none(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    with pytest.raises(IntegrityError):
        book(house, lot, 0)


@both_databases
def test_the_database_lets_no_lot_fall_below_zero_whoever_forgot_to_ask(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    with pytest.raises(IntegrityError):
        book(house, lot, -60, -41)
    assert written(house, lot) == [(1, 100, 100)]


def test_a_ledger_below_zero_is_a_fault_and_no_balance(house: House) -> None:
    house.platform(1234)
    overdraw(house, house.lot(1234, 100, bought_on=DAY, expires_on=E), 101)
    with pytest.raises(ValueError, match="-1 credits"):
        found(house)


@both_databases
def test_the_first_movement_is_all_there_is(house: House) -> None:
    """So that nobody begins a lot with credits that no movement has brought."""
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    with pytest.raises(IntegrityError), house.parts.database.write() as db:
        db.execute(update(movements).where(movements.c.lot_id == lot).values(remaining=101))


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_of_two_who_take_from_a_lot_that_nobody_holds_one_fails(house: House) -> None:
    """Both see the same newest movement: its successor's number is given once."""
    house.platform(1234)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    failed: list[BaseException] = []

    def second() -> None:
        try:
            book(house, lot, -100)
        except IntegrityError as error:
            failed.append(error)

    waiting = threading.Thread(target=second)
    with house.parts.database.write() as db:
        ledger.append(db, [Entry(lot, -100, Kind.SPENT, START)])
        waiting.start()
        with house.parts.database.read() as other:
            while not other.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                pass
    waiting.join()
    assert len(failed) == 1
    assert written(house, lot) == [(1, 100, 100), (2, -100, 0)]


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


# --- counted anew -----------------------------------------------------------------------------------------------------


def spent_lot(house: House) -> int:
    """A lot of 100, of which 10 and 20 are gone, among others."""
    house.platform(1234)
    house.lot(1234, 5, bought_on=DAY, expires_on=E)
    lot = house.lot(1234, 100, bought_on=DAY, expires_on=E)
    book(house, lot, -10, -20)
    book(house, house.lot(1234, 7, bought_on=DAY, expires_on=E), -7)
    return lot


@both_databases
def test_a_ledger_that_only_the_portal_has_written_comes_out(house: House) -> None:
    spent_lot(house)
    assert broken(house) == []


@both_databases
def test_a_changed_amount_is_found(house: House) -> None:
    lot = spent_lot(house)
    with house.parts.database.write() as db:
        db.execute(update(movements).where(movements.c.amount == -10).values(amount=-9))
    assert broken(house) == [Broken(lot, counted=71, stands=70)]


@both_databases
def test_a_changed_remainder_is_found(house: House) -> None:
    lot = spent_lot(house)
    with house.parts.database.write() as db:
        db.execute(update(movements).where(movements.c.amount == -20).values(remaining=500))
    assert broken(house) == [Broken(lot, counted=70, stands=500)]


@both_databases
def test_a_movement_that_was_taken_out_is_found(house: House) -> None:
    lot = spent_lot(house)
    with house.parts.database.write() as db:
        db.execute(delete(movements).where(movements.c.amount == -10))
    assert broken(house) == [Broken(lot, counted=80, stands=70)]


def test_lots_are_counted_beyond_the_first_slice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LOTS_AT_ONCE", 1)
    lot = spent_lot(house)
    with house.parts.database.write() as db:
        db.execute(update(movements).where(movements.c.amount == -20).values(remaining=500))
    assert [one.lot_id for one in broken(house)] == [lot]


@both_databases
def test_the_command_says_that_every_lot_comes_out_or_which_does_not(
    house: House, database_url: str, tmp_path: Path
) -> None:
    lot = spent_lot(house)
    told = verify(database_url, tmp_path)
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith("Every lot comes out")
    with house.parts.database.write() as db:
        db.execute(update(movements).where(movements.c.amount == -10).values(amount=-9))
    told = verify(database_url, tmp_path)
    assert (told.exit_code, told.stdout) == (1, "")
    assert f"Lot {lot}: 71 by its movements, 70 by the newest of them." in told.stderr


def verify(database_url: str, folder: Path) -> Result:
    key = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"
    environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": database_url, "PORTAL_SECRET_KEY": key}
    return CliRunner().invoke(cli.main, ["credits", "verify"], env=environ)
