"""Calendars of other people: the days on which banks move euros."""

from datetime import date
from functools import cache


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    """The days on which the payment system of the European Central Bank rests."""
    import holidays  # here, because most processes never ask: 4 MB

    return frozenset(holidays.financial_holidays("XECB", years=year))


def is_bank_day(day: date) -> bool:
    """Whether it is a bank working day."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)
