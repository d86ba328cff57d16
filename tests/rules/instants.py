"""How the tables of the rules write an instant: local time of the business, to the microsecond."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

ROME = ZoneInfo("Europe/Rome")
TICK = timedelta(microseconds=1)  # the smallest step between two instants
EPOCH = datetime(2019, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 18 * 366 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))  # 2019 to 2037


def rome(text: str) -> datetime:
    """The instant at which a clock in Rome shows this: rome("2026-11-22 23:59:59.999999")."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


def utc(text: str) -> datetime:
    """The instant at which a clock in Greenwich shows this in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
