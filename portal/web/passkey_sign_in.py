"""Coming in by a passkey: alone at /login, or beside the password at /login/second-factor.

Alone it stands for two factors, the device and what unlocks it: so the key must have found out that it is the person.
What is asked of the browser is the same for everybody, and so is the answer that does not count: neither tells whether
somebody exists. A key cannot be guessed, so nothing is counted but how often one network begins.
"""

import logging
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from portal.accounts import limits, passkey_answers, passkeys
from portal.accounts.links import Purpose
from portal.accounts.passkey_answers import Unfit
from portal.accounts.queries import Administrator
from portal.kit.texts import gettext as _
from portal.rules.factors import Factor
from portal.rules.terms import PASSKEY_NETWORK_WINDOW
from portal.web import access, challenges, coming_in, second_factor, sign_in
from portal.web.challenges import NOBODY
from portal.web.edge import network, now, parts, reading, writing

log = logging.getLogger("portal")
pages = Blueprint("passkey_sign_in", __name__)
Page = Response | str | tuple[Any, ...]


@pages.post("/login/passkey/begin")
@access.everybody
def begin() -> Page:
    """What to ask of whichever passkey the visitor has."""
    challenges.demand_json()
    if parts().settings.throttle and not limits.claim_passkey(writing(), network(), at=now()):
        log.info("passkey not asked for", extra={"reason": "too many from this network"})
        told = _("Too many sign-ins were begun from your network. Wait a few minutes, or use your password.")
        return jsonify(told=told), 429, {"Retry-After": str(int(PASSKEY_NETWORK_WINDOW.total_seconds()))}
    question = challenges.issue(writing(), Purpose.PASSKEY, NOBODY)
    return jsonify(passkey_answers.options_to_use(question, verified=True))


@pages.post("/login/passkey")
@access.everybody
def come_in() -> Page:
    """Whoever the key belongs to comes in. The challenge is used up by the first answer, whatever it is."""
    db = writing()
    question = challenges.take(db, Purpose.PASSKEY, NOBODY)
    if question is None:
        return _refused(Unfit("no challenge waits in this browser"))
    person = passkeys.prove(db, question, request.form.get("answer", ""), at=now(), verified=True)
    if isinstance(person, Unfit):
        return _refused(person)
    if person.must_reset:
        return sign_in.lead_to_reset(person, Factor.PASSKEY)
    return coming_in.after_factor(person, Factor.PASSKEY)


@pages.post("/login/second-factor/passkey/begin")
@access.everybody
def begin_beside() -> Page:
    """What to ask of the passkeys of whoever has proven the password."""
    challenges.demand_json()
    person = second_factor.waiting()
    if person is None:
        return jsonify(told=_("The question was open for too long. Sign in again.")), 409
    known = [(key.credential_id, key.transports) for key in passkeys.of(reading(), person.id)]
    return jsonify(passkey_answers.options_to_use(challenges.of_second_factor(), known, verified=False))


@pages.post("/login/second-factor/passkey")
@access.everybody
def come_in_beside() -> Page:
    """The key of whoever has proven the password: a touch is enough."""
    person = second_factor.waiting()
    if person is None:
        return second_factor.too_late()
    question, text = challenges.of_second_factor(), request.form.get("answer", "")
    found = passkeys.prove(writing(), question, text, at=now(), whose=person.id, verified=False)
    if isinstance(found, Unfit):
        _log(found, person)
        return second_factor.passkey_refused(person)
    return second_factor.go_on(Factor.PASSKEY)


def _refused(why: Unfit) -> Page:
    _log(why)
    return sign_in.page(sign_in.SignInForm(), passkey_refused=True), 422


def _log(why: Unfit, person: Administrator | None = None) -> None:
    facts: dict[str, Any] = {"factor": Factor.PASSKEY, "reason": why.reason}
    log.info("passkey refused", extra=facts | ({"administrator": person.id} if person else {}))
