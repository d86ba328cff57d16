"""The picture of time: where today stands between the paid days, the grace and the deletion. Numbers only, no words."""

from dataclasses import dataclass
from datetime import date, timedelta

from portal.rules import lifecycle
from portal.standing import Standing

WIDTH = 1000  # units of the drawing
GRACE_WIDTH = 240  # the ten days are drawn wider than they are: they matter most
GONE_WIDTH = 112
GAP = 4


@dataclass(frozen=True, slots=True)
class Timeline:
    """Widths and places in units of the drawing, from the left; days are business days."""

    starts_on: date
    expires_on: date
    grace_ends_on: date
    deleted_on: date
    today: date
    paid_width: int
    grace_x: int
    gone_x: int
    today_x: int


def timeline(place: Standing) -> Timeline | None:
    """The picture of a platform with an expiry; None for one that only sends SMS."""
    term, expires_on = place.term, place.expires_on
    if term is None or expires_on is None:
        return None
    grace_ends_on = lifecycle.grace_last_day(expires_on)
    paid_width = WIDTH - GRACE_WIDTH - GONE_WIDTH - 2 * GAP
    grace_x = paid_width + GAP
    gone_x = grace_x + GRACE_WIDTH + GAP
    if place.today <= expires_on:
        today_x = _between(place.today, term.starts_on, expires_on, 0, paid_width)
    elif place.today <= grace_ends_on:
        today_x = _between(place.today, expires_on + timedelta(days=1), grace_ends_on, grace_x, GRACE_WIDTH)
    else:
        today_x = gone_x + GONE_WIDTH // 2
    deleted_on = grace_ends_on + timedelta(days=1)
    return Timeline(
        term.starts_on, expires_on, grace_ends_on, deleted_on, place.today, paid_width, grace_x, gone_x, today_x
    )


def _between(today: date, first: date, last: date, x: int, width: int) -> int:
    """The middle of today's day, where `first` begins at `x` and `last` ends at `x + width`."""
    days = (last - first).days + 1
    done = min(max((today - first).days, 0), days - 1)
    return x + round(width * (2 * done + 1) / (2 * days))
