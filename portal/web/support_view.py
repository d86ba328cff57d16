"""Support: whoever is signed in lets our staff look at the own pages for a while, and ends it at any time.

Where RULES.md is silent: the password is not asked again for it. What it opens is reading, by our own staff, of pages
without secrets, for a quarter of an hour; a mail tells of it, and one button ends it. And somebody who has a caller on
the phone should never learn to type the password because a voice asks for it.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.kit.texts import gettext as _
from portal.rules.terms import VIEW_LIFE
from portal.staff import views
from portal.web import access, who
from portal.web.edge import now, reading, writing

pages = Blueprint("support_view", __name__, url_prefix="/support/view")
MINUTES = int(VIEW_LIFE.total_seconds()) // 60


@pages.get("")
@access.signed_in
def show() -> str:
    """Whether our staff may look, until when, and at what."""
    permission = views.find_of(reading(), who.me().administrator.id, at=now())
    return render_template("support/view.html", permission=permission, form=FlaskForm(), minutes=MINUTES)


@pages.post("")
@access.signed_in
def allow() -> Response:
    """Let them look. What is open already stays as it is."""
    views.allow(writing(), who.me().administrator, at=now())
    flash(_("Our staff can look at your pages now."), "good")
    return redirect(url_for("support_view.show"), 303)


@pages.post("/end")
@access.signed_in
def end() -> Response:
    """Not any longer, from this instant on."""
    mine = who.me().administrator
    permission = views.find_of(reading(), mine.id, at=now())
    if permission is None or not views.end(writing(), permission, by=mine.username, at=now()):
        flash(_("It had ended already."), "warn")
    else:
        flash(_("Our staff can no longer look at your pages."), "good")
    return redirect(url_for("support_view.show"), 303)
