"""One request to another system: it ends within a time that is known beforehand, follows no redirect, uses no proxy."""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Thread
from urllib.parse import SplitResult


class NoAnswer(Exception):
    """There was none, or nobody knows: its words have no secret."""


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds. step: to connect, and for each piece of an answer; limit: for all of it."""

    step: float
    limit: float


def send(method: str, url: SplitResult, path: str, body: bytes, headers: dict[str, str], patience: Patience) -> int:
    """The status of the answer, whose body nobody reads. url: whose host is asked; path: for what. Raises NoAnswer."""
    line, over, cut = _line(url, patience.step), Event(), Event()
    Thread(target=_watch, args=(line, patience.limit, over, cut), name="call-watch", daemon=True).start()
    try:
        line.request(method, path, body, headers)
        status = line.getresponse().status
    except (OSError, HTTPException, ValueError) as error:  # ValueError: a host name that cannot be one
        raise NoAnswer("too slow" if cut.is_set() else type(error).__name__) from None
    finally:
        over.set()
        line.close()
    if cut.is_set():
        raise NoAnswer("too slow")
    return status


def _line(url: SplitResult, step: float) -> HTTPConnection:
    if url.scheme == "https":
        return HTTPSConnection(url.netloc, timeout=step, context=ssl.create_default_context())
    return HTTPConnection(url.netloc, timeout=step)


def _watch(line: HTTPConnection, limit: float, over: Event, cut: Event) -> None:
    """A system that sends one byte now and then never runs into a socket's time-out: the line is cut."""
    wait = limit
    while not over.wait(wait):
        cut.set()
        with suppress(OSError, AttributeError):  # AttributeError: there is no socket yet, or no more
            line.sock.shutdown(socket.SHUT_RDWR)
        wait = 1.0  # it may have been between two sockets, before TLS: cut what comes after it too
