"""The nights: what the date of a day brings, done once in its early morning by whichever worker gets there first.

A night is a row of named steps. Each is claimed for itself, can be done again and again, and goes through its work in
slices; so it does not matter how many workers there are, when one dies, or whether somebody runs a night by hand. When
a night begins, and which ones were missed, is decided by `portal/rules/nights.py`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from portal.jobs import cleaning, day_changes, purge, reconciling, reminders
from portal.jobs.night import Interrupted, Night, Tally, log_fault
from portal.kit import nights
from portal.kit.nights import Claim
from portal.parts import Parts
from portal.rules import nights as rules

log = logging.getLogger("portal")
STEPS: dict[str, Callable[[Night], Tally]] = {
    "reminders": reminders.send,
    "sending service": day_changes.announce,
    "write-offs": day_changes.write_off,
    "payments": reconciling.ask_again,
    "deletions": purge.mark_all,
    "cleaning": cleaning.clean,
}


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Done:
    """How a step came out. tally: None where another worker is at it, or took it over; fault: what stopped it."""

    step: str
    tally: Tally | None
    fault: str = ""

    @property
    def complete(self) -> bool:
        return self.tally is not None and self.tally.failed == 0 and not self.fault


def work_due(parts: Parts, stopping: Callable[[], bool] = never) -> list[Done]:
    """Every step of every night that ought to have been worked by now, and that is free."""
    at, zone = parts.clock.now(), parts.settings.timezone
    with parts.database.read() as db:
        due_days = rules.to_work(nights.first(db), at, zone)
        known = nights.known(db, since=due_days[0]) if due_days else {}
    due = [(day, step) for day in due_days for step in STEPS if not known.get((day, step))]
    return [work(parts, day, step, stopping=stopping) for day, step in due if not stopping()]


def work(parts: Parts, day: date, step: str, *, anew: bool = False, stopping: Callable[[], bool] = never) -> Done:
    """One step, if nobody else has it. anew: also where it is done, or rests after a fault."""
    with parts.database.write() as db:
        claim = nights.claim(db, day, step, at=parts.clock.now(), anew=anew)
    if claim is None:
        return Done(step, None)
    night = Night(parts, day, parts.clock.now(), lambda: _go_on(parts, claim, stopping))
    try:
        tally = STEPS[step](night)
    except Interrupted:
        with parts.database.write() as db:
            nights.let_go(db, claim)
        return Done(step, None)
    except Exception as error:  # a step that cannot go on must not stop the others: it rests, and is taken again
        log_fault(error, day=day, step=step)
        parts.reports.send(error, night=day.isoformat(), step=step)
        return _end(parts, claim, Done(step, Tally(), type(error).__name__))
    return _end(parts, claim, Done(step, tally))


def _go_on(parts: Parts, claim: Claim, stopping: Callable[[], bool]) -> None:
    with parts.database.write() as db:
        if stopping() or not nights.hold(db, claim, at=parts.clock.now()):
            raise Interrupted


def _end(parts: Parts, claim: Claim, done: Done) -> Done:
    """Write down how it came out. What failed rests a while, and is then taken again."""
    at, report = parts.clock.now(), f"{done.tally} {done.fault}".strip()
    with parts.database.write() as db:
        if done.complete:
            nights.finish(db, claim, report, at=at)
        else:
            nights.put_off(db, claim, report, at=at)
    log.info("night worked", extra={"day": claim.day, "step": claim.step, "report": report})
    return done
