"""`portal nightly`: the work of a night by hand, or what it would be."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from portal.cli.base import portal_parts
from portal.rules import dates, nights

if TYPE_CHECKING:
    from portal.jobs.nightly import Done
    from portal.parts import Parts


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="A business day. Default: today.")
@click.option("--dry-run", is_flag=True, help="Say who would get what, and write nothing; also for a day to come.")
def nightly(day: datetime | None, dry_run: bool) -> None:
    """Do the work of a night now: reminders, what the day changes, clean-up. A worker does it by itself.

    It may be run as often as one likes: nothing is sent or done twice. Of a day that has passed, what is still the
    newest to tell is told. Exit 0 only if every step of it is done.
    """
    parts = portal_parts(told=True)
    today = dates.business_date(parts.clock.now(), parts.settings.timezone)
    wanted = day.date() if day else today
    if dry_run:
        _tell(parts, wanted, today)
    elif wanted > today:
        raise click.ClickException(f"The night of {wanted} has not come: --dry-run says what it would be.")
    else:
        _work(parts, wanted)


def _work(parts: "Parts", day: date) -> None:
    from portal.jobs import nightly as nights_

    done = [nights_.work(parts, day, step, anew=True) for step in nights_.STEPS]
    for one in done:
        click.echo(f"{one.step}: {_words(one)}", err=not one.complete)
    if not all(one.complete for one in done):
        raise click.ClickException(
            f"The night of {day} is not complete. The log says what was in the way; run it again."
        )


def _words(done: "Done") -> str:
    if done.tally is None:
        return "another worker is at it"
    if done.fault:
        return f"stopped by {done.fault}"
    return str(done.tally)


def _tell(parts: "Parts", day: date, today: date) -> None:
    from portal.jobs.night import Night
    from portal.jobs.night_report import REPORTS

    zone = parts.settings.timezone
    at = parts.clock.now() if day <= today else nights.begins_at(day, zone)
    click.echo(f"The night of {day}, by what is known now. Nothing is written.")
    for step, report in REPORTS.items():
        lines = list(report(Night(parts, day, at)))
        click.echo(f"\n{step}: {len(lines) or 'nothing'}")
        for line in lines:
            click.echo(f"  {line}")
