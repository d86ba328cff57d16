"""One of the staff looks at the portal as a customer sees it, and changes nothing, while the customer allows it.

The cookie of the desk carries a mark: by which permission, and in which session of the desk it was begun. It is no key
of its own. At each request the database is asked again whether that session lives, its owner still may, the permission
is open, the person can sign in and the platform still lets anybody in; else the mark is taken away, and the browser is
what it was. There is no session of the customer in it, so none is made, used, prolonged or ended.

What such a browser opens of the customers' side: GET and HEAD of what says `access.shown_to_staff`, as that person and
with that person's rights. Everything else, the pages of strangers too, is refused with a page that says so, before the
forgery token is looked at. The pages of the desk stay what they are.

Each page is recorded in the customer's activity before it is made, in a transaction of its own: this is the one thing
that a GET changes for somebody else, and what cannot be recorded is not shown. A closed page is not recorded, since
nothing of it is seen; nor does a script that asks for one keep the session of the desk alive.

The simple way with forms: they are shown as they are, without a forgery token, and whoever sends one is refused as
said. (All of <main> in a disabled <fieldset> would take the filters of lists away too, which only read.) Banner and
pages are in the language of the desk, since it is the staff member who has to understand them; the foot of each page
leads to the others.

A view that ends by its button ends the permission too: who is done closes the door, and every copy of the cookie is
worthless.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Flask, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from portal import standing
from portal.accounts import queries
from portal.accounts.queries import Administrator
from portal.desk.people import Act, Result
from portal.kit.texts import gettext as _
from portal.rules import staff as rules
from portal.rules.staff import StaffAct
from portal.staff import views
from portal.staff.views import Permission
from portal.web import access, who
from portal.web.access import Rule, Who
from portal.web.edge import now, parts, reading, writing
from portal.web.staff import entry

log = logging.getLogger("portal")
pages = Blueprint("staff_view", __name__, url_prefix="/staff")
MARK = "view"  # in the cookie: [the permission, the session of the desk]
READ = ("GET", "HEAD")
OWN = "staff_sign_in"  # open to everybody as the customers' sign-in is, and the desk's all the same


@dataclass(frozen=True, slots=True)
class Look:
    """As whom this browser looks. token: against forgery, for the one button that counts."""

    permission: Permission
    person: Administrator
    token: str

    @property
    def until(self) -> datetime:
        return self.permission.expires_at


def found() -> Look | None:
    """As whom this browser looks, if it may at this request."""
    if "look" not in g:
        g.look = _find()
    known: Look | None = g.look
    return known


def banner() -> Look | None:
    """The same for the banner of a page, an error's too: none while the database does not answer."""
    try:
        return found()
    except SQLAlchemyError:
        return None


def _find() -> Look | None:
    permission_id, session_id = session.get(MARK, (0, 0))
    live = entry.live() if permission_id else None
    if live is None or live.session_id != session_id or not rules.may(StaffAct.VIEW_AS_CUSTOMER, live.member.role):
        return None
    permission = views.find(reading(), permission_id, at=now())
    if permission is None:
        return None
    person = queries.get_administrator(reading(), permission.administrator_id)
    place = standing.find(reading(), person.platform_id, at=now(), zone=parts().settings.timezone)
    lets_in = person.enabled and place.state.may_sign_in
    return Look(permission, person, generate_csrf()) if lets_in else None


def begin(person: Administrator, act: Act) -> Result:
    """Look as this person from now on, in this session of the desk, if the person allows it."""
    live = entry.live()
    permission = views.begin(writing(), person, member=act.by, reason=act.reason, at=act.at)
    if live is None or permission is None:
        return Result.NOTHING
    session[MARK] = [permission.id, live.session_id]
    log.info("view begun", extra={"member": live.member.id, "administrator": person.id})
    return Result.DONE


@pages.post("/view/end")
@access.staff(StaffAct.VIEW_AS_CUSTOMER)
def end() -> Response:
    """Look no more, and back to the person at the desk."""
    look = found()
    if look is None:
        return _over()
    session.pop(MARK)
    views.end(writing(), look.permission, by=views.STAFF, member=entry.me().username, at=now())
    flash(_("You look no more, and the permission has ended."), "good")
    return redirect(url_for("staff_people.person", username=look.person.username), 303)


def check() -> Response | None:
    """Before everything else that a request of such a browser could do on the customers' side."""
    rule = _rule() if MARK in session else None
    if rule is None:
        return None
    look, live = found(), entry.live()
    if look is None or live is None:
        return _over()
    if rule.seen_as is None or request.method not in READ:
        return make_response(render_template("staff/closed.html", look=look), 403)
    entry.note_activity(live)
    with parts().database.write() as db:
        if not views.note_page(db, look.permission, rule.seen_as, member=live.member, at=now()):
            return _over()
    who.see(look.person)
    g.csrf_token = ""  # in every form of the page: the library asks here before it makes one
    return None


def _rule() -> Rule | None:
    """What is said of a page of customers and strangers; None: it is the desk's, a machine's or the demonstration's."""
    rule = access.rule_of(request.endpoint) if request.endpoint else None
    if rule is None or rule.who not in (Who.SIGNED_IN, Who.EVERYBODY) or request.blueprint == OWN:
        return None
    return rule


def _over() -> Response:
    """The mark opens nothing any more: without it the browser is what it was before."""
    session.pop(MARK, None)
    flash(_("You look no more: the customer has ended it, or its time is over."), "warn")
    return redirect(url_for("staff_desk.home"), 303)


def init_app(app: Flask) -> None:
    app.before_request(check)
    app.jinja_env.globals.update(looking=banner, is_seen=who.is_seen)
