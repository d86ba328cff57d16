"""Who is asking: Flask-Login on top of server-side sessions.

Flask-Login keeps one value in the cookie, its user id; ours is the random token of the session's row, so that ending
the row ends every copy of the cookie. Beside it stands the instant of the last activity, written with each page: idle
time is exact to the microsecond without a database write on every request.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, g, request, session
from flask_login import LoginManager, UserMixin, current_user

from portal import glance
from portal.accounts import factors, sessions
from portal.accounts.queries import Administrator
from portal.accounts.sessions import Live, Over
from portal.glance import Glance
from portal.rules import sessions as rules
from portal.rules.sessions import Alive, EndReason
from portal.standing import Standing
from portal.web.edge import forget_browser, kept, now, parts, reading

ACTIVE_AT = "at"
TOKEN = "_user_id"  # the name Flask-Login gives it
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Person(UserMixin):
    """A signed-in administrator, as Flask-Login's current user; or one as whom our staff look, who has no session
    there: so nothing counts as the person's activity, and whatever needs the session fails instead of being done.
    """

    administrator: Administrator
    token: str = ""
    session: Live | None = None

    @property
    def live(self) -> Live:
        if self.session is None:
            raise RuntimeError("this page needs the session of the person: it cannot be shown to staff")
        return self.session

    def get_id(self) -> str:
        return self.token


def person() -> Person | None:
    """Who is signed in, or as whom our staff look at this very page; else None."""
    own = kept()
    if "person" not in own:
        user = current_user._get_current_object()
        own.person = user if user.is_authenticated else None
    found: Person | None = own.person
    return found


def see(administrator: Administrator) -> None:
    """Show this one page as the administrator sees it, to one of our staff: portal/web/staff/view.py has judged."""
    g.pop("glance", None)  # of who is signed in, in the same browser
    g.seen = g.person = Person(administrator)


def is_seen() -> bool:
    """Whether this page is shown to our staff and not to the person."""
    return "seen" in kept()


def me() -> Person:
    """Who is signed in, on pages that only signed-in people reach."""
    found = person()
    if found is None:
        raise RuntimeError("this page must be declared signed_in")
    return found


def at_a_glance() -> Glance:
    """The platform of the signed-in person, its seats and credits: read once a request."""
    own = kept()
    found: Glance | None = own.get("glance")
    if found is None:
        zone = parts().settings.timezone
        found = own.glance = glance.find(reading(), me().administrator.platform_id, at=now(), zone=zone)
    return found


def place() -> Standing:
    """Where the platform of the signed-in person stands."""
    return at_a_glance().place


def lacks_factor() -> bool:
    """Whether the platform demands a second factor, and the signed-in person has none yet."""
    return place().platform.second_factor_since is not None and not factors.of(reading(), me().administrator.id).any


def close_if_over() -> bool:
    """End the session of a person whose platform can no longer be renewed; returns whether it did."""
    found = person()
    if found is None or found.session is None or place().state.may_sign_in:
        return False
    over = Over(found.live.session_id, found.administrator, EndReason.PLATFORM_CLOSED, noted=False)
    _note_end(over)
    g.ended = over
    return True


def life() -> Alive:
    """How long the session of `me()` lasts from here: counted from this request, if it was activity."""
    live, idle = me().live, parts().settings.idle_timeout_seconds
    active_at = rules.last_activity(_cookie_instant() or live.last_active_at, live.last_active_at, now())
    found = rules.liveness(live.started_at, active_at, now(), idle)
    return found if isinstance(found, Alive) else live.life


def ended() -> Over | None:
    """The session this browser had, if it is over."""
    person()
    found: Over | None = g.get("ended")
    return found


def open_session(token: str) -> None:
    """Begin a signed-in browser session: nothing of a previous person survives, the forgery secret included."""
    forget_browser()
    session[TOKEN] = token
    mark_active()


def mark_active() -> None:
    session[ACTIVE_AT] = (now() - _EPOCH) // _MICROSECOND


def _cookie_instant() -> datetime | None:
    value = session.get(ACTIVE_AT)
    return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else None


def _load(token: str) -> Person | None:
    """Flask-Login's user loader: the row is the judge. Each page of a customer asks for the platform too."""
    idle, zone = parts().settings.idle_timeout_seconds, parts().settings.timezone
    read = glance.of_session(reading(), token, at=now(), cookie_at=_cookie_instant(), idle=idle, zone=zone)
    if read is None:
        return None
    found, g.glance = read
    if isinstance(found, Live):
        return Person(found.administrator, token, found)
    _note_end(found)
    g.ended = found
    return None


def _note_end(over: Over) -> None:
    """Write the end that was found out by looking at the clock: from now on the row says it."""
    if not over.noted:
        with parts().database.write() as db:
            sessions.end(db, over.session_id, over.reason, at=now())


def note_activity() -> None:
    """Keep a signed-in session alive: the cookie at each page, the row once a minute."""
    found = person()
    if found is None or found.session is None:
        return
    mark_active()
    if found.live.write_due:
        with parts().database.write() as db:
            sessions.touch(db, found.live.session_id, at=now())


def end_session(reason: EndReason, db: Any) -> None:
    sessions.end(db, me().live.session_id, reason, at=now())


def device(asked: Request | None = None) -> str:
    """The browser and system in two words, for people: "Firefox on Linux"."""
    agent = (asked or request).user_agent.string or ""
    browsers = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
    browser = _first(agent, (*browsers, ("Safari/", "Safari")), "Browser")
    return f"{browser} · {_first(agent, (*systems, ('Mac OS', 'macOS'), ('Linux', 'Linux')), '?')}"


def _first(text: str, marks: tuple[tuple[str, str], ...], otherwise: str) -> str:
    return next((name for mark, name in marks if mark in text), otherwise)


class _Manager(LoginManager):
    def _session_protection_failed(self) -> bool:
        """Never: it binds to the address, which locks out honest people on the move. Its digest is not even made."""
        return False

    def _update_remember_cookie(self, response: Response) -> Response:
        """Nobody is remembered beyond the session: each answer would be looked through for it."""
        return response


def init_app(app: Flask) -> None:
    manager = _Manager()
    manager.session_protection = None
    manager.user_loader(_load)
    manager.init_app(app, add_context_processor=False)  # error pages must not need the database
