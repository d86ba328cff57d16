"""Exports: where one stands, how long a finished one is there, and when the next may be asked for.

Source: RULES.md, Life of a platform (Export). Where it is silent: a finished export can be downloaded for EXPORT_LIFE.
A platform may ask for EXPORTS_PER_PLATFORM in any EXPORT_WINDOW; one that could not be made was no fault of theirs and
does not count.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from portal.rules.dates import as_utc
from portal.rules.terms import EXPORT_LIFE, EXPORT_WINDOW, EXPORTS_PER_PLATFORM


class Stage(StrEnum):
    """Where an export stands."""

    MAKING = "making"
    READY = "ready"
    OVER = "over"  # it was there for its time, and is not any more
    FAILED = "failed"


def kept_until(ready_at: datetime) -> datetime:
    """The first instant at which it can no longer be downloaded."""
    return as_utc(ready_at) + EXPORT_LIFE


def stage(expires_at: datetime | None, failed_at: datetime | None, at: datetime) -> Stage:
    """Where it stands at the instant. expires_at: None until it is ready.

    >>> from datetime import UTC
    >>> until = datetime(2026, 11, 27, 9, tzinfo=UTC)
    >>> stage(until, None, datetime(2026, 11, 27, 8, 59, tzinfo=UTC)), stage(until, None, until)
    (<Stage.READY: 'ready'>, <Stage.OVER: 'over'>)
    """
    if expires_at is not None:
        return Stage.READY if as_utc(at) < as_utc(expires_at) else Stage.OVER
    return Stage.MAKING if failed_at is None else Stage.FAILED


def next_from(asked: Iterable[datetime], at: datetime) -> datetime | None:
    """The instant from which another may be asked for; None: now. asked: when the earlier ones were.

    An instant ahead of `at` was written before the clock was put back, and counts for nothing.
    """
    moment = as_utc(at)
    recent = sorted(as_utc(one) for one in asked if moment - EXPORT_WINDOW < as_utc(one) <= moment)
    return recent[-EXPORTS_PER_PLATFORM] + EXPORT_WINDOW if len(recent) >= EXPORTS_PER_PLATFORM else None
