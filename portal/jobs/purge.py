"""The deletion of platforms, driven: each step in a transaction of its own, and the files before the rows.

Several workers may do it at once, and any of them may die at any point: what a slice removed and what was counted of it
are one transaction, and a file that is gone already is no fault.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal import standing
from portal.jobs.night import Night, Tally, each
from portal.kit import erasing
from portal.parts import Parts
from portal.purging import actions, queries
from portal.purging.preconditions import find_refusals
from portal.purging.queries import Purge
from portal.purging.steps import STEPS
from portal.rules import dates, terms
from portal.rules.lifecycle import PurgeRefusal
from portal.standing import Standing
from portal.subscription import exports
from portal.subscription.queries import possibly_over

log = logging.getLogger("portal")
MOST_SLICES = 200  # in one round of one worker: some seconds, after which its mails have their turn


@dataclass(frozen=True, slots=True)
class Candidate:
    """A platform whose time is over: why it stays, and how many rows would go."""

    place: Standing
    refusals: tuple[PurgeRefusal, ...]
    rows: dict[str, int]


def find_candidates(parts: Parts) -> Iterator[Candidate]:
    """Every platform that is due for deletion now, as a dry run tells it."""
    for number in _due(parts):
        with parts.database.read() as db:
            place = _standing(parts, db, number)
            rows = {step.name: erasing.count(db, step, number) for step in STEPS}
            yield Candidate(place, find_refusals(db, place), {name: count for name, count in rows.items() if count})


def mark_all(night: Night) -> Tally:
    """Mark every platform that may be deleted: a step of the night."""
    return each(night, "platform", _due(night.parts), lambda db, number: _mark(night.parts, db, number))


def mark_due(parts: Parts) -> int:
    """As `mark_all`, at once; returns how many were marked."""
    return mark_all(
        Night(parts, dates.business_date(parts.clock.now(), parts.settings.timezone), parts.clock.now())
    ).done


def _mark(parts: Parts, db: Connection, number: int) -> int:
    place = standing.lock(db, number, at=parts.clock.now(), zone=parts.settings.timezone)
    if find_refusals(db, place) or not actions.mark(db, place):
        return 0
    log.info("platform marked for deletion", extra={"platform": number})
    return 1


def go_on(parts: Parts) -> None:
    """Do what is due of every deletion that is on its way."""
    with parts.database.read() as db:
        going = queries.find_marked(db)
    for purge in going:
        try:
            _next(parts, purge)
        except (SQLAlchemyError, OSError) as error:  # one that is in the way stops no other, and is tried again
            log.error("deletion interrupted", extra={"platform": purge.platform_id, "fault": type(error).__name__})


def _next(parts: Parts, purge: Purge) -> None:
    if purge.began_at is None:
        _begin(parts, purge)
    elif purge.erased_at is None:
        _erase(parts, purge)
    else:
        _finish(parts, purge)


def _due(parts: Parts) -> list[int]:
    """The platforms that are due for deletion, by the one function that says so."""
    last = dates.business_date(parts.clock.now(), parts.settings.timezone) - timedelta(days=terms.GRACE_DAYS)
    with parts.database.read() as db:
        numbers = possibly_over(db, last)
        return [number for number in numbers if not _standing(parts, db, number).state.may_sign_in]


def _standing(parts: Parts, db: Connection, number: int) -> Standing:
    return standing.find(db, number, at=parts.clock.now(), zone=parts.settings.timezone)


def _begin(parts: Parts, purge: Purge) -> None:
    at = parts.clock.now()
    if at < purge.due_at:
        return
    with parts.database.write() as db:
        refusals = actions.begin(db, purge, at=at, zone=parts.settings.timezone)
    if refusals:
        log.warning("deletion stopped", extra={"platform": purge.platform_id, "why": ", ".join(refusals)})
        return
    log.info("deletion begun", extra={"platform": purge.platform_id})
    _erase(parts, purge)


def _erase(parts: Parts, purge: Purge) -> None:
    """The files before the rows that know their names; then slice by slice."""
    with parts.database.read() as db:
        names = exports.files(db, purge.platform_id)
    for name in names:
        (exports.folder(parts.settings) / name).unlink(missing_ok=True)
    for _ in range(MOST_SLICES):
        with parts.database.background() as db:
            more = actions.erase_slice(db, purge.id, at=parts.clock.now())
        if not more:
            log.info("platform erased", extra={"platform": purge.platform_id})
            return


def _finish(parts: Parts, purge: Purge) -> None:
    with parts.database.write() as db:
        done = actions.finish(db, purge, at=parts.clock.now())
    if done:
        parts.database.forget_removed()
        log.info("deletion finished", extra={"platform": purge.platform_id})
