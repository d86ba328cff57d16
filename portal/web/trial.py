"""Asking for a trial, and the page behind the link in the mail that starts it: /request-trial."""

import logging
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.kit import texts
from portal.kit.hashing import Busy
from portal.kit.links import Fault, Link
from portal.kit.texts import lazy_gettext as _l
from portal.rules import dates, lifecycle
from portal.subscription import queries, trials
from portal.subscription.queries import TrialRequest
from portal.subscription.trials import Asked, Begun
from portal.web import access, mailed_links, new_password
from portal.web.edge import forget_browser, network, now, parts, reading, writing
from portal.web.forms import LONGEST_NAME, EmailField, TypedField, at_most, one_line, required
from portal.web.new_password import NewPasswordForm
from portal.web.sign_in import BUSY_RETRY_SECONDS

log = logging.getLogger("portal")
pages = Blueprint("trial", __name__)
Page = Response | str | tuple[Any, ...]
BEGUN = "trial"  # in the cookie: user name and last day of the trial that was started here


class TrialForm(FlaskForm):
    full_name = TypedField(_l("Name"), [required(_l("Enter your name.")), one_line, at_most(LONGEST_NAME)])
    company = TypedField(_l("Company (optional)"), [one_line, at_most(200)])
    email = EmailField()


@pages.route("/request-trial", methods=["GET", "POST"])
@access.everybody
def request_trial() -> Page:
    form = TrialForm()
    if form.validate_on_submit():
        trials.ask(writing(), _asked(form), throttled=parts().settings.throttle)
        return redirect(url_for("trial.asked"), 303)
    return render_template("trial/request.html", form=form), 422 if form.errors else 200


def _asked(form: TrialForm) -> Asked:
    full_name, company, email = ((field.data or "").strip() for field in (form.full_name, form.company, form.email))
    return Asked(full_name, company, email, texts.language(), network(), now())


@pages.get("/request-trial/asked")
@access.everybody
def asked() -> str:
    """The same page for known and unknown addresses, throttled and not, with the mail server up or down."""
    return render_template("trial/asked.html")


@pages.get("/request-trial/<token>")
@access.everybody
def open_link(token: str) -> Response:
    return mailed_links.keep(token, "trial.start")


@pages.route("/request-trial/start", methods=["GET", "POST"])
@access.everybody
def start() -> Page:
    """A rejected password uses nothing up; a valid one starts the trial, once."""
    link, form = mailed_links.find(Purpose.TRIAL), NewPasswordForm()
    if isinstance(link, Fault):
        return _dead(link)
    applicant = queries.get_trial_request(reading(), link.subject_id)
    facts: dict[str, Any] = {"form": form, "applicant": applicant, "last_day": lifecycle.trial_last_day(_today())}
    if not form.is_submitted():
        return render_template("trial/start.html", **facts)
    try:
        new = new_password.hashed(form, _nameless(applicant), applicant.company)
    except Busy:
        return render_template("trial/start.html", busy=True, **facts), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if new is None:
        return render_template("trial/start.html", **facts), 422
    begun = _begin(link, new.hash)
    return _welcome(begun) if begun else _dead(Fault.USED)


def _begin(link: Link, password_hash: str) -> Begun | None:
    edition = parts().prices.on(_today()).trial_edition
    return trials.start(writing(), parts().links, link, password_hash, edition=edition, today=_today(), at=now())


def _welcome(begun: Begun) -> Response:
    person = begun.administrator
    log.info("trial started", extra={"administrator": person.id})
    forget_browser()
    session[BEGUN] = [person.username, begun.expires_on.isoformat()]
    return redirect(url_for("trial.ready"), 303)


@pages.get("/request-trial/ready")
@access.everybody
def ready() -> Page:
    """The user name, until this browser signs in with it; it is in the mail as well."""
    if BEGUN not in session:
        return redirect(url_for("sign_in.login"))
    username, last_day = session[BEGUN]
    last_day = date.fromisoformat(last_day)
    purchase_until = lifecycle.grace_last_day(last_day)
    return render_template("trial/ready.html", username=username, last_day=last_day, purchase_until=purchase_until)


def _today() -> date:
    return dates.business_date(now(), parts().settings.timezone)


def _nameless(applicant: TrialRequest) -> Administrator:
    """Who chooses the password: somebody whose user name nobody knows yet, so that no password can contain it."""
    return Administrator(0, 0, "", "", applicant.email, applicant.full_name, applicant.language, False, False, None)


def _dead(fault: Fault) -> tuple[str, int]:
    return render_template("trial/dead_link.html", fault=fault), mailed_links.STATUS[fault]
