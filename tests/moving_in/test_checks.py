"""People, lots and invoices against each other and against their platforms. Today is 20 November 2026."""

from pathlib import Path
from typing import Any

import pytest

from portal import standing
from tests.helpers.house import House
from tests.helpers.moving_in import Mover, invoice, lot, person, platform, sms_only

TWO = [platform(), platform(7)]


@pytest.fixture
def mover(house: House, tmp_path: Path) -> Mover:
    return Mover(house, tmp_path)


def named(found: list[str], faults: list[str]) -> None:
    assert len(found) == len(faults), found
    assert all(text.startswith(fault) for text, fault in zip(found, faults, strict=True)), found


@pytest.mark.parametrize(
    ("people", "faults"),
    [
        ([person(), person("m7-anna")], ["line 3, user_name: found 'm7-anna', expected a name of platform 1234"]),
        ([person(), person("m1234-x", first="yes")], ["line 3, first: found yes, expected no: only m and"]),
        ([person(first="no")], ["line 2, first: found no, expected yes: nobody else has such a name"]),
        ([person(), person("M1234")], ["line 3, user_name: found 'm1234', expected each one once: it is in line 2"]),
        ([person(), person("m0001234")], ["line 3, first: found yes, expected no: platform 1234 has its first"]),
        ([person(), person("m1234-a", 99)], ["line 3, user_name", "line 3, platform: found 99, expected a platform"]),
        ([person(disabled_on="2026-11-21")], ["line 2, disabled_on: found 2026-11-21, expected a day that is not"]),
        (
            [person(), person("m1234-a"), person("m1234-b"), person("m1234-c")],
            ["line 4, user_name: found 'm1234-b', expected no more than the 2 administrators that platform 1234"],
        ),
    ],
)
def test_what_is_wrong_with_people_is_named(mover: Mover, people: list[dict[str, Any]], faults: list[str]) -> None:
    mover.bring(platforms=[platform()], people=people)
    named(mover.faults(), [f"people.csv, {fault}" for fault in faults])


def test_disabled_people_take_no_seat(mover: Mover) -> None:
    people = [person("m1234"), person("m1234-a"), person("m1234-b", disabled_on="2026-11-20")]
    assert mover.bring(platforms=[platform()], people=people).moved()["people"] == (3, 0)


def test_a_padded_user_name_moves_in_as_people_know_it(mover: Mover) -> None:
    people = [person("m0001234"), person("m001234-anna")]
    assert mover.bring(platforms=[platform()], people=people).moved()["people"] == (2, 0)


def test_every_platform_that_moves_in_has_its_first_administrator(mover: Mover) -> None:
    mover.bring(platforms=TWO, people=[person("m1234"), person("m7-anna", 7)])
    named(mover.faults(), ["platforms.csv, line 3, id: found 7, expected its first administrator, m7, in "])


def test_a_first_administrator_with_a_fault_is_not_missed_as_well(mover: Mover) -> None:
    mover.bring(platforms=TWO, people=[person("m1234", email="x"), person("m7", 7, disabled_on="2027-01-01")])
    named(mover.faults(), ["people.csv, line 2, email", "people.csv, line 3, disabled_on"])


@pytest.mark.parametrize(
    ("home", "changes", "faults"),
    [
        (platform(), {"left": 1001}, ["left: found 1001, expected at most 1000"]),
        (platform(), {"bought_on": "2026-11-21"}, ["bought_on: found 2026-11-21, expected a day that is not to come"]),
        (platform(channels="email"), {}, ["platform: found 1234, expected a platform that sends SMS"]),
        (platform(), {"expires_on": "2027-02-27"}, ["expires_on: found 2027-02-27, expected 2027-02-28 or later"]),
        (sms_only(), {"expires_on": "2028-02-29"}, ["expires_on: found 2028-02-29, expected 2028-03-01 or later"]),
        (sms_only(), {"bought_on": "2024-11-19"}, ["left: found 400, expected 0: these credits ended on 2026-11-19"]),
        (platform(), {"platform": 9}, ["platform: found 9, expected a platform that moves in"]),
    ],
)
def test_what_is_wrong_with_a_lot_is_named(
    mover: Mover, home: dict[str, Any], changes: dict[str, Any], faults: list[str]
) -> None:
    mover.bring(platforms=[home], lots=[lot() | changes])
    named(mover.faults(), [f"lots.csv, line 2, {fault}" for fault in faults])


@pytest.mark.parametrize(
    ("home", "changes", "last_day"),
    [
        (platform(), {}, "2027-02-28"),
        (platform(), {"expires_on": "2027-02-28"}, "2027-02-28"),
        (platform(), {"expires_on": "2027-03-01"}, "2027-03-01"),
        (sms_only(), {}, "2028-03-01"),
        (sms_only(), {"expires_on": "2028-03-01"}, "2028-03-01"),
        (sms_only(), {"expires_on": "2028-03-02"}, "2028-03-02"),
        (sms_only(), {"bought_on": "2024-11-20"}, "2026-11-20"),
        (sms_only(), {"bought_on": "2024-11-19", "left": 0}, None),
    ],
)
def test_credits_last_as_the_rules_have_it_or_longer(
    mover: Mover, home: dict[str, Any], changes: dict[str, Any], last_day: str | None
) -> None:
    mover.bring(platforms=[home], lots=[lot() | changes]).moved()
    with mover.house.parts.database.read() as db:
        found = standing.credits_of(db, mover.house.place())
    assert [str(view.last_day) for view in found.lots] == ([last_day] if last_day else [])
    assert found.balance.spendable == (400 if last_day else 0)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"total": "121.99"}, ["total: found 121.99, expected 122.00, net and tax together"]),
        ({"net": "-100.00", "tax": "222.00"}, ["net: found -100.00, expected an amount on the same side"]),
        ({"issued_on": "2026-11-21"}, ["issued_on: found 2026-11-21, expected a day that is not to come"]),
        ({"number": "2026-000001"}, ["number: found '2026-000001', expected a number that this portal does not give"]),
        ({"number": "C2027-000001"}, ["number: found 'C2027-000001', expected a number that this portal"]),
        ({"platform": 9}, ["platform: found 9, expected a platform that moves in"]),
    ],
)
def test_what_is_wrong_with_an_invoice_is_named(mover: Mover, changes: dict[str, Any], faults: list[str]) -> None:
    mover.bring(platforms=[platform()], invoices=[invoice() | changes])
    named(mover.faults(), [f"invoices.csv, line 2, {fault}" for fault in faults])


def test_no_two_invoices_have_one_number(mover: Mover) -> None:
    mover.bring(platforms=TWO, invoices=[invoice(), invoice(platform=7)])
    named(mover.faults(), ["invoices.csv, line 3, number: found '118/2025', expected each one once: it is in line 2"])


@pytest.mark.parametrize("number", ["2025-000001", "1/2026", "FE 12.A-3", "000001"])
def test_a_number_that_the_portal_never_gives_stays_what_it_is(mover: Mover, number: str) -> None:
    assert mover.bring(platforms=[platform()], invoices=[invoice(number)]).moved()["invoices"] == (1, 0)
