"""The challenge that a passkey answers: made of a link whose token waits in the browser's cookie.

So it is bound to this browser, is as unique as the link, and is used up with it: once, whatever the answer. The link
of a password that waits for its second factor is a challenge as well, and is used up by coming in.
"""

from functools import lru_cache

from flask import abort, request, session
from sqlalchemy import Connection

from portal.accounts import links as purposes
from portal.accounts import passkey_answers, queries
from portal.accounts.links import CHALLENGE_PURPOSES, Purpose
from portal.accounts.passkey_answers import Question, Site, challenge_of
from portal.kit import links
from portal.kit.links import Link
from portal.rules.terms import PASSKEY_LIFE
from portal.web.coming_in import WAITING
from portal.web.edge import now, parts, reading

_site_of = lru_cache(maxsize=4)(passkey_answers.site_of)
NOBODY = 0  # the subject of a challenge whose answer will say whose it is


def site() -> Site:
    return _site_of(parts().settings.public_url)


def elsewhere() -> str:
    """The address where passkeys work, where the visitor has come by another; empty where they work here."""
    return "" if site().is_at(request.host) else site().origin


def demand_json() -> None:
    """Refuse what a form of another site could send."""
    if request.mimetype != "application/json":
        abort(415)


def issue(db: Connection, purpose: Purpose, subject_id: int) -> Question:
    """A new challenge for this browser; an earlier one of the same person and purpose is dead."""
    _hold(db, subject_id)
    purposes.forget(db, purpose, subject_id, at=now())
    if purpose in CHALLENGE_PURPOSES:
        links.withdraw(db, subject_id, (purpose,), at=now())
    link_id = parts().links.issue(db, purpose, subject_id, at=now(), expires_at=now() + PASSKEY_LIFE)
    session[purpose] = parts().links.token(db, link_id)
    return _question(session[purpose])


def token(purpose: Purpose) -> str:
    """What waits in this browser, of whatever age."""
    found: str = session.get(purpose, "")
    return found


def waiting(purpose: Purpose, subject_id: int) -> Question | None:
    """The challenge that waits in this browser for this person's key."""
    return _question(token(purpose)) if _find(reading(), purpose, subject_id) else None


def take(db: Connection, purpose: Purpose, subject_id: int) -> Question | None:
    """As `waiting`, and uses it up: the answer that comes with this request is the only one."""
    _hold(db, subject_id)
    link, text = _find(db, purpose, subject_id), token(purpose)
    session.pop(purpose, None)
    return _question(text) if link and links.consume(db, link, at=now()) else None


def of_second_factor() -> Question:
    """The challenge of a password that waits for its second factor, which the caller has found there."""
    return _question(session[WAITING])


def _hold(db: Connection, subject_id: int) -> None:
    """The person's row before the links, in the order of whoever changes a factor: so neither waits for the other."""
    if subject_id != NOBODY:
        queries.lock_administrator(db, subject_id)


def _find(db: Connection, purpose: Purpose, subject_id: int) -> Link | None:
    found = parts().links.find(db, token(purpose), purpose, at=now())
    return found if isinstance(found, Link) and found.subject_id == subject_id else None


def _question(text: str) -> Question:
    return Question(site(), challenge_of(text))
