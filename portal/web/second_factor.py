"""The second factor at the sign-in: /login/second-factor. A code of the app, a printed one, or a passkey.

A wrong code uses nothing up but itself: the question stays open for its five minutes, and the attempts are counted for
the person, whatever the browser. Where no check is possible nobody comes in by it, and the page says what is left.
"""

import logging
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.accounts import factors, queries, second_factor
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.second_factor import Checks
from portal.kit.hashing import Busy
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.kit.vault import Unreadable
from portal.rules.factors import Factor, meant_by
from portal.web import access, coming_in, factor_words
from portal.web.edge import now, parts, reading
from portal.web.forms import TypedField, required
from portal.web.sign_in import BUSY_RETRY_SECONDS

log = logging.getLogger("portal")
pages = Blueprint("second_factor", __name__)
Page = Response | str | tuple[Any, ...]


class CodeForm(FlaskForm):
    code = TypedField(_l("Code"), [required(_l("Enter the code."))])


@pages.get("/login/second-factor")
@access.everybody
def ask() -> Page:
    person = waiting()
    return _page(CodeForm(), person) if person else too_late()


@pages.post("/login/second-factor")
@access.everybody
def answer() -> Page:
    person, form = waiting(), CodeForm()
    if person is None:
        return too_late()
    if not form.validate():
        return _page(form, person), 422
    try:
        factor = prove(person, form.code.data)
    except Busy:
        return _page(form, person, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    except Unreadable:
        log.exception("second factor unreadable", extra={"administrator": person.id})
        return _refused(form, person, _unreadable()), 503
    if factor is None:
        log.info("second factor refused", extra={"administrator": person.id, "factor": meant_by(form.code.data)})
        wrong = _("This code does not count: it is wrong, was used before, or there were too many attempts.")
        return _refused(form, person, wrong), 422
    return go_on(factor)


def prove(person: Administrator, code: str) -> Factor | None:
    checks = Checks(parts().database, parts().hasher, parts().vault)
    return second_factor.prove(checks, person, code, at=now(), throttled=parts().settings.throttle)


def go_on(factor: Factor) -> Page:
    """The second factor was right: the password that waited for it is used up, and the person comes in."""
    person = coming_in.take(Purpose.SECOND_FACTOR)
    return coming_in.after_factor(person, factor) if person else too_late()


def waiting() -> Administrator | None:
    """Who has proven the password in this browser, and is asked for the second factor."""
    link = coming_in.waiting(Purpose.SECOND_FACTOR)
    return queries.get_administrator(reading(), link.subject_id) if link else None


def too_late() -> Response:
    flash(_("The question was open for too long. Sign in again."), "warn")
    return redirect(url_for("sign_in.login"), 303)


def passkey_refused(person: Administrator) -> Page:
    """The question again, after the answer of a passkey that does not count."""
    return _page(CodeForm(), person, passkey_refused=True), 422


def _unreadable() -> str:
    return _(
        "Through a fault of ours no code of the app can be checked now. Use a recovery code, or write to %(email)s.",
        email=parts().settings.support_email,
    )


def _refused(form: CodeForm, person: Administrator, why: str) -> str:
    form.code.errors = [why]
    return _page(form, person)


def _page(form: CodeForm, person: Administrator, **facts: bool) -> str:
    """The question. A code that was typed is not shown again: it was used, or is wrong."""
    form.code.data = ""
    has = factors.of(reading(), person.id)
    says = factor_words
    return render_template("sign_in/second_factor.html", form=form, administrator=person, has=has, says=says, **facts)
