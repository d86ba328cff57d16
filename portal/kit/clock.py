"""The only reader of time. Everything else receives the instant as a parameter."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def stopwatch() -> Callable[[], float]:
    """Begin to count; what is returned tells the seconds since, however the clock is set meanwhile."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun


class MovableClock:
    """The demonstration's clock: real time plus an offset that every process of the demo shares through a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset()

    def offset(self) -> timedelta:
        try:
            return timedelta(seconds=float(self._path.read_text("ascii")))
        except (FileNotFoundError, ValueError, OverflowError):
            return timedelta()

    def move(self, by: timedelta) -> None:
        self._save(self.offset() + by)

    def move_to(self, instant: datetime) -> None:
        self._save(instant - datetime.now(UTC))

    def reset(self) -> None:
        self._path.unlink(missing_ok=True)

    def _save(self, offset: timedelta) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(offset.total_seconds()), "ascii")
        fresh.replace(self._path)
