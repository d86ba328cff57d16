"""There are never more people enabled than seats paid for, and the first administrator always stays."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.seats import (
    Administrator,
    Grant,
    free_seats,
    pick_disabled,
    seats,
)
from portal.rules.terms import INCLUDED_SEATS
from tests.rules.instants import rome

E = date(2027, 2, 28)
GRANTS = [Grant(2, date(2026, 3, 1), E), Grant(1, date(2026, 11, 22), E)]

FIRST = Administrator("m1234", rome("2025-01-01 09:00"), first=True)
ANNA = Administrator("m1234-anna", rome("2025-02-01 09:00"))
BRUNO = Administrator("m1234-bruno", rome("2025-03-01 09:00"))
CARLA = Administrator("m1234-carla", rome("2025-04-01 09:00"))
EVERYBODY = [BRUNO, FIRST, CARLA, ANNA]


@pytest.mark.parametrize(
    ("today", "expires_on", "expected"),
    [
        ("2026-02-28", "2027-02-28", 1),
        ("2026-03-01", "2027-02-28", 3),
        ("2026-11-21", "2027-02-28", 3),
        ("2026-11-22", "2027-02-28", 4),
        ("2027-02-28", "2027-02-28", 4),
        ("2027-03-01", "2027-02-28", 4),  # in the grace those that covered E
        ("2027-03-10", "2027-02-28", 4),
        ("2027-03-01", "2028-02-29", 1),  # renewed without them
        ("2026-11-22", None, 4),
        ("2027-03-01", None, 1),
    ],
)
def test_seats_are_the_included_one_and_the_paid_ones_of_the_day(
    today: str, expires_on: str | None, expected: int
) -> None:
    last = date.fromisoformat(expires_on) if expires_on else None
    assert seats(GRANTS, date.fromisoformat(today), last) == expected


def test_every_platform_has_its_first_administrator() -> None:
    assert seats([], date(2026, 11, 22), E) == INCLUDED_SEATS == 1


@pytest.mark.parametrize(("quantity", "days"), [(0, 0), (-1, 0), (1, -1)])
def test_a_grant_of_nobody_or_of_no_day_is_a_fault(quantity: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Grant(quantity, E, E + timedelta(days=days))


def test_a_grant_of_one_day_covers_it() -> None:
    assert Grant(1, E, E).covers(E)


@pytest.mark.parametrize(
    ("paid", "enabled", "invited", "free"),
    [
        (1, 1, 0, 0),
        (2, 1, 0, 1),
        (3, 1, 0, 2),
        (3, 1, 1, 1),
        (3, 1, 2, 0),  # an open invitation occupies a seat
        (3, 2, 1, 0),
        (3, 3, 0, 0),
        (3, 4, 0, 0),  # after a renewal with fewer seats, before anybody is disabled
    ],
)
def test_a_seat_is_free_that_nobody_has_and_nobody_is_invited_to(
    paid: int, enabled: int, invited: int, free: int
) -> None:
    assert free_seats(paid, enabled, invited) == free


def test_an_accepted_invitation_takes_the_seat_it_kept() -> None:
    assert free_seats(2, enabled=1, invited=1) == 0
    assert free_seats(2, enabled=1) == 1


@pytest.mark.parametrize(
    ("paid", "picked", "gone"),
    [
        (5, (), []),
        (4, (), []),
        (4, ("m1234-anna",), []),  # nobody has to go
        (3, (), [CARLA]),  # the newest
        (2, (), [CARLA, BRUNO]),
        (1, (), [CARLA, BRUNO, ANNA]),
        (3, ("m1234-anna",), [ANNA]),
        (2, ("m1234-anna",), [ANNA, CARLA]),  # picked too few: the newest follows
        (3, ("m1234-anna", "m1234-bruno"), [BRUNO]),  # picked too many: the newest of them
        (3, ("m1234",), [CARLA]),  # never the first
        (1, ("m1234",), [CARLA, BRUNO, ANNA]),
        (3, ("m1234-nobody",), [CARLA]),
    ],
)
def test_the_customer_picks_who_goes_else_the_newest(
    paid: int, picked: tuple[str, ...], gone: list[Administrator]
) -> None:
    assert list(pick_disabled(EVERYBODY, paid, picked)) == gone


def test_of_two_of_the_same_age_always_the_same_one_goes() -> None:
    twins = [Administrator(f"m1234-{name}", ANNA.created_at) for name in ("a", "b")]
    assert pick_disabled([FIRST, *twins], 2) == pick_disabled([FIRST, *reversed(twins)], 2) == (twins[1],)


def test_fewer_seats_than_the_included_one_are_a_fault() -> None:
    with pytest.raises(ValueError, match="at least 1 seat"):
        pick_disabled(EVERYBODY, 0)


@given(st.integers(0, 8), st.integers(1, 9), st.sets(st.integers(0, 9)))
def test_the_enabled_never_exceed_the_seats_and_no_more_go_than_must(others: int, paid: int, picks: set[int]) -> None:
    people = [FIRST, *(Administrator(f"m1234-{n}", FIRST.created_at + timedelta(days=n)) for n in range(others))]
    gone = pick_disabled(people, paid, {f"m1234-{n}" for n in picks} | {"m1234"})
    assert FIRST not in gone
    assert len(people) - len(gone) == min(len(people), paid)
