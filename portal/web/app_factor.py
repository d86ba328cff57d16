"""An authenticator app added, moved to another device, and taken off: /profile/security/app.

Where RULES.md is silent: beginning and confirming are both changes of a second factor, so each asks for the password.
A code that had to wait for it is not kept, and would be too old: the page asks for the next one.
"""

from typing import Any

import pyotp
from flask import Blueprint, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.accounts import app_moves, authenticator_apps, own_factors, recovery_codes
from portal.accounts.own_factors import Added, NoApp, Waiting
from portal.kit.hashing import Busy
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.outside.transfer import scannable
from portal.rules.factors import Kept
from portal.subscription import queries as subscription
from portal.web import access, factor_words, security, who
from portal.web.edge import now, parts, reading, writing
from portal.web.forms import TypedField, required
from portal.web.sign_in import BUSY_RETRY_SECONDS

pages = Blueprint("app_factor", __name__, url_prefix="/profile/security/app")
Page = Response | str | tuple[Any, ...]
GROUP = 4  # characters of the secret that are typed in one go


class FirstCodeForm(FlaskForm):
    code = TypedField(_l("Code that the app shows"), [required(_l("Enter the code that the app shows now."))])


class MoveForm(FirstCodeForm):
    """`sealed`: the new secret, as `app_moves` has sealed it."""

    sealed = HiddenField()


@pages.post("/begin")
@access.without_factor
@access.signed_in_proven(_l("Add an authenticator app"))
def begin() -> Page:
    """A new secret, which waits for its first code; an earlier one that waited is dead."""
    if not authenticator_apps.begin(writing(), parts().vault, who.me().administrator, at=now()):
        return security.failed(_("You have an authenticator app already. You can move it to another device."))
    return redirect(url_for("app_factor.ask"), 303)


@pages.get("")
@access.without_factor
@access.signed_in
def ask() -> Page:
    """The secret, as a picture and as text, for as long as it waits."""
    waiting = _waiting()
    return _page(FirstCodeForm(), waiting) if waiting else redirect(url_for("security.overview"), 303)


@pages.post("")
@access.without_factor
@access.signed_in_proven(_l("Add the authenticator app"))
def confirm() -> Page:
    """The first code: from now on the app is asked for. Whoever had no second factor gets recovery codes with it."""
    form, waiting = FirstCodeForm(), _waiting()
    if waiting is None:
        return _too_late()
    if not form.validate() or not _is_right(form, waiting):
        return _page(form, waiting), 422
    try:
        shown, hashes = _recovery_codes()
    except Busy:
        return _page(form, waiting, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    added = _add(form.code.data, hashes)
    if added is None:
        return _too_late()
    text = _("The authenticator app is added: from now on it is asked for at each sign-in.")
    return security.show_codes(shown, added=text) if added.codes else security.done(text)


@pages.post("/move")
@access.signed_in_proven(_l("Move the authenticator app to another device"))
def begin_move() -> Page:
    """A new secret, which waits on this page for its first code; the present app counts until then."""
    begun = app_moves.begin(reading(), parts().vault, who.me().administrator, at=now())
    if begun is None:
        return _gone()
    waiting, sealed = begun
    return _page(MoveForm(formdata=None, data={"sealed": sealed}), waiting, moves=True)


@pages.post("/moved")
@access.signed_in_proven(_l("Use the app on the new device"))
def move() -> Page:
    """The first code of the new app: from now on it is the one that is asked for."""
    form, live = MoveForm(), who.me().live
    sealed = form.sealed.data or ""
    waiting = app_moves.find_waiting(reading(), parts().vault, live.administrator, sealed, at=now())
    if waiting is None:
        return _too_late()
    if not form.validate() or not _is_right(form, waiting):
        return _page(form, waiting, moves=True), 422
    facts = (writing(), parts().vault, live.administrator, sealed, form.code.data)
    if not app_moves.move(*facts, at=now(), but=live.session_id):
        return _too_late()
    return security.done(
        _("The app on the new device is the one that counts now. Delete the account in the earlier one.")
    )


@pages.post("/remove")
@access.signed_in_proven(_l("Take the authenticator app off"))
def remove() -> Page:
    """Take the app off, unless it has to stay."""
    db, live = writing(), who.me().live
    subscription.lock_platform(db, live.administrator.platform_id)  # nobody demands a second factor meanwhile
    platform = subscription.find_platform(db, live.administrator.platform_id)
    demanded = platform is not None and platform.second_factor_since is not None
    match own_factors.remove_app(db, live.administrator, demanded=demanded, at=now(), but=live.session_id):
        case Kept() as reason:
            return security.failed(factor_words.kept(reason))
        case NoApp():
            return _gone()
    return security.done(_("The authenticator app is taken off. Everywhere else you have been signed out."))


def _waiting() -> Waiting | None:
    return own_factors.find_waiting(reading(), parts().vault, who.me().administrator, at=now())


def _is_right(form: FirstCodeForm, waiting: Waiting) -> bool:
    """Whether the app shows this code; else the form says so."""
    mine, throttled = who.me().administrator, parts().settings.throttle
    if own_factors.shows(parts().database, mine, waiting, form.code.data, at=now(), throttled=throttled):
        return True
    form.code.errors = [
        _(
            "The app does not show this code now, or there were too many attempts. Enter the newest one; if it is "
            "refused too, let the clock of the device be set by itself."
        )
    ]
    return False


def _add(code: str, hashes: list[str]) -> Added | None:
    db, live = writing(), who.me().live
    person, but = live.administrator, live.session_id
    return own_factors.add_app(db, parts().vault, person, code, hashes, at=now(), but=but)


def _recovery_codes() -> tuple[list[str], list[str]]:
    """A first set, in clear and hashed; nothing for whoever has one already. Raises Busy."""
    if own_factors.find_codes(reading(), who.me().administrator.id):
        return [], []
    return recovery_codes.make(parts().hasher)


def _gone() -> Page:
    return security.failed(_("There is no authenticator app any more: it was taken off already."))


def _too_late() -> Page:
    return security.failed(_("The secret does not wait any more: it was replaced, or it is too old. Begin again."))


def _page(form: FirstCodeForm, waiting: Waiting, **facts: bool) -> str:
    secret, name = waiting.secret, who.me().administrator.username
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=parts().settings.brand)
    return render_template(
        "security/app.html",
        form=form,
        groups=[secret[start : start + GROUP] for start in range(0, len(secret), GROUP)],
        address=address,
        picture=scannable(address),
        until=waiting.until,
        says=factor_words,
        **facts,
    )
