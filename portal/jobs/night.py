"""What the steps of a night share: the walk over all platforms in slices, and the act on each, with its own faults."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal import standing
from portal.kit import faults
from portal.parts import Parts
from portal.rules import dates
from portal.standing import Standing
from portal.subscription.queries import living_after

SLICE = 500  # platforms that are read together
log = logging.getLogger("portal")


class Interrupted(Exception):
    """Somebody else has the step by now, or this worker is to stop: what was done stays, the rest is left to others."""


def _go_on() -> None:
    return None


@dataclass(frozen=True)
class Night:
    """The night of a business day, and the instant from which the platforms are looked at.

    go_on: called between slices and acts; raises Interrupted.
    """

    parts: Parts
    day: date
    at: datetime
    go_on: Callable[[], None] = _go_on

    @property
    def zone(self) -> ZoneInfo:
        return self.parts.settings.timezone

    @cached_property
    def today(self) -> date:
        """The day on which it is worked: later than `day` where that was missed."""
        return dates.business_date(self.at, self.zone)


@dataclass(frozen=True, slots=True)
class Tally:
    """How much was done (notices, rows, …), and how many platforms or slices failed, which the next run takes again."""

    done: int = 0
    failed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.done + other.done, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.done} done, {self.failed} failed"


def due(night: Night, judge: Callable[[list[Standing]], Iterable[int]]) -> Iterator[list[int]]:
    """Slice by slice, the platforms that have something due; every platform that is not deleted is looked at.

    judge: which of these that were read together; it need not be right, since whoever acts on one looks again. Where a
    slice cannot be judged because of one of its platforms, all of them count as due, and that one fails alone.
    """
    after = 0
    while numbers := _next(night, after):
        try:
            with night.parts.database.read() as db:
                places = standing.find_after(db, after, at=night.at, zone=night.zone, most=SLICE)
            found = list(judge(places))
        except Exception as error:
            log_fault(error, first=numbers[0], last=numbers[-1])
            found = numbers
        yield found
        after = numbers[-1]
        night.go_on()


def _next(night: Night, after: int) -> list[int]:
    with night.parts.database.read() as db:
        return [platform.id for platform in living_after(db, after, most=SLICE)]


def each(night: Night, what: str, numbers: Iterable[int], act: Callable[[Connection, int], int]) -> Tally:
    """`act` on each of these, in a transaction of its own that returns how much it did; one that fails stops no other.

    what: in the log, what the numbers are of.
    """
    tally = Tally()
    for number in numbers:
        try:
            with night.parts.database.background() as db:
                done = act(db, number)
        except Exception as error:  # whatever is wrong with one, the others have their night
            log_fault(error, **{what: number})
            tally += Tally(failed=1)
        else:
            tally += Tally(done)
    return tally


def log_fault(error: Exception, **about: object) -> None:
    """Where it happened, without the words of the error: those may hold an address or what somebody typed."""
    log.error("night failed", extra=about | {"fault": type(error).__name__, "places": faults.places(error, 8)})
