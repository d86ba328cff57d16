"""The same bytes through Debian's nginx, by the sample of deploy/: what nginx lets through breaks nothing either."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attack.raw import BLOWS, Answer, listen
from tests.attack.test_raw_http import INNARDS
from tests.helpers import databases
from tests.helpers.load import GET
from tests.helpers.nodes import Running, place
from tests.helpers.pages import HEADERS
from tests.helpers.proxy import HOST, SETTINGS, Proxy, nginx

VERSION = re.compile(rb"nginx/\d", re.IGNORECASE)
REFUSED = (501, 505)  # nginx's own words for a way of transfer, and a version of HTTP, that it does not know
SECONDS = 5.0


@dataclass
class Deployed:
    proxy: Proxy
    node: Running

    def strike(self, blow: object) -> Answer:
        with self.proxy.tls() as line:
            line.settimeout(SECONDS)
            with suppress(OSError):
                blow(line) if callable(blow) else line.sendall(named(blow))
            with suppress(OSError):
                return Answer(listen(line))
        return Answer(b"")


def named(blow: object) -> bytes:
    """For the portal as it is called outside."""
    assert isinstance(blow, bytes)
    return blow.replace(b"Host: 127.0.0.1:8000\r\n", b"Host: " + HOST.encode() + b"\r\n")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder: Path = tmp_path_factory.mktemp("deployed")
    socket = folder / "1.sock"
    with databases.sqlite(folder) as url, place(folder, PORTAL_DATABASE_URL=url, **SETTINGS) as here:
        here.customer()
        node = here.node_at(socket)
        with nginx(folder / "nginx", socket) as proxy:
            yield Deployed(proxy, node)


@pytest.mark.parametrize("what", [what for what in BLOWS if not what.startswith("gone")])
def test_whatever_comes_through_is_answered_and_the_next_one_is_served(deployed: Deployed, what: str) -> None:
    serving = deployed.node.children()
    answer = deployed.strike(BLOWS[what])
    for code in answer.statuses:
        assert code < 500 or code == 503 or code in REFUSED, f"{what}: {answer.head}"
    assert INNARDS.search(answer.raw) is None, f"{what}: {answer.raw[:2000]!r}"
    assert VERSION.search(answer.raw) is None, f"{what}: {answer.raw[:2000]!r}"
    if "x-request-id: " in answer.head:
        for name in HEADERS:
            assert answer.head.count(f"\r\n{name.lower()}: ") == 1, f"{what}: {name} in {answer.head}"
    assert deployed.strike(GET.replace(b"127.0.0.1", HOST.encode())).status == 200, f"{what}: no answer any more"
    assert deployed.node.children() == serving, f"{what}: the process that serves has ended"
