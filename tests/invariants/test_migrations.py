"""Migrations: one head, equal to the models, up and down and up again, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Table, func, inspect, select, table

import portal.migrations.versions
from portal import migrations
from portal.kit.db import Database, metadata
from tests.conftest import both_databases
from tests.helpers import databases


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table of ours."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database.writer
        database.close()
        return
    with databases.empty_postgres() as url:
        database = Database(url)
        yield database.writer
        database.close()


both_empty = pytest.mark.parametrize(
    "empty", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def schema(connection: Connection) -> dict[str, list[str]]:
    """Every table with its columns, indexes and constraints, to be compared."""
    found = inspect(connection)
    return {
        table: sorted(
            [f"{column['name']} {column['type']} {column['nullable']}" for column in found.get_columns(table)]
            + [f"index {index['name']} {index['column_names']} {index['unique']}" for index in found.get_indexes(table)]
            + [f"unique {unique['name']}" for unique in found.get_unique_constraints(table)]
            + [f"check {check['name']}" for check in found.get_check_constraints(table)]
            + [f"key {key['name']} {key['referred_table']}" for key in found.get_foreign_keys(table)]
        )
        for table in found.get_table_names()
    }


def test_there_is_one_head() -> None:
    script = ScriptDirectory(str(migrations.HERE))
    heads = script.get_heads()
    assert len(heads) == 1, f"{heads}: give the newer one the other as its down_revision, so that there is one order"
    assert len(list(script.walk_revisions())) == len(list((migrations.HERE / "versions").glob("[0-9]*.py")))


@both_databases
def test_the_migrations_make_what_the_models_say(database_url: str) -> None:
    database = Database(database_url)
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == [], "write a migration for what the tables.py files have and the migrations have not"


@both_empty
def test_a_database_made_by_migrations_has_the_indexes_and_checks_of_one_made_by_the_models(empty: Engine) -> None:
    migrations.upgrade(empty)
    with empty.connect() as connection:
        migrated = schema(connection)
    migrated.pop("alembic_version")
    migrations.downgrade(empty)
    with empty.begin() as connection:
        metadata.create_all(connection)
        modelled = schema(connection)
        metadata.drop_all(connection)
    modelled.pop("alembic_version", None)
    assert migrated == modelled


@both_empty
def test_the_migrations_go_up_and_down_and_up_again(empty: Engine) -> None:
    assert not migrations.is_current(empty)
    migrations.upgrade(empty)
    assert migrations.is_current(empty)
    assert tables(empty) == set(metadata.tables)
    migrations.downgrade(empty)
    assert tables(empty) == set()
    assert not migrations.is_current(empty)
    migrations.upgrade(empty)
    assert tables(empty) == set(metadata.tables)


@both_empty
def test_each_migration_alone_can_be_undone(empty: Engine) -> None:
    revisions = [script.revision for script in ScriptDirectory(str(migrations.HERE)).walk_revisions()]
    for revision in reversed(revisions):
        migrations.upgrade(empty, revision)
        with empty.connect() as connection:
            before = schema(connection)
        migrations.downgrade(empty, "-1")
        migrations.upgrade(empty, revision)
        with empty.connect() as connection:
            assert schema(connection) == before, f"the downgrade of {revision} leaves or takes something"


@both_empty
def test_of_two_upgrades_at_once_the_second_finds_the_work_done(empty: Engine) -> None:
    program = (
        "import sys; from portal import migrations; from portal.kit.db import Database;"
        "database = Database(sys.argv[1]); migrations.upgrade(database.writer); database.close()"
    )
    command = [sys.executable, "-c", program, empty.url.render_as_string(hide_password=False)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    faults = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], faults
    assert migrations.is_current(empty)


@both_empty
def test_people_and_their_sessions_live_through_the_migrations(empty: Engine) -> None:
    """SQLite makes a table anew for some changes, and must not do so with one that others point to."""
    migrations.upgrade(empty, "0003")
    day = datetime(2026, 11, 20, 10, tzinfo=UTC)
    channels = {"email_channel": True, "sms_channel": True, "trial": False}
    person = {"username": "m1234", "role": "first", "email": "a@b.it", "email_folded": "a@b.it", "language": "it"}
    session = {"token_hash": "x", "device": "", "network": "", "started_at": day, "last_active_at": day}
    rows = {
        "platforms": {"id": 1234, "company": "", "created_at": day} | channels,
        "administrators": {"id": 1, "platform_id": 1234, "full_name": "", "must_reset": False, "created_at": day}
        | person,
        "sessions": {"id": 1, "administrator_id": 1, "proven_at": day} | session,
        "resumptions": {"id": 1, "session_id": 1, "path": "/", "fields": [], "kept_at": day},
    }
    with empty.begin() as connection:
        for name, row in rows.items():
            connection.execute(Table(name, MetaData(), autoload_with=connection).insert(), row)
    migrations.upgrade(empty)
    with empty.connect() as connection:
        kept = [connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in rows]
    assert kept == [1] * len(rows)


@both_empty
def test_a_migration_that_fails_leaves_nothing(empty: Engine) -> None:
    first = ScriptDirectory(str(migrations.HERE)).get_base()
    with empty.begin() as connection:
        metadata.tables["platforms"].create(connection)
    with pytest.raises(Exception, match="platforms"):
        migrations.upgrade(empty, str(first))
    assert tables(empty) == {"platforms"}
    with empty.begin() as connection:
        metadata.tables["platforms"].drop(connection)


def test_a_folder_with_a_percent_sign_is_no_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(migrations, "HERE", tmp_path / "100%(done)s")
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    config: Config = migrations.configuration(database.writer)
    database.close()
    assert config.get_main_option("script_location") == str(tmp_path / "100%(done)s")


def test_the_migrations_are_part_of_the_package() -> None:
    assert Path(next(iter(portal.migrations.versions.__path__))) == migrations.HERE / "versions"
