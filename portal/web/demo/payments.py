"""The page on which the demonstration pays: whoever stands there decides what the provider does, and what it tells.

It belongs to the provider, not to the shop: it knows its session and nothing of the order. See
`portal/outside/demo_payments.py`.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.kit import outbox, texts
from portal.kit.texts import gettext as _
from portal.outside.demo_payments import EVENT_ERRAND, DemoPayments, Session
from portal.rules.orders import PaymentState, Way
from portal.web import access
from portal.web.edge import now, parts, writing

pages = Blueprint("demo_payments", __name__, url_prefix="/demo/pay")
LATE = timedelta(minutes=5)  # longer than the portal waits before it asks by itself
AT_ONCE = timedelta(0)


class Choice(StrEnum):
    """What one may let happen."""

    PAY = "pay"
    DECLINE = "decline"
    AUTHENTICATE = "authenticate"
    LATE = "late"
    SLOW = "slow"
    NEVER = "never"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the session comes to stand, and what is told of it: the state of each event, and how long it waits."""

    state: PaymentState
    events: tuple[tuple[PaymentState, timedelta], ...]


RECEIVED, FAILED, PENDING = PaymentState.RECEIVED, PaymentState.FAILED, PaymentState.PENDING
OUTCOMES = {
    Choice.PAY: Outcome(RECEIVED, ((RECEIVED, AT_ONCE),)),
    Choice.DECLINE: Outcome(FAILED, ((FAILED, AT_ONCE),)),
    Choice.LATE: Outcome(RECEIVED, ((RECEIVED, LATE),)),
    Choice.SLOW: Outcome(PENDING, ((PENDING, AT_ONCE), (RECEIVED, LATE))),
    Choice.NEVER: Outcome(RECEIVED, ()),
    Choice.TWICE: Outcome(RECEIVED, ((RECEIVED, AT_ONCE), (RECEIVED, AT_ONCE))),
}


def _provider() -> DemoPayments:
    provider = parts().providers.get(Way.DEMO)
    if not isinstance(provider, DemoPayments):
        abort(404)
    return provider


def _session(reference: str) -> Session:
    return _provider().find(reference) or abort(404)


@pages.get("/<reference>")
@access.demo
def pay(reference: str) -> str:
    """What is to be paid, and everything that may happen now."""
    return _page(_session(reference))


@pages.post("/<reference>")
@access.demo
def decide(reference: str) -> Response | tuple[str, int]:
    """One of the choices; for what is over already there is only the way back."""
    session, choice = _session(reference), request.form.get("choice", "")
    if choice not in tuple(Choice):
        return _page(session, unknown=True), 422
    if choice == Choice.AUTHENTICATE and session.state is PaymentState.BEGUN:
        return redirect(url_for("demo_payments.bank", reference=reference), 303)
    return _happen(session, Choice(choice))


@pages.get("/<reference>/bank")
@access.demo
def bank(reference: str) -> str:
    """Where the bank asks whether it is really its customer who pays."""
    session = _session(reference)
    return render_template("demo/pay_bank.html", session=session, amount=_amount(session), form=FlaskForm())


@pages.post("/<reference>/bank")
@access.demo
def authenticate(reference: str) -> Response:
    """Only a plain yes pays."""
    confirmed = request.form.get("choice") == "confirm"
    return _happen(_session(reference), Choice.PAY if confirmed else Choice.DECLINE)


def _happen(session: Session, choice: Choice) -> Response:
    """The provider's own truth first, then what it tells: a portal that breaks in between never hears of it."""
    outcome = OUTCOMES.get(choice)
    if outcome and _provider().move(session.reference, outcome.state):
        for state, wait in outcome.events:
            told = {"reference": session.reference, "state": str(state)}
            outbox.put(writing(), outbox.ERRAND, EVENT_ERRAND, told, at=now(), wait=wait)
    return redirect(session.asking.return_url, 303)


def _page(session: Session, *, unknown: bool = False) -> str:
    choices = [(choice, *_words(choice)) for choice in Choice]
    facts = {"session": session, "amount": _amount(session), "over": _over(session.state)}
    return render_template("demo/pay.html", **facts, choices=choices, unknown=unknown, form=FlaskForm())


def _amount(session: Session) -> str:
    return texts.money(session.asking.amount.cents, session.asking.amount.currency)


def _over(state: PaymentState) -> str | None:
    """Why nothing can be chosen any more, or None."""
    return {
        PaymentState.PENDING: _("The bank has been asked, and has not answered yet."),
        PaymentState.RECEIVED: _("This is paid."),
        PaymentState.FAILED: _("This payment was declined."),
        PaymentState.EXPIRED: _("This can no longer be paid."),
    }.get(state)


def _words(choice: Choice) -> tuple[str, str]:
    """What the button of a choice says, and what comes of it."""
    minutes = int(LATE.total_seconds()) // 60
    return {
        Choice.PAY: (_("Pay"), _("The shop hears of it at once.")),
        Choice.DECLINE: (_("Decline"), _("The bank refuses, and nothing is taken.")),
        Choice.AUTHENTICATE: (_("Ask the bank first"), _("A page of the bank asks whether it is really you.")),
        Choice.LATE: (
            _("Pay, and tell it late"),
            _("It is paid at once. The shop is told %(minutes)d minutes later.", minutes=minutes),
        ),
        Choice.SLOW: (
            _("Let the bank take its time"),
            _(
                "The shop hears at once that the bank was asked, and after %(minutes)d minutes that it has paid.",
                minutes=minutes,
            ),
        ),
        Choice.NEVER: (_("Pay, and never tell it"), _("The shop finds out only if it asks.")),
        Choice.TWICE: (_("Pay, and tell it twice"), _("The same message reaches the shop two times.")),
    }[choice]
