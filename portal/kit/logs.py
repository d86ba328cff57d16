"""Structured logs: one JSON object a line, in UTC, with the number of the request. Never a password or a token."""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

_OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """JSON escapes line breaks and control characters, so that nobody can forge a line."""

    def __init__(self, context: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        line = {"at": datetime.fromtimestamp(record.created, UTC).isoformat(), "level": record.levelname.lower()}
        line |= {"logger": record.name, "event": record.getMessage()} | self._context()
        line |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info and record.exc_info[0]:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=True)


def configure(context: Callable[[], dict[str, Any]], level: int = logging.INFO) -> None:
    """Send the portal's log to standard error as JSON lines; calling it again changes nothing."""
    log = logging.getLogger("portal")
    if any(isinstance(handler.formatter, JsonLines) for handler in log.handlers):
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(context))
    log.addHandler(handler)
    log.setLevel(level)
    log.propagate = False
