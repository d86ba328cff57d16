"""For machines: health, metrics, and the addresses that standards give to pages of ours."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, request, url_for
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.tables import administrators
from portal.kit import metrics
from portal.web import access, stock, who
from portal.web.edge import now, parts

pages = Blueprint("operations", __name__)
SECURITY_TXT_LIFE = timedelta(days=180)  # RFC 9116: an expiry less than a year ahead


@pages.get("/health/live")
@access.machine
def live() -> Response:
    """The process answers."""
    return jsonify(status="live")


@pages.get("/health/ready")
@access.machine
def ready() -> tuple[Response, int]:
    """The process can serve people: the database answers and has our tables."""
    try:
        with parts().database.read() as db:
            db.execute(text("SELECT 1"))
            db.execute(select(administrators.c.id).limit(1))
    except SQLAlchemyError:
        return jsonify(status="database unavailable"), 503
    return jsonify(status="ready"), 200


@pages.get("/metrics")
@access.machine
def measured() -> Response:
    """What is counted and what waits, for Prometheus: to whoever shows METRICS_TOKEN, and not found for others.

    Not by the client's address either: behind a proxy on the same machine everybody comes from there.
    """
    if not metrics.may_read(parts().settings.metrics_token.reveal(), request.headers.get("Authorization", "")):
        abort(404)
    waiting: Any = current_app.extensions.setdefault("portal.stock", stock.Stock(parts()))
    return Response(metrics.page(waiting), content_type=metrics.CONTENT_TYPE)


@pages.get("/.well-known/change-password")
@access.machine
def change_password() -> BaseResponse:
    """Where password managers send people (W3C): the form if they are signed in, else the reset by mail."""
    return redirect(url_for("profile.password" if who.person() else "recovery.reset_password"))


@pages.get("/.well-known/security.txt")
@access.machine
def security_txt() -> Response:
    """RFC 9116."""
    settings = parts().settings
    expires = (now() + SECURITY_TXT_LIFE).strftime("%Y-%m-%dT00:00:00Z")
    lines = (
        f"Contact: mailto:{settings.support_email}",
        f"Expires: {expires}",
        "Preferred-Languages: it, en",
        f"Canonical: {settings.public_url}/.well-known/security.txt",
    )
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
