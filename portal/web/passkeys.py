"""Passkeys added and taken off: /profile/security/passkeys.

Adding asks the browser for a key, which only a script can do: the first form asks for the challenge, and for the
password where it was typed too long ago; the page after it has the key made; its form brings the key here.

Where RULES.md is silent: a key has a name, so that its owner knows which one to take off; without one it is called
after the browser. What comes too late, or does not count, begins anew: the page is there again, with a new challenge.
"""

import logging
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.accounts import own_factors, passkey_answers, passkeys, recovery_codes
from portal.accounts.links import Purpose
from portal.accounts.passkey_answers import NewKey, Question, Unfit
from portal.accounts.passkeys import Added, Addition, Known, NoKey, TooMany
from portal.kit.hashing import Busy
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules import terms
from portal.rules.factors import Kept
from portal.subscription import queries as subscription
from portal.web import access, challenges, factor_words, security, who
from portal.web.edge import now, parts, reading, writing
from portal.web.forms import TypedField, at_most, one_line
from portal.web.sign_in import BUSY_RETRY_SECONDS

log = logging.getLogger("portal")
pages = Blueprint("passkeys", __name__, url_prefix="/profile/security/passkeys")
Page = Response | str | tuple[Any, ...]


class KeyForm(FlaskForm):
    """`answer`: what the browser says of the key, as JSON; written by the script."""

    name = TypedField(
        _l("Name of the passkey"),
        [one_line, at_most(passkeys.LONGEST_NAME)],
        description=_l("So that you know later which one it is: the device, or where the key lies."),
    )
    answer = HiddenField()


@pages.get("/new")
@access.without_factor
@access.signed_in
def ask() -> Page:
    """The name and the button, for as long as the challenge waits."""
    question = challenges.waiting(Purpose.NEW_PASSKEY, who.me().administrator.id)
    if question is None:
        return redirect(url_for("security.overview"), 303)
    return _page(KeyForm(name=who.device()), question)


@pages.post("/new")
@access.without_factor
@access.signed_in_proven(_l("Add a passkey"))
def begin() -> Page:
    """A new challenge; an earlier one that waited is dead."""
    mine = who.me().administrator
    if passkeys.is_full(passkeys.of(writing(), mine.id)):
        return security.failed(_too_many())
    challenges.issue(writing(), Purpose.NEW_PASSKEY, mine.id)
    return redirect(url_for("passkeys.ask"), 303)


@pages.post("")
@access.without_factor
@access.signed_in_proven(_l("Add the passkey"))
def add() -> Page:
    """The key that was made. Whoever had no second factor gets recovery codes with it."""
    form, mine = KeyForm(), who.me().administrator
    question = challenges.waiting(Purpose.NEW_PASSKEY, mine.id)
    if question is None:
        return _again(form, _("It took too long, or was done in another tab meanwhile. Try once more."))
    if not form.validate():
        return _page(form, question), 422
    made = passkey_answers.read_new(question, form.answer.data or "")
    if isinstance(made, Unfit):
        log.info("passkey not added", extra={"administrator": mine.id, "reason": made.reason})
        return _again(form, _("The answer of the passkey could not be used. Try once more, or take another one."))
    try:
        shown, hashes = _recovery_codes()
    except Busy:
        return _page(form, question, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    return _keep(form, made, shown, hashes)


def _keep(form: KeyForm, made: NewKey, shown: list[str], hashes: list[str]) -> Page:
    """Keep the key, and say so: its challenge is used up by it."""
    db, live, token = writing(), who.me().live, challenges.token(Purpose.NEW_PASSKEY)
    name = (form.name.data or "").strip() or who.device()
    if challenges.take(db, Purpose.NEW_PASSKEY, live.administrator.id) is None:
        return _again(form, _("It took too long, or was done in another tab meanwhile. Try once more."))
    new = Addition(made, name, token, hashes)
    match passkeys.add(db, live.administrator, new, at=now(), but=live.session_id):
        case TooMany():
            return security.failed(_too_many())
        case Known():
            return security.failed(_("This passkey is on the list of somebody already. Take another one."))
        case Added(codes=True):
            return security.show_codes(shown, added=_told(name))
    return security.done(_told(name))


@pages.post("/<int(max=2147483647):key_id>/remove")
@access.signed_in_proven(_l("Take the passkey off"))
def remove(key_id: int) -> Page:
    """Take the key off, unless it has to stay."""
    db, live = writing(), who.me().live
    subscription.lock_platform(db, live.administrator.platform_id)  # nobody demands a second factor meanwhile
    platform = subscription.find_platform(db, live.administrator.platform_id)
    demanded = platform is not None and platform.second_factor_since is not None
    match passkeys.remove(db, live.administrator, key_id, demanded=demanded, at=now(), but=live.session_id):
        case Kept() as reason:
            return security.failed(factor_words.kept(reason))
        case NoKey():
            return security.failed(_("There is no such passkey any more: it was taken off already."))
    return security.done(_("The passkey is taken off. Delete it on the device too: here it opens nothing any more."))


def _told(name: str) -> str:
    return _("The passkey “%(name)s” is added: from now on you can sign in with it.", name=name)


def _recovery_codes() -> tuple[list[str], list[str]]:
    """A first set, in clear and hashed; nothing for whoever has one already. Raises Busy."""
    if own_factors.find_codes(reading(), who.me().administrator.id):
        return [], []
    return recovery_codes.make(parts().hasher)


def _too_many() -> str:
    return _("You have %(number)d passkeys, and more are not possible. Take one off first.", number=terms.PASSKEYS_MAX)


def _again(form: KeyForm, why: str) -> Page:
    """The page anew, with a new challenge, what was typed, and why nothing was done."""
    question = challenges.issue(writing(), Purpose.NEW_PASSKEY, who.me().administrator.id)
    return _page(form, question, failed=why), 422


def _page(form: KeyForm, question: Question, **facts: Any) -> str:
    mine = who.me().administrator
    keys = passkeys.of(reading(), mine.id)
    handle = passkeys.handle(keys, challenges.token(Purpose.NEW_PASSKEY))
    names = {"brand": parts().settings.brand, "username": mine.username, "full_name": mine.full_name}
    known = [(key.credential_id, key.transports) for key in keys]
    options = passkey_answers.options_to_add(question, **names, handle=handle, known=known)
    minutes = int(terms.PASSKEY_LIFE.total_seconds()) // 60
    facts |= {"options": options, "minutes": minutes, "longest": passkeys.LONGEST_NAME}
    return render_template("security/passkey.html", form=form, **facts)
