"""Hundreds of slow clients keep nginx waiting, and nobody else. How long anybody waits: bench/slow_clients.py."""

from collections.abc import Iterator

import pytest

from tests.helpers import databases, slow
from tests.helpers.load import GET, POST, load
from tests.helpers.nodes import place, until
from tests.helpers.proxy import HOST, SETTINGS, Proxy, nginx

MANY = 200
ENOUGH = 20  # answers of each kind


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("slow")
    sockets = [folder / "1.sock", folder / "2.sock"]
    with databases.chosen(folder) as url, place(folder, PORTAL_DATABASE_URL=url, **SETTINGS) as here:
        for path in sockets:
            here.node_at(path)
        with nginx(folder / "nginx", *sockets) as found:
            yield found


@pytest.mark.parametrize("kind", slow.KINDS)
def test_everybody_else_is_answered(proxy: Proxy, kind: str) -> None:
    get, post = (request.replace(b"Host: 127.0.0.1", b"Host: " + HOST.encode()) for request in (GET, POST))
    with slow.clients(proxy.tls, slow.KINDS[kind](HOST), MANY), load(proxy.tls, get, post, people=4) as found:
        until(lambda: min(found["200"], found["400"]) >= ENOUGH)
    assert set(found) == {"200", "400"}, found
