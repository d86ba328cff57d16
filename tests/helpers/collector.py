"""Somebody who collects reports of errors, on loopback: a real HTTP server that can be told to misbehave."""

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Collector:
    """`with Collector() as collector`. status: of each answer; hang: say nothing until the end of the block."""

    status: int = 202
    hang: bool = False
    reports: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def __enter__(self) -> "Collector":
        handler = type("Handler", (_Handler,), {"of": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/errors/a-key"


class _Handler(BaseHTTPRequestHandler):
    of: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.of.bodies.append(body)
        self.of.asked.append((self.path, self.headers["Content-Type"]))
        self.of.reports.append(json.loads(body))
        if self.of.hang:
            self.of.over.wait(30)
        self.send_response(self.of.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""
