"""What a database says of itself that would hurt a portal, each with the remedy.

Asked only by `portal check`: it takes SQLite's write lock for a moment, and looks at who is connected to PostgreSQL.
"""

import os
import shutil
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from portal.kit.db import BUSY_SECONDS, LOCK_SECONDS, NAME, Database

LEAST_FREE = 256 * 1024 * 1024  # bytes: below it a SQLite log that grows during an export may fill the disk
OLDEST_POSTGRES = 140000  # 13 gets no more corrections since November 2025
MOUNTS = Path("/proc/self/mountinfo")
NETWORKS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "gluster", "lustre", "sshfs", "davfs", "virtiofs", "beegfs")
ASKED = {"lock_timeout": f"{LOCK_SECONDS}s", "transaction_read_only": "off", "TimeZone": "UTC"}  # of each writer

_ROOM = text(  # for everybody but the server's own; and the others who are there
    """SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int,
        count(*) FILTER (WHERE backend_type = 'client backend' AND application_name <> :name)
    FROM pg_stat_activity"""
)


def faults(database: Database, *, connections: int) -> list[str]:
    """What is wrong. connections: as many as a node and a worker may hold at once. Raises SQLAlchemyError."""
    if database.writer.dialect.name == "sqlite":
        return _sqlite_faults(database)
    with database.read() as db:
        found = [_version(db), _encoding(db), _durability(db), _room(db, connections), _reader(db)]
    return [words for words in [*found, _writer(database)] if words]


def free_space(folder: Path) -> str | None:
    free = shutil.disk_usage(folder).free
    if free >= LEAST_FREE:
        return None
    return f"{folder} has only {free // 1024**2} MiB of free space: make room"


def network_of(path: Path, mounts: str) -> str | None:
    """The kind of network that the file lies behind, by the lines of /proc/self/mountinfo; None for a disk.

    >>> network_of(Path("/srv/portal/a.db"), "1 0 0:1 / / rw - ext4 a b\\n2 1 0:2 / /srv rw - nfs4 host:/ rw")
    'nfs4'
    """
    best, kind = Path("/"), ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        mounted = Path(before.split(" ")[4].replace("\\040", " "))
        if path.is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            best, kind = mounted, after.split(" ")[0]
    return kind if any(name in kind for name in NETWORKS) else None


def _sqlite_faults(database: Database) -> list[str]:
    with database.read() as db:
        path = Path(db.exec_driver_sql("PRAGMA database_list").one()[2])
        mode = db.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    network = network_of(path.resolve(), MOUNTS.read_text() if MOUNTS.exists() else "")
    found = [
        f"{path} lies on a network ({network}), where locks cannot be relied on: move it to a disk"
        if network
        else None,
        f"its journal is {mode} and not wal, so readers wait for writers: move it to a disk" if mode != "wal" else None,
        free_space(path.parent),
        _locked(database, path),
    ]
    return [words for words in found if words]


def _locked(database: Database, path: Path) -> str | None:
    """Writing is what fails where the file may only be read: a transaction alone begins there all the same."""
    if not os.access(path.parent, os.W_OK):
        return f"its log cannot be written to {path.parent}: let the portal's user write there"
    try:
        with database.writer.connect() as db, db.begin() as transaction:
            db.exec_driver_sql("PRAGMA user_version = 0")  # as it is
            transaction.rollback()
        return None
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            return f"somebody has been writing for {BUSY_SECONDS} s: see what hangs"
        return f"{path} cannot be written: let the portal's user write it and its folder"


def _version(db: Connection) -> str | None:
    number = int(_shown(db, "server_version_num"))
    return None if number >= OLDEST_POSTGRES else f"PostgreSQL {number // 10000} is too old: install 14 or later"


def _encoding(db: Connection) -> str | None:
    found = _shown(db, "server_encoding")
    if found == "UTF8":
        return None
    return f"its encoding is {found}, which lacks most names: create it anew with ENCODING 'UTF8'"


def _durability(db: Connection) -> str | None:
    """A sign-out or a payment that was confirmed has to survive a power cut."""
    off = [name for name in ("fsync", "synchronous_commit", "full_page_writes") if _shown(db, name) == "off"]
    return f"{' and '.join(off)} must not be off: a power cut would lose what was confirmed" if off else None


def _room(db: Connection, connections: int) -> str | None:
    """Whether there is room for one node beside everybody else who is connected at this moment."""
    row = db.execute(_ROOM, {"name": NAME}).one()
    if row[0] - row[1] >= connections:
        return None
    return (
        f"it lets {row[0]} in, {row[1]} of them taken by others, and one node with a worker holds up to {connections}:"
        " raise max_connections, or lower --workers"
    )


def _reader(db: Connection) -> str | None:
    return None if _shown(db, "transaction_read_only") == "on" else _dropped("default_transaction_read_only")


def _writer(database: Database) -> str | None:
    with database.write() as db:
        if db.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            return "it is a standby, which cannot be written: name the primary, or add target_session_attrs=read-write"
        dropped = [name for name, wanted in ASKED.items() if _shown(db, name).upper() != wanted.upper()]
    return _dropped(*dropped) if dropped else None


def _dropped(*names: str) -> str:
    """What each connection asks for when it is made."""
    return (
        f"{', '.join(names)} is not as asked for: something in between drops it, so let the URL name PostgreSQL itself"
    )


def _shown(db: Connection, name: str) -> str:
    return str(db.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())
