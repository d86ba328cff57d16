""" "This was not me": the page behind the link in the notice of a new device: /not-me.

The link needs no sign-in: whoever has to say so may be signed out, and the mailbox is the proof. Looking changes
nothing.
"""

import logging

from flask import Blueprint, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal import standing
from portal.accounts import not_me, queries
from portal.accounts.links import Purpose
from portal.accounts.not_me import SignIn
from portal.accounts.queries import Administrator
from portal.kit.links import Fault, Link
from portal.web import access, mailed_links
from portal.web.edge import forget_browser, now, parts, reading, writing

log = logging.getLogger("portal")
pages = Blueprint("not_me", __name__)
Page = Response | str | tuple[str, int]
Opened = tuple[Link, SignIn, Administrator]


@pages.get("/not-me/<token>")
@access.everybody
def open_link(token: str) -> Response:
    return mailed_links.keep(token, "not_me.ask")


@pages.get("/not-me")
@access.everybody
def ask() -> Page:
    opened = _opened()
    if isinstance(opened, Fault):
        return _dead(opened)
    _link, entered, owner = opened
    return render_template("not_me/ask.html", form=FlaskForm(), entered=entered, owner=owner)


@pages.post("/not-me")
@access.everybody
def take_back() -> Page:
    """Afterwards this browser is nobody's: whoever was signed in here with that account is not any more."""
    opened = _opened()
    if isinstance(opened, Fault):
        return _dead(opened)
    link, entered, owner = opened
    if not not_me.take_back(writing(), parts().links, link, at=now()):
        return _dead(Fault.USED)
    log.info("sign-in disowned", extra={"administrator": owner.id, "session": entered.id})
    forget_browser()
    return redirect(url_for("not_me.done"), 303)


@pages.get("/not-me/done")
@access.everybody
def done() -> str:
    """What happens next, for whoever comes from the button; it tells nothing of anybody."""
    return render_template("not_me/done.html")


def _opened() -> Opened | Fault:
    """The link, its sign-in and whose it is; dead where nothing is known of it, or nobody may sign in, any more."""
    link = mailed_links.find(Purpose.NOT_ME)
    if isinstance(link, Fault):
        return link
    entered = not_me.find(reading(), link.subject_id)
    if entered is None:
        return Fault.WITHDRAWN
    owner = queries.get_administrator(reading(), entered.administrator_id)
    place = standing.find(reading(), owner.platform_id, at=now(), zone=parts().settings.timezone)
    return (link, entered, owner) if owner.enabled and place.state.may_sign_in else Fault.WITHDRAWN


def _dead(fault: Fault) -> tuple[str, int]:
    return render_template("not_me/dead_link.html", fault=fault), mailed_links.STATUS[fault]
