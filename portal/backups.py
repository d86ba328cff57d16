"""A backup of the database, made while people write, and put back whole: docs/backup.md says what else to keep.

SQLite is copied by its own backup interface inside of one read transaction: all of one instant, however long it takes,
with nobody waiting, and never more of it in memory than a few pages. PostgreSQL is asked by its own `pg_dump` and
`pg_restore`, which have to be of the server's version or a later one.

A backup is written beside its name, examined, and only then given that name, which must be free: so whatever carries
it is whole. It holds everything about everybody, so nobody but its owner reads it.

Putting back is done beside the place too: the copy is brought to this version and told what the world has heard since
(portal/restoring.py), and only then does it stand where a worker looks. PostgreSQL has no such beside: nobody may be
connected.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from portal import migrations
from portal.kit.db import Database, metadata
from portal.settings import Settings

PAGES = 1024  # copied at once: 4 MiB
HOURS = 6 * 3600  # the longest that a command of PostgreSQL's may take
ASIDE = "Move it away first, and keep it until the restored one has proved good."


class NotDone(Exception):
    """Nothing was saved, or put back; the message says why."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup that was made and examined: its size in bytes."""

    path: Path
    size: int


def save(settings: Settings, path: Path) -> Saved:
    """Write a backup to a path that must be free. Raises NotDone."""
    if path.exists():
        raise NotDone(f"{path} is there already: a backup is never written over another.")
    url = make_url(settings.database_url)
    with _beside(path) as part:
        if url.get_backend_name() == "sqlite":
            _copy(_file(url), part)
        else:
            _dump(url, part)
        size = part.stat().st_size
        _give_name(part, path)
    return Saved(path, size)


@contextmanager
def put_back(settings: Settings, backup: Path) -> Iterator[Database]:
    """The restored database, brought to this version; in its place once the block returns. Raises NotDone.

    Whatever fails, on SQLite nothing is where a worker looks; on PostgreSQL the database has to be emptied again.
    """
    url = make_url(settings.database_url)
    if not backup.is_file():
        raise NotDone(f"There is no backup {backup}.")
    if url.get_backend_name() == "sqlite":
        with _put_back_file(_file(url), backup) as database:
            yield database
    else:
        _load(url, backup)
        with _opened(settings.database_url) as database:
            yield database


@contextmanager
def _put_back_file(target: Path, backup: Path) -> Iterator[Database]:
    for name in (target, *(target.with_name(f"{target.name}{end}") for end in ("-wal", "-shm"))):
        if name.exists():
            raise NotDone(f"{name} is there. {ASIDE}")
    with _beside(target) as part:
        _copy(backup, part)
        with _opened(f"sqlite:///{part}") as database:
            yield database
        with closing(sqlite3.connect(part)) as db:
            db.execute("PRAGMA journal_mode = DELETE")  # all in one file, which can be given its name
        _give_name(part, target)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        _bring_up(database)
        yield database
    finally:
        database.close()


def _bring_up(database: Database) -> None:
    """To this version. Raises NotDone where it is of a later one, or none of ours."""
    try:
        found = migrations.present(database.writer)
        if found not in migrations.revisions():
            raise NotDone(
                f"The backup is of revision {found}, which this version does not know: install the later one."
            )
        migrations.upgrade(database.writer)
    except migrations.Hindered as error:
        raise NotDone(f"The backup cannot be brought to this version: {error}.") from None


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A file of nobody else's in the same folder; gone at the end, if it has not been given its name."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise NotDone(f"{path.parent} cannot be written to ({error.strerror}).") from None
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(f"{part.name}{end}").unlink(missing_ok=True)


def _give_name(part: Path, path: Path) -> None:
    """All of it on the disk, then the name, unless somebody else has it by now."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        raise NotDone(f"{path} is there by now: nothing was written over it.") from None
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# --- SQLite


def _file(url: URL) -> Path:
    return Path(url.database or "")


def _copy(source: Path, target: Path) -> None:
    """All of one instant: the read transaction holds it, so that what others write does not begin the copy anew."""
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.isolation_level = None
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master")  # the instant is that of the first read
            live.backup(copy, pages=PAGES)
            copy.execute("PRAGMA journal_mode = DELETE")
            _examine(copy, source)
    except sqlite3.Error as error:
        raise NotDone(f"{source} cannot be copied ({error}).") from None


def _examine(db: sqlite3.Connection, source: Path) -> None:
    faults = [str(row[0]) for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    faults += [f"a row of {row[0]} points to nothing" for row in db.execute("PRAGMA foreign_key_check")]
    names = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in names:
        faults.append("it is no database of this portal")
    if faults:
        raise NotDone(f"{source} is not whole: {'; '.join(faults[:5])}.")


# --- PostgreSQL


def _dump(url: URL, part: Path) -> None:
    _run(
        url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file", str(part), "--dbname", _plain(url)
    )
    listed = _run(url, "pg_restore", "--list", str(part))
    missing = [name for name in metadata.tables if f" TABLE DATA public {name} " not in listed]
    if missing:
        raise NotDone(f"The backup lacks {', '.join(missing[:5])}: is the database up to date?")


def _load(url: URL, backup: Path) -> None:
    _require_empty(url.render_as_string(hide_password=False))
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run(url, "pg_restore", *options, "--dbname", _plain(url), str(backup))


def _require_empty(url: str) -> None:
    """Nothing of ours there, and nobody who would begin to work as soon as it is. Raises NotDone."""
    database = Database(url)
    others = (
        select(func.count())
        .select_from(text("pg_stat_activity"))
        .where(text("datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"))
    )
    try:
        with database.read() as db:
            if db.execute(others).scalar_one():
                raise NotDone("Somebody is connected to the database: stop nodes and workers first.")
            if inspect(db).get_table_names():
                raise NotDone("The database is not empty: create another one, and name it in PORTAL_DATABASE_URL.")
    except SQLAlchemyError as error:
        raise NotDone(f"The database does not answer ({type(error).__name__}).") from None
    finally:
        database.close()


def _plain(url: URL) -> str:
    """Without the password, which would stand in the list of processes; it goes by the environment."""
    return url.set(drivername="postgresql", password=None).render_as_string()


def _run(url: URL, command: str, *words: str) -> str:
    """What a command of PostgreSQL's has printed. Raises NotDone with its own words."""
    program = shutil.which(command)
    if program is None:
        raise NotDone(f"{command} is missing: install the client of the server's version (postgresql-client).")
    password = {"PGPASSWORD": url.password} if url.password else {}
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
            [program, *words], env=os.environ | password, capture_output=True, text=True, timeout=HOURS, check=False
        )
        if done.returncode == 0:
            return done.stdout
        raise NotDone(f"{command} failed: {' '.join(done.stderr.split())[:500]}")
    raise NotDone(f"{command} took longer than {HOURS // 3600} hours.")
