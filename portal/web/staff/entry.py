"""Who of the staff is asking: a session of their own, by the rules of the customers' sessions.

The same signed cookie carries another token: a browser is a customer's or one of the staff's, and coming in as the one
ends being the other. A page of the desk says which act it serves, and nobody without the right role sees it.
"""

from datetime import UTC, datetime, timedelta

from flask import abort, flash, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from portal.kit.texts import gettext as _
from portal.rules import staff as rules
from portal.rules.staff import StaffAct
from portal.staff import sessions
from portal.staff.queries import Member
from portal.staff.sessions import Live
from portal.web.edge import SAFE_METHODS, forget_browser, now, parts, reading

TOKEN = "staff"  # in the cookie: the token of the session
ACTIVE_AT = "staff_active_at"  # in the cookie: the last activity, in microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def live() -> Live | None:
    """Who of the staff is signed in, or None."""
    if "staff" not in g:
        token, idle = session.get(TOKEN), parts().settings.idle_timeout_seconds
        found = sessions.find(reading(), token, at=now(), cookie_at=_cookie_instant(), idle=idle) if token else None
        g.staff = found
    known: Live | None = g.staff
    return known


def me() -> Member:
    """Who of the staff is signed in, on pages that only they reach."""
    found = live()
    if found is None:
        raise RuntimeError("this page must be declared staff")
    return found.member


def may(act: StaffAct) -> bool:
    """Whether who is signed in may do this."""
    return rules.may(act, me().role)


def check(act: StaffAct) -> Response | None:
    """Before a page of the desk: let it in, lead to the sign-in, or refuse as if there were no such page."""
    found = live()
    if found is None:
        return _lead_to_sign_in()
    if not rules.may(act, found.member.role):
        abort(403)
    note_activity(found)
    return None


def note_activity(found: Live) -> None:
    """Keep the session alive: the cookie at each page, the row once a minute."""
    session[ACTIVE_AT] = (now() - _EPOCH) // _MICROSECOND
    if found.write_due:
        with parts().database.write() as db:
            sessions.touch(db, found.session_id, at=now())


def _lead_to_sign_in() -> Response:
    if session.pop(TOKEN, None):
        flash(_("Your session has ended. Sign in again."), "warn")
    if request.method in SAFE_METHODS:
        session["staff_next"] = request.path
    return redirect(url_for("staff_sign_in.login"), 303)


def open_session(token: str) -> None:
    """Begin a signed-in browser session: nothing of a previous person survives, the forgery secret included."""
    forget_browser()
    session[TOKEN] = token
    session[ACTIVE_AT] = (now() - _EPOCH) // _MICROSECOND


def _cookie_instant() -> datetime | None:
    value = session.get(ACTIVE_AT)
    return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else None
