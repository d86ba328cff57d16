"""The rows of a platform: what fits together, and what is told where it does not. Today is 20 November 2026."""

from pathlib import Path
from typing import Any

import pytest

from tests.helpers.house import House
from tests.helpers.moving_in import Mover, lot, person, platform, sms_only

EARLIER = {"first_day": "2025-03-01", "last_day": "2026-02-28"}
LATER = {"first_day": "2027-03-01", "last_day": "2028-02-29"}


@pytest.fixture
def mover(house: House, tmp_path: Path) -> Mover:
    return Mover(house, tmp_path)


@pytest.mark.parametrize(
    "rows",
    [
        [platform()],
        [platform(), platform(**EARLIER)],
        [platform(**LATER), platform(**EARLIER), platform()],
        [platform(first_day="2024-01-01", last_day="2024-12-31"), platform()],  # came back
        [platform(trial="yes", **EARLIER), platform()],
        [platform(first_day="2026-11-01", last_day="2026-11-30", trial="yes")],
        [platform(cancelled_on="2026-11-20")],
        [platform(channels="email"), platform(2, channels=" Email + SMS ")],
        [sms_only()],
    ],
)
def test_what_fits_moves_in(mover: Mover, rows: list[dict[str, Any]]) -> None:
    assert mover.bring(platforms=rows).moved() == {"platforms": (len({row["id"] for row in rows}), 0)}


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([platform(first_day="")], ["line 2, first_day: found nothing, expected a day"]),
        ([platform(last_day="")], ["line 2, last_day: found nothing, expected a day"]),
        ([platform(last_day="2026-02-28")], ["line 2, last_day: found 2026-02-28, expected a day from 2026-03-01 on"]),
        ([platform(edition="gold")], ["line 2, edition: found 'gold', expected one that a price list has"]),
        ([platform(edition="")], ["line 2, edition: found nothing, expected one that a price list has"]),
        ([platform(cancelled_on="2026-11-21")], ["line 2, cancelled_on: found 2026-11-21, expected a day that is not"]),
        (
            [platform(trial="yes", cancelled_on="2026-11-20")],
            ["line 2, cancelled_on: found 2026-11-20, expected nothing: a trial"],
        ),
        (
            [sms_only(edition="pro", trial="yes", additional_administrators=1)],
            ["line 2, edition: found 'pro'", "line 2, trial: found yes", "line 2, additional_administrators"],
        ),
        ([sms_only(), sms_only()], ["line 3, id: found 1234, expected each platform once: it is in line 2"]),
        (
            [platform(), platform()],
            ["line 3, first_day: found 2026-03-01, expected days that are not in line 2, which has 2026-03-01"],
        ),
        (
            [platform(), platform(first_day="2025-03-01", last_day="2026-03-01")],
            ["line 3, first_day: found 2025-03-01, expected days that are not in line 2"],
        ),
        (
            [platform(), platform(company="Rossi", channels="email", **EARLIER)],
            ["line 3, company: found 'Rossi', expected what line 2 has", "line 3, channels"],
        ),
        (
            [platform(), platform(first_day="2027-03-02", last_day="2028-02-29")],
            ["line 3, first_day: found 2027-03-02, expected 2027-03-01: a term to come follows at once"],
        ),
        ([platform(**LATER)], ["line 2, first_day: found 2027-03-01, expected at most one term to come"]),
        (
            [platform(), platform(**LATER), platform(first_day="2028-03-01", last_day="2029-02-28")],
            ["line 4, first_day: found 2028-03-01, expected at most one term to come"],
        ),
        ([platform(**EARLIER), platform(trial="yes")], ["line 3, trial: found yes, expected no: line 2 has a paid"]),
    ],
)
def test_what_does_not_fit_is_named(mover: Mover, rows: list[dict[str, Any]], faults: list[str]) -> None:
    found = mover.bring(platforms=rows).faults()
    assert len(found) == len(faults), found
    assert all(text.startswith(f"platforms.csv, {fault}") for text, fault in zip(found, faults, strict=True)), found


@pytest.mark.parametrize(("last_day", "moves_in"), [("2026-11-10", True), ("2026-11-11", True), ("2026-11-09", False)])
def test_a_platform_moves_in_through_the_last_day_of_its_grace(mover: Mover, last_day: str, moves_in: bool) -> None:
    mover.bring(platforms=[platform(last_day=last_day)])
    if moves_in:
        assert mover.moved() == {"platforms": (1, 0)}
        assert mover.house.place().state == "grace"
    else:
        (fault,) = mover.faults()
        assert "line 2, last_day: found 2026-11-09, expected a later day: the time to renew ended 10 days" in fault


def test_terms_that_follow_each_other_are_counted_from_the_first_of_them(mover: Mover) -> None:
    """31 January, so that the day of the month tells which anchor it was."""
    mover.bring(
        platforms=[
            platform(first_day="2025-01-31", last_day="2026-02-27"),
            platform(first_day="2026-02-28", last_day="2027-02-27"),
        ]
    ).moved()
    assert [str(paid.term.anchor) for paid in mover.house.place().paid] == ["2025-01-31", "2025-01-31"]


@pytest.mark.parametrize(
    "earlier",
    [
        {"first_day": "2025-03-15", "last_day": "2026-02-28"},  # follows, but on another day of the month
        {"first_day": "2025-01-01", "last_day": "2025-12-31"},  # a gap
    ],
)
def test_other_terms_begin_a_row_of_their_own(mover: Mover, earlier: dict[str, str]) -> None:
    mover.bring(platforms=[platform(**earlier), platform()]).moved()
    assert str(mover.house.place().paid[-1].term.anchor) == "2026-03-01"


def test_nothing_is_told_twice_of_a_platform_with_an_unreadable_row(mover: Mover) -> None:
    mover.bring(platforms=[platform(channels="fax")], people=[person()], lots=[lot()])
    assert [fault.partition(": ")[0] for fault in mover.faults()] == ["platforms.csv, line 2, channels"]
