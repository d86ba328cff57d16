"""Stopping that lost second factors be taken off: the page behind the link in the notices, and the person's own button.

The link needs no sign-in: who has lost nothing may read the notice anywhere, and stopping harms nobody. Opening it
stops nothing: scanners open links too.
"""

import logging
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal import standing
from portal.accounts import factor_removals, queries
from portal.accounts.factor_removals import Removal, Stop
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.kit.links import Fault, Link
from portal.kit.texts import gettext as _
from portal.web import access, mailed_links, who
from portal.web.edge import now, parts, reading, writing

log = logging.getLogger("portal")
pages = Blueprint("lost_factor", __name__)
Page = Response | str | tuple[Any, ...]
Opened = tuple[Link, Removal, Administrator]


@pages.get("/lost-factor/<token>")
@access.everybody
def open_stop(token: str) -> Response:
    return mailed_links.keep(token, "lost_factor.stop")


@pages.route("/lost-factor/stop", methods=["GET", "POST"])
@access.everybody
def stop() -> Page:
    opened = _opened()
    if isinstance(opened, Fault):
        return _dead(opened)
    link, removal, owner = opened
    if request.method != "POST":
        return render_template("lost_factor/stop.html", form=FlaskForm(), removal=removal, owner=owner)
    if not factor_removals.stop_by_link(writing(), link, at=now()):
        return _dead(Fault.WITHDRAWN)
    log.info("removal of factors stopped", extra={"administrator": owner.id, "link": link.purpose})
    mailed_links.forget()
    return redirect(url_for("lost_factor.stopped"), 303)


@pages.get("/lost-factor/stopped")
@access.everybody
def stopped() -> str:
    """What to do next, for whoever comes from the button; it tells nothing of anybody."""
    return render_template("lost_factor/stopped.html")


@pages.post("/profile/security/lost-factor/stop")
@access.signed_in
def stop_own() -> Page:
    """No password is asked: nothing is taken away, and whoever has to hurry shall not be held up."""
    mine = who.me().administrator
    if factor_removals.stop(writing(), mine.id, Stop.BUTTON, at=now()):
        log.info("removal of factors stopped", extra={"administrator": mine.id})
        flash(_("It is stopped: your second factors stay."), "good")
    else:
        flash(_("There was nothing to stop: it was stopped already, or the second factors are off."), "warn")
    return redirect(url_for("security.overview"), 303)


def _opened() -> Opened | Fault:
    """The link, what it stops and whose; dead where that is stopped or done, or the platform ended."""
    link = mailed_links.find(Purpose.STOP_REMOVAL)
    if isinstance(link, Fault):
        return link
    removal = factor_removals.find_by_link(reading(), link)
    if removal is None:
        return Fault.WITHDRAWN
    owner = queries.get_administrator(reading(), removal.administrator_id)
    place = standing.find(reading(), owner.platform_id, at=now(), zone=parts().settings.timezone)
    return (link, removal, owner) if place.state.may_sign_in else Fault.WITHDRAWN


def _dead(fault: Fault) -> tuple[str, int]:
    return render_template("lost_factor/dead_link.html", fault=fault), mailed_links.STATUS[fault]
