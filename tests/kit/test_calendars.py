"""Bank working days: Monday to Friday, except the days on which the payment system of the euro rests."""

from datetime import date

import pytest

from portal.kit.calendars import is_bank_day


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 11, 20), True),  # Friday
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), True),
        (date(2026, 12, 8), True),  # a holiday in Italy, not of the payment system
        (date(2026, 12, 25), False),
        (date(2027, 1, 1), False),
        (date(2027, 3, 26), False),  # Good Friday
        (date(2027, 3, 29), False),  # Easter Monday
        (date(2027, 3, 30), True),
    ],
)
def test_the_days_on_which_banks_work(day: date, open_: bool) -> None:
    assert is_bank_day(day) is open_
