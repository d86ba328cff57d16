"""The two ways to the data: one that cannot write, one transaction that holds or is undone."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from portal.kit import db as db_module
from portal.kit.audit import events
from portal.kit.db import CONNECT_SECONDS, KEEPALIVE, Database, Instant, insert_once, insert_or_change
from portal.kit.throttle import limits
from tests.conftest import both_databases, on_postgres, on_sqlite
from tests.helpers.together import together

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROW = {"key": "one", "state": "first", "changed_at": NOON}


def states(database: Database) -> dict[str, str]:
    with database.read() as db:
        return {row.key: row.state for row in db.execute(select(limits))}


@both_databases
def test_what_is_written_stands_once_the_block_returns(database: Database) -> None:
    with database.write() as db:
        db.execute(limits.insert().values(ROW))
    assert states(database) == {"one": "first"}


@both_databases
def test_what_is_written_is_undone_when_the_block_raises(database: Database) -> None:
    def fail() -> None:
        with database.write() as db:
            db.execute(limits.insert().values(ROW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert states(database) == {}


@both_databases
def test_a_reader_sees_nothing_of_what_is_not_committed(database: Database) -> None:
    with database.write() as db:
        db.execute(limits.insert().values(ROW))
        assert states(database) == {}


@both_databases
def test_a_reader_cannot_write(database: Database) -> None:
    with database.write() as db:
        db.execute(limits.insert().values(ROW))
    for statement in (limits.insert().values(ROW | {"key": "two"}), limits.update().values(state="x"), delete(limits)):
        with database.read() as db, pytest.raises(DBAPIError):
            db.execute(statement)
    assert states(database) == {"one": "first"}


@both_databases
def test_a_reader_that_was_refused_still_reads(database: Database) -> None:
    with database.read() as db:
        with pytest.raises(DBAPIError):
            db.execute(delete(limits))
        assert db.execute(select(func.count()).select_from(limits)).scalar_one() == 0


@both_databases
def test_a_reader_sees_each_commit_as_soon_as_it_is_made(database: Database) -> None:
    with database.read() as db:
        assert db.execute(select(limits)).all() == []
        with database.write() as writer:
            writer.execute(limits.insert().values(ROW))
        assert len(db.execute(select(limits)).all()) == 1


INSTANTS = (
    NOON,
    NOON + timedelta(microseconds=1),
    datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Rome"), fold=0),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Rome"), fold=1),
    datetime(2026, 11, 22, 12, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1000, 1, 1, tzinfo=UTC),
)


@both_databases
def test_an_instant_comes_back_to_the_microsecond_and_in_utc(database: Database) -> None:
    with database.write() as db:
        for number, instant in enumerate(INSTANTS):
            db.execute(limits.insert().values(ROW | {"key": str(number), "changed_at": instant}))
    with database.read() as db:
        found = dict(db.execute(select(limits.c.key, limits.c.changed_at)).tuples().all())
    for number, instant in enumerate(INSTANTS):
        assert found[str(number)] == instant.astimezone(UTC)
        assert found[str(number)].utcoffset() == timedelta(0)


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.timezones()))  # noqa: DTZ001 - bounds
def test_any_instant_survives_the_way_through_sqlite(instant: datetime) -> None:
    kind, dialect = Instant(), sqlite_dialect()
    assert kind.process_result_value(kind.process_bind_param(instant, dialect), dialect) == instant.astimezone(UTC)


@both_databases
def test_a_naive_datetime_is_no_instant(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive"), database.write() as db:
        db.execute(limits.insert().values(ROW | {"changed_at": naive}))
    with pytest.raises(StatementError, match="naive"), database.read() as db:
        db.execute(select(limits).where(limits.c.changed_at > naive))


@both_databases
def test_instants_are_ordered_and_compared_by_the_database(database: Database) -> None:
    later = NOON + timedelta(microseconds=1)
    with database.write() as db:
        db.execute(limits.insert(), [ROW, ROW | {"key": "two", "changed_at": later}])
    with database.read() as db:
        assert db.execute(select(limits.c.key).where(limits.c.changed_at > NOON)).scalars().all() == ["two"]
        assert db.execute(select(func.max(limits.c.changed_at))).scalar_one() == later


@on_sqlite
def test_two_sqlite_writers_queue_instead_of_failing(database: Database) -> None:
    """The first holds the database while the second begins: without BEGIN IMMEDIATE the second would fail."""
    entered, order = threading.Event(), []

    def first() -> None:
        with database.write() as db:
            db.execute(limits.insert().values(ROW))
            entered.set()
            time.sleep(0.2)
            order.append("first done")

    def second() -> None:
        entered.wait()
        with database.write() as db:
            order.append("second begun")
            row = db.execute(select(limits.c.state)).scalar_one()
            db.execute(limits.update().values(state=row + " and second"))

    together(lambda number: (first, second)[number](), 2)
    assert order == ["first done", "second begun"]
    assert states(database) == {"one": "first and second"}


@on_sqlite
def test_a_sqlite_transaction_begins_before_its_first_read(database: Database) -> None:
    """What is read inside it stays true until it is written."""
    with database.write() as db:
        db.execute(limits.insert().values(ROW | {"state": "0"}))

    def add(_: int) -> None:
        for _ in range(10):
            with database.write() as db:
                count = int(db.execute(select(limits.c.state)).scalar_one())
                db.execute(limits.update().values(state=str(count + 1)))

    together(add, 4)
    assert states(database) == {"one": "40"}


@on_sqlite
def test_sqlite_keeps_what_it_confirmed(database: Database) -> None:
    with database.writer.connect() as db:
        assert db.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert db.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


@both_databases
def test_references_are_checked(database: Database) -> None:
    from portal.subscription.tables import blocks

    row = {"platform_id": 404, "code": "abuse", "since": NOON, "set_by": "test", "note": ""}
    with pytest.raises(IntegrityError), database.write() as db:
        db.execute(blocks.insert().values(row))


@both_databases
def test_a_row_is_inserted_once(database: Database) -> None:
    with database.write() as db:
        assert insert_once(db, limits, ROW)
        assert not insert_once(db, limits, ROW | {"state": "second"})
    assert states(database) == {"one": "first"}


@both_databases
def test_of_many_simultaneous_inserts_one_writes_the_row(database: Database) -> None:
    def insert(number: int) -> bool:
        with database.write() as db:
            return insert_once(db, limits, ROW | {"state": str(number)})

    assert together(insert, 6).count(True) == 1


@both_databases
def test_only_a_key_that_exists_is_forgiven(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as db:
        insert_once(db, limits, {"key": "one", "state": "first", "changed_at": None})


@both_databases
def test_a_row_is_inserted_or_the_named_columns_changed(database: Database) -> None:
    later = ROW | {"state": "second", "changed_at": NOON + timedelta(hours=1)}
    with database.write() as db:
        assert insert_or_change(db, limits, ROW, ["changed_at"]).state == "first"
        row = insert_or_change(db, limits, later, ["changed_at"])
    assert (row.state, row.changed_at) == ("first", later["changed_at"])


@both_databases
def test_an_error_names_the_statement_and_nothing_that_was_typed(database: Database) -> None:
    row = {"at": NOON, "tag": "a", "network": "my password", "details": {"typed": "my password"}}
    with pytest.raises(DBAPIError) as caught, database.write() as db:
        db.execute(events.insert(), [row | {"id": 1}, row | {"id": 1}])
    assert "my password" not in str(caught.value)
    assert "INSERT INTO events" in str(caught.value)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_the_short_name_of_postgresql_is_understood(database_url: str) -> None:
    database = Database(database_url.replace("postgresql+psycopg://", "postgresql://"))
    with database.read() as db:
        assert db.execute(select(literal(1))).scalar_one() == 1
        assert db.exec_driver_sql("SHOW default_transaction_read_only").scalar_one() == "on"
        assert db.exec_driver_sql("SHOW timezone").scalar_one().lower() == "utc"
    with database.write() as db:
        assert db.exec_driver_sql("SHOW lock_timeout").scalar_one() == "5s"
    database.close()


@on_postgres
def test_a_connection_notices_a_server_that_vanished(database: Database) -> None:
    for engine in (database.reader, database.writer):
        with engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            known = driver.info.get_parameters()
        assert {name: int(known[name]) for name in KEEPALIVE} == KEEPALIVE
        assert known["connect_timeout"] == str(CONNECT_SECONDS)


@on_postgres
def test_what_the_operator_asks_for_in_the_url_is_kept(database_url: str) -> None:
    sign = "&" if "?" in database_url else "?"
    database = Database(f"{database_url}{sign}options=-c%20work_mem%3D123kB")
    for connect in (database.read, database.write):
        with connect() as connection:
            assert connection.exec_driver_sql("SHOW work_mem").scalar_one() == "123kB"
            assert connection.exec_driver_sql("SHOW timezone").scalar_one().lower() == "utc"
    database.close()


@on_postgres
def test_a_statement_that_does_not_end_is_cut_off(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db_module, "STATEMENT_SECONDS", 1)
    database = Database(database_url)
    for connect in (database.read, database.write):
        with pytest.raises(OperationalError), connect() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(60)")
    database.close()


@on_postgres
def test_a_writer_that_falls_silent_lets_go_of_what_it_holds(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        connection.execute(limits.insert().values(ROW))
    monkeypatch.setattr(db_module, "IDLE_SECONDS", 1)
    silent = Database(database_url)
    held = silent.writer.connect()
    held.execute(limits.update().values(state="of the silent one"))
    with database.write() as connection:  # waits for the row, and gets it
        connection.execute(limits.update().values(state="second"))
    with pytest.raises(DBAPIError):
        held.commit()
    held.close()
    silent.close()
    assert states(database) == {"one": "second"}


@on_postgres
def test_a_snapshot_may_think_for_as_long_as_it_likes(database: Database) -> None:
    with database.snapshot() as connection:
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one() == "0"


@both_databases
def test_a_snapshot_sees_one_instant_whatever_is_committed_meanwhile(database: Database) -> None:
    with database.snapshot() as db:
        assert db.execute(select(limits)).all() == []
        with database.write() as writer:
            writer.execute(limits.insert().values(ROW))
        assert db.execute(select(limits)).all() == []
    assert states(database) == {"one": "first"}


@both_databases
def test_a_snapshot_cannot_write_and_leaves_its_connection_as_it_was(database: Database) -> None:
    with database.snapshot() as db, pytest.raises(DBAPIError):
        db.execute(limits.insert().values(ROW))
    with database.read() as db:
        assert db.execute(select(limits)).all() == []
        with database.write() as writer:
            writer.execute(limits.insert().values(ROW))
        assert len(db.execute(select(limits)).all()) == 1, "a reader sees each commit again"
