"""Somebody who asks for one page without pause, over connections that stay open: python -m bench.load PORT PATH
SECONDS CONNECTIONS COOKIE

Prints the seconds of each answer, -1 for one that was none. Plain sockets and threads of the standard library: it uses
far less than the servers that it asks, and what it uses is not counted as theirs.
"""

import re
import socket
import sys
import threading
import time

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


def ask(connection: socket.socket, request: bytes) -> bool:
    """Send, and read the whole answer; whether it was a page."""
    connection.sendall(request)
    head, _, body = b"", b"", b""
    while b"\r\n\r\n" not in head:
        head += _more(connection)
    head, _, body = head.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    missing = int(found[1]) - len(body) if found else 0
    while missing > 0:
        missing -= len(_more(connection))
    return head.startswith(b"HTTP/1.1 200")


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed")
    return data


def work(port: int, request: bytes, until: float, taken: list[float]) -> None:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    while (begun := time.perf_counter()) < until:
        try:
            good = ask(connection, request)
        except OSError:
            good = False
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        taken.append(time.perf_counter() - begun if good else -1)
    connection.close()


def main(port: int, path: str, seconds: float, connections: int, cookie: str) -> None:
    words = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: bench\r\nAccept-Language: en\r\n"
    request = f"{words}Cookie: {cookie}\r\n\r\n".encode()
    taken: list[float] = []
    until = time.perf_counter() + seconds
    crew = [threading.Thread(target=work, args=(port, request, until, taken)) for _ in range(connections)]
    for person in crew:
        person.start()
    for person in crew:
        person.join()
    print(*(f"{took:.6f}" for took in taken))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
