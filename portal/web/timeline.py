"""The pictures: where today stands between the paid days, the grace and the deletion; and how long each lot's bar is.

Numbers only, no words. Units are thousandths of the drawing's width, so that it may be as wide as the screen while its
letters keep their size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.rules import lifecycle
from portal.rules.credits import LotView
from portal.standing import Standing

WIDTH = 1000  # units of the drawing
EDGE = 250  # nearer to a side than this, the word "today" is written away from it
SHORTEST_BAR = 10  # a lot with few credits is still seen
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
    grace_width: int = GRACE_WIDTH
    gone_width: int = GONE_WIDTH

    @property
    def grace_days(self) -> int:
        """Ten, unless an exception was made."""
        return (self.grace_ends_on - self.expires_on).days

    @property
    def done_width(self) -> int:
        """How much of the paid part is behind."""
        return min(self.today_x, self.paid_width)

    @property
    def anchor(self) -> str:
        """Which end of the word "today" stands at today: SVG's text-anchor."""
        if self.today_x < EDGE:
            return "start"
        return "end" if self.today_x > WIDTH - EDGE else "middle"


def timeline(place: Standing) -> Timeline | None:
    """The picture of a platform with an expiry; None for one that only sends SMS."""
    term, expires_on = place.term, place.expires_on
    if term is None or expires_on is None:
        return None
    grace_ends_on = lifecycle.grace_last_day(expires_on, place.life.grace_until)
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


@dataclass(frozen=True, slots=True)
class Bar:
    lot: LotView
    width: int


def bars(lots: Sequence[LotView]) -> list[Bar]:
    """A bar for each lot, the one with the most credits over the whole width."""
    most = max((lot.remaining for lot in lots), default=1)
    return [Bar(lot, max(SHORTEST_BAR, round(WIDTH * lot.remaining / most))) for lot in lots]
