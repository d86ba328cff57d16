"""The machine's own time zone, and the zone an instant is written in, change no answer of a rule."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.rules import credits, sessions, throttle
from portal.rules.terms import BUSINESS_ZONE
from portal.rules.working_hours import Hours, Promise, due_at

ZONES = ["UTC", "Europe/Rome", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Niue"]
HOURS = Hours(BUSINESS_ZONE, lambda day: False)
EXPIRES_ON = date(2026, 11, 22)
AROUND_MIDNIGHT = [datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC) + timedelta(seconds=n) for n in range(3)]


def answers(zone: str) -> list[object]:
    """What the rules say around the midnight that ends E, with every instant written in this zone."""
    found: list[object] = []
    for instant in AROUND_MIDNIGHT:
        at = instant.astimezone(ZoneInfo(zone))
        claimed = throttle.sign_in_attempt(throttle.Record(), at)[1]
        found += [
            credits.lot_state(credits.Lot(1, date(2026, 1, 7), 5), EXPIRES_ON, at, BUSINESS_ZONE),
            sessions.liveness(at, at, at + timedelta(minutes=1)),
            throttle.to_json(claimed),
            throttle.from_json(throttle.to_json(claimed)),
            due_at(Promise.TAKEN_IN_CHARGE, at, HOURS),
        ]
    return found


@pytest.fixture(params=ZONES)
def machine_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_every_answer_is_the_same_wherever_the_machine_stands(machine_zone: str) -> None:
    expected = answers("UTC")
    assert expected[0] is credits.LotState.SPENDABLE
    assert expected[5] is credits.LotState.FROZEN
    assert expected[4] == datetime(2026, 11, 23, 12, tzinfo=UTC)
    for zone in ZONES:
        assert answers(zone) == expected
