"""The staff come in and go out: /staff/login, its second factor, /staff/logout, and the link that sets a password.

The second factor is compulsory: whoever has none yet is led to add the app, with the password that was just proven, and
comes in by its first code.
"""

import logging
from typing import Any

import pyotp
from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField

from portal.accounts.queries import Administrator
from portal.kit import audit, links
from portal.kit.hashing import Busy
from portal.kit.links import Fault, Link
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.kit.vault import Unreadable
from portal.outside.transfer import scannable
from portal.rules import terms
from portal.rules.sessions import EndReason
from portal.staff import members, queries, sessions, sign_in
from portal.staff.events import Event
from portal.staff.links import Purpose
from portal.staff.queries import Member
from portal.web import access, mailed_links, new_password, who
from portal.web.edge import forget_browser, network, now, parts, reading, writing
from portal.web.forms import TypedField, required
from portal.web.new_password import NewPasswordForm
from portal.web.sign_in import BUSY_RETRY_SECONDS
from portal.web.staff import entry

log = logging.getLogger("portal")
pages = Blueprint("staff_sign_in", __name__, url_prefix="/staff")
Page = Response | str | tuple[Any, ...]
WAITING = "staff_pending"  # in the cookie: the link of a proven password that waits for the second factor
GROUP = 4  # characters of the secret that are typed in one go


class StaffSignInForm(FlaskForm):
    username = TypedField(_l("User name"), [required(_l("Enter your user name."))])
    password = PasswordField(_l("Password"), [required(_l("Enter your password."))])


class StaffCodeForm(FlaskForm):
    code = TypedField(_l("Code that the app shows"), [required(_l("Enter the code that the app shows now."))])


@pages.get("/login")
@access.everybody
def login() -> Page:
    return redirect(url_for("staff_desk.home")) if entry.live() else _page(_named())


@pages.post("/login")
@access.everybody
def come_in() -> Page:
    form = StaffSignInForm()
    if not form.validate():
        return _page(form), 422
    typed = (form.username.data, form.password.data)
    try:
        member = sign_in.prove(parts().database, parts().hasher, *typed, network=network(), at=now())
    except Busy:
        return _page(form, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if member is None:
        log.info("staff sign-in refused")
        return _page(form, refused=True), 422
    return _ask_for_factor(member)


def _named() -> StaffSignInForm:
    """With the user name of the address, as a link of the demonstration has it."""
    return StaffSignInForm(data={"username": request.args.get("username", "")})


def _page(form: StaffSignInForm, **facts: bool) -> str:
    return render_template("staff/login.html", form=form, **facts)


def _ask_for_factor(member: Member) -> Response:
    """Keep the proven password for a few minutes, as a link that opens nothing but the next step."""
    db = writing()
    held = queries.lock_member(db, member.id)
    members.begin_app(db, parts().vault, held)
    links.withdraw(db, member.id, (Purpose.SECOND_FACTOR,), at=now())
    expires_at = now() + terms.SECOND_FACTOR_LIFE
    link_id = parts().links.issue(db, Purpose.SECOND_FACTOR, member.id, at=now(), expires_at=expires_at)
    session[WAITING] = parts().links.token(db, link_id)
    return redirect(url_for("staff_sign_in.second_factor"), 303)


@pages.get("/login/second-factor")
@access.everybody
def second_factor() -> Page:
    waiting = _waiting()
    return _factor_page(StaffCodeForm(), waiting[1]) if waiting else _too_late()


@pages.post("/login/second-factor")
@access.everybody
def answer() -> Page:
    form, waiting = StaffCodeForm(), _waiting()
    if waiting is None:
        return _too_late()
    link, member = waiting
    if not form.validate():
        return _factor_page(form, member), 422
    if not _is_right(member, form.code.data):
        log.info("staff second factor refused", extra={"member": member.id})
        form.code.errors = [
            _("This code does not count: it is wrong, was used before, or there were too many attempts.")
        ]
        return _factor_page(form, member), 422
    return _begin(member) if links.consume(writing(), link, at=now()) else _too_late()


def _is_right(member: Member, code: str) -> bool:
    """In a transaction of its own: a wrong code stays counted whatever becomes of the request."""
    try:
        with parts().database.write() as db:
            return sign_in.use_code(db, parts().vault, member, code, at=now())
    except Unreadable:
        log.exception("second factor unreadable", extra={"member": member.id})
        return False


def _begin(member: Member) -> Response:
    place = session.get("staff_next")
    entry.open_session(sessions.start(writing(), member, at=now(), network=network(), device=who.device()))
    log.info("staff signed in", extra={"member": member.id, "factor": "app"})
    return redirect(place if place and place.startswith("/staff/") else url_for("staff_desk.home"), 303)


def _waiting() -> tuple[Link, Member] | None:
    found = parts().links.find(reading(), session.get(WAITING, ""), Purpose.SECOND_FACTOR, at=now())
    return (found, queries.get_member(reading(), found.subject_id)) if isinstance(found, Link) else None


def _too_late() -> Response:
    flash(_("The question was open for too long. Sign in again."), "warn")
    return redirect(url_for("staff_sign_in.login"), 303)


def _factor_page(form: StaffCodeForm, member: Member) -> str:
    """The question; for whoever has no app yet, with the secret to add."""
    form.code.data = ""
    secret = members.waiting_secret(reading(), parts().vault, member) or ""
    app = (
        pyotp.TOTP(secret).provisioning_uri(name=member.username, issuer_name=parts().settings.brand) if secret else ""
    )
    groups = [secret[start : start + GROUP] for start in range(0, len(secret), GROUP)]
    picture = scannable(app) if app else ""
    return render_template("staff/second_factor.html", form=form, member=member, groups=groups, picture=picture)


@pages.post("/logout")
@access.everybody
def logout() -> Response:
    found = entry.live()
    if found:
        sessions.end_all(writing(), found.member.id, EndReason.SIGNED_OUT, at=now())
        audit.record(writing(), Event.SIGNED_OUT, at=now(), member=found.member.username)
        log.info("staff signed out", extra={"member": found.member.id})
    forget_browser()
    flash(_("You are signed out."), "good")
    answer = make_response(redirect(url_for("staff_sign_in.login"), 303))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@pages.get("/invitation/<token>")
@access.everybody
def open_invitation(token: str) -> Response:
    return mailed_links.keep(token, "staff_sign_in.set_password")


@pages.route("/invitation/new", methods=["GET", "POST"])
@access.everybody
def set_password() -> Page:
    """A rejected password uses nothing up; a valid one does, once."""
    link = mailed_links.find(Purpose.INVITATION)
    if isinstance(link, Fault):
        return render_template("staff/dead_link.html", fault=link), mailed_links.STATUS[link]
    member, form = queries.get_member(reading(), link.subject_id), NewPasswordForm()
    if request.method != "POST":
        return render_template("staff/new_password.html", form=form, member=member)
    try:
        new = new_password.hashed(form, _as_customer(member), "")
    except Busy:
        busy = render_template("staff/new_password.html", form=form, member=member, busy=True)
        return busy, 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if new is None:
        return render_template("staff/new_password.html", form=form, member=member), 422
    if not members.set_password(writing(), link, new.hash, at=now()):
        return render_template("staff/dead_link.html", fault=Fault.USED), mailed_links.STATUS[Fault.USED]
    forget_browser()
    flash(_("Your password is set. Sign in with it."), "good")
    return redirect(url_for("staff_sign_in.login"), 303)


def _as_customer(member: Member) -> Administrator:
    """Who chooses the password, to be judged by the rules for everybody, at the full length."""
    return Administrator(0, 0, member.username, "", member.email, member.full_name, member.language, False, False, None)
