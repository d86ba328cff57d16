"""A person at the desk: what staff do for them, each with its reason."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.accounts import devices, email_changes, factor_removals, factors, past_sessions, queries
from portal.accounts.queries import Administrator
from portal.desk import people
from portal.desk.people import Act, Result
from portal.kit.texts import gettext as _
from portal.rules import staff as rules
from portal.rules.factors import Factors
from portal.rules.staff import StaffAct
from portal.staff import views
from portal.web import access, desk_words
from portal.web.edge import now, parts, reading, writing
from portal.web.staff import entry, view
from portal.web.staff.reasons import ReasonForm

pages = Blueprint("staff_people", __name__, url_prefix="/staff")
Page = Response | str | tuple[Any, ...]
ACTS = {  # what is done for a person, by the last part of its address
    "reset-link": StaffAct.SEND_RESET_LINK,
    "end-session": StaffAct.END_SESSIONS,
    "lost-factor": StaffAct.ASK_FACTOR_REMOVAL,
    "keep-factor": StaffAct.STOP_FACTOR_REMOVAL,
    "view": StaffAct.VIEW_AS_CUSTOMER,
}


@pages.get("/people/<username>")
@access.staff(StaffAct.LOOK)
def person(username: str) -> str:
    return _page(ReasonForm(), _found(username))


@pages.post("/people/<username>/reset-link")
@access.staff(StaffAct.SEND_RESET_LINK)
def reset_link(username: str) -> Page:
    return _do(username, lambda found, act: people.send_reset_link(writing(), parts().links, found, act))


@pages.post("/people/<username>/end-session")
@access.staff(StaffAct.END_SESSIONS)
def end_session(username: str) -> Page:
    return _do(username, lambda found, act: people.end_session(writing(), found, act))


@pages.post("/people/<username>/lost-factor")
@access.staff(StaffAct.ASK_FACTOR_REMOVAL)
def lost_factor(username: str) -> Page:
    return _do(username, lambda found, act: people.ask_removal(writing(), parts().links, found, act))


@pages.post("/people/<username>/keep-factor")
@access.staff(StaffAct.STOP_FACTOR_REMOVAL)
def keep_factor(username: str) -> Page:
    return _do(username, lambda found, act: people.stop_removal(writing(), found, act))


@pages.post("/people/<username>/view")
@access.staff(StaffAct.VIEW_AS_CUSTOMER)
def begin_view(username: str) -> Page:
    """Leads to the customer's first page: portal/web/staff/view.py."""
    return _do(username, view.begin, leads_to="subscription.overview")


def _do(username: str, act: Callable[[Administrator, Act], Result], *, leads_to: str = "") -> Page:
    """The act, once there is a reason for it; the page says what has become of it. leads_to: elsewhere, once done."""
    found, form = _found(username), ReasonForm()
    if not form.validate():
        return _page(form, found), 422
    result = act(found, form.act())
    flash(desk_words.result(result), "good" if result in (Result.DONE, Result.WAITS) else "warn")
    if leads_to and result is Result.DONE:
        return redirect(url_for(leads_to), 303)
    return redirect(url_for("staff_people.person", username=found.username), 303)


def _found(username: str) -> Administrator:
    return queries.find_administrator(reading(), username) or abort(404)


def _page(form: ReasonForm, found: Administrator) -> str:
    changed_at = email_changes.last_change(reading(), found.id)
    idle = parts().settings.idle_timeout_seconds
    stands: dict[str, Any] = {
        "has": factors.of(reading(), found.id),
        "removal": factor_removals.find_open(reading(), found.id),
        "live": past_sessions.find_live(reading(), found.id, at=now(), idle=idle),
        "lets_look": views.find_of(reading(), found.id, at=now()) if found.enabled else None,
    }
    return render_template(
        "staff/person.html",
        form=form,
        found=found,
        changed_at=changed_at,
        two=rules.reset_needs_approval(changed_at, now()),
        known=devices.of(reading(), found, "", at=now()),
        acts=_offered(found, **stands),
        addresses=_addresses(found),
        says=desk_words,
        **stands,
    )


def _offered(found: Administrator, *, has: Factors, removal: object, live: object, lets_look: object) -> list[str]:
    """What the role may do and there is a point in doing, as things stand."""
    pointed = {
        "reset-link": found.enabled,
        "end-session": live,
        "lost-factor": found.enabled and has.any and not removal,
        "keep-factor": removal,
        "view": lets_look,
    }
    return [name for name, act in ACTS.items() if pointed[name] and entry.may(act)]


def _addresses(found: Administrator) -> list[tuple[str, str]]:
    """Pages in the person's language that only fill in a form: what each is for, and its whole address."""
    origin, language = parts().settings.public_url, found.language
    named: dict[str, Any] = {"username": found.username, "lang": language}
    return [
        (_("Set a new password"), origin + url_for("recovery.reset_password", **named)),
        (_("Be told the user names"), origin + url_for("recovery.recover_username", lang=language)),
        (_("Sign in"), origin + url_for("sign_in.login", **named)),
        (_("Let our support look"), origin + url_for("support_view.show", lang=language)),
    ]
