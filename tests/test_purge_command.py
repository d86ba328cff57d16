"""`portal purge`: tells who would go, does it, and prints what was removed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from portal import cli
from portal.jobs import purge as job
from portal.kit import outbox
from tests.helpers.house import House
from tests.jobs.test_purge import hold, warn

KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"


@pytest.fixture
def over(house: House) -> House:
    """A platform that was due long ago: the command has the clock of the machine."""
    house.clock.move(days=-400)
    house.platform(1234, ends_in=2)
    house.person("m1234")
    house.clock.move(days=13)
    place = house.place()
    assert place.expires_on
    warn(house, expires_on=place.expires_on)
    return house


def run(what: list[str], database_url: str, folder: Path) -> Result:
    environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": database_url, "PORTAL_SECRET_KEY": KEY}
    return CliRunner().invoke(cli.main, ["purge", *what], env=environ)


def test_a_dry_run_tells_who_goes_and_changes_nothing(over: House, database_url: str, tmp_path: Path) -> None:
    told = run(["dry-run"], database_url, tmp_path)
    assert told.exit_code == 0, told.output
    assert "  goes\n" in told.stdout
    assert "    administrators: 1\n" in told.stdout
    assert told.stdout.endswith("1 platforms are due for deletion.\n")
    assert over.administrator("m1234")


def test_a_dry_run_tells_why_somebody_stays(over: House, database_url: str, tmp_path: Path) -> None:
    hold(over)
    assert "stays: legal-hold" in run(["dry-run"], database_url, tmp_path).stdout


def test_nobody_due_is_said(house: House, database_url: str, tmp_path: Path) -> None:
    assert run(["dry-run"], database_url, tmp_path).stdout == "No platform is due for deletion.\n"


def test_a_run_marks_and_goes_on_with_what_was_marked(over: House, database_url: str, tmp_path: Path) -> None:
    assert run(["run"], database_url, tmp_path).stdout == "1 platforms marked now, 1 on their way.\n"
    assert run(["run"], database_url, tmp_path).stdout == "0 platforms marked now, 1 on their way.\n"


def test_the_certificate_is_printed_once_it_is_there(over: House, database_url: str, tmp_path: Path) -> None:
    told = run(["certificate", "1234"], database_url, tmp_path)
    assert (told.exit_code, told.stderr) == (1, "Error: Platform 1234 was not deleted, or not to its end yet.\n")
    job.mark_due(over.parts)
    over.clock.move(hours=24)
    job.go_on(over.parts)
    found = json.loads(run(["certificate", "1234"], database_url, tmp_path).stdout)
    assert found["platform"] == 1234
    assert found["removed"]["administrators"]["rows"] == 1
    with over.parts.database.read() as db:
        mailed = db.execute(select(outbox.outbox.c.payload).where(outbox.outbox.c.recipient.is_not(None))).scalar_one()
    assert mailed["seal"] == found["seal"]
