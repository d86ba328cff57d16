"""The second cookie: by it a browser is known again to the people who have come in from it.

It is beside the cookie of the session, and outlives it: it is set at a complete sign-in, for terms.DEVICE_COOKIE_LIFE,
renewed at each, and stays at the sign-out. It opens nothing. What it is good for, and for whom, the table says
(portal/accounts/devices.py): a copy of it in another browser saves its thief a notice at most, and only together with
the password; a cookie without its row is nothing at all.
"""

import logging

from flask import request, session
from werkzeug.wrappers import Response

from portal.accounts import devices, not_me
from portal.accounts.devices import Known
from portal.accounts.queries import Administrator
from portal.accounts.sign_in import Attempt, Proven
from portal.rules.terms import DEVICE_COOKIE_LIFE
from portal.web import who
from portal.web.edge import network, now, parts, writing

log = logging.getLogger("portal")
FAILURES = "failures"  # in the session's cookie, on the way from the password to the session: whose, and how many


def token() -> str:
    """What the browser shows, whatever that is; empty where it shows nothing."""
    return request.cookies.get(parts().settings.device_cookie_name, "")


def attempt(username: str, password: str) -> Attempt:
    """An attempt to prove a password from this browser."""
    return Attempt(username, password, network(), now(), token())


def note_failures(proven: Proven) -> None:
    """Keep what came before the right password until the session begins, which may be some steps away."""
    session[FAILURES] = [proven.administrator.id, proven.failures]


def remember(answer: Response, person: Administrator, session_id: int, *, known: list[Known]) -> None:
    """The session has begun: the browser is known from now on, and if it was not before, that is told by mail."""
    seen = devices.remember(writing(), person, token(), who.device(), at=now(), known=known)
    if not_me.notify(writing(), parts().links, person, session_id, seen, failures=_failures(person)):
        log.info("sign-in told", extra={"administrator": person.id, "known": seen.known})
    secure = parts().settings.secure
    name, life = parts().settings.device_cookie_name, DEVICE_COOKIE_LIFE
    answer.set_cookie(name, seen.token, max_age=life, path="/", secure=secure, httponly=True, samesite="Lax")


def _failures(person: Administrator) -> int:
    """Of this very person: another may have got half-way in this browser."""
    whose, number = session.pop(FAILURES, None) or (0, 0)
    return number if whose == person.id else 0
