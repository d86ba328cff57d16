"""Events of a checkout page, as Stripe sends them and as the demonstration's provider imitates them.

An event is believed when its body carries a signature made with our secret, at a time that is not long ago, and when
it has the shape of its kind. The time is a parameter: Stripe's own check reads the clock, and lets the future pass.
Nothing of the library is imported, so that the web processes stay small.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portal.outside import signatures
from portal.outside.payments import BadEvent
from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from portal.setting_values import Secret

LARGEST = 2**31 - 1  # of an Integer column: ids and cents
STATES = {  # of each kind of event that concerns us, by what is paid
    "checkout.session.completed": {
        "paid": PaymentState.RECEIVED,
        "no_payment_required": PaymentState.RECEIVED,
        "unpaid": PaymentState.PENDING,
    },
    "checkout.session.async_payment_succeeded": dict.fromkeys(("paid", "unpaid"), PaymentState.RECEIVED),
    "checkout.session.async_payment_failed": dict.fromkeys(("paid", "unpaid"), PaymentState.FAILED),
    "checkout.session.expired": dict.fromkeys(("paid", "unpaid"), PaymentState.EXPIRED),
}
_ID = re.compile(r"[\x21-\x7e]{1,255}")


def verify(body: bytes, header: str, secret: Secret, at: datetime) -> None:
    """Raises BadEvent unless the body was signed with the secret, not long ago."""
    if fault := signatures.find_fault(body, header, secret, at):
        raise BadEvent(fault)


def header_of(headers: Mapping[str, str], name: str) -> str:
    """The value of a header, whatever the case of its name; empty where there is none."""
    return next((value for given, value in headers.items() if given.lower() == name.lower()), "")


def read(body: bytes, way: Way, at: datetime) -> Report | None:
    """What a verified body says.

    None for a kind of event that we do not follow, and for a session that the portal did not begin: the provider's
    account may belong to other shops too. Raises BadEvent for another shape.
    """
    match parsed(body):
        case {"id": str(event_id), "type": str(kind), **rest} if _ID.fullmatch(event_id):
            if kind not in STATES:
                return None
            match rest:
                case {"created": created, "data": {"object": dict(session)}}:
                    when = min(instant(created), at)  # never later than it arrived
                    return _report(way, event_id, kind, session, when)
    raise BadEvent("shape: no event")


def parsed(body: bytes) -> object:
    """The JSON of a body. Raises BadEvent for anything else."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadEvent("shape: no JSON") from None


def _report(way: Way, event_id: str, kind: str, session: dict[str, Any], at: datetime) -> Report | None:
    payment_id = payment_of(session)
    if payment_id is None:
        return None
    paid = session.get("payment_status")
    state = STATES[kind].get(paid) if isinstance(paid, str) else None
    if state is None:
        raise BadEvent("shape: payment_status")
    return Report(way, event_id, reference_of(session), state, amount_of(session), at, payment_id=payment_id)


def payment_of(session: dict[str, Any]) -> int | None:
    """Our own number of the payment, as told at the start; None for a session that is not ours.

    In `metadata`, which only a holder of the account's key writes: of a payment link anybody sets client_reference_id.
    """
    metadata = session.get("metadata")
    text = metadata.get("payment") if isinstance(metadata, dict) else None
    if not (isinstance(text, str) and re.fullmatch(r"[0-9]{1,10}", text, re.ASCII)):
        return None
    return int(text) if 0 < int(text) <= LARGEST else None


def reference_of(session: dict[str, Any]) -> str:
    """The provider's name of the session. Raises BadEvent for what cannot be one."""
    found = session.get("id")
    if not (isinstance(found, str) and _ID.fullmatch(found) and len(found) <= 120):
        raise BadEvent("shape: id")
    return found


def amount_of(session: dict[str, Any]) -> Money | None:
    """The total in the smallest unit of its currency, which is what Money counts in, also for a yen. Or BadEvent."""
    cents, currency = session.get("amount_total"), session.get("currency")
    if cents is None:
        return None
    if type(cents) is int and 0 <= cents <= LARGEST and isinstance(currency, str):
        try:
            return Money(cents, currency.upper())
        except ValueError:
            pass
    raise BadEvent("shape: amount")


def instant(seconds: object) -> datetime:
    """A time as providers write it, seconds since 1970. Raises BadEvent for what is none."""
    if type(seconds) is int and 0 <= seconds <= 253_402_300_799:  # the last second of the year 9999
        return datetime.fromtimestamp(seconds, UTC)
    raise BadEvent("shape: time")
