"""Days and instants as HTML: what people read, inside a `<time>` that machines read."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from portal.kit import texts
from portal.kit.texts import gettext as _

_TIME = Markup('<time datetime="%s">%s</time>')


def sentence(text: str, /, **parts: object) -> Markup:
    """A translated sentence with its parts put in; what is not HTML already is escaped."""
    return escape(text) % parts


def day(value: date) -> Markup:
    """22 November 2026."""
    return _TIME % (value.isoformat(), texts.day(value))


def weekday(value: date) -> Markup:
    """Sunday 22 November 2026: after a preposition, since no weekday asks for an elision in Italian."""
    return _TIME % (value.isoformat(), _full(value))


def last_minute(value: date) -> Markup:
    """Sunday 22 November 2026, 23:59: the last minute of what lasts through that day."""
    return _TIME % (f"{value.isoformat()}T23:59", _("%(day)s, 23:59", day=_full(value)))


def moment(value: datetime, zone: ZoneInfo) -> Markup:
    """22 November 2026, 10:02."""
    return _TIME % (_machine(value, zone), texts.moment(value, zone))


def clock(value: datetime, now: datetime, zone: ZoneInfo) -> Markup:
    """10:02 where that is today, else with its day."""
    if value.astimezone(zone).date() != now.astimezone(zone).date():
        return moment(value, zone)
    return _TIME % (_machine(value, zone), texts.clock(value, zone))


def _full(value: date) -> str:
    return f"{texts.weekday(value)} {value.year}"


def _machine(value: datetime, zone: ZoneInfo) -> str:
    return value.astimezone(zone).isoformat(timespec="minutes")
