"""The clock: aware, in UTC; the demonstration's can be moved, by every process of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.kit.clock import MovableClock, SystemClock

NEAR = timedelta(seconds=10)


def test_the_clock_tells_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < NEAR


def test_a_movable_clock_runs_with_the_real_one_until_it_is_moved(tmp_path: Path) -> None:
    assert abs(MovableClock(tmp_path / "clock").now() - datetime.now(UTC)) < NEAR


def test_moves_add_up_and_every_process_sees_them(tmp_path: Path) -> None:
    mine, others = MovableClock(tmp_path / "clock"), MovableClock(tmp_path / "clock")
    mine.move(timedelta(days=30))
    others.move(timedelta(days=-10))
    assert abs(mine.now() - datetime.now(UTC) - timedelta(days=20)) < NEAR


def test_the_clock_is_put_to_an_instant_and_back(tmp_path: Path) -> None:
    clock, there = MovableClock(tmp_path / "clock"), datetime(2028, 2, 29, tzinfo=UTC)
    clock.move_to(there)
    assert timedelta(0) <= clock.now() - there < NEAR
    clock.reset()
    clock.reset()
    assert clock.offset() == timedelta(0)


@pytest.mark.parametrize("text", ["", "tomorrow", "nan", "inf", "1e300", "\u00e8"])
def test_a_file_that_is_no_offset_leaves_the_real_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock"
    path.write_text(text, "utf-8")
    assert MovableClock(path).offset() == timedelta(0)
