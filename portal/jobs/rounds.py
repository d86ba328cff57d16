"""The round: what a worker does every minute of its own accord, without a row of the outbox that asks for it.

Each thing in it is safe to repeat and to do by several workers at once: so every worker makes its rounds, none has to
be the chosen one, and one that dies leaves nothing undone. Each thing is a transaction of its own, so that a fault of
one platform stops no other. What a date brings is not in it: that is done once a day, by one of them (`nightly`).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from portal import seats
from portal.jobs import export, lost_factors, nightly, purge
from portal.kit import chain
from portal.parts import Parts
from portal.rules import dates
from portal.subscription import seating
from portal.subscription.seating import Reduction

log = logging.getLogger("portal")
EVERY = timedelta(minutes=1)  # between the rounds of a worker: how late anything in it may be


@dataclass
class Rounds:
    """The rounds of one worker: `make_if_due` may be called as often as one likes."""

    parts: Parts
    last: datetime | None = None
    stopping: Callable[[], bool] = nightly.never  # whether the worker was told to stop: a night is long

    def make_if_due(self) -> bool:
        """Make a round if the last one is a minute old, or lies ahead of a clock that was put back; then the nights."""
        at = self.parts.clock.now()
        if self.last is not None and self.last <= at < self.last + EVERY:
            return False
        make_round(self.parts)
        nightly.work_due(self.parts, self.stopping)
        self.last = at  # not where it failed: the next call tries again
        return True


def make_round(parts: Parts) -> None:
    """Everything that is due now."""
    today = dates.business_date(parts.clock.now(), parts.settings.timezone)
    with parts.database.read() as db:
        due = seating.due_reductions(db, today)
    for plan in due:
        _reduce(parts, plan)
    lost_factors.take_off_due(parts)
    _seal(parts)
    export.tidy_up(parts)
    purge.go_on(parts)


def _reduce(parts: Parts, plan: Reduction) -> None:
    try:
        with parts.database.write() as db:
            gone = seats.apply_reduction(db, plan, parts.settings.timezone, at=parts.clock.now())
    except SQLAlchemyError as error:  # another transaction was in the way: the plan is still due at the next round
        log.error("seats not reduced", extra={"row": plan.id, "fault": type(error).__name__})
    else:
        log.info("seats reduced", extra={"row": plan.id, "administrators": len(gone)})


def _seal(parts: Parts) -> None:
    """Seal the events that have been written since the last round, a slice in each transaction."""
    with parts.database.read() as db:
        more = chain.waiting(db)
    try:
        while more:
            with parts.database.background() as db:
                more = chain.seal(db) == chain.SLICE
    except (
        SQLAlchemyError,
        *chain.UNREADABLE,
    ) as error:  # the next round tries again; `portal activity verify` says what is in the way
        log.error("events not sealed", extra={"fault": type(error).__name__})
