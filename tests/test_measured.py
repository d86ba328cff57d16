"""What is kept of the measurements: the instructions of a page, and the README's table."""

from pathlib import Path

import pytest

from bench import goals, instructions, yardstick
from bench.__main__ import MEASURED, README
from bench.counted import OVERVIEW, SIGN_IN_PAGE
from bench.goals import Goal, Result
from bench.instructions import Counted

KEPT = Counted(a=4e6, overview=3e6, overview_anew=8e6, sign_in_page=2e6)


@pytest.mark.soak
def test_no_page_takes_more_instructions_than_are_kept(tmp_path: Path) -> None:
    assert instructions.risen(instructions.count(tmp_path), instructions.kept()) == {}, "see bench/instructions.py"


def test_a_rise_of_more_than_five_per_cent_is_noticed_on_each_page() -> None:
    assert set(instructions.risen(Counted(4e6, 3.16e6, 8e6, 2e6), KEPT)) == {OVERVIEW}
    assert set(instructions.risen(Counted(4e6, 3e6, 8e6, 2.11e6), KEPT)) == {SIGN_IN_PAGE}


def test_a_rise_of_five_per_cent_passes() -> None:
    assert instructions.risen(Counted(4e6, 3.14e6, 8.3e6, 2.09e6), KEPT) == {}


def test_another_python_shifts_all_counts_alike_and_is_no_rise() -> None:
    assert instructions.risen(Counted(5e6, 3.75e6, 10e6, 2.5e6), KEPT) == {}


def test_the_counts_are_kept() -> None:
    kept = instructions.kept()
    assert kept.a > 1e6
    assert 0 < kept.overview < kept.overview_anew
    assert kept.sign_in_page > 0


@pytest.mark.parametrize(
    ("figure", "least", "met"), [(2.0, False, True), (2.01, False, False), (2.0, True, True), (1.99, True, False)]
)
def test_a_goal_is_met_at_its_limit(figure: float, least: bool, met: bool) -> None:
    assert Result(Goal("a goal", "part", 2, least=least), figure).met is met


def test_what_was_measured_earlier_stays_beside_what_is_measured_again(tmp_path: Path) -> None:
    one, other = Goal("one", "part", 2), Goal("other", "part", None)
    goals.store(tmp_path / "found.json", [Result(one, 3.0), Result(other, 1.0)])
    goals.store(tmp_path / "found.json", [Result(one, 1.5, "again")])
    assert goals.load(tmp_path / "found.json") == [Result(one, 1.5, "again"), Result(other, 1.0)]


def test_the_readme_tells_what_was_measured() -> None:
    text = README.read_text()
    assert goals.BEGIN in text
    assert goals.told_anew(text, goals.load(MEASURED)) == text, "run `python -m bench --readme`"


@pytest.mark.parametrize("size", [5_000, 7_200, 8_500])
def test_the_yardsticks_page_is_as_long_as_it_is_told_to_be(tmp_path: Path, size: int) -> None:
    from bench.driver import Browser, enter
    from bench.houses import token_hash

    yardstick.seed(tmp_path / "a.db", 10, token_hash())
    browser = Browser(yardstick.create_app(tmp_path / "a.db", yardstick.rows_for(size)))
    enter(browser, 7)
    assert abs(len(browser.ask("GET", "/page")[1].encode()) - size) < 150
