"""The person: name, language, password."""

import logging
from typing import Any

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField
from wtforms.fields.choices import SelectChoice

from portal.accounts import administrators, drafts, recovery
from portal.accounts.sign_in import Proven
from portal.kit.hashing import Busy
from portal.kit.texts import OWN_NAMES
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.factors import needs_factor
from portal.rules.sessions import EndReason
from portal.web import access, factor_words, new_password, proof, who
from portal.web.edge import now, parts, writing
from portal.web.forms import LONGEST_NAME, TypedField, at_most, one_line, one_of, required, with_draft
from portal.web.new_password import NewPasswordForm
from portal.web.sign_in import BUSY_RETRY_SECONDS

log = logging.getLogger("portal")
pages = Blueprint("profile", __name__)
Page = Response | str | tuple[Any, ...]


class PersonForm(FlaskForm):
    full_name = TypedField(_l("Name"), [required(_l("Enter your name.")), one_line, at_most(LONGEST_NAME)])
    language = SelectField(
        _l("Language of pages and mails"),
        [one_of(OWN_NAMES, _l("Choose one of the languages."))],
        choices=[SelectChoice(*pair) for pair in OWN_NAMES.items()],
        validate_choice=False,
    )


class PasswordForm(NewPasswordForm):
    current_password = PasswordField(_l("Current password"), [required(_l("Enter your current password."))])


@pages.route("/profile", methods=["GET", "POST"])
@access.signed_in
def profile() -> Page:
    mine = who.me().administrator
    form, restored = with_draft(PersonForm, full_name=mine.full_name, language=mine.language)
    if form.validate_on_submit():
        administrators.rename(writing(), mine, form.full_name.data.strip(), form.language.data, at=now())
        drafts.discard(writing(), mine.id, "/profile")
        session["language"] = form.language.data
        flash(_("Your profile is saved."), "good")
        return redirect(url_for("profile.profile"), 303)
    page = render_template("profile/profile.html", form=form, restored=restored)
    return page, 422 if form.errors else 200


@pages.route("/profile/password", methods=["GET", "POST"])
@access.without_factor
@access.signed_in
def password() -> Page:
    """The current password proves the person, here as where it is asked again; only this session goes on, renewed."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.errors else 200
    accepted = new_password.accepted(form, who.me().administrator, who.place().platform.company)
    if accepted is None:
        return _page(form), 422
    try:
        found = proof.check(form.current_password.data)
        password_hash = _hash(accepted.normalised) if found else ""
    except Busy:
        return _page(form, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if found is None:
        form.current_password.errors = [_("This is not your current password, or there were too many attempts.")]
        return _page(form), 422
    short = needs_factor(accepted.normalised)
    if not new_password.may_be_stored(writing(), form, found.administrator, short=short):
        return _page(form), 422
    if not _change(found, password_hash, short=short):
        return redirect(url_for("profile.password"), 303)  # which finds out what has become of the session
    flash(_("Your password is changed. You have been signed out everywhere else."), "good")
    return redirect(url_for("profile.profile"), 303)


def _change(proven: Proven, password_hash: str, *, short: bool) -> bool:
    """False where the password, or the session, ended while the new one was hashed: somebody has taken them back."""
    db, live = writing(), who.me().live
    token = proof.renewed(db, proven)
    if token is None:
        return False
    reason = EndReason.PASSWORD_CHANGED
    recovery.store_password(db, live.administrator, password_hash, reason, at=now(), but=live.session_id, short=short)
    who.open_session(token)
    log.info("password set", extra={"administrator": live.administrator.id, "factor": live.factor})
    return True


def _page(form: PasswordForm, **facts: bool) -> str:
    second_factor = new_password.has_factor(who.me().administrator)
    return render_template("profile/password.html", form=form, second_factor=second_factor, says=factor_words, **facts)


def _hash(password: str) -> str:
    with parts().hasher.turn() as turn:
        return turn.hash(password)
