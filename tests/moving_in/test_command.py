"""`portal platform import`: 50,000 rows, killed half-way, and what stands on the terminal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from bench import moving_in
from portal import cli
from portal.kit.db import Database, metadata
from tests.conftest import both_databases
from tests.helpers.customer_tables import every_table
from tests.helpers.moving_in import invoice, lot, person, platform

KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"
ROWS = 50_000
KILLED = """
import os, signal
from sqlalchemy import Engine, event

@event.listens_for(Engine, "after_cursor_execute")
def die(_connection, _cursor, statement, *_rest):
    if statement.startswith("INSERT INTO movements"):
        os.kill(os.getpid(), signal.SIGKILL)

from portal.cli import main
main()
"""


class Operator:
    """Somebody at the command line of a portal of their own, with files in a folder."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": database_url}
        self.environ |= {"PORTAL_SECRET_KEY": KEY}
        self.database = Database(database_url)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli.main, words, env=self.environ)

    def import_(self, *options: str, files: str = "files") -> Result:
        return self.run("platform", "import", *moving_in.named(self.folder / files), *options)

    def rows(self) -> dict[str, int]:
        every_table()
        with self.database.read() as db:
            found = {
                name: db.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
            }
        return {name: count for name, count in found.items() if count}


@pytest.fixture
def operator(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    found = Operator(tmp_path, database_url)
    yield found
    found.database.close()


def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture
def few(operator: Operator) -> Operator:
    """With files in which nothing is wrong: 100 rows."""
    moving_in.write_files(operator.folder / "files", 100, today())
    return operator


@both_databases
def test_of_50_000_rows_ten_bad_ones_are_named_with_their_lines_and_nothing_is_imported(operator: Operator) -> None:
    moving_in.write_files(operator.folder / "files", ROWS, today())
    moving_in.spoil(operator.folder / "files")
    before = operator.rows()
    result = operator.import_()
    *faults, last = result.stderr.splitlines()
    wrong = [(name, line, cells) for name, lines in moving_in.SPOILT.items() for line, cells in lines.items()]
    assert len(faults) == len(wrong) == 10
    for fault, (name, line, cells) in zip(faults, wrong, strict=True):
        assert fault.startswith(f"{operator.folder}/files/{name}.csv, line {line}, {next(iter(cells))}: found "), fault
    assert last == "Nothing was imported: 10 faults."
    assert (result.exit_code, result.stdout) == (1, "")
    assert operator.rows() == before


@both_databases
def test_killed_in_the_middle_of_writing_nothing_is_there_and_it_can_be_run_again(few: Operator) -> None:
    before = few.rows()
    words = ["platform", "import", *moving_in.named(few.folder / "files")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")} | few.environ
    done = subprocess.run([sys.executable, "-c", KILLED, *words], env=environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert few.rows() == before
    assert few.import_().exit_code == 0
    assert few.rows()["platforms"] == 20


def test_a_dry_run_and_the_import_print_the_same_but_for_the_verb(few: Operator) -> None:
    before = few.rows()
    dry = few.import_("--dry-run")
    assert few.rows() == before
    done = few.import_()
    assert (dry.exit_code, done.exit_code, dry.stderr, done.stderr) == (0, 0, "", "")
    assert dry.stdout.replace("would be created", "created").splitlines()[:-1] == done.stdout.splitlines()[:-1]
    assert dry.stdout.splitlines()[-1] == "Dry run: nothing was imported."
    assert done.stdout.splitlines()[-1] == "Imported."


def test_the_report_counts_and_names_the_first_of_each_kind(few: Operator) -> None:
    lines = few.import_().stdout.splitlines()
    assert lines[:5] == [
        "platforms: 20 created, 0 here already and the same",
        '  1 Azienda "1" S.r.l.',
        '  2 Azienda "2" S.r.l.',
        '  3 Azienda "3" S.r.l.',
        "  … and 17 more",
    ]
    assert lines[5:7] == ["people: 30 created, 0 here already and the same", "  m1"]
    assert lines[-2].startswith('people without a password: 15, who set one by "Forgot your password?"')
    again = few.import_()
    assert again.exit_code == 0
    assert again.stdout.splitlines() == [
        "platforms: 0 created, 20 here already and the same",
        "people: 0 created, 30 here already and the same",
        "lots: 0 created, 25 here already and the same",
        "invoices: 0 created, 25 here already and the same",
        "Imported.",
    ]


def test_platforms_show_the_truth_afterwards(few: Operator) -> None:
    few.import_()
    shown = few.run("platform", "show", "7").stdout
    assert "state: active" in shown
    assert "seats: 2 of 2" in shown
    assert "administrators: ['m7', 'm7-anna']" in shown


@pytest.mark.parametrize(("wrong", "last"), [(999, "line 1000"), (1000, "line 1001"), (1001, "line 1001")])
def test_a_thousand_faults_are_named_and_the_others_counted(operator: Operator, wrong: int, last: str) -> None:
    path = moving_in.write(
        operator.folder / "p.csv", [platform(number, channels="fax") for number in range(1, wrong + 1)]
    )
    lines = operator.run("platform", "import", "--platforms", str(path)).stderr.splitlines()
    named = [line for line in lines if line.startswith(str(path))]
    assert len(named) == min(wrong, 1000)
    assert last in named[-1]
    assert ("… and 1 more" in lines) is (wrong == 1001)
    assert lines[-1] == f"Nothing was imported: {wrong:,} faults."


def test_only_platforms_have_to_be_there(operator: Operator) -> None:
    path = moving_in.write(operator.folder / "p.csv", [platform(last_day=f"{today().year + 1}-12-31")])
    assert operator.run("platform", "import", "--platforms", str(path)).exit_code == 0
    assert operator.run("platform", "import").exit_code == 2
    assert operator.run("platform", "import", "--platforms", "nowhere.csv").exit_code == 2


def test_a_password_hash_is_never_printed(operator: Operator) -> None:
    platforms = moving_in.write(operator.folder / "p.csv", [platform(last_day=f"{today().year + 1}-12-31")])
    people = moving_in.write(operator.folder / "a.csv", [person(password_hash="$2b$12$Secret", email="x")])
    result = operator.run("platform", "import", "--platforms", str(platforms), "--people", str(people))
    assert result.exit_code == 1
    assert "password_hash: found 13 characters" in result.stderr
    assert "Secret" not in result.output


def test_the_examples_of_the_papers_move_in(operator: Operator) -> None:
    """The indented lines of docs/import.md, as they stand there."""
    paper = (Path(cli.__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
    folder = operator.folder / "files"
    folder.mkdir()
    for kind in ("Platforms", "People", "Lots", "Invoices"):
        section = paper.split(f"### {kind}\n")[1].split("\n#")[0]
        lines = [line.removeprefix("    ") for line in section.splitlines() if line.startswith("    ")]
        text = "\n".join(lines).replace("2027-02-28", f"{today().year + 1}-02-28")
        (folder / f"{kind.lower()}.csv").write_text(text, "utf-8")
    result = operator.import_()
    assert result.exit_code == 0, result.stderr
    assert operator.rows()["administrators"] == 3


def test_the_rows_of_other_tests_are_what_the_command_takes(operator: Operator) -> None:
    folder, ends = operator.folder / "files", f"{today().year + 1}-12-31"
    folder.mkdir()
    files = {"platforms": [platform(last_day=ends)], "people": [person()], "lots": [lot()], "invoices": [invoice()]}
    for kind, rows in files.items():
        moving_in.write(folder / f"{kind}.csv", rows, delimiter=";", encoding="utf-8-sig")
    assert operator.import_().exit_code == 0
