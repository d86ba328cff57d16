"""Connections. A page that reads gets an autocommit, read-only connection; what writes gets one transaction.

A job that writes one transaction after the other takes `background()`, so that nobody waits for the whole of it.

SQLite: WAL, so that readers and the writer do not wait for each other; BEGIN IMMEDIATE, so that two writers queue
(5 s) instead of failing half-way; synchronous FULL, because a sign-out or a payment that was confirmed must survive
a power cut. PostgreSQL: the same calls; readers save the BEGIN and COMMIT round trips. A server that has gone, or was
started anew, is noticed when a connection is taken (pre-ping) and costs no more than the requests of that moment.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    PoolProxiedConnection,
    Row,
    Table,
    bindparam,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.types import TypeDecorator, TypeEngine

from portal.kit.clock import stopwatch

BUSY_SECONDS = 5  # how long a SQLite writer waits for another
# A thread that serves holds one connection to read and one to write, and for moments a second to read.
PER_THREAD = 3
POOL_SIZE = 5  # connections kept open by a process, for each of reading and writing
POOL_OVERFLOW = 5  # more of each at a rush, closed when they come back
POOL_SECONDS = 5  # how long somebody waits for one of them: as long as for a lock, then 503
RECYCLE_SECONDS = 1800  # none is older: firewalls forget idle ones, and a server's process keeps what it has read
CONNECT_SECONDS = 3  # for one address of the server; a page that waits for a dead machine ends before its person does
NAME = "portal"  # by which PostgreSQL shows its connections
LOCK_SECONDS = 5  # how long a statement waits for a row or a table that somebody else holds
STATEMENT_SECONDS = 30  # no statement of a page or a job comes near it; what does has lost its way
IDLE_SECONDS = 60  # a writer that fell silent in the middle of a transaction loses it, and its locks
# A machine that vanished without a word is noticed after about half a minute of silence, not after two hours.
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 15,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds: the same for what was sent and never acknowledged
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: timestamptz on PostgreSQL, whole microseconds since 1970 on SQLite. Naive is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=value)
        found: datetime = value
        return found.astimezone(UTC)


class Database:
    """The two ways to the data: `read()` and `write()`."""

    def __init__(self, url: str) -> None:
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        sqlite = url.startswith("sqlite")
        self.writer = _sqlite(url, write=True) if sqlite else _postgres(url, write=True)
        self.reader = _sqlite(url, write=False) if sqlite else _postgres(url, write=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Reads that all see one instant, whatever is committed meanwhile.

        For minutes and not for hours: as long as it lasts, SQLite's log grows and PostgreSQL keeps old rows.
        """
        with self.reader.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")  # the instant is that of the first read
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed when the block returns, undone when it raises."""
        with self.writer.begin() as connection:
            yield connection

    @contextmanager
    def background(self) -> Iterator[Connection]:
        """As `write`, for one of many in a row: on SQLite the next begins after a pause as long as this one took.

        SQLite has one writer, and whoever asks first is it. Somebody who signs in asks again every 0.1 s at the most,
        and a job that went on at once would always come first (measured: a deletion of 100,000 rows kept everybody
        out to its end).
        """
        with self.write() as connection:
            taken = stopwatch()
            yield connection
        if self.writer.dialect.name == "sqlite":
            time.sleep(taken())

    def forget_removed(self) -> None:
        """Let what was removed be gone from the files too, as far as that is in our hands.

        SQLite overwrites what it removes (secure_delete), and its log is emptied here; where somebody reads at this
        moment, it is at the next call. PostgreSQL does it in its own time (VACUUM).
        """
        if self.writer.dialect.name == "sqlite":
            with self.reader.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.reader.dispose()
        self.writer.dispose()


def _sqlite(url: str, *, write: bool) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **_pool())

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if not write:
            connection.execute("PRAGMA query_only = ON")

    if write:
        engine.dialect.do_begin = _begin_immediate  # type: ignore[method-assign] # the hook for it, of one engine only
    return engine


def _begin_immediate(dbapi_connection: PoolProxiedConnection) -> None:
    """Not by a listener: with one on the engine SQLAlchemy asks at each statement who listens, a fifth of its cost."""
    dbapi_connection.cursor().execute("BEGIN IMMEDIATE")


def _postgres(url: str, *, write: bool) -> Engine:
    ours = {"timezone": "utc", "lock_timeout": f"{LOCK_SECONDS}s", "statement_timeout": f"{STATEMENT_SECONDS}s"}
    if write:
        ours["idle_in_transaction_session_timeout"] = f"{IDLE_SECONDS}s"
    else:  # a snapshot may think for minutes between two reads: an export writes files meanwhile
        ours["default_transaction_read_only"] = "on"
    given = make_url(url).query.get("options", "")  # the operator's own stay, before ours
    options = " ".join([str(given), *(f"-c {name}={value}" for name, value in ours.items())]).strip()
    common = _pool() | {"pool_pre_ping": True, "pool_recycle": RECYCLE_SECONDS}
    common["connect_args"] = {"options": options, "connect_timeout": CONNECT_SECONDS, **KEEPALIVE}
    common["connect_args"] |= {"application_name": NAME, "client_encoding": "utf8"}
    if write:
        return create_engine(url, **common)
    return create_engine(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **common)


def _pool() -> dict[str, Any]:
    """What the engines have in common.

    hide_parameters: an error that is logged names the statement, never what people typed or a hash.
    """
    sizes = {"pool_size": POOL_SIZE, "max_overflow": POOL_OVERFLOW, "pool_timeout": POOL_SECONDS}
    return sizes | {"hide_parameters": True}


def insert_once(db: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert unless a unique key is there already; returns whether a row was written."""
    return insert_new(db, table, values) is not None


def insert_new(db: Connection, table: Table, values: dict[str, Any]) -> Row[Any] | None:
    """As `insert_once`; returns the primary key of the row that was written."""
    return db.execute(_once(db.dialect, table, tuple(values)), values).first()


@lru_cache(maxsize=256)
def _once(dialect: Dialect, table: Table, names: tuple[str, ...]) -> Any:
    """Compiled and kept here: SQLAlchemy 2.0 keeps no INSERT that knows ON CONFLICT, and compiling it anew each time
    takes ten times as long as running it (measured: `make bench`, orders settled).
    """
    statement = _insert(dialect)(table).on_conflict_do_nothing().returning(*table.primary_key)
    return statement.compile(dialect=dialect, column_keys=list(names))


def insert_or_change(db: Connection, table: Table, values: dict[str, Any], change: Iterable[str]) -> Row[Any]:
    """Insert, or change these columns of the row with the same primary key; returns the row, locked until the commit.

    One statement, so that two at once queue instead of meeting between a look and a write.
    """
    return insert_or_change_all(db, table, [values], change)[0]


def insert_or_change_all(
    db: Connection, table: Table, rows: Sequence[dict[str, Any]], change: Iterable[str]
) -> Sequence[Row[Any]]:
    """As `insert_or_change`, of several rows in one statement: locked in the order given, returned in any."""
    statement = _or_change(db.dialect, table, len(rows), tuple(rows[0]), tuple(change))
    given = {f"{name}_{number}": value for number, row in enumerate(rows) for name, value in row.items()}
    return db.execute(statement, given).all()


@lru_cache(maxsize=64)
def _or_change(dialect: Dialect, table: Table, rows: int, names: tuple[str, ...], change: tuple[str, ...]) -> Any:
    """Compiled and kept, as `_once`."""
    numbered = [
        {name: bindparam(f"{name}_{number}", type_=table.c[name].type) for name in names} for number in range(rows)
    ]
    new = _insert(dialect)(table).values(numbered)
    changed = {name: new.excluded[name] for name in change}
    statement = new.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)
    return statement.returning(*table.c).compile(dialect=dialect)


def _insert(dialect: Dialect) -> Any:
    """The INSERT of this database that knows ON CONFLICT."""
    return sqlite_insert if dialect.name == "sqlite" else postgres_insert
