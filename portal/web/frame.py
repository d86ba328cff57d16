"""What every page has around it: language, navigation, assets, the clock of the session."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, request, session, url_for
from flask_babel import Babel

from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.rules.sessions import EndReason
from portal.settings import Settings
from portal.web import who, words
from portal.web.edge import now, parts


def choose_language() -> str:
    """Chosen on the page and kept, else the account's, else the browser's."""
    chosen = request.args.get("lang") or session.get("language")
    if chosen in texts.LANGUAGES:
        if session.get("language") != chosen:
            session["language"] = chosen
        return str(chosen)
    person = who.person()
    if person and person.administrator.language in texts.LANGUAGES:
        return person.administrator.language
    return request.accept_languages.best_match(list(texts.LANGUAGES)) or texts.DEFAULT_LANGUAGE


def other_languages() -> list[tuple[str, str, str]]:
    """(code, its own name, address of this page in it) of every other language."""
    kept = [(name, text) for name, text in request.args.items(multi=True) if name != "lang"][:20]
    others = [code for code in texts.LANGUAGES if code != texts.language()]
    path = request.path if request.method == "GET" or request.url_rule is None else _get_path()
    return [(code, texts.OWN_NAMES[code], f"{path}?{urlencode([*kept, ('lang', code)])}") for code in others]


def _get_path() -> str:
    methods = request.url_rule.methods or set() if request.url_rule else set()
    return request.path if "GET" in methods or request.path == "/login" else "/"


def navigation() -> list[tuple[str, str, bool]]:
    """(words, address, whether it is this page) of the signed-in pages."""
    entries = (
        (_("Overview"), "subscription.overview"),
        (_("Buy"), "subscription.buy"),
        (_("Profile"), "profile.profile"),
    )
    return [(label, url_for(endpoint), request.endpoint == endpoint) for label, endpoint in entries]


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def init_app(app: Flask, settings: Settings) -> None:
    Babel(app, locale_selector=choose_language)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    static = Path(app.static_folder or "")

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=_version(static / name))

    def session_clock() -> dict[str, int] | None:
        """Seconds until the warning and the end, for the script of the idle warning."""
        person = who.person()
        if person is None:
            return None
        idle = settings.idle_timeout_seconds
        final = person.live.life.ends_by is EndReason.ABSOLUTE
        left = person.live.life.ends_at - now() if final else idle
        return {"ends_in": int(left.total_seconds()), "final": int(final)}

    def in_zone(instant: datetime) -> str:
        return texts.moment(instant, settings.timezone)

    def clock_time(instant: datetime) -> str:
        return texts.clock(instant, settings.timezone)

    app.jinja_env.globals.update(
        asset=asset,
        brand=settings.brand,
        support_email=settings.support_email,
        zone=settings.timezone.key,
        demo=settings.demo,
        language=texts.language,
        other_languages=other_languages,
        navigation=navigation,
        person=who.person,
        session_clock=session_clock,
        now=now,
        words=words,
        parts=parts,
    )
    app.jinja_env.filters.update(
        day=texts.day, day_and_month=texts.day_and_month, weekday=texts.weekday, moment=in_zone, clock=clock_time
    )
    app.jinja_env.filters.update(number=texts.number)
