"""The round of the worker: seats that a new term does not have are taken on its first instant, once."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from portal import seats
from portal.accounts import lost_factors
from portal.accounts.factor_removals import Removal
from portal.jobs.rounds import Rounds, make_round
from portal.subscription import seating
from tests.accounts.test_lost_factors import addresses, ask, has, is_open, wait, with_app
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together
from tests.rules.instants import rome
from tests.test_seats import DUE, enabled, fewer


@pytest.mark.parametrize(
    ("when", "left"),
    [
        ("2026-11-22 23:59:59.999999", 4),
        ("2026-11-23 00:00:00", 2),
        ("2026-11-23 00:00:00.000001", 2),
        ("2026-12-24 09:00:00", 2),  # the workers had been away
    ],
)
def test_seats_are_reduced_on_the_first_instant_of_the_day_in_rome(house: House, when: str, left: int) -> None:
    fewer(house)
    house.clock.set(rome(when))
    make_round(house.parts)
    assert len(enabled(house)) == left


def test_whoever_goes_is_signed_out_at_the_next_request_and_told_once(house: House) -> None:
    fewer(house, "m1234-anna", after=2)
    house.clock.set(rome("2026-11-22 23:55:00"))
    anna = house.browser()
    anna.sign_in("m1234-anna")
    house.work()
    assert anna.open("/subscription").status_code == 200
    house.clock.set(rome("2026-11-23 00:00:00"))
    assert [letter.recipient for letter in house.work()] == ["m1234-anna@example.com"]
    assert anna.open("/subscription").status_code == 303
    assert "Your access was disabled" in anna.get("/subscription").text
    assert house.work() == []


@both_databases
def test_of_several_workers_one_does_it(house: House) -> None:
    fewer(house)
    house.clock.set(rome("2026-11-23 00:00:00"))
    together(lambda _: make_round(house.parts), 3)
    assert enabled(house) == ["m1234", "m1234-anna"]
    assert len(house.work()) == 2


def test_one_platform_that_is_in_the_way_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.platform(77)
    with house.parts.database.write() as db:
        seating.plan_reduction(db, 77, due_on=DUE, picked=[])
    fewer(house)
    house.clock.set(rome("2026-11-23 00:00:00"))
    apply = seats.apply_reduction

    def in_the_way(db: object, plan: seating.Reduction, *given: object, **more: object) -> object:
        if plan.platform_id == 77:
            raise OperationalError("deadlock", None, Exception())
        return apply(db, plan, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(seats, "apply_reduction", in_the_way)
    make_round(house.parts)
    assert len(enabled(house)) == 2
    monkeypatch.undo()
    make_round(house.parts)
    with house.parts.database.read() as db:
        assert seating.due_reductions(db, DUE) == []


@pytest.mark.parametrize(
    ("when", "left"),
    [
        ("2026-11-23 09:59:59.999999", True),
        ("2026-11-23 10:00:00", False),
        ("2026-11-23 10:00:00.000001", False),
        ("2026-12-24 09:00:00", False),  # the workers had been away since the notices left
    ],
)
def test_lost_factors_are_taken_off_72_hours_after_staff_asked(house: House, when: str, left: bool) -> None:
    person = with_app(house)
    ask(house, person)
    house.clock.set(rome(when))
    make_round(house.parts)
    assert has(house, person).any is left
    assert is_open(house, person) is left


@both_databases
def test_of_several_rounds_at_once_one_takes_lost_factors_off(house: House) -> None:
    person = with_app(house)
    ask(house, person)
    wait(house)
    together(lambda _: make_round(house.parts), 3)
    assert addresses(house.work(), "was taken off") == ["m1234-anna@example.com", "m1234@example.com"]
    assert house.work() == []


def test_one_removal_that_is_in_the_way_does_not_stop_the_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first, anna = with_app(house, "m1234"), with_app(house)
    ask(house, first)
    ask(house, anna)
    wait(house)
    carry_out = lost_factors.carry_out

    def in_the_way(db: object, maker: object, removal: Removal, **facts: object) -> bool:
        if removal.administrator_id == first.id:
            raise OperationalError("deadlock", None, Exception())
        return carry_out(db, maker, removal, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(lost_factors, "carry_out", in_the_way)
    make_round(house.parts)
    assert (has(house, first).any, has(house, anna).any) == (True, False)
    monkeypatch.undo()
    make_round(house.parts)
    assert not has(house, first).any


def test_a_worker_makes_a_round_every_minute_and_at_once_when_the_clock_was_put_back(house: House) -> None:
    rounds = Rounds(house.parts)
    assert rounds.make_if_due()
    assert not rounds.make_if_due()
    house.clock.move(seconds=59.999)
    assert not rounds.make_if_due()
    house.clock.move(seconds=0.001)
    assert rounds.make_if_due()
    house.clock.instant -= timedelta(days=3)
    assert rounds.make_if_due()
    assert not rounds.make_if_due()
