"""Where the person is signed in, where they were, and which browsers are known: /profile/sessions.

There is one live session per administrator (RULES.md, Sign-in), and the one that looks at this page is it: there are
no others to end here. Signing in elsewhere ends this one; a session that is not known leads to a new password, which
ends everything and keeps whoever it was out. Known browsers open nothing, so forgetting them asks for no password.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.accounts import devices, past_sessions
from portal.kit.texts import gettext as _
from portal.rules.terms import SESSIONS_LISTED
from portal.web import access, who
from portal.web.devices import token
from portal.web.edge import now, reading, writing

pages = Blueprint("my_sessions", __name__)


@pages.get("/profile/sessions")
@access.signed_in
def sessions() -> str:
    live = who.me().live
    facts = {
        "present": past_sessions.get(reading(), live.session_id),
        "earlier": past_sessions.ended(reading(), live.administrator.id, most=SESSIONS_LISTED),
        "known": devices.of(reading(), live.administrator, token(), at=now()),
    }
    return render_template("profile/sessions.html", live=live, form=FlaskForm(), **facts)


@pages.post("/profile/sessions/forget")
@access.signed_in
def forget() -> Response:
    """This browser stays known, where it is: it has just been proven."""
    devices.forget_others(writing(), who.me().administrator, token(), at=now())
    flash(_("The other browsers are forgotten."), "good")
    return redirect(url_for("my_sessions.sessions"), 303)
