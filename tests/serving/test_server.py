"""`portal serve` as one node: asked to stop, to read its settings again, and hit by what happens to processes."""

import errno
import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from portal import serving
from tests.helpers import databases
from tests.helpers.load import GET, POST, exchange, load, outcome, tcp, unix
from tests.helpers.nodes import Node, Place, place, until

FAR_TOO_MANY, PERSISTENT = 2000, 20  # connections, and refusals of one after the other
REST = 9  # bytes of the body that come later


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with databases.chosen(tmp_path) as url, place(tmp_path, PORTAL_DATABASE_URL=url) as found:
        yield found


@contextmanager
def begun(node: Node) -> Iterator[socket.socket]:
    """A request of which the server has the head and half of the body."""
    with tcp(node.port)() as connection:
        connection.sendall(POST[:-REST])
        assert outcome(tcp(node.port), GET) == "200"  # answered later, so the one above has been taken in
        yield connection


def finished(connection: socket.socket) -> bytes:
    """The first line of the answer, once the rest of the body has been sent."""
    connection.sendall(POST[-REST:])
    return connection.recv(65536).partition(b"\r\n")[0]


def test_a_stopped_node_finishes_what_is_under_way(here: Place) -> None:
    node = here.node()
    with begun(node) as connection:
        node.signal(signal.SIGTERM)
        until(lambda: outcome(tcp(node.port), GET) != "200")  # nobody new is let in
        assert node.alive()
        assert finished(connection) == b"HTTP/1.1 400 Bad Request"
    assert node.wait() == 0


def test_a_reloaded_node_finishes_what_is_under_way(here: Place) -> None:
    node = here.node()
    before = node.children()
    with begun(node) as connection:
        node.reload()
        until(lambda: set(node.children()) > set(before))
        assert finished(connection) == b"HTTP/1.1 400 Bad Request"
    until(lambda: not set(before) & set(node.children()))
    assert outcome(tcp(node.port), GET) == "200"


def test_a_reload_reads_the_settings_again(here: Place) -> None:
    node = here.node()
    (here.folder / "instance" / "config.toml").write_text('BRAND = "Posta Chiara"\n')
    assert b"Posta Chiara" not in exchange(tcp(node.port), GET)
    node.reload()
    until(lambda: b"Posta Chiara" in exchange(tcp(node.port), GET), node.log)


def test_a_reload_with_settings_that_are_refused_changes_nothing(here: Place) -> None:
    node = here.node()
    before = node.children()
    (here.folder / "instance" / "config.toml").write_text('PUBLIC_URL = "nonsense"\n')
    node.reload()
    until(lambda: "reload refused" in node.log(), node.log)
    assert "PUBLIC_URL" in node.log()
    assert node.children() == before
    assert outcome(tcp(node.port), GET) == "200"


def test_a_process_that_is_killed_comes_back(here: Place) -> None:
    node = here.node(workers=2)
    killed, left = node.children()
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(node.children()) == 2 and killed not in node.children(), node.log)
    assert left in node.children()
    assert outcome(tcp(node.port), GET) == "200"


def test_what_the_server_says_itself_is_told_as_every_line_of_the_log(here: Place) -> None:
    node = here.node(workers=2)
    os.kill(node.children()[0], signal.SIGKILL)
    until(lambda: "Unexpected exit" in node.log(), node.log)
    node.wait_for_processes(2)
    assert node.stop() == 0
    lines = [json.loads(line) for line in node.log().splitlines()]
    said = [(line["level"], line["event"]) for line in lines if line["logger"] == "_granian"]
    assert said == [("error", "Unexpected exit from worker-1")]  # and not that six threads are many


def test_no_process_outlives_its_main_process(here: Place) -> None:
    node = here.node(workers=2)
    serving = node.children()
    os.kill(node.pid, signal.SIGKILL)
    node.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in serving))
    assert here.node(port=node.port).ready()


def test_a_second_node_on_the_same_port_is_told_so(here: Place) -> None:
    node = here.node()
    second = here.node(port=node.port, wait=False)
    assert second.wait() == 1
    assert f"There is nothing to listen on at 127.0.0.1:{node.port}" in second.log()
    assert "Traceback" not in second.log()
    assert node.ready()


def test_a_head_larger_than_any_browser_sends_is_refused(here: Place) -> None:
    node = here.node()
    large = GET[:-2] + b"Cookie: " + b"x" * 300_000 + b"\r\n\r\n"
    assert outcome(tcp(node.port), large) != "200"
    assert outcome(tcp(node.port), GET) == "200"


@pytest.mark.parametrize(
    ("proxies", "network"), [("0", "127.0.0.0/24"), ("1", "198.51.100.0/24"), ("2", "203.0.113.0/24")]
)
def test_only_as_many_proxies_are_believed_as_are_trusted(here: Place, proxies: str, network: str) -> None:
    """The client says that it is 192.0.2.7; the two proxies, if they are ours, say 203.0.113.7 and 198.51.100.7."""
    node = here.node(PORTAL_TRUSTED_PROXIES=proxies)
    forged = b"\r\nX-Forwarded-For: 192.0.2.7, 203.0.113.7, 198.51.100.7\r\n\r\n"
    assert outcome(tcp(node.port), GET.replace(b"\r\n\r\n", forged)) == "200"
    until(lambda: f'"network": "{network}"' in node.log(), node.log)
    assert "192.0.2" not in node.log()


class TestUnixSocket:
    """Between the proxy and a node on the same machine."""

    def test_it_belongs_to_its_owner_and_group(self, here: Place) -> None:
        path = here.folder / "web.sock"
        here.node_at(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660

    def test_it_is_gone_after_a_stop(self, here: Place) -> None:
        path = here.folder / "web.sock"
        assert here.node_at(path).stop() == 0
        assert not path.exists()

    def test_nobody_new_finds_it_while_the_last_are_served(self, here: Place) -> None:
        path = here.folder / "web.sock"
        node = here.node_at(path)
        with unix(path)() as connection:
            connection.sendall(POST[:-REST])
            assert outcome(unix(path), GET) == "200"
            node.signal(signal.SIGTERM)
            until(lambda: not path.exists())
            assert node.alive()
            assert finished(connection) == b"HTTP/1.1 400 Bad Request"
        assert node.wait() == 0

    def test_one_that_a_killed_node_left_behind_is_replaced(self, here: Place) -> None:
        path = here.folder / "web.sock"
        here.node_at(path).kill()
        assert path.exists()
        assert here.node_at(path).alive()

    def test_one_that_is_in_use_is_left_alone(self, here: Place) -> None:
        path = here.folder / "web.sock"
        here.node_at(path)
        second = here.node_at(path, wait=False)
        assert second.wait() == 1
        assert f"There is nothing to listen on at {path}" in second.log()
        assert outcome(unix(path), GET) == "200"

    def test_so_many_may_wait_and_no_more(self, here: Place) -> None:
        """Whoever comes then is refused at once, for nginx to ask another node, and nobody waits for minutes."""
        path = here.folder / "web.sock"
        here.node_at(path)
        there, refused = 0, 0
        with ExitStack() as stack:
            while refused < PERSISTENT and there < FAR_TOO_MANY:
                connection = stack.enter_context(socket.socket(socket.AF_UNIX))
                connection.setblocking(False)
                if connection.connect_ex(str(path)) == errno.EAGAIN:
                    refused += 1
                    time.sleep(0.05)  # for those in the queue to be let in, where there is room
                else:
                    refused, there = 0, there + 1
        assert refused == PERSISTENT
        assert there < serving.CONNECTIONS + serving.BACKLOG + 50
        until(lambda: outcome(unix(path), GET) == "200")

    def test_without_a_trusted_proxy_it_is_refused(self, here: Place) -> None:
        """Whoever comes through it has no address, and all would share one limit."""
        node = here.node_at(here.folder / "web.sock", wait=False, PORTAL_TRUSTED_PROXIES="0")
        assert node.wait() == 1
        assert "set PORTAL_TRUSTED_PROXIES" in node.log()


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_no_request_is_lost_by_reloads_under_load(here: Place, kind: str) -> None:
    path = here.folder / "web.sock"
    node = here.node(workers=2) if kind == "tcp" else here.node_at(path, workers=2)
    connect = tcp(node.port) if isinstance(node, Node) else unix(path)
    with load(connect, GET, POST, people=24) as found:
        for _ in range(5):
            before = set(node.children())
            node.signal(signal.SIGHUP)
            until(lambda: not before & set(node.children()), node.log)  # noqa: B023 - awaited before the next round
    assert set(found) == {"200", "400"}, found
    assert min(found.values()) > 100


@pytest.mark.soak
def test_a_stop_takes_no_request_in_that_it_does_not_answer(here: Place) -> None:
    node = here.node(workers=2)
    with load(tcp(node.port), GET, POST, people=24) as found:
        until(lambda: found["200"] > 100)
        assert node.stop() == 0
    assert set(found) == {"200", "400", "ConnectionRefusedError"}, found


@pytest.mark.soak
def test_a_request_that_never_ends_holds_no_stop_up_for_ever(here: Place) -> None:
    node = here.node()
    with begun(node):
        assert node.stop() == 0


@pytest.mark.soak
def test_a_head_that_never_ends_is_given_up(here: Place) -> None:
    node = here.node()
    with tcp(node.port)() as connection:
        connection.sendall(GET[:20])
        assert connection.recv(65536)[:12] in (b"", b"HTTP/1.1 408")
    assert node.ready()
