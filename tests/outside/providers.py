"""Two providers of payments to hold to one contract: Stripe with its API answered in this process, and the demo's own.

The shapes of Stripe are those of its API reference (Checkout Sessions, Errors, Idempotent requests, Webhooks).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import stripe

from portal.outside.demo_payments import SIGNATURE, DemoPayments
from portal.outside.payments import Provider
from portal.outside.stripe_checkout import StripeCheckout
from portal.rules.orders import PaymentState
from portal.setting_values import Secret
from tests.helpers.clocks import StandingClock

KEY, WEBHOOK_SECRET = Secret("sk_test_51Not4RealKey"), Secret("whsec_not_a_real_secret")
DEMO_SECRET = Secret("the secret of the demonstration")
BEGUN, PENDING, RECEIVED = PaymentState.BEGUN, PaymentState.PENDING, PaymentState.RECEIVED
FAILED, EXPIRED = PaymentState.FAILED, PaymentState.EXPIRED


class Stand(Protocol):
    """A provider, and what can happen on its side."""

    provider: Provider
    clock: StandingClock
    header: str
    secret: Secret

    def become(self, reference: str, state: PaymentState) -> None:
        """The customer, or a bank, lets the session come to stand there."""
        ...

    def event(self, reference: str, state: PaymentState) -> bytes:
        """What the provider tells of it."""
        ...

    def go_down(self) -> None: ...


def signed(stand: Stand, body: bytes, *, age: float = 0, secrets: tuple[Secret, ...] = ()) -> dict[str, str]:
    """The header of an event sent `age` seconds ago; computed here again, as the provider's documents say."""
    sent = int((stand.clock.now() - timedelta(seconds=age)).timestamp())
    message = f"{sent}.".encode() + body
    macs = [hmac.new(s.reveal().encode(), message, hashlib.sha256).hexdigest() for s in secrets or (stand.secret,)]
    return {stand.header: ",".join([f"t={sent}", *(f"v1={mac}" for mac in macs), "v0=" + "0" * 64])}


class DemoStand:
    header, secret = SIGNATURE, DEMO_SECRET

    def __init__(self, folder: Path) -> None:
        self.clock, self._folder = StandingClock(), folder / "demo-payments"
        self.provider = DemoPayments(self._folder, DEMO_SECRET, "http://127.0.0.1:8000", clock=self.clock)

    def become(self, reference: str, state: PaymentState) -> None:
        assert self.provider.move(reference, state)

    def event(self, reference: str, state: PaymentState) -> bytes:
        body = self.provider.event(reference, state)
        assert body is not None
        return body

    def go_down(self) -> None:
        """Where its files were, there is none to open any more."""
        for path in self._folder.glob("*"):
            path.unlink()
        if self._folder.exists():
            self._folder.rmdir()
        self._folder.write_text("no folder")


@dataclass
class StripeApi(stripe.HTTPClient):
    """The part of Stripe that the portal asks, answering in this process. `fault`: what comes instead of an answer."""

    clock: StandingClock
    name = "in-process"
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    fault: Callable[[], tuple[str, int, dict[str, str]]] | None = None
    _keys: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> tuple[str, int, dict[str, str]]:
        parts = urlsplit(url)
        data = dict(parse_qsl(post_data or parts.query, keep_blank_values=True))
        self.asked.append((method, parts.path, data))
        if self.fault:
            return self.fault()
        if headers["Authorization"] != f"Bearer {KEY.reveal()}":
            return error(401, "invalid_request_error", None, f"Invalid API Key provided: {headers['Authorization']}")
        if method == "post" and parts.path == "/v1/checkout/sessions":
            return self._create(headers["Idempotency-Key"], post_data, data)
        found = re.fullmatch(r"/v1/checkout/sessions/([^/]+)(/expire)?", parts.path)
        assert found, f"nothing of ours asks {method} {url}"
        session = self.sessions.get(found[1])
        if session is None:
            return error(404, "invalid_request_error", "resource_missing", f"No such checkout.session: {found[1]}")
        return self._expire(session) if found[2] else self._shown(session, data)

    def _create(self, key: str, raw: str, data: dict[str, str]) -> tuple[str, int, dict[str, str]]:
        if key in self._keys:
            first, reference = self._keys[key]
            if first != raw:
                return error(400, "idempotency_error", None, "Keys for idempotent requests can only be used with the")
            return answer(self.sessions[reference], {"idempotent-replayed": "true"})
        now, expires_at = int(self.clock.now().timestamp()), int(data["expires_at"])
        if not now + 1800 <= expires_at <= now + 86400:
            return error(400, "invalid_request_error", None, "The `expires_at` timestamp must be", "expires_at")
        if "@" not in data.get("customer_email", "@"):
            return error(400, "invalid_request_error", "email_invalid", "Invalid email address: x", "customer_email")
        reference = f"cs_test_a1{hashlib.sha256(key.encode()).hexdigest()[:56]}"
        self.sessions[reference] = session_of(reference, data, now)
        self._keys[key] = (raw, reference)
        return answer(self.sessions[reference])

    def _expire(self, session: dict[str, Any]) -> tuple[str, int, dict[str, str]]:
        self._let_time_pass(session)
        if session["status"] != "open":
            words = 'Only Checkout Sessions with a status in ["open"] can be expired.'
            return error(400, "invalid_request_error", None, words)
        session |= {"status": "expired", "url": None}
        return answer(session)

    def _shown(self, session: dict[str, Any], data: dict[str, str]) -> tuple[str, int, dict[str, str]]:
        self._let_time_pass(session)
        shown = dict(session)
        if data.get("expand[0]") != "payment_intent.latest_charge" and shown["payment_intent"]:
            shown["payment_intent"] = shown["payment_intent"]["id"]
        return answer(shown)

    def _let_time_pass(self, session: dict[str, Any]) -> None:
        if session["status"] == "open" and self.clock.now().timestamp() >= session["expires_at"]:
            session |= {"status": "expired", "url": None}


def session_of(reference: str, data: dict[str, str], now: int) -> dict[str, Any]:
    total = int(data["line_items[0][price_data][unit_amount]"])
    return {
        "id": reference,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": data["adaptive_pricing[enabled]"] == "true"},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": data["cancel_url"],
        "client_reference_id": data["client_reference_id"],
        "created": now,
        "currency": data["line_items[0][price_data][currency]"],
        "custom_fields": [],
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": {"email": data.get("customer_email")},
        "customer_email": data.get("customer_email"),
        "expires_at": int(data["expires_at"]),
        "invoice": None,
        "livemode": False,
        "locale": data["locale"],
        "metadata": {name: data[f"metadata[{name}]"] for name in ("order", "payment", "platform")},
        "mode": data["mode"],
        "payment_intent": None,
        "payment_link": None,
        "payment_method_types": [data["payment_method_types[0]"]],
        "payment_status": "unpaid",
        "recovered_from": None,
        "status": "open",
        "submit_type": None,
        "success_url": data["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": f"https://checkout.stripe.com/c/pay/{reference}#fidkdWxOYHwnPyd1blpxYHZxWjA0",
    }


def answer(content: dict[str, Any], more: dict[str, str] | None = None) -> tuple[str, int, dict[str, str]]:
    return json.dumps(content), 200, {"request-id": "req_Ok1234567890", **(more or {})}


def error(
    status: int, kind: str, code: str | None, message: str, param: str | None = None
) -> tuple[str, int, dict[str, str]]:
    told = {"type": kind, "message": message, "code": code, "param": param}
    told |= {"request_log_url": "https://dashboard.stripe.com/test/logs/req_Bad123", "doc_url": "https://stripe.com"}
    body = {"error": {name: value for name, value in told.items() if value is not None}}
    return json.dumps(body), status, {"request-id": "req_Bad123"}


class StripeStand:
    header, secret = "Stripe-Signature", WEBHOOK_SECRET

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.api = StripeApi(self.clock)
        self.provider = StripeCheckout(KEY, WEBHOOK_SECRET, self.api, clock=self.clock)

    def become(self, reference: str, state: PaymentState) -> None:
        session, now = self.api.sessions[reference], int(self.clock.now().timestamp())
        intent = {"id": "pi_3Not4Real", "object": "payment_intent", "amount": session["amount_total"]}
        charge = {"id": "ch_3Not4Real", "object": "charge", "created": now, "paid": True, "status": "succeeded"}
        over = {"status": "complete", "url": None}
        session |= {
            PENDING: over | {"payment_intent": intent | {"status": "processing", "latest_charge": None}},
            RECEIVED: over
            | {"payment_status": "paid", "payment_intent": intent | {"status": "succeeded", "latest_charge": charge}},
            FAILED: over | {"payment_intent": intent | {"status": "requires_payment_method", "latest_charge": None}},
            EXPIRED: {"status": "expired", "url": None},
        }[state]

    def event(self, reference: str, state: PaymentState) -> bytes:
        session = dict(self.api.sessions[reference])
        late = session["payment_intent"] and state in (RECEIVED, FAILED) and "waited" in session["metadata"]
        kind = {
            PENDING: "completed",
            RECEIVED: "async_payment_succeeded" if late else "completed",
            FAILED: "async_payment_failed",
            EXPIRED: "expired",
        }[state]
        if session["payment_intent"]:
            session["payment_intent"] = session["payment_intent"]["id"]
        return event(f"evt_1{state}", f"checkout.session.{kind}", session, self.clock)

    def go_down(self) -> None:
        def cut() -> tuple[str, int, dict[str, str]]:
            raise stripe.APIConnectionError("Unexpected error communicating with Stripe.", should_retry=True)

        self.api.fault = cut


def event(event_id: str, kind: str, told: dict[str, Any], clock: StandingClock) -> bytes:
    content = {
        "id": event_id,
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(clock.now().timestamp()),
        "data": {"object": told},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    return json.dumps(content, indent=2).encode()
