"""The life of a worker: rounds and rows until it is told to stop, and the signs by which others see that it lives.

It shows that it lives whenever it asks whether to stop: after each row, and between the slices of a night. One that
shows nothing for SILENCE_SECONDS is stuck, and has lost its work to the others by then.

    GET /health/live  200, or 503 when it is stuck: for whoever starts it again
    GET /metrics      what it has counted, to whoever shows METRICS_TOKEN
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from flask import Flask
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError

from portal.jobs.post import work_once
from portal.jobs.rounds import Rounds
from portal.kit import faults, metrics, nights
from portal.kit.clock import stopwatch
from portal.parts import Parts

log = logging.getLogger("portal")
IDLE_SECONDS = 1.0  # how long it rests when nothing is due
SILENCE_SECONDS = nights.LEASE.total_seconds()  # the longest lease there is
CLIENT_SECONDS = 5.0  # for each piece of a question about its health


class Worker:
    def __init__(self, app: Flask) -> None:
        self._app, self._stopping = app, False
        self._parts: Parts = app.extensions["portal"]
        self._silence: Callable[[], float] = stopwatch()
        self._rounds = Rounds(self._parts, stopping=self.is_told_to_stop)

    def stop(self) -> None:
        """After the present row."""
        self._stopping = True

    def is_told_to_stop(self) -> bool:
        self._silence = stopwatch()
        return self._stopping

    def is_stuck(self) -> bool:
        return self._silence() >= SILENCE_SECONDS

    def collect(self) -> Iterable[Metric]:
        """As a source of metrics."""
        yield GaugeMetricFamily(
            "portal_worker_silent_seconds", "Since this worker last showed that it lives.", self._silence()
        )

    def work(self, *, once: bool = False) -> None:
        """Until it is told to stop; once: until nothing is due. A database that is away is waited for, but not then."""
        while not self.is_told_to_stop():
            try:
                self._rounds.make_if_due()
                busy = work_once(self._app)
            except SQLAlchemyError as error:
                if once:
                    raise
                log.error("database unavailable", extra={"fault": faults.kind(error)})
                busy = False
            except Exception as error:  # told as any other; whoever started this worker starts another
                log.error("worker broken", exc_info=error)
                self._parts.reports.send(error, worker="loop")
                raise SystemExit(1) from None
            if not busy:
                if once:
                    return
                time.sleep(IDLE_SECONDS)

    @contextmanager
    def answering(self, host: str, port: int) -> Iterator[int]:
        """Tell others about its health meanwhile; the port it listens on. Raises OSError where it cannot."""
        handler = type("Handler", (_Health,), {"of": self, "token": self._parts.settings.metrics_token.reveal()})
        with ThreadingHTTPServer((host, port), handler) as server:
            server.daemon_threads = True
            Thread(target=server.serve_forever, args=(0.2,), name="health", daemon=True).start()
            try:
                yield server.server_port
            finally:
                server.shutdown()


class _Health(BaseHTTPRequestHandler):
    of: Worker
    token: str
    timeout = CLIENT_SECONDS
    server_version, sys_version = "portal", ""

    def do_GET(self) -> None:
        if self.path == "/health/live":
            stuck = self.of.is_stuck()
            self._answer(503 if stuck else 200, json.dumps({"status": "stuck" if stuck else "live"}).encode())
        elif self.path == "/metrics" and metrics.may_read(self.token, self.headers.get("Authorization", "")):
            self._answer(200, metrics.page(self.of), metrics.CONTENT_TYPE)
        else:
            self._answer(404, b"{}")

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: what machines ask for all day is not told."""
