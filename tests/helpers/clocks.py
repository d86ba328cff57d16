"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class StandingClock:
    """Friday 20 November 2026, 10:00 in Rome: a working day like any other."""

    def __init__(self, instant: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def move(self, **by: float) -> None:
        self.instant += timedelta(**by)

    def set(self, instant: datetime) -> None:
        self.instant = instant.astimezone(UTC)
