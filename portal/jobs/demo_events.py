"""The demonstration's provider tells the portal what happened: a real, signed HTTP request to the portal's address."""

from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from portal.jobs.errands import NotYet
from portal.outside.demo_payments import DemoPayments
from portal.parts import Parts
from portal.rules.orders import PaymentState, Way

PATH = "/payments/demo/events"
PATIENCE_SECONDS = 10.0


def deliver(parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """An errand: {"reference": …, "state": …}. Raises NotYet unless the portal took the event.

    A session that waits for its bank hears from it now. The event is the same at each attempt, and signed anew.
    """
    provider = parts.providers.get(Way.DEMO)
    if not isinstance(provider, DemoPayments):
        return
    reference, state = payload["reference"], PaymentState(payload["state"])
    provider.move(reference, state)
    body = provider.event(reference, state)
    if body is not None:  # else a demonstration that began anew has forgotten it
        _post(parts.settings.public_url, body, provider.headers(body))


def _post(origin: str, body: bytes, headers: dict[str, str]) -> None:
    """The demonstration is only ever on this machine and without TLS; see the settings."""
    line = HTTPConnection(urlsplit(origin).netloc, timeout=PATIENCE_SECONDS)
    try:
        line.request("POST", PATH, body, headers)
        status = line.getresponse().status
    except (OSError, HTTPException) as error:
        raise NotYet(type(error).__name__) from None
    finally:
        line.close()
    if not 200 <= status < 300:
        raise NotYet(f"the portal answered {status}")
