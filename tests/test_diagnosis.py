"""`portal check`, with each thing that it looks at broken for real."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from portal import diagnosis, serving
from portal.accounts import mails
from portal.diagnosis import Finding
from portal.jobs import nightly
from portal.kit import db, db_health
from portal.kit.clock import SystemClock
from portal.kit.db import Database
from tests.conftest import both_databases, on_postgres, on_sqlite
from tests.helpers import databases, postgres
from tests.helpers.house import House, build


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many connections does a node need: the machine that tests may have more."""
    monkeypatch.setattr(diagnosis.os, "cpu_count", lambda: 2)


def found(house: House, what: str) -> Finding:
    """What `portal check` says of one thing; that no mail server listens is no matter here."""
    return next(finding for finding in diagnosis.examine(house.app) if finding.what == what)


def fault(house: House, what: str) -> str:
    finding = found(house, what)
    assert not finding.ok, finding.words
    return finding.words


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    """Houses on whatever URL a test has broken."""
    houses: list[House] = []

    def open_(url: str) -> House:
        houses.append(build(tmp_path, url))
        return houses[-1]

    yield open_
    for house in houses:
        house.parts.database.close()


def test_the_threads_of_a_process_are_those_that_serve() -> None:
    assert diagnosis.THREADS == serving.THREADS


@both_databases
def test_a_database_in_order_is_told_so(house: House) -> None:
    assert found(house, "database") == Finding("database", True, "answers, and is as it has to be")


# --- SQLite


@on_sqlite
def test_a_file_that_may_only_be_read_is_a_fault(opened: Any, database_url: str, tmp_path: Path) -> None:
    house = opened(f"sqlite:///file:{tmp_path / 'portal.db'}?mode=ro&uri=true")
    assert "portal.db cannot be written: let the portal's user" in fault(house, "database")
    assert found(house, "migrations").ok, "what can be asked is asked"


@on_sqlite
def test_a_file_where_there_is_no_wal_is_a_fault(opened: Any, database_url: str, tmp_path: Path) -> None:
    """This way of SQLite to lock has no shared memory, like some file systems."""
    file = tmp_path / "portal.db"
    plain = Database(f"sqlite:///{file}")
    with plain.reader.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    plain.close()
    words = fault(opened(f"sqlite:///file:{file}?vfs=unix-dotfile&uri=true"), "database")
    assert "its journal is delete and not wal" in words


@on_sqlite
def test_a_writer_that_never_ends_is_a_fault(database_url: str, opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.2)
    house, other = opened(database_url), Database(database_url)
    with other.write():
        assert "somebody has been writing" in fault(house, "database")
    assert found(house, "database").ok
    other.close()


@on_sqlite
def test_a_disk_that_is_almost_full_is_a_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_health, "LEAST_FREE", 2**62)
    assert "MiB of free space: make room" in fault(house, "database")
    assert "MiB of free space: make room" in fault(house, "files")


MOUNTED = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
22 21 0:40 / /srv rw,relatime shared:2 - nfs4 server:/export rw
23 22 0:41 / /srv/local rw,relatime - xfs /dev/sdb rw
24 21 0:42 / /with\\040blank rw,relatime - fuse.sshfs host:/ rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/portal.db", None),
        ("/srv/portal.db", "nfs4"),
        ("/srv/local/portal.db", None),
        ("/srvlocal/portal.db", None),
        ("/with blank/portal.db", "fuse.sshfs"),
    ],
)
def test_a_file_on_a_network_is_known_by_where_it_is_mounted(path: str, kind: str | None) -> None:
    assert db_health.network_of(Path(path), MOUNTED) == kind


@on_sqlite
def test_a_file_on_a_network_is_a_fault(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"9 1 0:9 / {tmp_path} rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(db_health, "MOUNTS", mounts)
    assert "lies on a network (nfs4)" in fault(house, "database")


# --- PostgreSQL


@on_postgres
def test_too_few_connections_for_a_node_are_a_fault(house: House, database_url: str) -> None:
    """Everybody else's count, the portal's own do not."""
    with house.parts.database.read() as connection:
        most = int(connection.execute(text("SELECT current_setting('max_connections')")).scalar_one())
    plain = database_url.replace("+psycopg", "")
    held = [psycopg.connect(plain) for _ in range(most - 20)]
    try:
        assert "raise max_connections, or lower --workers" in fault(house, "database")
    finally:
        for connection_ in held:
            connection_.close()


@on_postgres
def test_a_server_that_forgets_at_a_power_cut_is_a_fault(house: House) -> None:
    with house.parts.database.write() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    house.parts.database.close()
    assert "synchronous_commit must not be off" in fault(house, "database")


@on_postgres
@pytest.mark.parametrize(
    ("which", "statement", "name"),
    [
        ("writer", "SET lock_timeout = 0", "lock_timeout"),
        ("writer", "SET timezone = 'Europe/Rome'", "TimeZone"),
        ("reader", "SET default_transaction_read_only = off", "default_transaction_read_only"),
    ],
)
def test_what_a_pooler_in_between_drops_is_a_fault(house: House, which: str, statement: str, name: str) -> None:
    engine = getattr(house.parts.database, which)
    engine.dispose()

    @event.listens_for(engine, "connect")
    def drop(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.commit()

    words = fault(house, "database")
    assert words.startswith(f"{name} is not as asked for")


@pytest.mark.postgres
def test_a_database_that_is_not_utf_8_is_a_fault(opened: Any) -> None:
    with databases.empty_postgres() as url:
        house = opened(url.replace("empty_", "ascii_"))
        create = f"CREATE DATABASE {house.parts.database.writer.url.database} ENCODING 'SQL_ASCII' TEMPLATE template0"
        databases._run(url, f"{create} LC_COLLATE 'C' LC_CTYPE 'C'")
        assert "its encoding is SQL_ASCII" in fault(house, "database")


@pytest.mark.postgres
def test_a_standby_is_a_fault(opened: Any) -> None:
    with postgres.server() as server:
        server.become_standby()
        assert "it is a standby" in fault(opened(server.url), "database")


@on_postgres
@pytest.mark.parametrize(("apart", "ok"), [(4, True), (-4, True), (7, False), (-7, False)])
def test_a_clock_that_differs_from_the_database_s_is_a_fault(house: House, apart: int, ok: bool) -> None:
    house.clock.set(SystemClock().now() + timedelta(seconds=apart))
    finding = found(house, "clock")
    assert finding.ok is ok
    assert ok or "let NTP set both" in finding.words


# --- what workers leave


@both_databases
def test_what_is_due_for_long_is_a_fault(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as connection:
        mails.password_set(connection, to=person, at=house.clock.now())
    house.clock.move(minutes=9)
    assert found(house, "outbox").ok
    house.clock.move(minutes=2)
    assert "start `portal worker`" in fault(house, "outbox")
    house.work()
    assert found(house, "outbox").ok


@both_databases
def test_a_night_that_nobody_works_is_a_fault(house: House) -> None:
    assert "none has worked a night yet" in found(house, "worker").words
    nightly.work_due(house.parts)
    assert found(house, "worker").words.startswith("has worked every night until")
    house.clock.move(days=1, hours=6)
    words = fault(house, "worker")
    assert "is not worked to its end: start `portal worker`" in words
    nightly.work_due(house.parts)
    assert found(house, "worker").ok


@both_databases
def test_a_step_of_a_night_that_failed_is_a_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_night: object) -> Any:
        raise ZeroDivisionError

    nightly.work_due(house.parts)
    house.clock.move(days=1)
    monkeypatch.setitem(nightly.STEPS, "cleaning", fail)
    nightly.work_due(house.parts)
    house.clock.move(hours=10)
    assert "what failed" in fault(house, "worker")


# --- the version


@both_databases
def test_a_database_of_a_later_version_is_a_fault(house: House) -> None:
    with house.parts.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "9999 is of a later version: install that one" in fault(house, "migrations")
