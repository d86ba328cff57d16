"""The person's second factors: /profile/security, and the recovery codes that stand in for them.

Where RULES.md is silent: recovery codes are shown once, in the answer to the form that makes them, and nowhere else;
sending that form again makes nothing new, because it names the set that it replaces.
"""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from portal.accounts import factors, lost_factors, own_factors, passkeys, recovery_codes
from portal.accounts.own_factors import NoFactor, Replaced
from portal.kit.hashing import Busy
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import factors as rules
from portal.rules.access import Act, Allowed, Refused, Role
from portal.web import access, factor_words, offers, who
from portal.web.edge import now, parts, reading, writing
from portal.web.sign_in import BUSY_RETRY_SECONDS

pages = Blueprint("security", __name__, url_prefix="/profile/security")
Page = Response | str | tuple[Any, ...]
CONFLICT = 409


@pages.get("")
@access.without_factor
@access.signed_in
def overview() -> Page:
    """What the person has beside the password, what is asked when, and what to do when a factor is lost."""
    return page()


@pages.post("/codes")
@access.signed_in_proven(_l("Make new recovery codes"), hashing=True)
def codes() -> Page:
    """A new set, shown in this answer and never again; the earlier one is dead."""
    live = who.me().live
    if not factors.of(reading(), live.administrator.id).any:
        return failed(_("Recovery codes stand in for a second factor, and you have none yet."))
    try:
        shown, hashes = recovery_codes.make(parts().hasher)
    except Busy:
        return page(busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    known = request.form.get("known", "")
    found = own_factors.make_codes(writing(), live.administrator, hashes, known=known, at=now(), but=live.session_id)
    match found:
        case NoFactor():
            return failed(_("Recovery codes stand in for a second factor, and you have none yet."))
        case Replaced():
            return failed(_("The codes were made anew since you opened the page. Only the newest ones count."))
    return show_codes(shown)


def show_codes(shown: list[str], *, added: str = "") -> str:
    """The codes in clear: for the answer to the form that has made them, and for nothing else.

    added: the sentence about the factor they came with.
    """
    written = [rules.write_recovery_code(code) for code in shown]
    return render_template("security/codes.html", codes=written, added=added, form=FlaskForm())


def done(text: str) -> Response:
    flash(text, "good")
    return redirect(url_for("security.overview"), 303)


def failed(text: str | Markup, status: int = CONFLICT) -> Page:
    """The page again, with why nothing was done said first."""
    return page(failed=escape(text)), status


def page(**facts: Any) -> str:
    mine, place = who.me().administrator, who.place()
    has, keys = factors.of(reading(), mine.id), passkeys.of(reading(), mine.id)
    demanded = place.platform.second_factor_since
    decision = place.decide(Act.DEMAND_SECOND_FACTOR, Role(mine.role))
    return render_template(
        "security/overview.html",
        form=FlaskForm(),
        has=has,
        app=own_factors.find_app(reading(), mine.id),
        codes=own_factors.find_codes(reading(), mine.id),
        keys=keys,
        keys_full=passkeys.is_full(keys),
        kept=rules.removal_refused(has, demanded=demanded is not None, short_password=mine.short_password),
        demanded=demanded,
        first=mine.role == Role.FIRST,
        may_demand=isinstance(decision, Allowed),
        why_not=offers.refusal(decision, place) if isinstance(decision, Refused) else "",
        says=factor_words,
        removal=lost_factors.find_open(reading(), mine.id),
        **facts,
    )
