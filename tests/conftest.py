"""The fixtures that every test may use: a house on SQLite, or on both databases."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.helpers import databases
from tests.helpers.browser import Browser
from tests.helpers.house import BUILT, House, build

HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "")


# A busy machine is no fault; in CI the same examples run each time, so that a red run is about the change.
settings.register_profile("portal", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("portal")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches beyond this machine, not even to ask for an address."""
    look_up = socket.getaddrinfo

    def guarded(connect: Any) -> Any:
        def to(self: socket.socket, address: Any) -> Any:
            here = self.family == socket.AF_UNIX or address[0] in HERE
            assert here, f"a test reaches beyond this machine, to {address}: give it a stand-in"
            return connect(self, address)

        return to

    def asked(host: Any, *given: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        assert name is None or name in HERE, f"a test reaches beyond this machine, to {name}: give it a stand-in"
        return look_up(host, *given, **more)

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", asked)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLite, or what TEST_DATABASE names, unless the test asks for `both_databases`."""
    kind = getattr(request, "param", os.environ.get("TEST_DATABASE", "sqlite"))
    with databases.postgres() if kind == "postgres" else databases.sqlite(tmp_path) as url:
        yield url


both_databases = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # for what only one of them does
on_postgres = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture(autouse=True)
def no_house_left_open() -> Iterator[None]:
    yield
    while BUILT:
        BUILT.pop().parts.database.close()


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> House:
    return build(tmp_path, database_url)


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failed one: what it needs is to be installed by `.ci/run`."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
