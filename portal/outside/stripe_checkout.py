"""Cards, through Stripe Checkout: the page where the customer pays is Stripe's, and no card number comes near us.

The library is imported when a payment is first asked for: it takes 0.7 s and 32 MB, which the pages do without.
Its faults are told by their kind, status and code alone: the words of Stripe may repeat what was sent.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from portal.kit.clock import Clock, SystemClock
from portal.outside import checkout_events
from portal.outside.payments import Asking, BadEvent, NotAccepted, ProviderDown, Started
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from portal.setting_values import Secret

SIGNATURE = "Stripe-Signature"
PATIENCE_SECONDS = 10.0  # to connect, and for each piece of an answer
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)  # a session's life, by Stripe's rules
MARGIN = timedelta(minutes=5)  # for the clocks of two companies
LANGUAGES = ("it", "en", "fr", "de", "es")
LONGEST_DESCRIPTION = 250  # characters of a product's name
BUSY = (409, 429)  # the same key is being answered at this moment; too many requests


class StripeCheckout:
    """Needs both secrets of one Stripe account. `http_client` (of the library's kind) replaces the network in tests."""

    way = Way.CARD

    def __init__(
        self, secret_key: Secret, webhook_secret: Secret, http_client: Any = None, *, clock: Clock | None = None
    ) -> None:
        self._key, self._webhook_secret = secret_key, webhook_secret
        self._http_client = http_client
        self._clock = clock or SystemClock()

    @cached_property
    def _client(self) -> Any:
        import stripe

        stripe.enable_telemetry = False  # it would tell what this machine is, and keep a file in the user's folder
        network = self._http_client or stripe.RequestsClient(timeout=PATIENCE_SECONDS)
        return stripe.StripeClient(self._key.reveal(), http_client=network, max_network_retries=0)

    def start(self, asking: Asking) -> Started:
        """The key makes a repeated request find the first session; Stripe remembers it for a day."""
        options = {"idempotency_key": f"portal-payment-{asking.payment_id}"}
        params = _session(asking, self._clock.now())
        match self._ask(lambda sessions: sessions.create(params, options)):
            case {"id": str(reference), "url": str(address)}:
                return Started(reference, address)
        raise ProviderDown("an answer without a session")

    def read_event(self, body: bytes, headers: Mapping[str, str], at: datetime) -> Report | None:
        header = checkout_events.header_of(headers, SIGNATURE)
        checkout_events.verify(body, header, self._webhook_secret, at)
        return checkout_events.read(body, self.way, at)

    def look_up(self, reference: str) -> Report:
        session = self._session(reference)
        try:
            state = _state(session)
            amount, payment_id = checkout_events.amount_of(session), checkout_events.payment_of(session)
            at = _paid_at(session) if state is PaymentState.RECEIVED else None
        except BadEvent as error:
            raise ProviderDown(f"a session of an unknown shape: {error}") from None
        at = at or self._clock.now()
        return Report(self.way, f"look-up:{reference}:{state}", reference, state, amount, at, payment_id=payment_id)

    def close(self, reference: str) -> None:
        try:
            self._ask(lambda sessions: sessions.expire(reference))
        except NotAccepted:
            if self._session(reference).get("status") == "open":
                raise

    def _session(self, reference: str) -> dict[str, Any]:
        expanded = {"expand": ["payment_intent.latest_charge"]}
        return self._ask(lambda sessions: sessions.retrieve(reference, expanded))

    def _ask(self, question: Callable[[Any], Any]) -> dict[str, Any]:
        """The answer as plain values. The fault is raised outside of the library's: that one holds the answer."""
        import stripe

        try:
            found: dict[str, Any] = question(self._client.v1.checkout.sessions).to_dict()
            return found
        except stripe.StripeError as error:
            fault = _fault(error)
        raise fault


def _session(asking: Asking, now: datetime) -> dict[str, Any]:
    """One line with the whole total: prices and taxes are ours. Only cards, which are confirmed while one waits."""
    names = {"order": asking.order_id, "payment": asking.payment_id, "platform": asking.platform_id}
    metadata = {name: str(number) for name, number in names.items()}
    line = {
        "quantity": 1,
        "price_data": {
            "currency": asking.amount.currency.lower(),
            "unit_amount": asking.amount.cents,
            "product_data": {"name": asking.description[:LONGEST_DESCRIPTION]},
        },
    }
    session = {
        "mode": "payment",
        "payment_method_types": ["card"],
        "adaptive_pricing": {"enabled": False},  # the amount of the order, in its currency
        "line_items": [line],
        "client_reference_id": str(asking.payment_id),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "locale": asking.language if asking.language in LANGUAGES else "auto",
        "expires_at": int(_expiry(asking.expires_at, now).timestamp()),
        "success_url": asking.return_url,
        "cancel_url": asking.cancel_url,
    }
    return session | ({"customer_email": asking.email} if asking.email else {})


def _expiry(wanted: datetime, now: datetime) -> datetime:
    """The instant asked for, within what Stripe allows.

    A limit that depends on the present is put on a whole hour: the same request a moment later is nearly always the
    same, as the idempotency key demands; else it is refused, and the session whose page nobody has seen is left to
    expire. So a session may be open for 95 minutes where less was asked for.
    """
    hour = timedelta(hours=1)
    whole = now.replace(minute=0, second=0, microsecond=0)
    if wanted < now + SHORTEST + MARGIN:
        earliest = whole + hour
        return earliest if earliest >= now + SHORTEST + MARGIN else earliest + hour
    return wanted if wanted <= now + LONGEST - MARGIN else whole + LONGEST - hour


def _state(session: dict[str, Any]) -> PaymentState:
    """Where a session stands. Raises BadEvent for a status that Stripe does not have."""
    match session:
        case {"status": "open"}:
            return PaymentState.BEGUN
        case {"status": "expired"}:
            return PaymentState.EXPIRED
        case {"status": "complete", "payment_status": "paid" | "no_payment_required"}:
            return PaymentState.RECEIVED
        case {"status": "complete", "payment_intent": {"status": "requires_payment_method" | "canceled"}}:
            return PaymentState.FAILED  # the bank said no, days after the customer had left
        case {"status": "complete", "payment_status": "unpaid"}:
            return PaymentState.PENDING
    raise BadEvent("shape: status")


def _paid_at(session: dict[str, Any]) -> datetime | None:
    """When the card was charged, which may be long before we ask."""
    match session:
        case {"payment_intent": {"latest_charge": {"created": created}}}:
            return checkout_events.instant(created)
    return None


def _fault(error: Any) -> ProviderDown | NotAccepted:
    status = error.http_status
    words = " ".join(str(part) for part in (type(error).__name__, status, error.code, error.request_id) if part)
    ours = status is not None and 400 <= status < 500 and status not in BUSY
    return NotAccepted(words) if ours else ProviderDown(words)
