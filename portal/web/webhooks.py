"""What providers of payments tell by themselves: verified, stored once, answered; a worker acts on it afterwards.

These two addresses take no forgery token, because no browser sends here: instead of it, the provider's signature over
the raw bytes is checked before anything of them is read.
"""

import hashlib
import logging
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from portal.kit import outbox
from portal.outside.payments import BadEvent
from portal.rules.orders import Way
from portal.rules.payments import Report
from portal.web import access
from portal.web.edge import now, parts, writing

log = logging.getLogger("portal")
pages = Blueprint("webhooks", __name__, url_prefix="/payments")
LARGEST_EVENT = 256 * 1024  # bytes; Stripe's events of a session are a few thousand
REPORT_TASK = "payment_report"
LONGEST_KEY = 160  # of the outbox


@pages.post("/stripe/events")
@access.machine
def stripe_event() -> tuple[Response, int]:
    return _take(Way.CARD)


@pages.post("/demo/events")
@access.machine
def demo_event() -> tuple[Response, int]:
    return _take(Way.DEMO)


def _take(way: Way) -> tuple[Response, int]:
    provider = parts().providers.get(way)
    if provider is None:
        return _answer(404, "no such provider here")
    request.max_content_length = LARGEST_EVENT
    try:
        report = provider.read_event(request.get_data(cache=False), dict(request.headers), now())
    except RequestEntityTooLarge:
        return _answer(413, "too large")
    except BadEvent as error:
        log.warning("event refused", extra={"way": str(way), "why": str(error)})
        return _answer(400, str(error))
    stored = report is not None and keep(report)
    log.info("event taken", extra={"way": str(way), "event": report.event_id if report else None, "stored": stored})
    return jsonify(status="taken"), 200


def keep(report: Report) -> bool:
    """Leave the report to the worker; False when it has been left before."""
    return outbox.put(writing(), outbox.TASK, REPORT_TASK, report.to_json(), key=key_of(report), at=now())


def key_of(report: Report) -> str:
    """What makes a replayed report the same row: a provider's long names are shortened to their digest."""
    key = f"event:{report.way}:{report.event_id}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"event:{report.way}:sha256:{hashlib.sha256(report.event_id.encode()).hexdigest()}"


def _answer(code: int, fault: str) -> tuple[Any, int]:
    return jsonify(fault=fault), code
