"""The work of a night: when it begins, and which nights are still to be worked.

The night of a business day is the work that this date brings: notices, the end of a term or of the grace, clean-up. It
is done in the morning of the day. Source: RULES.md, Life of a platform (Reminders). Where it is silent:
- It begins at NIGHT_FROM on the clocks of the business, and not before the date has begun in UTC too. Nothing is
  worked in the first hours of a day, as long as the two calendars name different days: in Rome until 1 or 2 o'clock.
- Who comes too late begins at once, at any other hour. Whole days that were missed are made up for, the oldest first,
  as far back as NIGHTS_MADE_UP; nothing before the first night that was ever worked.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portal.rules.dates import ONE_DAY, as_utc, business_date
from portal.rules.terms import NIGHT_FROM, NIGHTS_MADE_UP


def begins_at(day: date, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which the night of this day may be worked.

    >>> begins_at(date(2026, 11, 22), ZoneInfo("Europe/Rome")).isoformat()
    '2026-11-22T03:00:00+00:00'
    >>> begins_at(date(2026, 11, 22), ZoneInfo("Pacific/Auckland")).isoformat()  # 13:00 there
    '2026-11-22T00:00:00+00:00'
    """
    there = datetime.combine(day, NIGHT_FROM, tzinfo=zone).astimezone(UTC)
    return max(there, datetime.combine(day, time.min, tzinfo=UTC))


def to_work(first: date | None, at: datetime, zone: ZoneInfo) -> list[date]:
    """The nights that ought to have been worked at the instant, the oldest first.

    first: the oldest night that is known to have been begun; None where there was none yet, and so none was missed.
    """
    now, today = as_utc(at), business_date(at, zone)
    begun = now >= begins_at(today, zone)
    if not begun and now.date() != today:
        return []
    last = today if begun else today - ONE_DAY
    oldest = last if first is None else max(first, last - timedelta(days=NIGHTS_MADE_UP))
    return [oldest + timedelta(days=number) for number in range((last - oldest).days + 1)]
