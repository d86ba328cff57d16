"""What a night would do, for people to read before it does: `portal nightly --dry-run`. Nothing is written."""

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import Connection

from portal import standing
from portal.accounts.queries import Administrator
from portal.credits import queries as credits
from portal.jobs import cleaning, day_changes, purge, reconciling, reminders
from portal.jobs.night import Night, due
from portal.rules.credits import Lot
from portal.rules.reminders import Kind, Notice
from portal.standing import Standing

ABOUT = {
    Kind.TERM: "the term",
    Kind.CANCELLED: "the cancelled term",
    Kind.TRIAL: "the trial",
    Kind.CREDITS: "the credits",
    Kind.DORMANT: "the deletion of an unused platform",
}


def _reminders(night: Night) -> Iterator[str]:
    for number in _numbers(night, reminders.judge):
        with night.parts.database.read() as db:
            place, lots = _read(db, night, number)
            people = _to(reminders.recipients(db, number))
            for notice in reminders.find_of(db, night, place, lots):
                yield f"platform {number}: {_when(notice)}, to {people}"


def _numbers(night: Night, judge: Callable[[Night, list[Standing]], Iterator[int]]) -> Iterator[int]:
    for numbers in due(night, partial(judge, night)):
        yield from numbers


def _read(db: Connection, night: Night, number: int) -> tuple[Standing, list[Lot]]:
    return standing.find(db, number, at=night.at, zone=night.zone), credits.lots_of(db, number)


def _when(notice: Notice) -> str:
    """The notice by its own day; sent late it keeps it."""
    days = abs(notice.offset)
    ending = f"{ABOUT[notice.kind]} of {notice.about}"
    if days == 0:
        return f"{ending}, on the day"
    return f"{ending}, {days} {'day' if days == 1 else 'days'} {'before' if notice.offset < 0 else 'after'}"


def _to(people: list[Administrator]) -> str:
    return ", ".join(f"{person.username} ({person.language})" for person in people) or "nobody: there is no one"


def _write_offs(night: Night) -> Iterator[str]:
    for number in _numbers(night, day_changes.judge_lost):
        with night.parts.database.read() as db:
            lots = day_changes.find_lost(*_read(db, night, number))
        if lots:
            yield f"platform {number}: {sum(lot.remaining for lot in lots)} credits, whose last day has passed"


def _told(night: Night) -> Iterator[str]:
    if night.parts.service is None:
        return
    for number in _numbers(night, day_changes.judge_changed):
        with night.parts.database.read() as db:
            place, lots = _read(db, night, number)
        if day_changes.is_changed(night, place, lots):
            yield f"platform {number}: {place.state}"


def _payments(night: Night) -> Iterator[str]:
    for payment in reconciling.find_open(night):
        yield f"payment {payment.id} of platform {payment.platform_id}: its provider is asked"


def _deletions(night: Night) -> Iterator[str]:
    for candidate in purge.find_candidates(night.parts):
        why = f"stays: {', '.join(candidate.refusals)}" if candidate.refusals else "is marked for deletion"
        yield f"platform {candidate.place.platform.id}: {why}"


def _cleaning(night: Night) -> Iterator[str]:
    for table, rows in cleaning.count(night).items():
        if rows:
            yield f"{table}: {rows}"


REPORTS: dict[str, Callable[[Night], Iterator[str]]] = {
    "reminders": _reminders,
    "sending service": _told,
    "write-offs": _write_offs,
    "payments": _payments,
    "deletions": _deletions,
    "cleaning": _cleaning,
}
