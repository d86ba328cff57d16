"""The ledger is read newest first, page by page, and only by the platform it belongs to."""

from datetime import date, timedelta

import pytest

from portal.credits import actions, queries
from portal.credits.queries import PAGE, Movement, Movements
from portal.credits.tables import Kind
from tests.conftest import both_databases
from tests.helpers.credits import book
from tests.helpers.house import House
from tests.rules.instants import ROME

DAY = date(2026, 11, 20)
E = date(2027, 2, 28)


def spend(house: House, key: str) -> None:
    with house.parts.database.write() as db:
        actions.spend(db, 1234, 1, key=key, at=house.clock.now(), zone=ROME, expires_on=E)


def page(house: House, before: int | None = None, platform_id: int = 1234) -> Movements:
    with house.parts.database.read() as db:
        return queries.movements_of(db, platform_id, before=before)


@both_databases
def test_a_movement_says_what_when_how_much_and_from_which_purchase(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 100, bought_on=DAY, expires_on=E)
    bought_at = house.clock.now()
    house.clock.move(minutes=1)
    spend(house, "batch: 7#1")
    spent, bought = page(house).rows
    assert spent == Movement(spent.id, Kind.SPENT, -1, house.clock.now(), DAY, "batch: 7#1")
    assert bought == Movement(bought.id, Kind.BOUGHT, 100, bought_at, DAY, None)


@both_databases
@pytest.mark.parametrize(("total", "pages"), [(24, [24]), (25, [25]), (26, [25, 1]), (50, [25, 25]), (51, [25, 25, 1])])
def test_pages_end_where_the_ledger_does(house: House, total: int, pages: list[int]) -> None:
    """All of one instant, so that only the order of booking tells them apart."""
    house.platform(1234)
    lot = house.lot(1234, 2_000, bought_on=DAY, expires_on=E)
    book(house, lot, *range(-1, -total, -1))
    found, before = [], None
    for size in pages:
        shown = page(house, before)
        assert len(shown.rows) == size
        found += [movement.amount for movement in shown.rows]
        before = shown.older
    assert before is None
    assert found == [*range(-total + 1, 0), 2_000]


def test_a_page_has_twenty_five_movements() -> None:
    assert PAGE == 25


@both_databases
def test_the_newest_comes_first_whatever_the_order_of_booking(house: House) -> None:
    house.platform(1234)
    lot = house.lot(1234, 1_000, bought_on=DAY, expires_on=E)
    for days in (3, 1, 2):
        book(house, lot, -days, at=house.clock.now() + timedelta(days=days))
    amounts = []
    with house.parts.database.read() as db:
        before = None
        while True:
            shown = queries.movements_of(db, 1234, before=before, limit=1)
            amounts += [movement.amount for movement in shown.rows]
            before = shown.older
            if before is None:
                break
    assert amounts == [-3, -2, -1, 1_000]


@both_databases
def test_what_is_booked_meanwhile_moves_nothing_to_the_next_page(house: House) -> None:
    house.platform(1234)
    house.lot(1234, 1_000, bought_on=DAY, expires_on=E)
    for number in range(PAGE):
        house.clock.move(minutes=1)
        spend(house, f"batch-{number}")
    first = page(house)
    house.clock.move(minutes=1)
    spend(house, "late")
    assert [movement.kind for movement in page(house, first.older).rows] == [Kind.BOUGHT]


@both_databases
def test_another_platform_sees_nothing_of_it(house: House) -> None:
    for platform_id in (1234, 2000):
        house.platform(platform_id)
        house.lot(platform_id, platform_id, bought_on=DAY, expires_on=E)
    (mine,) = page(house).rows
    assert mine.amount == 1234
    (others,) = page(house, platform_id=2000).rows
    assert page(house, before=others.id) == Movements((), None)
    assert page(house, before=404) == Movements((), None)
