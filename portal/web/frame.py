"""What every page has around it: language, navigation, the clock of the session."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask, g, request, session
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from portal.billing import words as bought
from portal.kit import texts
from portal.rules.sessions import EndReason
from portal.settings import Settings
from portal.web import activity_words, buying_words, challenges, edge, offers, story, times, who, words
from portal.web.apologies import apology
from portal.web.edge import kept, now, parts
from portal.web.staff import entry
from portal.web.timeline import bars
from portal.web.who import Person

KEPT = 256  # answers to what browsers send again and again
LONGEST_KEPT = 200  # characters: else strangers could fill the memory of a process with long addresses


def visitor() -> Person | None:
    """Who is signed in, for what stands around a page: nobody while the database does not answer."""
    if "no_visitor" in kept():
        return None
    try:
        return who.person()
    except SQLAlchemyError:
        edge.forget_broken()
        g.no_visitor = True
        return None


def bring_token() -> None:
    """The token against forgery of this browser, as it was signed before: every page of somebody signed in has it.

    A form brings its own (`forms.ForgeryProtection`).
    """
    secret = session.get("csrf_token")
    if secret and request.method in edge.SAFE_METHODS:
        g.csrf_token = _signed(secret)


@lru_cache(maxsize=1_024)
def _signed(_secret: str) -> str:
    """Asked while the session has this secret, from which the library makes the token."""
    token: str = generate_csrf()
    return token


def on_trial() -> bool:
    """Whether the platform of who is signed in is a trial; not, while the database does not answer."""
    try:
        return visitor() is not None and who.place().platform.trial
    except SQLAlchemyError:
        edge.forget_broken()
        return False


def choose_language() -> str:
    """Chosen on the page and kept, else the account's, else the browser's."""
    before = session.get("language")
    chosen = request.args.get("lang") or before
    if chosen in texts.LANGUAGES:
        if before != chosen:
            session["language"] = chosen
        return str(chosen)
    found = visitor() or g.get("ended")  # who was signed in here a moment ago still reads the same language
    if found and found.administrator.language in texts.LANGUAGES:
        return found.administrator.language
    header = request.headers.get("Accept-Language", "")
    return _if_short(_asked_for, header)(header)


@lru_cache(maxsize=KEPT)
def _asked_for(accepted: str) -> str:
    """The language that a browser asks for by this header."""
    return parse_accept_header(accepted, LanguageAccept).best_match(list(texts.LANGUAGES)) or texts.DEFAULT_LANGUAGE


def _if_short(keeping: Any, sent: str) -> Callable[..., Any]:
    """The function that keeps what it has made; of what somebody has sent at length the one that keeps nothing."""
    found: Callable[..., Any] = keeping if len(sent) <= LONGEST_KEPT else keeping.__wrapped__
    return found


def other_languages() -> list[tuple[str, str, str]]:
    """(code, its own name, address of this page in it) of every other language."""
    asked = tuple((name, text) for name, text in request.args.items(multi=True) if name != "lang")[:20]
    path = request.path if request.method == "GET" or request.url_rule is None else _get_path()
    return _if_short(_in_other_languages, request.full_path)(path, asked, texts.language())


@lru_cache(maxsize=KEPT)
def _in_other_languages(path: str, asked: tuple[tuple[str, str], ...], present: str) -> list[tuple[str, str, str]]:
    others = [code for code in texts.LANGUAGES if code != present]
    return [(code, texts.OWN_NAMES[code], f"{quote(path)}?{urlencode([*asked, ('lang', code)])}") for code in others]


def _get_path() -> str:
    methods = request.url_rule.methods or set() if request.url_rule else set()
    return request.path if "GET" in methods or request.path == "/login" else "/"


def session_clock() -> dict[str, int] | None:
    """Seconds until the warning and the end, for the script of the idle warning."""
    person = visitor()
    if person is None:
        return None
    life = who.life()
    seconds = {"warn_in": life.warn_at - now(), "ends_in": life.ends_at - now()}
    whole = {name: max(0, int(left.total_seconds())) for name, left in seconds.items()}
    return whole | {"final": int(life.ends_by is EndReason.ABSOLUTE)}


def own_links(text: str) -> Markup:
    """A plain text with the addresses of our own pages made clickable; every other address stays text."""
    origin = parts().settings.public_url
    pattern = re.compile(re.escape(origin) + r"(?![\w.:@-])(?:[A-Za-z0-9/._~?=&%+-]*[A-Za-z0-9/_~=-])?")
    done, out = 0, Markup()
    for found in pattern.finditer(text):
        address = urlsplit(found.group())
        here = address.path + (f"?{address.query}" if address.query else "")
        out += escape(text[done : found.start()]) + Markup('<a href="%s">%s</a>') % (here or "/", found.group())
        done = found.end()
    return out + escape(text[done:])


def init_app(app: Flask, settings: Settings) -> None:
    app.before_request(lambda: texts.speak(choose_language()))
    app.before_request(bring_token)
    app.teardown_request(lambda _error: texts.speak(texts.DEFAULT_LANGUAGE))
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension above
        lambda text: texts.translations().gettext(text),
        lambda one, many, number: texts.translations().ngettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    def moment(instant: datetime | str) -> Markup:
        """An instant, or its ISO text, in business time."""
        given = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        return times.moment(given, settings.timezone)

    def clock(instant: datetime) -> Markup:
        return times.clock(instant, now(), settings.timezone)

    facts: dict[str, Any] = {
        "brand": settings.brand,
        "support_email": settings.support_email,
        "zone": settings.timezone.key,
        "idle_minutes": int(settings.idle_timeout_seconds.total_seconds()) // 60,
        "demo": settings.demo,
    }
    app.jinja_env.facts = facts  # type: ignore[attr-defined]  # ours: portal/web/templating.py
    app.jinja_env.globals.update(
        facts,
        language=texts.language,
        other_languages=other_languages,
        on_trial=on_trial,
        person=visitor,
        session_clock=session_clock,
        now=now,
        words=words,
        activity_words=activity_words,  # for the worker that makes an export
        story=story,
        offers=offers,
        apology=apology,
        bars=bars,
        bought=bought,
        buying=buying_words,
        parts=parts,
        passkeys_elsewhere=challenges.elsewhere,
        staff_live=entry.live,
    )
    app.jinja_env.filters.update(
        day=times.day,
        weekday=times.weekday,
        last_minute=times.last_minute,
        short_day=texts.day_and_month,
        moment=moment,
        clock=clock,
        number=texts.number,
        own_links=own_links,
    )
