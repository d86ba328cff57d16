"""What ways to pay report, applied; and what is asked of them when they do not."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal.billing import queries
from portal.billing.frozen import seller_of
from portal.billing.queries import Payment
from portal.billing.settle import Till, receive
from portal.jobs.errands import NotYet
from portal.parts import Parts
from portal.rules.payments import Report

REPORT_TASK = "payment_report"


def till(parts: Parts, at: datetime) -> Till:
    """What settling needs to know, from the parts."""
    return Till(at, parts.settings.timezone, parts.prices, seller_of(parts.settings))


def apply_report(db: Connection, parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """A report that was stored by the webhook."""
    receive(db, Report.from_json(payload), till(parts, at))


def follow(parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """Ask a provider how a payment stands, until its end is known: events may be lost. Raises NotYet."""
    report = ask(parts, payload, at)
    if report is not None and report.state.open:
        raise NotYet(f"payment {payload['payment_id']} is {report.state}")


def ask(parts: Parts, payload: dict[str, Any], at: datetime) -> Report | None:
    """Ask a provider once how an open payment stands, and apply what it says; None where nobody can be asked."""
    payment = _find(parts, payload)
    if payment is None or not payment.state.open:
        return None
    provider = parts.providers.get(payment.way)
    if provider is None or payment.reference is None:
        return None  # nothing was begun there: the process died before it asked, and nobody was sent to pay
    report = provider.look_up(payment.reference)
    with parts.database.write() as db:
        receive(db, report, till(parts, at))
    return report


def close(parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """Have a provider close a payment whose order waits for nothing any more."""
    payment = _find(parts, payload)
    provider = parts.providers.get(payment.way) if payment else None
    if payment and payment.reference and payment.state.open and provider:
        provider.close(payment.reference)


def _find(parts: Parts, payload: dict[str, Any]) -> Payment | None:
    with parts.database.read() as db:
        return queries.find_payment_by_id(db, payload["payment_id"])
