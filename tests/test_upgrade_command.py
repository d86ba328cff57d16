"""`portal upgrade` and `portal downgrade`: what is in the way is said, what would be lost is named, nothing is half."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, inspect, select, text

from portal import cli, migrations
from portal.kit import chain, db
from portal.kit.db import Database
from tests.conftest import both_databases, on_postgres
from tests.helpers.house import SECRET, House

BEFORE_NIGHTS = "0004"  # an earlier revision: without the tables of the nights


class Operator:
    """Somebody at the command line, with a way of their own to the database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": url}
        self.environ |= {"PORTAL_SECRET_KEY": SECRET.reveal()}
        self.database = Database(url)

    @property
    def engine(self) -> Engine:
        return self.database.writer

    def run(self, command: str) -> Result:
        return CliRunner().invoke(cli.main, command.split(), env=self.environ)

    def does(self, command: str) -> str:
        done = self.run(command)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        return done.stdout

    def refused(self, command: str) -> str:
        done = self.run(command)
        assert done.exit_code == 1, done.output
        assert isinstance(done.exception, SystemExit), done.exception
        return done.stderr

    def shape(self) -> tuple[str | None, list[str]]:
        return migrations.present(self.engine), sorted(inspect(self.engine).get_table_names())


@pytest.fixture
def operator(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    for name in ("LOCK_SECONDS", "BUSY_SECONDS"):
        monkeypatch.setattr(db, name, 1)
    found = Operator(tmp_path, database_url)
    yield found
    found.database.close()


@contextmanager
def somebody_in_the_way(operator: Operator) -> Iterator[None]:
    """On SQLite one who writes to the file; on PostgreSQL one who only reads a table, as an export or a backup does."""
    database = Database(operator.environ["PORTAL_DATABASE_URL"])
    with database.writer.connect() as connection, connection.begin():
        connection.execute(text("SELECT count(*) FROM sessions"))
        yield
    database.close()


@both_databases
def test_an_upgrade_that_is_kept_waiting_says_so_changes_nothing_and_can_be_repeated(operator: Operator) -> None:
    migrations.downgrade(operator.engine, "0003")  # the next one changes the table that somebody reads
    before = operator.shape()
    with somebody_in_the_way(operator):
        words = operator.refused("upgrade")
    assert "somebody else" in words
    assert "Nothing was changed: try again" in words
    assert operator.shape() == before
    operator.does("upgrade")
    assert migrations.is_current(operator.engine)


@both_databases
def test_a_downgrade_that_is_kept_waiting_says_so_and_changes_nothing(operator: Operator) -> None:
    before = operator.shape()
    with somebody_in_the_way(operator):
        assert "somebody else" in operator.refused("downgrade --to 0003 --lose-data")
    assert operator.shape() == before


@on_postgres
def test_an_upgrade_waits_for_another_one_longer_than_for_a_table(operator: Operator) -> None:
    migrations.downgrade(operator.engine, BEFORE_NIGHTS)
    faults: list[Exception] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(operator.engine)
        except Exception as error:  # whatever it is, it is to be seen in this test, not in a thread
            faults.append(error)

    second = threading.Thread(target=upgrade)
    with operator.database.writer.connect() as first, first.begin():
        first.execute(select(func.pg_advisory_xact_lock(migrations.UPGRADE_LOCK)))
        second.start()
        time.sleep(1.5)  # longer than anybody waits for a table
        assert second.is_alive(), faults
    second.join(60)
    assert not faults
    assert migrations.is_current(operator.engine)


@on_postgres
def test_a_statement_of_an_upgrade_that_does_not_end_is_cut_off(operator: Operator, monkeypatch: Any) -> None:
    monkeypatch.setattr(migrations, "STATEMENT_SECONDS", 1)
    migrations.downgrade(operator.engine, BEFORE_NIGHTS)
    with operator.database.writer.connect() as first, first.begin():
        first.execute(select(func.pg_advisory_xact_lock(migrations.UPGRADE_LOCK)))
        assert "another upgrade" in operator.refused("upgrade")


@both_databases
def test_a_downgrade_names_all_that_would_be_lost_and_does_nothing(house: House, operator: Operator) -> None:
    house.person("m1234")
    before = operator.shape()
    words = operator.refused(f"downgrade --to {BEFORE_NIGHTS}")
    assert "- the table nights, with 0 rows\n" in words
    assert "- the column platforms.second_factor_since" not in words, "that one is older"
    assert "--lose-data" in words
    assert operator.shape() == before


@both_databases
def test_a_downgrade_names_rows_and_values_too(house: House, operator: Operator) -> None:
    house.person("m1234")
    with house.parts.database.write() as db:
        while chain.waiting(db):
            chain.seal(db)
    with house.parts.database.read() as db:
        sealed = db.execute(text("SELECT count(*) FROM events WHERE seal IS NOT NULL")).scalar_one()
    words = operator.refused("downgrade --to 0005")
    assert sealed
    assert f"- {sealed} values of the column events.seal\n" in words
    assert "rows of the table event_chain\n" in words


@both_databases
def test_a_downgrade_does_what_it_said_and_the_way_up_is_open(house: House, operator: Operator) -> None:
    house.person("m1234")
    told = operator.refused(f"downgrade --to {BEFORE_NIGHTS}")
    named = [line.removeprefix("- ") for line in told.splitlines() if line.startswith("- ")]
    done = operator.does(f"downgrade --to {BEFORE_NIGHTS} --lose-data").splitlines()
    assert done == [*(f"lost: {words}" for words in named), f"The database is at {BEFORE_NIGHTS}."]
    assert migrations.present(operator.engine) == BEFORE_NIGHTS
    assert "nights" not in operator.shape()[1]
    operator.does("upgrade")
    assert house.administrator("m1234")


@both_databases
def test_where_nothing_is_lost_a_downgrade_needs_no_second_word(operator: Operator) -> None:
    head = migrations.revisions()[-1]
    assert operator.does(f"downgrade --to {head}") == f"The database is at {head}.\n"


def test_a_revision_that_is_none_is_refused_with_those_there_are(operator: Operator) -> None:
    for wrong in ("base", "9999", "-1"):
        assert "0001, 0002" in operator.refused(f"downgrade --to={wrong} --lose-data")


def test_a_way_down_that_leads_up_is_refused(operator: Operator) -> None:
    migrations.downgrade(operator.engine, "0003")
    assert "0005" in operator.refused("downgrade --to 0005 --lose-data")
    assert migrations.present(operator.engine) == "0003"


def test_a_database_of_a_later_version_is_not_brought_down(operator: Operator) -> None:
    with operator.database.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "9999" in operator.refused("downgrade --to 0003 --lose-data")


def test_a_file_that_cannot_be_written_is_no_traceback(operator: Operator) -> None:
    operator.environ["PORTAL_DATABASE_URL"] = "sqlite:////proc/portal.db"
    assert "portal check" in operator.refused("upgrade")
