"""People who ask without pause, each request on a connection of its own, as a proxy passes them on."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Connect = Callable[[], socket.socket]
PATIENCE = 30.0  # seconds for one answer
GET = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
POST = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n\r\nusername=m1234"
)  # refused for want of a forgery token, and so answered: that is all that is asked here


def tcp(port: int) -> Connect:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def unix(path: Path) -> Connect:
    def connect() -> socket.socket:
        found = socket.socket(socket.AF_UNIX)
        found.settimeout(PATIENCE)
        try:
            found.connect(str(path))
        except OSError:
            found.close()
            raise
        return found

    return connect


def exchange(connect: Connect, request: bytes) -> bytes:
    """One request, and all that comes back until the connection is closed."""
    with connect() as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def outcome(connect: Connect, request: bytes) -> str:
    """The status of a whole answer, or what went wrong."""
    try:
        answer = exchange(connect, request)
    except OSError as error:
        return type(error).__name__
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next((line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b"")
    whole = head.startswith(b"HTTP/1.1 ") and len(body) == int(length or len(body))
    return head[9:12].decode() if whole else f"{len(answer)} bytes of an answer"


@contextmanager
def load(connect: Connect, *requests: bytes, people: int = 8) -> Iterator[Counter[str]]:
    """People who repeat the requests for the length of the block; counts each outcome. All have ended after it."""
    found: Counter[str] = Counter()
    over, lock = threading.Event(), threading.Lock()

    def ask(request: bytes) -> None:
        while not over.is_set():
            seen = outcome(connect, request)
            with lock:
                found[seen] += 1

    threads = [threading.Thread(target=ask, args=(requests[n % len(requests)],)) for n in range(people)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()
