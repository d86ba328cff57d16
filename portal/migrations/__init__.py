"""Alembic, one head, run by `portal upgrade` and `portal downgrade`.

Up or down is one transaction, so one that fails half-way leaves nothing. One that meets a lock gives up soon, with the
words for it (`Hindered`), and may be tried again as often as one likes.

Alembic is imported where something migrates: a server only asks whether the database is current, and saves the 9 MB.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, func, inspect, select, text
from sqlalchemy.exc import OperationalError

from portal.kit.db import BUSY_SECONDS, LOCK_SECONDS

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
UPGRADE_LOCK = 7_230_711  # any number, the same everywhere: of two upgrades at once the second finds the work done
STATEMENT_SECONDS = 600  # for one statement: an index over millions of rows takes minutes, and nobody knows of hours
BUSY = f"somebody else has been writing to the file for {BUSY_SECONDS} s, the workers or an import"
LOCKED = f"somebody else has been holding a table for {LOCK_SECONDS} s, perhaps an export, an import or a backup"
SLOW = f"a statement, or waiting for another upgrade, took longer than {STATEMENT_SECONDS} s, or was cancelled"
FAULTS = {"55P03": LOCKED, "57014": SLOW, "40P01": LOCKED}  # PostgreSQL: lock not available, cancelled, deadlock


class Hindered(Exception):
    """Nothing was changed, because somebody was in the way: in words for an operator."""


def configuration(engine: Engine) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))  # a % in the folder's name is no variable
    config.attributes["engine"] = engine
    return config


def bound(db: Connection, setting: str, seconds: int) -> None:
    """One of PostgreSQL's time-outs, for the present transaction; 0: none."""
    db.execute(select(func.set_config(setting, f"{seconds}s", True)))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Raises Hindered, and alembic's CommandError for a database of a later version."""
    from alembic import command

    with _watched():
        command.upgrade(configuration(engine), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Raises as `upgrade`. What it loses is told by `losses`."""
    from alembic import command

    with _watched():
        command.downgrade(configuration(engine), revision)


@contextmanager
def _watched() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        words = _words(error)
        if words is None:
            raise
        raise Hindered(words) from error


def _words(error: OperationalError) -> str | None:
    """Who was in the way, None where it was something else."""
    if getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BUSY
    return FAULTS.get(getattr(error.orig, "sqlstate", None) or "")


def losses(engine: Engine, revision: str) -> list[str]:
    """What a downgrade takes away: tables, columns, rows and values, each with how many there are.

    It is found out by doing it and undoing it, so it cannot differ from what will happen. That reads the whole
    database, and locks what will be changed for that moment. Raises as `upgrade`.
    """
    from alembic import command

    config = configuration(engine)
    with _watched(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            bound(connection, "statement_timeout", STATEMENT_SECONDS)
        before = _holdings(connection)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        after = _holdings(connection)
        connection.rollback()
    return [words for name, held in before.items() for words in _lost(name, held, after.get(name))]


def _holdings(connection: Connection) -> dict[str, dict[str, int]]:
    """For each table, how many rows have something in each column; under the name "", how many there are."""
    found, held = MetaData(), {}
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name != "alembic_version":
            counts = [func.count(), *(func.count(column) for column in table.c)]
            row = connection.execute(select(*counts).select_from(table)).one()
            held[table.name] = dict(zip(["", *table.c.keys()], row, strict=True))
    return held


def _lost(name: str, before: dict[str, int], after: dict[str, int] | None) -> list[str]:
    if after is None:
        return [f"the table {name}, with {before['']} rows"]
    if after[""] < before[""]:
        return [f"{before[''] - after['']} of the {before['']} rows of the table {name}"]
    gone = [f"the column {name}.{column}, filled in {before[column]} rows" for column in before.keys() - after]
    less = [column for column in before.keys() & after if after[column] < before[column]]
    return sorted(gone) + [f"{before[c] - after[c]} values of the column {name}.{c}" for c in sorted(less)]


def is_current(engine: Engine) -> bool:
    """Whether the database has every migration of this version."""
    return present(engine) == revisions()[-1]


def revisions() -> list[str]:
    """Every revision that this version knows, oldest first: what the files of the migrations begin with."""
    return sorted(path.name.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*_*.py"))


def present(engine: Engine) -> str | None:
    """The revision that the database has; None before the first."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return found
