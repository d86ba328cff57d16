"""The end of a session, announced: what the script of the idle warning asks, and what it may say.

The server is the judge. Asking for the status is no activity; staying is.
"""

from datetime import datetime

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import drafts
from portal.rules.sessions import EndReason
from portal.web import access, who
from portal.web.edge import now, parts, writing
from portal.web.places import safe_place

pages = Blueprint("session", __name__)


@pages.get("/session")
@access.without_factor
@access.signed_in_background
def status() -> Response:
    """Whole seconds until the warning and until the end; 401 once the session is over."""
    life = who.me().live.life
    return jsonify(
        warn_in=_seconds(life.warn_at), ends_in=_seconds(life.ends_at), final=life.ends_by is EndReason.ABSOLUTE
    )


def _seconds(instant: datetime) -> int:
    return max(0, int((instant - now()).total_seconds()))


@pages.post("/session/stay")
@access.without_factor
@access.signed_in
def stay() -> BaseResponse:
    """One key to stay: the request itself is the activity. Without the script it leads back to where it came from."""
    live = who.me().live
    drafts.discard_since(writing(), live.administrator.id, live.started_at)
    if request.accept_mimetypes.best == "application/json":
        idle = parts().settings.idle_timeout_seconds
        return jsonify(stays_for=int(idle.total_seconds()))
    return redirect(safe_place(request.form.get("from")) or url_for("subscription.overview"), 303)


@pages.post("/session/draft/discard")
@access.without_factor
@access.signed_in
def discard() -> BaseResponse:
    """Begin again instead of going on with what was typed when the session ended."""
    place = safe_place(request.form.get("draft_path")) or url_for("subscription.overview")
    drafts.discard(writing(), who.me().administrator.id, place)
    return redirect(place, 303)


@pages.post("/session/draft")
@access.without_factor
@access.signed_in_background
def draft() -> BaseResponse:
    """Keep what is typed in a form just before the session ends."""
    place = safe_place(request.form.get("draft_path"))
    if place:
        fields = {name: text for name, text in request.form.items() if name not in ("draft_path", "csrf_token")}
        drafts.save(writing(), who.me().administrator.id, place.partition("?")[0], fields, at=now())
    return Response(status=204, mimetype="text/plain")  # no page: an empty one would be no HTML
