"""The password again, or a passkey: /login/again. What had to wait for it is then done as it was sent, exactly once.

The waiting request is done inside the one that brings the password: nobody presses a second time, and nothing passes
through the browser that could be changed on the way. Its fields come from our own row, which belongs to this session;
the forgery token that counts is the one of the password's form, and was checked at the door like any other.

Where RULES.md is silent: a wrong password counts like one at the sign-in, and the request goes on waiting, for as long
as a proof would count. Of two tabs that prove at the same moment the later one is asked again, or signed out.
"""

import logging
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Request, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.globals import request_ctx
from flask_wtf import FlaskForm
from sqlalchemy import Connection
from werkzeug.routing import Rule
from werkzeug.wrappers import Response
from wtforms import PasswordField

from portal.accounts import drafts, passkey_answers, passkeys, resumptions, sessions, sign_in
from portal.accounts.links import Purpose
from portal.accounts.passkey_answers import Unfit
from portal.accounts.resumptions import Kept
from portal.accounts.sign_in import Proven
from portal.kit.hashing import Busy
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.factors import Factor
from portal.web import access, challenges, devices, who
from portal.web.edge import now, parts, reading, writing
from portal.web.forms import required
from portal.web.places import safe_place
from portal.web.sign_in import BUSY_RETRY_SECONDS

log = logging.getLogger("portal")
pages = Blueprint("proof", __name__)
Page = Response | str | tuple[Any, ...]
FORM = "application/x-www-form-urlencoded"


class ProofForm(FlaskForm):
    password = PasswordField(_l("Password"), [required(_l("Enter your password."))])


@pages.get("/login/again")
@access.without_factor
@access.signed_in
def ask() -> Page:
    kept = _waiting()
    return _page(ProofForm(), kept) if kept else _nothing_waits()


@pages.post("/login/again")
@access.without_factor
@access.signed_in
def prove() -> Page:
    """Compare the password, and go on with what waits."""
    kept = _waiting()
    if kept is None:
        return _nothing_waits()
    form = ProofForm()
    if not form.validate():
        return _page(form, kept), 422
    try:
        found = check(form.password.data)
    except Busy:
        return _page(form, kept, busy=True), 503, {"Retry-After": str(BUSY_RETRY_SECONDS)}
    if found is None:
        form.password.errors = [_("This is not your current password, or there were too many attempts.")]
        return _page(form, kept), 422
    if not renew(found):
        return redirect(url_for("proof.ask", waiting=kept.id), 303)  # which finds out what has become of the session
    return _resume(kept)


@pages.post("/login/again/passkey/begin")
@access.without_factor
@access.signed_in
def begin_with_key() -> Page:
    """What to ask of the passkeys of who is signed in."""
    challenges.demand_json()
    mine = who.me().administrator
    question = challenges.issue(writing(), Purpose.PROOF, mine.id)
    known = [(key.credential_id, key.transports) for key in passkeys.of(reading(), mine.id)]
    return jsonify(passkey_answers.options_to_use(question, known, verified=True))


@pages.post("/login/again/passkey")
@access.without_factor
@access.signed_in
def prove_with_key() -> Page:
    """A passkey in the place of the password, if it has found out that it is the person; then go on with what waits."""
    kept = _waiting()
    if kept is None:
        return _nothing_waits()
    with parts().database.write() as db:
        found = _renewed_by_key(db)
    if isinstance(found, Unfit):
        _log("proof refused", Factor.PASSKEY, reason=found.reason)
        return _page(ProofForm(), kept, passkey_refused=True), 422
    if found is None:
        return redirect(url_for("proof.ask", waiting=kept.id), 303)  # as above
    who.open_session(found)
    _log("proven again", Factor.PASSKEY)
    return _resume(kept)


def _renewed_by_key(db: Connection) -> str | Unfit | None:
    """As `renewed`. The challenge is used up by the answer, whatever it is."""
    mine, text = who.me().administrator, request.form.get("answer", "")
    question = challenges.take(db, Purpose.PROOF, mine.id)
    if question is None:
        return Unfit("no challenge waits in this browser")
    found = passkeys.prove(db, question, text, at=now(), whose=mine.id, verified=True)
    if isinstance(found, Unfit):
        return found
    return Unfit("a new password is needed") if found.must_reset else sessions.renew(db, who.me().token, at=now())


def check(password: str) -> Proven | None:
    """Whether this is the password of who is signed in, whatever name was sent: counted as at the sign-in.

    Forms that ask for the current password themselves call it too, and `renew` after it. Raises Busy.
    """
    mine = who.me().administrator
    attempt = devices.attempt(mine.username, password)
    found = sign_in.prove(parts().database, parts().hasher, attempt, throttled=parts().settings.throttle)
    if isinstance(found, Proven) and not found.must_reset:
        return found
    _log("proof refused", Factor.PASSWORD)
    return None


def renew(proven: Proven) -> bool:
    """The proof counts from now on: a new token and a new forgery secret, committed whatever becomes of the request.

    False where the password, or the session, is no longer the one that was judged.
    """
    with parts().database.write() as db:
        token = renewed(db, proven)
    if token is None:
        return False
    who.open_session(token)
    _log("proven again", Factor.PASSWORD)
    return True


def renewed(db: Connection, proven: Proven) -> str | None:
    """The new token of the session, in the caller's transaction, who opens it; None as `renew` says."""
    same = sign_in.unchanged(db, proven.administrator.id, proven.password_hash)
    return sessions.renew(db, who.me().token, at=now()) if same else None


def _resume(waiting: Kept) -> Page:
    """Do what waited, in the place of the request that brought the password: one transaction with its claim.

    What computes hashes is claimed before, in a transaction of its own: none holds the database meanwhile.
    """
    route, values = _target(waiting)
    declared = access.rule_of(route.endpoint)
    if declared and declared.hashing:
        with parts().database.write() as db:
            kept = _claim(db, waiting)
    else:
        kept = _claim(writing(), waiting)
    if kept is None:
        return _nothing_waits()
    request_ctx.request = _as_sent(kept, route, values)
    answer: Page = current_app.ensure_sync(current_app.view_functions[route.endpoint])(**values)
    return answer


def _claim(db: Connection, waiting: Kept) -> Kept | None:
    """The waiting request, for whoever sends it on; it is no draft any more either."""
    kept = resumptions.claim(db, who.me().live.session_id, waiting.id, at=now())
    if kept:
        drafts.discard(db, who.me().administrator.id, kept.path)
    return kept


def _target(kept: Kept) -> tuple[Rule, Any]:
    """The route that the request is for: one that waits for a proof, or there is no such page."""
    assert request_ctx.url_adapter is not None  # noqa: S101 - or this view would not have been found either
    route, values = request_ctx.url_adapter.match(kept.path, method="POST", return_rule=True)
    declared = access.rule_of(route.endpoint)
    if declared is None or not declared.proof:
        abort(404)
    return route, values


def _as_sent(kept: Kept, route: Rule, values: Any) -> Request:
    """The waiting request, as if it came now, from the browser that brought the password."""
    body = urlencode(kept.fields).encode()
    ours = {name: value for name, value in request.environ.items() if not name.startswith("werkzeug.")}
    sent = {
        "PATH_INFO": kept.path.encode().decode("latin-1"),  # as WSGI wants it
        "QUERY_STRING": "",
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    resumed = current_app.request_class(ours | sent)
    resumed.max_content_length = None  # it was small enough when it came, and may be longer as it is written here
    resumed.url_rule, resumed.view_args = route, values
    return resumed


def _waiting() -> Kept | None:
    number = request.args.get("waiting", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return resumptions.find(reading(), who.me().live.session_id, int(number), at=now())


def _nothing_waits() -> Response:
    flash(_("Nothing waits for your password: it was done already, or it waited for too long."), "warn")
    return redirect(url_for("subscription.overview"), 303)


def _page(form: ProofForm, kept: Kept, **facts: bool) -> str:
    declared = access.rule_of(_target(kept)[0].endpoint)
    what = declared.proof if declared else ""
    facts |= {"has_passkeys": bool(passkeys.of(reading(), who.me().administrator.id))}
    return render_template("proof/again.html", form=form, what=what, back=_back(kept.path), kept=kept, **facts)


def _back(path: str) -> str:
    """The page with the form that waits, which is at its address or one above."""
    return safe_place(path) or safe_place(path.rpartition("/")[0]) or url_for("subscription.overview")


def _log(what: str, factor: Factor, **facts: str) -> None:
    log.info(what, extra={"administrator": who.me().administrator.id, "factor": factor} | facts)
