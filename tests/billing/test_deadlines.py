"""Until when a bank transfer counts: what is told to the customer is what settling says afterwards."""

from datetime import date, timedelta

import pytest

from portal.billing import orders, queries
from portal.billing.choices import Choice, SeatsChoice, UpgradeChoice
from portal.billing.deadlines import Deadline, deadline
from portal.billing.queries import Order
from portal.billing.settle import Result
from tests.helpers.house import House
from tests.helpers.shop import A_YEAR, PACK

WAITS = date(2026, 12, 20)  # 30 days after the order of 20 November
UPGRADE = UpgradeChoice("pro", "business")


def awaited(house: House, choice: Choice, ends_in: int) -> Order:
    """An order that waits for a transfer, on a platform whose E is so many days away."""
    house.platform(1234, ends_in=ends_in)
    order, person = house.order(choice), house.administrator("m1234")
    assert person
    with house.parts.database.write() as db:
        orders.choose_transfer(db, order, to=person, at=house.clock.now(), zone=house.parts.settings.timezone)
        return queries.get_order(db, order.id)


@pytest.mark.parametrize(
    ("choice", "ends_in", "expected"),
    [
        (A_YEAR, 98, Deadline(WAITS, None)),
        (A_YEAR, 21, Deadline(WAITS, None)),
        (A_YEAR, 20, Deadline(WAITS, date(2026, 12, 28))),  # E+10 is the day on which the order ends
        (A_YEAR, 19, Deadline(date(2026, 12, 19), date(2026, 12, 28))),
        (A_YEAR, -3, Deadline(date(2026, 11, 27), date(2026, 12, 4))),
        (A_YEAR, -10, Deadline(date(2026, 11, 20), date(2026, 11, 27))),
        (PACK, 98, Deadline(WAITS, None)),
        (PACK, 5, Deadline(date(2026, 11, 25), None)),
        (SeatsChoice(1), 98, Deadline(WAITS, None)),
        (SeatsChoice(1), 37, Deadline(WAITS, None)),
        (SeatsChoice(1), 36, Deadline(WAITS, date(2026, 12, 26))),
        (SeatsChoice(1), 5, Deadline(date(2026, 11, 25), date(2026, 11, 25))),
        (UPGRADE, 5, Deadline(date(2026, 11, 25), date(2026, 11, 25))),
    ],
)
def test_the_last_days_of_a_transfer(house: House, choice: Choice, ends_in: int, expected: Deadline) -> None:
    assert deadline(awaited(house, choice, ends_in), house.parts.settings.timezone) == expected


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize(
    ("choice", "ends_in"), [(A_YEAR, 98), (A_YEAR, 20), (A_YEAR, 19), (A_YEAR, -3), (PACK, 98), (PACK, 20), (PACK, 5)]
)
def test_what_is_promised_is_kept(house: House, choice: Choice, late: int, ends_in: int) -> None:
    """On the last value date it is delivered, a day later it is given back."""
    order = awaited(house, choice, ends_in)
    day = deadline(order, house.parts.settings.timezone).value_on + timedelta(days=late)
    house.clock.move(days=(day - date(2026, 11, 20)).days)
    assert house.pay(order, value_date=day) is (Result.STAFF if late else Result.DELIVERED)


@pytest.mark.parametrize(("late", "result"), [(0, Result.DELIVERED), (1, Result.STAFF)])
@pytest.mark.parametrize("choice", [A_YEAR, SeatsChoice(1), UPGRADE])
def test_staff_have_until_the_last_day_to_confirm(house: House, choice: Choice, late: int, result: Result) -> None:
    order = awaited(house, choice, 5)
    found = deadline(order, house.parts.settings.timezone)
    assert found.confirmed_on
    house.clock.move(days=(found.confirmed_on - date(2026, 11, 20)).days + late)
    assert house.pay(order, value_date=found.value_on) is result
