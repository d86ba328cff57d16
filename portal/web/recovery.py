"""Recovering user name and password, and the pages behind the links in the mails."""

import logging
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal import standing
from portal.accounts import queries, recovery
from portal.accounts.links import Purpose
from portal.accounts.recovery import RESET_TASK, USER_NAMES_TASK, Asked
from portal.kit.hashing import Busy
from portal.kit.links import Fault, Link
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.web import access, mailed_links
from portal.web import new_password as chosen
from portal.web.edge import forget_browser, network, now, parts, reading, writing
from portal.web.forms import EmailField, UserNameField, one_line, required, user_name
from portal.web.new_password import NewPasswordForm
from portal.web.sign_in import BUSY_RETRY_SECONDS, TYPED_EMAIL

log = logging.getLogger("portal")
pages = Blueprint("recovery", __name__)


class UserNameForm(FlaskForm):
    email = EmailField()


class ResetForm(FlaskForm):
    username = UserNameField([required(_l("Enter your user name.")), one_line, user_name])
    email = EmailField()


def _asked(form: Any) -> Asked:
    return Asked(form.data.get("username", ""), form.email.data, network(), now())


@pages.route("/recover-username", methods=["GET", "POST"])
@access.everybody
def recover_username() -> Response | str | tuple[str, int]:
    form = UserNameForm(email=session.pop(TYPED_EMAIL, ""))
    if form.validate_on_submit():
        recovery.ask(writing(), USER_NAMES_TASK, _asked(form), throttled=parts().settings.throttle)
        log.info("recovery asked for", extra={"what": "username"})
        return redirect(url_for("recovery.asked", what="username"), 303)
    return render_template("recovery/username.html", form=form), 422 if form.errors else 200


@pages.route("/reset-password", methods=["GET", "POST"])
@access.everybody
def reset_password() -> Response | str | tuple[str, int]:
    form = ResetForm(username=request.args.get("username", "")[:64])
    if form.validate_on_submit():
        recovery.ask(writing(), RESET_TASK, _asked(form), throttled=parts().settings.throttle)
        log.info("recovery asked for", extra={"what": "password"})
        return redirect(url_for("recovery.asked", what="password"), 303)
    return render_template("recovery/reset.html", form=form), 422 if form.errors else 200


@pages.get("/recovery/asked/<any(username, password):what>")
@access.everybody
def asked(what: str) -> str:
    """The same page for known and unknown, throttled and not, with the mail server up or down."""
    return render_template("recovery/asked.html", what=what)


@pages.get("/reset-password/<token>")
@access.everybody
def open_reset(token: str) -> Response:
    return mailed_links.keep(token, "recovery.new_password")


@pages.get("/reset-password/not-asked/<token>")
@access.everybody
def open_disown(token: str) -> Response:
    return mailed_links.keep(token, "recovery.disown")


@pages.get("/invitation/<token>")
@access.everybody
def open_invitation(token: str) -> Response:
    return mailed_links.keep(token, "recovery.accept_invitation")


def _dead(fault: Fault, *, invitation: bool = False) -> tuple[str, int]:
    return render_template("recovery/dead_link.html", fault=fault, invitation=invitation), mailed_links.STATUS[fault]


@pages.route("/reset-password/new", methods=["GET", "POST"])
@access.everybody
def new_password() -> Response | str | tuple[Any, ...]:
    found = mailed_links.find(Purpose.RESET, Purpose.SUPPORT_RESET)
    return _dead(found) if isinstance(found, Fault) else _choose_password(found)


@pages.route("/invitation/new", methods=["GET", "POST"])
@access.everybody
def accept_invitation() -> Response | str | tuple[Any, ...]:
    found = mailed_links.find(Purpose.INVITATION)
    return _dead(found, invitation=True) if isinstance(found, Fault) else _choose_password(found)


def _choose_password(link: Link) -> Response | str | tuple[Any, ...]:
    """A rejected password uses nothing up; a valid one does, once."""
    person, form = queries.get_administrator(reading(), link.subject_id), NewPasswordForm()
    facts = {"form": form, "administrator": person, "invitation": link.purpose == Purpose.INVITATION}
    facts |= {"second_factor": chosen.has_factor(person)}
    if not form.is_submitted():
        return render_template("recovery/new_password.html", **facts)
    try:
        new = chosen.hashed(form, person, _company(person))
    except Busy:
        busy = render_template("recovery/new_password.html", busy=True, **facts)
        return busy, 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if new is None or not chosen.may_be_stored(writing(), form, person, short=new.short):
        return render_template("recovery/new_password.html", **facts), 422
    if not recovery.set_password(writing(), link, new.hash, at=now(), short=new.short):
        return _dead(Fault.USED, invitation=bool(facts["invitation"]))
    log.info("password set", extra={"administrator": person.id, "link": link.purpose})
    forget_browser()
    flash(_("Your password is set. Sign in with it."), "good")
    return redirect(url_for("sign_in.login", username=person.username), 303)


def _company(person: queries.Administrator) -> str:
    place = standing.find(reading(), person.platform_id, at=now(), zone=parts().settings.timezone)
    return place.platform.company


@pages.route("/reset-password/not-asked", methods=["GET", "POST"])
@access.everybody
def disown() -> Response | str | tuple[str, int]:
    found = mailed_links.find(Purpose.RESET, Purpose.SUPPORT_RESET)
    if isinstance(found, Fault):
        return _dead(found)
    if request.method == "POST":
        recovery.disown(writing(), found, at=now())
        mailed_links.forget()
        return render_template("recovery/disowned.html")
    return render_template("recovery/disown.html", form=FlaskForm())
