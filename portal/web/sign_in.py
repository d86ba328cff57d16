"""Coming in and going out: /login, /login/take-over, /logout."""

import logging
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField

from portal.accounts import queries, recovery, sessions, sign_in
from portal.accounts.events import Event
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.sign_in import Proven
from portal.kit import audit
from portal.kit.hashing import Busy
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import names
from portal.rules.factors import Factor
from portal.rules.names import BadName
from portal.rules.sessions import EndReason
from portal.web import access, coming_in, devices, who
from portal.web.edge import forget_browser, now, parts, reading, writing
from portal.web.forms import LONGEST_LINE, UserNameField, required
from portal.web.places import safe_place

log = logging.getLogger("portal")
pages = Blueprint("sign_in", __name__)
BUSY_RETRY_SECONDS = 2
TYPED_EMAIL = "typed_email"  # in the cookie: what was typed as a user name, for the form that finds the user name


class SignInForm(FlaskForm):
    username = UserNameField([required(_l("Enter your user name."))])
    password = PasswordField(_l("Password"), [required(_l("Enter your password."))])
    next = HiddenField()


@pages.get("/login")
@access.everybody
def login() -> BaseResponse | str:
    if who.person():
        return redirect(coming_in.next_place())
    return page(SignInForm(username=request.args.get("username", "")[:64]))


@pages.post("/login")
@access.everybody
def come_in() -> BaseResponse | str | tuple[Any, ...]:
    form = SignInForm()
    if not form.validate_on_submit():
        return page(form), 422
    if names.parse(form.username.data) is BadName.EMAIL:
        session[TYPED_EMAIL] = form.username.data.strip()[:LONGEST_LINE]
        return page(form, typed_email=True), 422
    try:
        found = sign_in.judge(*_proof(form), throttled=parts().settings.throttle)
    except Busy:
        return page(form, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if isinstance(found, Proven):
        return _enter(found)
    log.info("sign-in refused", extra={"username": _loggable(form.username.data), "factor": Factor.PASSWORD})
    return page(form, refused=True), 422


def _loggable(typed: str) -> str:
    """A user name, but nothing that somebody may have typed by mistake: an address, a password."""
    parsed = names.parse(typed)
    return parsed.folded if isinstance(parsed, names.UserName) else "(no user name)"


def _proof(form: SignInForm) -> tuple[Any, ...]:
    return parts().database, parts().hasher, devices.attempt(form.username.data, form.password.data)


def page(form: SignInForm, **facts: bool) -> str:
    """The sign-in page. What was typed stays, but the password."""
    over = who.ended()
    form.next.data = safe_place(form.next.data or request.args.get("next") or session.get("next")) or ""
    return render_template("sign_in/login.html", form=form, ended=over.reason if over else None, **facts)


def _enter(proven: Proven) -> BaseResponse | str | tuple[str, int]:
    person, db = proven.administrator, writing()
    if not sign_in.settle(db, proven):
        return page(SignInForm(), refused=True), 422
    devices.note_failures(proven)
    answer = lead_to_reset(person, Factor.PASSWORD) if proven.must_reset else coming_in.after_password(person)
    sign_in.forgive(db, proven, at=now())
    return answer


def lead_to_reset(person: Administrator, factor: Factor) -> str:
    """Nobody comes in before a new password is set, by whichever factor: the link to it goes to the stored address."""
    log.info("sign-in led to a reset", extra={"administrator": person.id, "factor": factor})
    recovery.send_limited_reset_link(writing(), parts().links, person, at=now())
    return render_template("sign_in/must_reset.html", administrator=person)


@pages.get("/login/take-over")
@access.everybody
def take_over() -> BaseResponse | str:
    link = coming_in.waiting(Purpose.TAKE_OVER)
    if link is None:
        return redirect(url_for("sign_in.login"))
    person = queries.get_administrator(reading(), link.subject_id)
    idle = parts().settings.idle_timeout_seconds
    elsewhere = sessions.find_elsewhere(reading(), person.id, at=now(), idle=idle)
    return render_template("sign_in/take_over.html", administrator=person, elsewhere=elsewhere, form=FlaskForm())


@pages.post("/login/take-over")
@access.everybody
def decide_take_over() -> BaseResponse:
    factor = session.pop(coming_in.FACTOR, Factor.PASSWORD)
    person = coming_in.take(Purpose.TAKE_OVER)
    if person is None:
        flash(_("The question was open for too long. Sign in again."), "warn")
        return redirect(url_for("sign_in.login"), 303)
    if request.form.get("choice") != "continue":
        return redirect(url_for("sign_in.login"), 303)
    log.info("take-over chosen", extra={"administrator": person.id, "factor": factor})
    return coming_in.begin(person, Factor(factor))


@pages.post("/logout")
@access.everybody
def logout() -> BaseResponse:
    person = who.person()
    if person:
        who.end_session(EndReason.SIGNED_OUT, writing())
        mine = person.administrator
        log.info("signed out", extra={"administrator": mine.id, "factor": person.live.factor})
        audit.record(writing(), Event.SIGNED_OUT, at=now(), platform_id=mine.platform_id, administrator_id=mine.id)
    forget_browser()
    flash(_("You are signed out."), "good")
    answer = make_response(redirect(url_for("sign_in.login"), 303))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
