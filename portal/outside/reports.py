"""Reports of unexpected errors, to whoever collects them: POST {ERROR_REPORT_URL} with JSON, in the background.

A report says what kind of error it was, where it came through, in which version, and for which request or row:

    {"version": "0.1.0", "at": "2026-11-22T20:00:00+00:00", "reference": "4f1c9a02bd", "endpoint": "orders.show",
     "method": "POST", "errors": [{"kind": "KeyError", "places": ["/srv/portal/portal/web/orders.py:114 pay", …]}]}

It never has the words of the error, a form, an address of a page, a header, a cookie or who was signed in; all that is
in our own log under the same reference, or nowhere. Whoever collects may add the same `errors` up.

Nobody waits for it: reports stand in a short queue, of which a thread sends one after the other. What is too much, by
MOST_WAITING or MOST_A_MINUTE, is dropped and counted, and so is what nobody accepts: an error that happens to
everybody at once must not keep anybody else, and the log has it anyway. A fault of the reporting is logged, and never
reported.
"""

import atexit
import json
import logging
from collections import deque
from collections.abc import Callable
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

from portal.kit import faults, metrics
from portal.kit.clock import Clock, stopwatch
from portal.kit.version import VERSION
from portal.outside import calls
from portal.outside.calls import Patience

log = logging.getLogger("portal")
MOST_WAITING = 20
MOST_A_MINUTE = 30
PATIENCE = Patience(step=5.0, limit=10.0)
FAREWELL_SECONDS = 3.0  # how long a process that ends waits for what still stands in the queue


class Reports(Protocol):
    def send(self, error: BaseException, **about: str | int | None) -> None:
        """Tell of an error, and of what it was met at: names of pages and tasks, and numbers. Never raises or waits."""
        ...


class NoReports:
    """Nobody collects: the log has it."""

    def send(self, error: BaseException, **about: str | int | None) -> None:
        return


class HttpReports:
    """url: without a slash at its end; it may hold a key in its path, so it is never told."""

    def __init__(self, url: str, *, clock: Clock, patience: Patience = PATIENCE) -> None:
        self._url, self._clock, self._patience = urlsplit(url), clock, patience
        self._queue: Queue[dict[str, Any]] = Queue(MOST_WAITING)
        self._lock = Lock()
        self._thread: Thread | None = None
        self._seconds: Callable[[], float] = stopwatch()
        self._sent: deque[float] = deque(maxlen=MOST_A_MINUTE)

    def send(self, error: BaseException, **about: str | int | None) -> None:
        report = {"version": VERSION, "at": self._clock.now().isoformat()}
        try:
            self._queue.put_nowait(report | about | {"errors": faults.told(error)})
        except Full:
            metrics.count(metrics.ERROR_REPORTS, "dropped")
        else:
            self._begin()

    def _begin(self) -> None:
        """The thread starts with the first report: a process that is copied before it takes no thread along."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="error-reports", daemon=True)
                self._thread.start()
                atexit.register(self.finish)

    def finish(self, seconds: float = FAREWELL_SECONDS) -> None:
        """Wait until everything is sent, but not for long."""
        over = stopwatch()
        while self._queue.unfinished_tasks and over() < seconds and self._thread is not None:
            self._thread.join(0.02)

    def _work(self) -> None:
        while True:
            report = self._queue.get()
            try:
                outcome = self._post(report)
            except Exception as error:  # nothing that happens here is anybody else's
                outcome = "failed"
                log.warning("error report not sent", extra={"fault": faults.kind(error)})
            metrics.count(metrics.ERROR_REPORTS, outcome)
            self._queue.task_done()

    def _post(self, report: dict[str, Any]) -> str:
        if self._too_many():
            return "dropped"
        body, headers = json.dumps(report).encode(), {"Content-Type": "application/json"}
        try:
            status = calls.send("POST", self._url, self._url.path or "/", body, headers, self._patience)
        except calls.NoAnswer as error:
            log.warning("error report not sent", extra={"why": str(error)})
            return "failed"
        if not 200 <= status < 300:
            log.warning("error report not sent", extra={"why": f"the collector answered {status}"})
            return "failed"
        return "sent"

    def _too_many(self) -> bool:
        now = self._seconds()
        if len(self._sent) == MOST_A_MINUTE and now - self._sent[0] < 60:
            return True
        self._sent.append(now)
        return False
