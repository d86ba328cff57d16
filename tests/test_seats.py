"""Administrators never exceed seats, whoever adds them and however many do it at once."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from portal import seats, standing
from portal.accounts import administrators, queries
from portal.accounts.administrators import HasFirst, Newcomer, Taken
from portal.accounts.queries import Administrator
from portal.kit.audit import events
from portal.rules import names, renewal
from portal.seats import NoFreeSeat, NotDisabled
from portal.subscription import sales, seating
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together
from tests.rules.instants import rome

DUE = date(2026, 11, 23)  # the first day of the term that follows E, 22 November 2026


def create(house: House, username: str, **facts: Any) -> Any:
    name = names.parse(username)
    assert isinstance(name, names.UserName)
    newcomer = Newcomer(name, f"{username}@example.com", "Somebody", "en")
    given = {"by": "m1234", "at": house.clock.now()} | facts
    with house.parts.database.write() as db:
        return seats.create(db, house.parts.links, newcomer, house.parts.settings.timezone, **given)


def enable(house: House, person: Administrator) -> Any:
    zone, at = house.parts.settings.timezone, house.clock.now()
    with house.parts.database.write() as db:
        return seats.enable(db, house.parts.links, person, zone, by="m1234", at=at)


def disable(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=house.clock.now(), by="m1234")


def enabled(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return [one.username for one in queries.administrators_of_platform(db, 1234) if one.enabled]


@both_databases
def test_seats_are_filled_to_the_last_one_and_no_further(house: House) -> None:
    house.platform(1234, additional_seats=1)
    assert isinstance(create(house, "m1234"), Administrator)
    assert isinstance(create(house, "m1234-anna"), Administrator)
    assert isinstance(create(house, "m1234-luca"), NoFreeSeat)
    assert enabled(house) == ["m1234", "m1234-anna"]


@both_databases
def test_of_many_who_want_the_last_seat_at_once_one_gets_it(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234")
    gone = house.person("m1234-gone")
    disable(house, gone)
    found = together(lambda number: create(house, f"m1234-{number}") if number else enable(house, gone), 4)
    assert sum(isinstance(one, Administrator) for one in found) == 1
    assert sum(isinstance(one, NoFreeSeat) for one in found) == 3
    assert len(enabled(house)) == 2


def test_the_reasons_of_a_name_come_through(house: House) -> None:
    house.platform(7, additional_seats=4)
    assert isinstance(create(house, "m7"), Administrator)
    assert isinstance(create(house, "m7"), Taken)
    assert isinstance(create(house, "m007"), HasFirst)
    with pytest.raises(LookupError):
        create(house, "m404")


def test_the_first_administrator_is_told_of_everybody_else_and_not_of_herself(house: House) -> None:
    house.platform(1234, additional_seats=2)
    create(house, "m1234", password_hash="hash")
    assert house.work() == []
    create(house, "m1234-anna", password_hash="hash", by="command line")
    (letter,) = house.work()
    assert (letter.recipient, letter.subject) == (
        "m1234@example.com",
        "m1234-anna has been added to your administrators",
    )
    with house.parts.database.read() as db:
        made = select(events.c.details).where(events.c.tag == "accounts.administrator_created").order_by(events.c.id)
        assert list(db.execute(made).scalars()) == [{"by": "m1234"}, {"by": "command line"}]


@both_databases
def test_whoever_comes_back_is_invited_anew_and_the_old_password_is_gone(house: House) -> None:
    house.platform(1234, additional_seats=1)
    house.person("m1234")
    anna = house.person("m1234-anna")
    assert isinstance(enable(house, anna), NotDisabled)
    disable(house, anna)
    house.work()
    back = enable(house, anna)
    assert isinstance(back, Administrator)
    assert (back.id, back.enabled, back.username) == (anna.id, True, "m1234-anna")
    with house.parts.database.read() as db:
        found = queries.find_credential(db, "m1234-anna")
        assert db.execute(select(events.c.tag).order_by(events.c.id)).scalars().all()[-1] == (
            "accounts.administrator_enabled"
        )
    assert found is not None
    assert found.password_hash is None
    assert sorted(letter.recipient for letter in house.work()) == ["m1234-anna@example.com", "m1234@example.com"]
    assert isinstance(enable(house, anna), NotDisabled)


# --- fewer seats with a new term -------------------------------------------------------------------------------------


def fewer(house: House, *picked: str, before: int = 3, after: int = 1) -> None:
    """Anna, Luca and Marco, in this order, on three additional seats; so many less from DUE on."""
    house.platform(1234, ends_in=2, additional_seats=before)
    house.person("m1234")
    for name in ("m1234-anna", "m1234-luca", "m1234-marco"):
        house.clock.move(seconds=1)
        house.person(name)
    term = renewal.new_term(DUE, 12)
    with house.parts.database.write() as db:
        sales.begin_term(db, 1234, term, "pro", sms=True, order_id=1)
        if after:
            sales.grant_seats(db, 1234, after, starts_on=term.starts_on, ends_on=term.ends_on, order_id=1)
        seating.plan_reduction(db, 1234, due_on=DUE, picked=picked)


def reduce(house: House, when: str = "2026-11-23 00:00:00") -> list[str]:
    """Carry out what is due; returns who was disabled."""
    house.clock.set(rome(when))
    with house.parts.database.write() as db:
        (plan,) = seating.due_reductions(db, DUE)
        gone = seats.apply_reduction(db, plan, house.parts.settings.timezone, at=house.clock.now())
    return [person.username for person in gone]


@pytest.mark.parametrize(
    ("picked", "after", "gone"),
    [
        ((), 1, ["m1234-marco", "m1234-luca"]),  # the newest first
        (("m1234-anna",), 1, ["m1234-anna", "m1234-marco"]),  # too few picked: the newest follow
        (("m1234-anna", "m1234-luca"), 1, ["m1234-luca", "m1234-anna"]),
        (("m1234-anna", "m1234-luca", "m1234-marco"), 2, ["m1234-marco"]),  # too many picked
        (("m1234", "m5678", "nobody"), 2, ["m1234-marco"]),  # never the first administrator
        ((), 0, ["m1234-marco", "m1234-luca", "m1234-anna"]),
        (("m1234-anna",), 3, []),
    ],
)
@both_databases
def test_who_goes_is_whom_the_customer_picked_then_the_newest(
    house: House, picked: tuple[str, ...], after: int, gone: list[str]
) -> None:
    fewer(house, *picked, after=after)
    assert reduce(house) == gone
    assert len(enabled(house)) == 4 - len(gone)
    assert "m1234" in enabled(house)


def test_a_seat_bought_meanwhile_keeps_somebody(house: House) -> None:
    fewer(house, "m1234-anna", after=2)
    with house.parts.database.write() as db:
        sales.grant_seats(db, 1234, 1, starts_on=DUE, ends_on=date(2027, 11, 22), order_id=2)
    assert reduce(house) == []
    assert len(enabled(house)) == 4


def test_what_is_coming_is_what_happens(house: House) -> None:
    fewer(house, "m1234-anna")
    with house.parts.database.read() as db:
        place = standing.find(db, 1234, at=house.clock.now(), zone=house.parts.settings.timezone)
        found = seats.coming(db, place)
    assert found is not None
    assert (found.due_on, found.seats) == (DUE, 2)
    assert list(found.going) == reduce(house)
    with house.parts.database.read() as db:
        place = standing.find(db, 1234, at=house.clock.now(), zone=house.parts.settings.timezone)
        assert seats.coming(db, place) is None
