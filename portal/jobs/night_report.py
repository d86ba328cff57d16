"""What a night would do, for people to read before it does: `portal nightly --dry-run`. Nothing is written."""

from collections.abc import Callable, Iterator

from portal.accounts.queries import Administrator
from portal.jobs import cleaning, day_changes, reconciling, reminders
from portal.jobs.night import Night, slices
from portal.rules.reminders import Kind, Notice

ABOUT = {
    Kind.TERM: "the term",
    Kind.CANCELLED: "the cancelled term",
    Kind.TRIAL: "the trial",
    Kind.CREDITS: "the credits",
    Kind.DORMANT: "the deletion of an unused platform",
}


def _reminders(night: Night) -> Iterator[str]:
    for places in slices(night):
        for place, due in reminders.find_in(night, places):
            for notice in due:
                with night.parts.database.read() as db:
                    people = reminders.recipients(db, place.platform.id)
                yield f"platform {place.platform.id}: {_when(notice)}, to {_to(people)}"


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
    for places in slices(night):
        for place, lots in day_changes.find_lost(night, places):
            lost = sum(lot.remaining for lot in lots)
            yield f"platform {place.platform.id}: {lost} credits of {len(lots)} lots, whose last day has passed"


def _told(night: Night) -> Iterator[str]:
    if night.parts.service is None:
        return
    for places in slices(night):
        for place in day_changes.find_changed(night, places):
            yield f"platform {place.platform.id}: {place.state}"


def _payments(night: Night) -> Iterator[str]:
    for payment in reconciling.find_open(night):
        yield f"payment {payment.id} of platform {payment.platform_id}: its provider is asked"


def _cleaning(night: Night) -> Iterator[str]:
    for table, rows in cleaning.count(night).items():
        if rows:
            yield f"{table}: {rows}"


REPORTS: dict[str, Callable[[Night], Iterator[str]]] = {
    "reminders": _reminders,
    "write-offs": _write_offs,
    "sending service": _told,
    "payments": _payments,
    "cleaning": _cleaning,
}
