"""Each request observed: its number, one line of the log, and one count.

The number is on error pages, in every line of the log that the request causes, and in the answer's X-Request-Id. It is
ours, or the trusted proxy's where that has given one: so a customer's words about an error page, the proxy's log and
ours can be put together.

The line says what was asked for by the name of the page, not by its address, which may hold a token; from which client
network; who is signed in, where the page had to know; and the outcome. What machines ask for all day, and files that
are the same for everybody, are counted and not told, unless something is wrong with them.
"""

import re
import secrets
from typing import Any

from flask import Flask, Request, Response, g, has_request_context, request
from flask.globals import request_ctx
from sqlalchemy import Engine

from portal.kit import logs, metrics
from portal.kit.clock import SystemClock, stopwatch
from portal.kit.db import Database
from portal.web.edge import kept, network, parts

HEADER = "X-Request-Id"
_HARMLESS = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
UNTOLD = ("operations.live", "operations.ready", "operations.measured")
LONGEST_METHOD = 16  # characters: a client may call it what it likes
_clock = SystemClock()  # of the log, also where the portal's own is moved: a line says when it was written


def init_app(app: Flask) -> None:
    """First of all hooks: so it begins before every other, and ends after them, when the answer is final."""
    database: Database = app.extensions["portal"].database
    pools = [_Pool("reading", database.reader), _Pool("writing", database.writer)]

    @app.before_request
    def begin() -> None:
        g.watch = stopwatch()

    @app.after_request
    def end(response: Response) -> Response:
        asked, own = request_ctx.request, kept()  # once: each look through a proxy costs as a line
        response.headers[HEADER] = reference()
        seconds, status, endpoint = own.watch(), response.status_code, asked.endpoint or "none"
        metrics.count_request(endpoint, status, seconds)
        for pool in pools:
            pool.note()
        if endpoint not in UNTOLD or status >= 400:
            logs.write(_line(asked, own, endpoint, status, seconds))
        return response


class _Pool:
    """The connections of one kind: a number that is written down where it has changed, and so hardly ever."""

    def __init__(self, use: str, engine: Engine) -> None:
        self._gauge, self._engine, self._last = metrics.CONNECTIONS.labels(use), engine, 0

    def note(self) -> None:
        now: int = self._engine.pool.checkedout()  # type: ignore[attr-defined]  # both databases have a pool that counts
        if now != self._last:
            self._last = now
            metrics.note(self._gauge, now)


def reference() -> str:
    """The number of this request."""
    own = kept()
    found: str | None = own.get("reference")
    if found is None:
        given = request.headers.get(HEADER, "") if parts().settings.trusted_proxies else ""
        found = own.reference = given if _HARMLESS.fullmatch(given) else secrets.token_hex(5)
    return found


def context() -> dict[str, Any]:
    """What each line has that a request causes: never a query string, which may hold what people typed."""
    if not has_request_context():
        return {}
    found = {"reference": reference(), "method": request.method[:LONGEST_METHOD], "endpoint": request.endpoint}
    return found | {"network": network()}


def _line(asked: Request, own: Any, endpoint: str, status: int, seconds: float) -> dict[str, Any]:
    return {
        "at": _clock.now().isoformat(),
        "level": "info",
        "logger": "portal",
        "event": "request",
        "reference": own.reference,
        "method": asked.method[:LONGEST_METHOD],
        "endpoint": endpoint,
        "network": network(),
        "status": status,
        "ms": round(seconds * 1000),
    } | _who(own)


def _who(own: Any) -> dict[str, Any]:
    """Who is signed in, where the page had to find it out (who.py, staff/entry.py): the log itself asks nobody."""
    person, staff = own.get("person"), own.get("staff")
    found: dict[str, Any] = {"member": staff.member.username} if staff else {}
    administrator = getattr(person, "administrator", None)
    if administrator is not None:
        found |= {"platform": administrator.platform_id, "username": administrator.username}
    return found
