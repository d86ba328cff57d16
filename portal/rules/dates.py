"""Calendar days of the business, and the instants at which they begin and end.

Two kinds of time, never mixed: a *business date* is a `date` in the business time zone, an *instant* an aware
`datetime`. Nothing here looks at a clock or at the machine's own zone. Source: RULES.md, Time.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
MONTHS_OF_A_YEAR = 12


def as_utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime: nobody knows which instant it means.

    >>> as_utc(datetime(2026, 11, 22, 12))
    Traceback (most recent call last):
    ...
    ValueError: an instant needs a time zone: 2026-11-22T12:00:00
    """
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise ValueError(f"an instant needs a time zone: {at.isoformat()}")
    return at.astimezone(UTC)


def business_date(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day on which the instant falls in the zone. Raises ValueError for a naive datetime.

    >>> business_date(datetime(2026, 12, 2, 23, 0, tzinfo=UTC), ZoneInfo("Europe/Rome"))
    datetime.date(2026, 12, 3)
    """
    return as_utc(at).astimezone(zone).date()


@lru_cache(maxsize=4096)  # a page asks for the same midnight a dozen times, and finding one costs ten look-ups
def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the business day, in UTC; the first that exists where clocks jump over midnight.

    >>> start_of(date(2026, 12, 3), ZoneInfo("Europe/Rome")).isoformat()
    '2026-12-02T23:00:00+00:00'
    >>> start_of(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).isoformat()  # 00:00 was skipped: 01:00 local
    '2018-11-04T03:00:00+00:00'
    """
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    return _end_of_gap(midnight.replace(fold=1).astimezone(UTC), instant, day, zone)


def _end_of_gap(before: datetime, after: datetime, day: date, zone: ZoneInfo) -> datetime:
    """The first second of `day` in (before, after], by halving: the gap may have begun before midnight."""
    while after - before > ONE_SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            after = middle
    return after


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after the business day, in UTC: RULES.md writes it end(E).

    An instant t belongs to what lasts through `day` if t < end_of(day).

    >>> end_of(date(2026, 11, 22), ZoneInfo("Europe/Rome")).isoformat()
    '2026-11-22T23:00:00+00:00'
    """
    return start_of(day + ONE_DAY, zone)


def add_months(anchor: date, months: int) -> date:
    """The day `months` months after the anchor, clamped to the last day of its month; negative goes back.

    Never feed a result back in: 31 January + 1 + 1 is not 31 January + 2.

    >>> [add_months(date(2027, 1, 31), n).isoformat() for n in (1, 2, 13)]
    ['2027-02-28', '2027-03-31', '2028-02-29']
    """
    year, month = divmod(anchor.year * MONTHS_OF_A_YEAR + anchor.month - 1 + months, MONTHS_OF_A_YEAR)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def months_between(anchor: date, day: date) -> int:
    """How many months after the month of the anchor the day lies, whatever the days of the month.

    >>> months_between(date(2027, 1, 31), date(2027, 2, 28))
    1
    """
    return (day.year - anchor.year) * MONTHS_OF_A_YEAR + day.month - anchor.month


def falls_on_anchor(anchor: date, day: date) -> bool:
    """Whether the day is the anchor plus a whole number of months, so that a term of its row may begin on it.

    >>> falls_on_anchor(date(2027, 1, 31), date(2027, 2, 28)), falls_on_anchor(date(2027, 1, 31), date(2027, 3, 30))
    (True, False)
    """
    return add_months(anchor, months_between(anchor, day)) == day


def last_day_of_term(starts_on: date, months: int, anchor: date | None = None) -> date:
    """The last day (E) of a term of `months` months; `anchor` is the first day of the first of a row of terms.

    Without an anchor the term is its own. Counting always from the anchor keeps the day of the month through short
    months, and lets terms tile: the next one starts the day after. Raises ValueError where starts_on does not belong
    to the anchor, or where there is no month at all.

    >>> last_day_of_term(date(2026, 3, 1), 12).isoformat()
    '2027-02-28'
    >>> last_day_of_term(date(2027, 2, 28), 1, anchor=date(2027, 1, 31)).isoformat()
    '2027-03-30'
    """
    if months < 1:
        raise ValueError("a term lasts at least one month")
    first = starts_on if anchor is None else anchor
    if not falls_on_anchor(first, starts_on):
        raise ValueError(f"{starts_on} is no whole number of months away from {first}")
    return add_months(first, months_between(first, starts_on) + months) - ONE_DAY
