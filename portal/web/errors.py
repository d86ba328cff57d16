"""Error pages: what happened, what to do now, and a reference number that the log has too."""

import logging
from typing import Any

from flask import Flask, redirect, render_template, request
from flask.globals import request_ctx
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from portal.accounts import drafts
from portal.web import edge, sign_in, who
from portal.web.edge import now, parts
from portal.web.observed import LONGEST_METHOD, reference
from portal.web.places import safe_place

log = logging.getLogger("portal")
KNOWN = (400, 403, 404, 405, 413, 429, 500, 503)
RETRY_SECONDS = 5


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, forged)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(OperationalError, unavailable)
    app.register_error_handler(NoneFree, unavailable)
    app.register_error_handler(Exception, broken)
    app.log_exception = unforeseen  # type: ignore[method-assign]  # Flask's documented way to log otherwise


def page(code: int) -> tuple[str, int, dict[str, str]]:
    if request_ctx.url_adapter is None:  # an unknown Host header: no address of ours can be written for it
        return f"Bad request. Reference {reference()}.\n", code, {"Content-Type": "text/plain; charset=utf-8"}
    headers = {"Retry-After": str(RETRY_SECONDS)} if code == ServiceUnavailable.code else {}
    return (
        render_template("errors/error.html", code=code if code in KNOWN else 400, reference=reference()),
        code,
        headers,
    )


def refused(error: HTTPException) -> Any:
    """Any answer that Flask or a view aborted with. Redirects of the router pass."""
    edge.undo()
    code = error.code or InternalServerError.code
    if code < 400:
        return error
    log.info("refused", extra={"code": code})
    body, status, headers = page(code)
    if code == 405 and error.get_headers():
        headers |= {name: value for name, value in error.get_headers() if name == "Allow"}
    return body, status, headers


def unavailable(error: OperationalError | NoneFree) -> Any:
    """The database does not answer, or all connections to it are in use: say so, and when to try again."""
    edge.undo()
    log.error("database unavailable", exc_info=error)
    return page(503)


def broken(error: Exception) -> Any:
    edge.undo()
    tell(error)
    return page(500)


def unforeseen(exc_info: tuple[Any, BaseException | None, Any]) -> None:
    """What a hook raised, such as the commit. Flask's own line has the address, which may hold a token."""
    if exc_info[1] is not None:
        tell(exc_info[1])


def tell(error: BaseException) -> None:
    """A fault of ours: to the log, and to whoever collects reports."""
    log.error("unexpected error", exc_info=error)
    about = {"reference": reference(), "endpoint": request.endpoint, "method": request.method[:LONGEST_METHOD]}
    parts().reports.send(error, **about)


def forged(error: CSRFError) -> Any:
    """The forgery token is missing or of an earlier session.

    An honest form that was open since before the last sign-in is put back, filled, to be checked and sent again.
    """
    edge.undo()
    if request.endpoint == "sign_in.come_in" and _same_origin():
        return sign_in.page(sign_in.SignInForm(), stale=True), 400
    person = who.person()
    place = safe_place(request.full_path.rstrip("?")) or safe_place(request.path)
    if person and place and _same_origin():
        with parts().database.write() as db:
            drafts.save(db, person.administrator.id, request.path, request.form.to_dict(), at=now())
        return redirect(place, 303)
    log.warning("forgery token refused", extra={"code": 400})
    return page(400)


def _same_origin() -> bool:
    """Browsers say where a form was; where they do not, nothing is believed."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"
