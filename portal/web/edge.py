"""The edge of a request: its parts, its instant, its two connections, and the one commit.

A page that reads uses `reading()`; what changes something uses `writing()`, one transaction that is committed when the
answer is ready and undone when anything was raised. A GET that asks for `writing()` is a mistake, and fails. What is
written for a GET all the same has a transaction and a reason of its own: that a session is in use or over (who.py,
staff/entry.py), and that our staff look at a customer's page (staff/view.py).
"""

from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal.parts import Parts
from portal.rules.throttle import client_network

_network = lru_cache(maxsize=4096)(client_network)  # reading an address costs as much as a look into the database
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def parts() -> Parts:
    found: Parts = current_app._get_current_object().extensions["portal"]  # type: ignore[attr-defined]  # a proxy's own
    return found


def kept() -> Any:
    """Flask's `g` itself, for what a page asks often: through the proxy each look costs four calls more."""
    return g._get_current_object()


def now() -> datetime:
    """The instant of this request: one for all that it decides."""
    own = kept()
    instant: datetime | None = own.get("now")
    if instant is None:
        instant = own.now = parts().clock.now()
    return instant


def forget_browser() -> None:
    """Leave nothing of who used this browser in its cookie but the language: the secret against forgery goes too."""
    language = session.get("language")
    session.clear()
    g.pop("csrf_token", None)  # made of that secret, should this very request go on to make a page
    if language:
        session["language"] = language


def network() -> str:
    """The client network that limits count: /24 or /64 of the address that the trusted proxies tell."""
    return _network(request.remote_addr or "")


def reading() -> Connection:
    own = kept()
    connection: Connection | None = own.get("reading")
    if connection is None:
        connection = own.reading = parts().database.reader.connect()
        own.pop("no_visitor", None)  # the database answers, or does again
    return connection


def writing() -> Connection:
    own = kept()
    connection: Connection | None = own.get("writing")
    if connection is None:
        if request.method in SAFE_METHODS:
            raise RuntimeError(f"{request.method} {request.path} wants to write: use POST, or reading()")
        connection = own.writing = parts().database.writer.connect()
        connection.begin()
    return connection


def undo() -> None:
    """Give up what the request has written so far."""
    if "writing" in g:
        with suppress(SQLAlchemyError):  # a connection that is lost has nothing left to undo
            g.writing.rollback()


def forget_broken() -> None:
    """Give up the connection on which reading failed: whoever reads next gets another one, or learns it anew."""
    connection: Connection | None = g.pop("reading", None)
    if connection is not None:
        _give_back(connection)


def _give_back(connection: Connection) -> None:
    """One that is lost says so once more, when the answer is ready: nobody would get that answer."""
    try:
        connection.close()
    except SQLAlchemyError:
        connection.invalidate()


def init_app(app: Flask) -> None:
    @app.after_request
    def commit(response: Response) -> Response:
        if "writing" in g:
            try:
                g.writing.commit()
            except SQLAlchemyError as error:  # as where a statement fails: Flask itself knows only 500 here
                return app.make_response(app.handle_user_exception(error))
        return response

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        own = kept()
        for name in ("reading", "writing"):
            connection: Any = own.pop(name, None)
            if connection is not None:
                _give_back(connection)
