"""Two nodes behind Debian's nginx, by the sample of deploy/: what comes through, what does not, and who is believed."""

import re
import signal
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers import databases
from tests.helpers.load import GET, POST, exchange, load, tcp
from tests.helpers.nodes import Place, Running, place, until
from tests.helpers.processes import Visitor
from tests.helpers.proxy import HOST, SETTINGS, Guest, Proxy, nginx

HEADERS = ("Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Cache-Control")


@dataclass
class Deployed:
    """Everything on one machine, as docs/deploying.md has it."""

    here: Place
    proxy: Proxy
    sockets: list[Path]
    nodes: list[Running]

    def start(self, number: int) -> None:
        self.nodes[number] = self.here.node_at(self.sockets[number])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    sockets = [folder / "1.sock", folder / "2.sock"]
    with databases.chosen(folder) as url, place(folder, PORTAL_DATABASE_URL=url, **SETTINGS) as here:
        here.customer()
        nodes = [here.node_at(path) for path in sockets]
        with nginx(folder / "nginx", *sockets) as proxy:
            yield Deployed(here, proxy, sockets, nodes)


@pytest.fixture
def guest(deployed: Deployed) -> Guest:
    return deployed.proxy.guest()


def named(request: bytes) -> bytes:
    return request.replace(b"Host: 127.0.0.1", b"Host: " + HOST.encode())


def networks(deployed: Deployed) -> set[str]:
    """Of all that the nodes have logged with somebody's network."""
    return set(re.findall(r'"network": "([^"]*)"', "".join(node.log() for node in deployed.nodes)))


def test_a_customer_comes_in_whichever_node_answers(guest: Guest) -> None:
    assert guest.sign_in("m1234") == 200
    assert {guest.get("/subscription") for _ in range(6)} == {200}
    assert guest.state() == "active"


def test_http_2_is_spoken(deployed: Deployed) -> None:
    with deployed.proxy.tls("h2", "http/1.1") as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_plain_http_leads_to_https(deployed: Deployed) -> None:
    answer = exchange(tcp(deployed.proxy.plain_port), named(GET))
    assert answer.startswith(b"HTTP/1.1 308 ")
    assert f"\r\nLocation: https://{HOST}/login\r\n".encode() in answer


def test_another_name_is_shown_no_certificate(deployed: Deployed) -> None:
    with pytest.raises(ssl.SSLError), deployed.proxy.tls(name="another.example.com"):
        pass


def test_another_host_behind_our_name_is_not_answered(deployed: Deployed) -> None:
    assert exchange(deployed.proxy.tls, GET.replace(b"127.0.0.1", b"evil.example")) == b""


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/static/portal.css", "/metrics"])
def test_each_security_header_is_there_once(guest: Guest, path: str) -> None:
    """HSTS among them, which both could say; and on what nginx answers itself."""
    guest.get(path)
    assert {name: len(guest.headers.get_all(name) or []) for name in HEADERS} == dict.fromkeys(HEADERS, 1)


def test_nobody_is_told_what_serves(guest: Guest) -> None:
    for path in ("/login", "/metrics"):
        guest.get(path)
        assert "1.2" not in (guest.headers["Server"] or "")


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
def test_what_is_for_those_who_run_it_is_closed_to_the_outside(guest: Guest, path: str) -> None:
    assert guest.get(path) == 404


@pytest.mark.parametrize("number", [1, 2])
def test_those_who_run_it_ask_each_node_on_the_machine_itself(deployed: Deployed, number: int) -> None:
    assert Visitor(f"http://127.0.0.1:{deployed.proxy.watch_port}").get(f"/{number}/health/ready") == 200


def test_the_log_has_no_secret_of_a_link_and_nothing_typed(deployed: Deployed) -> None:
    guest = deployed.proxy.guest()
    guest.get("/reset-password/a-secret-of-a-link")
    guest.get("/reset-password?username=m4711")
    until(lambda: deployed.proxy.pages().count(" /reset-password ") >= 2)
    assert "a-secret" not in deployed.proxy.pages()
    assert "m4711" not in deployed.proxy.pages()


def test_a_request_has_one_number_in_both_logs(deployed: Deployed) -> None:
    guest = deployed.proxy.guest()
    guest.get("/login")
    number = guest.headers["X-Request-Id"]
    until(lambda: number in deployed.proxy.pages())
    until(lambda: any(number in node.log() for node in deployed.nodes))


def test_pages_are_not_compressed_and_files_are(deployed: Deployed) -> None:
    """A page holds secrets beside what came with the request (BREACH)."""
    for path, packed in (("/login", False), ("/static/portal.css", True)):
        request = (
            named(GET).replace(b"/login", path.encode()).replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\n\r\n")
        )
        head = exchange(deployed.proxy.tls, request).partition(b"\r\n\r\n")[0]
        assert (b"\r\ncontent-encoding: gzip" in head.lower()) is packed


def test_a_body_too_large_for_the_portal_is_refused_in_its_own_words(deployed: Deployed) -> None:
    large = named(POST).replace(b"Content-Length: 14", b"Content-Length: 100014") + b"x" * 100_000
    answer = exchange(deployed.proxy.tls, large)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"<main" in answer


def test_a_body_too_large_for_nginx_reaches_no_node(deployed: Deployed) -> None:
    with deployed.proxy.tls() as connection:
        connection.sendall(named(POST).replace(b"Content-Length: 14", b"Content-Length: 10000000"))
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"<main" not in answer
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in answer


class TestWhoIsBelieved:
    """The client is at 127.5.0.1, whatever it says of itself."""

    HERE = "127.5.0.1"

    FORGED = {
        "X_Forwarded_For": "203.0.113.7, 203.0.113.8",
        "Forwarded": "for=203.0.113.9;host=evil.example;proto=http",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Prefix": "/evil",
        "X_Real_Ip": "203.0.113.7",
    }

    def test_the_address_is_the_clients(self, deployed: Deployed) -> None:
        deployed.proxy.guest(source=self.HERE).sign_in("m1234", "not the password at all")
        until(lambda: "127.5.0.0/24" in networks(deployed))

    def test_a_forged_one_is_not_believed(self, deployed: Deployed) -> None:
        deployed.proxy.guest(source=self.HERE, **self.FORGED).sign_in("m1234", "not the password at all")
        assert not any(network.startswith("203.") for network in networks(deployed))

    def test_nor_a_forged_host_or_protocol(self, deployed: Deployed) -> None:
        guest = deployed.proxy.guest(**self.FORGED)
        assert guest.sign_in("m1234") == 200
        assert "evil" not in guest.text
        assert guest.get("/.well-known/security.txt") == 200
        assert "evil" not in guest.text


def test_without_any_node_it_says_so_and_does_not_hang(deployed: Deployed) -> None:
    for node in deployed.nodes:
        node.stop()
    guest = deployed.proxy.guest()
    assert guest.get("/login") == 502
    assert guest.headers["X-Content-Type-Options"] == "nosniff"
    for number in (0, 1):
        deployed.start(number)
    assert guest.get("/login") == 200


@pytest.mark.soak
class TestUnderLoad:
    """Not one request is lost by what is done to a node while people ask."""

    def test_a_node_that_is_reloaded(self, deployed: Deployed) -> None:
        with load(deployed.proxy.tls, named(GET), named(POST), people=16) as found:
            for node in deployed.nodes:
                before = set(node.children())
                node.signal(signal.SIGHUP)
                until(lambda: not before & set(node.children()), node.log)  # noqa: B023 - awaited before the next round
        assert set(found) == {"200", "400"}, found

    def test_a_node_that_is_stopped_and_started(self, deployed: Deployed) -> None:
        """As for an update: one after the other."""
        with load(deployed.proxy.tls, named(GET), named(POST), people=16) as found:
            for number in (0, 1, 0, 1):
                assert deployed.nodes[number].stop() == 0
                deployed.start(number)
        assert set(found) == {"200", "400"}, found

    def test_nginx_that_is_reloaded(self, deployed: Deployed) -> None:
        """Whoever has a connection is answered on it."""
        with load(deployed.proxy.tls, named(GET), named(POST), people=16) as found:
            until(lambda: found["200"] > 50)
            deployed.proxy.signal(signal.SIGHUP)
            until(lambda: found["200"] > 200)
        assert set(found) == {"200", "400"}, found
