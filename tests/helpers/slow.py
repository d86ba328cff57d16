"""Clients that keep a server waiting: silent ones, and ones that send a head or a body a byte at a time."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.helpers.load import Connect

EVERY = 1.0  # seconds between two bytes
ENDLESS = 60_000  # bytes promised, of which few ever come


def silent(_host: str) -> bytes:
    return b""


def slow_head(host: str) -> bytes:
    return f"GET /login HTTP/1.1\r\nHost: {host}\r\nX-Slow: ".encode()


def slow_body(host: str) -> bytes:
    kind = "Content-Type: application/x-www-form-urlencoded"
    return f"POST /login HTTP/1.1\r\nHost: {host}\r\n{kind}\r\nContent-Length: {ENDLESS}\r\n\r\nusername=".encode()


KINDS: dict[str, Callable[[str], bytes]] = {"idle": silent, "slow heads": slow_head, "slow bodies": slow_body}


@contextmanager
def clients(connect: Connect, start: bytes, count: int) -> Iterator[list[socket.socket]]:
    """So many at once, for the length of the block. Whoever is given up comes back within a second."""
    over = threading.Event()
    with ExitStack() as stack:
        there = [stack.enter_context(connect()) for _ in range(count)]
        for connection in there:
            connection.sendall(start)

        def trickle() -> None:
            while not over.wait(EVERY):
                for place, connection in enumerate(there):
                    there[place] = _go_on(connection, start) or _again(stack, connect, start) or connection

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            yield there
        finally:
            over.set()
            thread.join()


def _go_on(connection: socket.socket, start: bytes) -> socket.socket | None:
    """One byte more; None if the server has closed the connection."""
    try:
        if start:
            connection.sendall(b"x")
        return connection
    except OSError:
        return None


def _again(stack: ExitStack, connect: Connect, start: bytes) -> socket.socket | None:
    with suppress(OSError):
        found = stack.enter_context(connect())
        found.sendall(start)
        return found
    return None
