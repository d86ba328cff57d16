"""A sending service on loopback: it believes what is signed, keeps what is newest, and can be told to misbehave."""

import hashlib
import hmac
import json
import re
import ssl
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from portal.setting_values import Secret

SECRET = Secret("kept-by-the-portal-and-by-the-service-0123456789")
TICK_SECONDS = 0.02


class Do(Enum):
    """What a service may do instead of answering."""

    HANG = "takes the request, and says nothing"
    DRIP = "sends a byte now and then, and never a whole line"
    DRIP_HEADERS = "says 200, and comes to no end with its headers"
    GARBAGE = "says something that is no HTTP"
    DROP = "cuts the line"
    REDIRECT = "sends elsewhere"


@dataclass
class ServiceServer:
    """`with ServiceServer() as server`: listens at `server.url`. `behaviour`: a status, or worse; None: as agreed.

    known: of each platform what counts, which is what is newest. asked: (path, headers, body) of every request.
    `behaviour` may be changed while it runs.
    """

    secret: Secret = SECRET
    behaviour: Do | int | None = None
    tls: ssl.SSLContext | None = None
    known: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    over: Event = field(default_factory=Event)
    _bodies: dict[str, bytes] = field(default_factory=dict)

    def __enter__(self) -> "ServiceServer":
        handler = type("Handler", (_Handler,), {"of": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.server_port}/base"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """What a service has to do with a request, as the module of the contract says; returns the status."""
        if not self._signed(headers.get("Portal-Signature", ""), body):
            return 401
        told = json.loads(body)
        if path != f"/base/platforms/{told['platform_id']}" or headers["Content-Type"] != "application/json":
            return 400
        if self._bodies.setdefault(headers["Idempotency-Key"], body) != body:
            return 422
        kept = self.known.get(told["platform_id"])
        if kept and told["as_of"] < kept["as_of"]:
            return 409
        self.known[told["platform_id"]] = told
        return 204

    def _signed(self, header: str, body: bytes) -> bool:
        """Computed here again, as the contract says."""
        found = re.fullmatch(r"t=([0-9]+),v1=([0-9a-f]{64})", header)
        if not found:
            return False
        mac = hmac.new(self.secret.reveal().encode(), f"{found[1]}.".encode() + body, hashlib.sha256)
        return hmac.compare_digest(mac.hexdigest(), found[2])


class _Handler(BaseHTTPRequestHandler):
    of: ServiceServer
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = (self.path, dict(self.headers.items()), body)
        self.of.asked.append(request)
        self.close_connection = True
        match self.of.behaviour:
            case None:
                self._answer(self.of.take(*request))
            case int(status):
                self._answer(status)
            case Do.REDIRECT:
                self._answer(307, f"Location: {self.of.url}/platforms/1234\r\n")
            case Do.GARBAGE:
                self.wfile.write(b"\x00\xff250 thank you\r\n\r\n")
            case Do.HANG:
                self.of.over.wait(30)
            case Do.DRIP:
                self._drip(b"HTTP/1.1")
            case Do.DRIP_HEADERS:
                self._drip(b"HTTP/1.1 200 OK\r\nX: ")

    def _answer(self, status: int, header: str = "") -> None:
        self.of.statuses.append(status)
        self.wfile.write(f"HTTP/1.1 {status} So\r\n{header}Content-Length: 0\r\n\r\n".encode())

    def _drip(self, beginning: bytes) -> None:
        try:
            self.wfile.write(beginning)
            while not self.of.over.wait(TICK_SECONDS):
                self.wfile.write(b"2")
        except OSError:
            return  # the portal has lost its patience

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what was asked."""
