"""Coming in and going out: /login, /login/take-over, /logout."""

import logging
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField

from portal import standing
from portal.accounts import queries, recovery, sessions, sign_in
from portal.accounts.events import Event
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.sign_in import Attempt, Proven
from portal.billing import pending
from portal.kit import audit, links
from portal.kit.hashing import Busy
from portal.kit.links import Link
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import names, terms
from portal.rules.names import BadName
from portal.rules.sessions import EndReason
from portal.subscription import actions as subscription
from portal.web import access, who
from portal.web.edge import network, now, parts, reading, writing
from portal.web.forms import UserNameField, required
from portal.web.places import safe_place

log = logging.getLogger("portal")
pages = Blueprint("sign_in", __name__)
BUSY_RETRY_SECONDS = 2
PENDING = "pending"  # in the cookie: the take-over link of a proven password


class SignInForm(FlaskForm):
    username = UserNameField([required(_l("Enter your user name."))])
    password = PasswordField(_l("Password"), [required(_l("Enter your password."))])
    next = HiddenField()


@pages.get("/login")
@access.everybody
def login() -> BaseResponse | str:
    if who.person():
        return redirect(_next_place())
    return page(SignInForm(username=request.args.get("username", "")[:64]))


@pages.post("/login")
@access.everybody
def come_in() -> BaseResponse | str | tuple[Any, ...]:
    form = SignInForm()
    if not form.validate_on_submit():
        return page(form), 422
    if names.parse(form.username.data) is BadName.EMAIL:
        return page(form, typed_email=True), 422
    try:
        found = sign_in.prove(*_proof(form), throttled=parts().settings.throttle)
    except Busy:
        return page(form, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if isinstance(found, Proven):
        return _enter(found)
    log.info("sign-in refused", extra={"username": _loggable(form.username.data)})
    return page(form, refused=True), 422


def _loggable(typed: str) -> str:
    """A user name, but nothing that somebody may have typed by mistake: an address, a password."""
    parsed = names.parse(typed)
    return parsed.folded if isinstance(parsed, names.UserName) else "(no user name)"


def _proof(form: SignInForm) -> tuple[Any, ...]:
    attempt = Attempt(form.username.data, form.password.data, network(), now())
    return parts().database, parts().hasher, attempt


def page(form: SignInForm, **facts: bool) -> str:
    """The sign-in page. What was typed stays, but the password."""
    over = who.ended()
    form.next.data = safe_place(form.next.data or request.args.get("next") or session.get("next")) or ""
    return render_template("sign_in/login.html", form=form, ended=over.reason if over else None, **facts)


def _enter(proven: Proven) -> BaseResponse | str | tuple[str, int]:
    """The password was right: only now the person is told how the platform stands."""
    person, db = proven.administrator, writing()
    if not sign_in.unchanged(db, person.id, proven.password_hash):
        return page(SignInForm(), refused=True), 422
    if proven.must_reset:
        recovery.send_limited_reset_link(db, parts().links, person, at=now())
        return render_template("sign_in/must_reset.html", administrator=person)
    place = standing.find(db, person.platform_id, at=now(), zone=parts().settings.timezone)
    if not place.state.may_sign_in:
        awaited = pending.may_still_renew(db, place)
        return render_template("sign_in/closed.html", administrator=person, place=place, awaited=awaited), 403
    idle = parts().settings.idle_timeout_seconds
    if sessions.find_elsewhere(db, person.id, at=now(), idle=idle):
        return _ask_first(person)
    return _begin(person)


def _ask_first(person: Administrator) -> BaseResponse:
    """Keep the proven password for a few minutes, as a link that opens nothing but the take-over question."""
    purpose, expires_at = Purpose.TAKE_OVER, now() + terms.TAKE_OVER_LIFE
    links.withdraw(writing(), person.id, (purpose,), at=now())
    link_id = parts().links.issue(writing(), purpose, person.id, at=now(), expires_at=expires_at)
    session[PENDING] = parts().links.token(writing(), link_id)
    session["next"] = request.form.get("next", "")
    return redirect(url_for("sign_in.take_over"), 303)


def _begin(person: Administrator) -> BaseResponse:
    place = _next_place()
    idle = parts().settings.idle_timeout_seconds
    token = sessions.start(writing(), person, at=now(), network=network(), device=who.device(), idle=idle)
    subscription.note_sign_in(writing(), person.platform_id, at=now(), zone=parts().settings.timezone)
    who.open_session(token)
    log.info("signed in", extra={"administrator": person.id, "factor": "password"})
    return redirect(place, 303)


def _next_place() -> str:
    asked = request.form.get("next") or request.args.get("next") or session.get("next")
    return safe_place(asked) or url_for("subscription.overview")


def _pending() -> Link | None:
    found = parts().links.find(reading(), session.get(PENDING, ""), Purpose.TAKE_OVER, at=now())
    return found if isinstance(found, Link) else None


@pages.get("/login/take-over")
@access.everybody
def take_over() -> BaseResponse | str:
    link = _pending()
    if link is None:
        return redirect(url_for("sign_in.login"))
    person = queries.get_administrator(reading(), link.subject_id)
    idle = parts().settings.idle_timeout_seconds
    elsewhere = sessions.find_elsewhere(reading(), person.id, at=now(), idle=idle)
    return render_template("sign_in/take_over.html", administrator=person, elsewhere=elsewhere, form=FlaskForm())


@pages.post("/login/take-over")
@access.everybody
def decide_take_over() -> BaseResponse:
    link = _pending()
    session.pop(PENDING, None)
    # The person's row first: whoever resets, disables or blocks meanwhile has withdrawn the link once we hold it.
    person = queries.lock_administrator(writing(), link.subject_id) if link else None
    if link is None or person is None or not links.consume(writing(), link, at=now()):
        flash(_("The question was open for too long. Sign in again."), "warn")
        return redirect(url_for("sign_in.login"), 303)
    if request.form.get("choice") != "continue":
        return redirect(url_for("sign_in.login"), 303)
    return _begin(person)


@pages.post("/logout")
@access.everybody
def logout() -> BaseResponse:
    person = who.person()
    if person:
        who.end_session(EndReason.SIGNED_OUT, writing())
        mine = person.administrator
        log.info("signed out", extra={"administrator": mine.id})
        audit.record(writing(), Event.SIGNED_OUT, at=now(), platform_id=mine.platform_id, administrator_id=mine.id)
    language = session.get("language")
    session.clear()
    session["language"] = language
    flash(_("You are signed out."), "good")
    answer = make_response(redirect(url_for("sign_in.login"), 303))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
