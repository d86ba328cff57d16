"""The person's e-mail address, and the pages behind the two links of its change: /profile/email.

Changing needs the password, typed into the form itself, where it counts like one that was asked again. The links need
no sign-in: the mail may be open on another device, and each link is the proof of the mailbox it was sent to.
"""

import logging
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, ValidationError

from portal import standing
from portal.accounts import drafts, email_changes, queries, sign_in
from portal.accounts.email_changes import Change
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.kit.hashing import Busy
from portal.kit.links import Fault, Link
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import names
from portal.web import access, mailed_links, proof, who
from portal.web.edge import forget_browser, now, parts, reading, writing
from portal.web.forms import TypedField, email_address, one_line, required, with_draft
from portal.web.sign_in import BUSY_RETRY_SECONDS

log = logging.getLogger("portal")
pages = Blueprint("email_change", __name__)
Page = Response | str | tuple[Any, ...]
Opened = tuple[Link, Change, Administrator]


class EmailChangeForm(FlaskForm):
    email = TypedField(_l("New e-mail address"), [required(_l("Enter your e-mail address.")), one_line, email_address])
    current_password = PasswordField(_l("Current password"), [required(_l("Enter your current password."))])

    def validate_email(self, field: TypedField) -> None:
        if names.fold_email(field.data) == names.fold_email(who.me().administrator.email):
            raise ValidationError(_("This is your e-mail address already."))


@pages.route("/profile/email", methods=["GET", "POST"])
@access.signed_in
def ask() -> Page:
    """Whatever address is typed, the page says the same: whose it may be is nobody's business here."""
    form, restored = with_draft(EmailChangeForm)
    if not form.validate_on_submit():
        return _page(form, restored=restored), 422 if form.errors else 200
    try:
        proven = proof.check(form.current_password.data)
    except Busy:
        return _page(form, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if proven is None:
        form.current_password.errors = [_("This is not your current password, or there were too many attempts.")]
        return _page(form), 422
    if not proof.renew(proven) or not sign_in.unchanged(writing(), proven.administrator.id, proven.password_hash):
        return redirect(url_for("email_change.ask"), 303)  # which finds out what has become of the session
    return _send(form, proven.administrator)


def _send(form: EmailChangeForm, person: Administrator) -> Page:
    if not email_changes.ask(writing(), parts().links, person, form.email.data.strip(), at=now()):
        form.email.errors = [_("You have asked for this several times today. Try again tomorrow.")]
        form.csrf_token.process(None)  # the one it has is of the session before its renewal
        return _page(form), 422
    drafts.discard(writing(), person.id, "/profile/email")
    return redirect(url_for("email_change.ask"), 303)


def _page(form: EmailChangeForm, **facts: bool) -> str:
    pending = email_changes.find_pending(reading(), who.me().administrator.id, at=now())
    return render_template("profile/email.html", form=form, pending=pending, **facts)


@pages.get("/profile/email/<token>")
@access.everybody
def open_confirm(token: str) -> Response:
    return mailed_links.keep(token, "email_change.confirm")


@pages.get("/profile/email/undo/<token>")
@access.everybody
def open_undo(token: str) -> Response:
    return mailed_links.keep(token, "email_change.undo")


@pages.route("/profile/email/confirm", methods=["GET", "POST"])
@access.everybody
def confirm() -> Page:
    opened = _opened(Purpose.EMAIL_CHANGE)
    if isinstance(opened, Fault):
        return _dead(opened)
    link, change, owner = opened
    if request.method != "POST":
        return render_template("profile/email_confirm.html", form=FlaskForm(), change=change, owner=owner)
    if not email_changes.confirm(writing(), parts().links, link, at=now()):
        return _dead(Fault.USED)
    _done("e-mail address changed", link, change)
    flash(_("Your e-mail address is changed. We write to the new one from now on."), "good")
    visitor = who.person()
    if visitor is not None and visitor.administrator.id == owner.id:
        return redirect(url_for("profile.profile"), 303)
    return redirect(url_for("sign_in.login", username=owner.username), 303)


@pages.route("/profile/email/undo", methods=["GET", "POST"])
@access.everybody
def undo() -> Page:
    """Afterwards this browser is nobody's: whoever was signed in here with that account is not any more."""
    opened = _opened(Purpose.EMAIL_UNDO)
    if isinstance(opened, Fault):
        return _dead(opened)
    link, change, owner = opened
    if request.method != "POST":
        return render_template("profile/email_undo.html", form=FlaskForm(), change=change, owner=owner)
    if not email_changes.undo(writing(), parts().links, link, at=now()):
        return _dead(Fault.USED)
    _done("e-mail change undone", link, change)
    forget_browser()
    return redirect(url_for("email_change.undone"), 303)


@pages.get("/profile/email/undone")
@access.everybody
def undone() -> str:
    """What happens next, for whoever comes from the button; it tells nothing of anybody."""
    return render_template("profile/email_undone.html")


def _opened(purpose: Purpose) -> Opened | Fault:
    """The link, its change and whose it is; dead where that person cannot sign in any more, or the platform ended."""
    link = mailed_links.find(purpose)
    if isinstance(link, Fault):
        return link
    change = email_changes.get(reading(), link.subject_id)
    owner = queries.get_administrator(reading(), change.administrator_id)
    place = standing.find(reading(), owner.platform_id, at=now(), zone=parts().settings.timezone)
    return (link, change, owner) if owner.enabled and place.state.may_sign_in else Fault.WITHDRAWN


def _done(what: str, link: Link, change: Change) -> None:
    log.info(what, extra={"administrator": change.administrator_id, "link": link.purpose})
    mailed_links.forget()


def _dead(fault: Fault) -> tuple[str, int]:
    return render_template("profile/dead_link.html", fault=fault), mailed_links.STATUS[fault]
