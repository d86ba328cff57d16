"""The plan of who goes when a term begins with fewer seats: kept, replaced, found on its day, finished once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.kit.audit import events
from portal.subscription import seating
from portal.subscription.tables import seat_reductions
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
DUE = date(2026, 11, 23)
DAY = timedelta(days=1)


def plan(house: House, *picked: str, platform_id: int = 1234, due_on: date = DUE) -> None:
    with house.parts.database.write() as db:
        seating.plan_reduction(db, platform_id, due_on=due_on, picked=picked)


@both_databases
def test_a_new_plan_of_the_same_day_replaces_the_open_one_and_no_other(house: House) -> None:
    house.platform(1234)
    house.platform(5678)
    plan(house, "m1234-anna")
    plan(house, "m5678-eva", platform_id=5678)
    plan(house, "m1234-luca", due_on=DUE + 365 * DAY)
    plan(house, "m1234-marco", "m1234-anna")
    with house.parts.database.read() as db:
        found = seating.find_reduction(db, 1234)
        others = [row.picked for row in seating.due_reductions(db, DUE + 1000 * DAY)]
    assert found is not None
    assert (found.platform_id, found.due_on, found.picked) == (1234, DUE, ("m1234-marco", "m1234-anna"))
    assert sorted(others) == [("m1234-luca",), ("m1234-marco", "m1234-anna"), ("m5678-eva",)]


@both_databases
def test_of_many_plans_at_once_one_stays(house: House) -> None:
    house.platform(1234)
    together(lambda number: plan(house, f"m1234-{number}"), 4)
    with house.parts.database.read() as db:
        assert len(db.execute(select(seat_reductions)).all()) == 1


@pytest.mark.parametrize(("days", "due"), [(-1, False), (0, True), (1, True), (40, True)])
def test_a_plan_is_due_from_its_day_on(house: House, days: int, due: bool) -> None:
    house.platform(1234)
    plan(house)
    with house.parts.database.read() as db:
        assert bool(seating.due_reductions(db, DUE + days * DAY)) is due


@both_databases
def test_a_plan_is_finished_once_and_written_down(house: House) -> None:
    house.platform(1234)
    plan(house)
    with house.parts.database.read() as db:
        (found,) = seating.due_reductions(db, DUE)

    def finish(_: int) -> bool:
        with house.parts.database.write() as db:
            return seating.finish_reduction(db, found, at=START)

    assert together(finish, 3).count(True) == 1
    with house.parts.database.read() as db:
        assert seating.due_reductions(db, DUE) == []
        assert seating.find_reduction(db, 1234) is None
        written = db.execute(select(events.c.details).where(events.c.tag == "subscription.seats_reduced")).scalars()
        assert list(written) == [{"due_on": "2026-11-23"}]


def test_a_plan_that_was_carried_out_is_kept_beside_a_new_one(house: House) -> None:
    house.platform(1234)
    plan(house, "m1234-anna")
    with house.parts.database.write() as db:
        seating.finish_reduction(db, seating.due_reductions(db, DUE)[0], at=START)
    plan(house, "m1234-luca")
    with house.parts.database.read() as db:
        assert len(db.execute(select(seat_reductions)).all()) == 2


def test_a_plan_is_taken_back_once_and_one_of_another_day_stays(house: House) -> None:
    house.platform(1234)
    plan(house)
    with house.parts.database.write() as db:
        assert not seating.withdraw_reduction(db, 1234, due_on=DUE + DAY)
        assert not seating.withdraw_reduction(db, 5678, due_on=DUE)
        assert seating.withdraw_reduction(db, 1234, due_on=DUE)
        assert not seating.withdraw_reduction(db, 1234, due_on=DUE)
        assert seating.due_reductions(db, DUE) == []
