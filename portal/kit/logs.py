"""Structured logs: one JSON object a line, in UTC, with the number of the request. Never a password or a token.

What is logged: a line for each request (portal/web/observed.py), one for each step of a sign-in and each act that the
activity has too (portal/kit/audit.py), one for each row that a worker has tried (portal/jobs/post.py), every fault, and
what the server and the libraries warn of. A fault is told by its places and not by its words (portal/kit/faults.py).

A line is one write, so that lines of several processes do not mix, and a write that fails is counted and forgotten: a
log that nobody takes any more must not stop a request. One that is taken slowly does: lines wait, they are not lost.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii
from typing import Any

from portal.kit import faults, metrics

STANDARD_ERROR = 2
_log = logging.getLogger("portal")
_OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_Context = Callable[[], dict[str, Any]]


def to_json(line: dict[str, Any]) -> str:
    """As `json.dumps(line, default=str)`, in a third of the instructions where the values are texts and numbers.

    JSON escapes line breaks and control characters, so that nobody can forge a line.
    """
    quoted = encode_basestring_ascii
    facts = [f"{quoted(name)}: {quoted(fact) if type(fact) is str else _other(fact)}" for name, fact in line.items()]
    return "{" + ", ".join(facts) + "}"


def _other(fact: Any) -> str:
    return str(fact) if type(fact) is int else json.dumps(fact, default=str)


class JsonLines(logging.Formatter):
    def __init__(self, context: _Context) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        line = {"at": datetime.fromtimestamp(record.created, UTC).isoformat(), "level": record.levelname.lower()}
        line |= {"logger": record.name, "event": record.getMessage()} | self._context()
        line |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info and record.exc_info[1]:
            line["fault"] = faults.kind(record.exc_info[1])
            line["traceback"] = faults.text(record.exc_info[1])
        return to_json(line)


class Lines(logging.Handler):
    """Writes lines to a file descriptor; what it cannot write is lost, and counted."""

    def __init__(self, context: _Context, descriptor: int = STANDARD_ERROR) -> None:
        super().__init__()
        self.setFormatter(JsonLines(context))
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        metrics.count_event(str(record.msg), record.levelname.lower())
        try:
            text = self.format(record)
        except Exception:  # a value that cannot even be told must not stop who tells it
            metrics.count(metrics.LOG_LINES_LOST)
        else:
            self.write(text)

    def write(self, text: str) -> None:
        rest = text.encode("ascii", "backslashreplace") + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:  # nobody reads any more, or the disk is full
            metrics.count(metrics.LOG_LINES_LOST)


def configure(context: _Context, level: int = logging.INFO) -> None:
    """Send the portal's log to standard error as JSON lines, and what libraries warn of; again changes nothing."""
    log, of_libraries = logging.getLogger("portal"), logging.getLogger()
    if _handler(log) is None:
        log.addHandler(Lines(context))
        log.setLevel(level)
        log.propagate = False
    if _handler(of_libraries) is None:
        of_libraries.addHandler(Lines(context))


@contextmanager
def only_warnings() -> Iterator[None]:
    """Meanwhile nothing is told that is as it should be: for a person at a terminal."""
    log = logging.getLogger("portal")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _handler(log: logging.Logger) -> Lines | None:
    return next((handler for handler in log.handlers if isinstance(handler, Lines)), None)


def write(line: dict[str, Any]) -> None:
    """A line without a record of the logging module, whose making costs three times what this does: for each request.

    It has no context but what it says itself, and is not counted as an event.
    """
    if _log.isEnabledFor(logging.INFO):
        for handler in _log.handlers:
            if type(handler) is Lines:
                handler.write(to_json(line))
