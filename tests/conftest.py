"""The fixtures that every test may use: a house on SQLite, or on both databases."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import databases
from tests.helpers.browser import Browser
from tests.helpers.house import House, build


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLite, unless the test asks for `both_databases`."""
    kind = getattr(request, "param", "sqlite")
    with databases.postgres() if kind == "postgres" else databases.sqlite(tmp_path) as url:
        yield url


both_databases = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    found = build(tmp_path, database_url)
    yield found
    found.parts.database.close()


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed one: what it needs is to be installed by `.ci/run`."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
