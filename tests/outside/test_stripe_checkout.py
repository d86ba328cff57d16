"""What is Stripe's alone: what we ask of it, in which words, and how its refusals are told."""

import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from portal.outside.payments import NotAccepted, ProviderDown
from portal.outside.stripe_checkout import PATIENCE_SECONDS, StripeCheckout
from portal.rules.orders import PaymentState
from portal.setting_values import Secret
from tests.helpers.clocks import StandingClock
from tests.outside.providers import KEY, WEBHOOK_SECRET, StripeStand, error
from tests.outside.test_payments_contract import ASKING

NOW = StandingClock().now()


@pytest.fixture
def stand() -> StripeStand:
    return StripeStand()


def test_what_is_asked_of_stripe(stand: StripeStand) -> None:
    started = stand.provider.start(ASKING)
    assert started.address.startswith("https://checkout.stripe.com/c/pay/cs_test_")
    ((method, path, sent),) = stand.api.asked
    assert (method, path) == ("post", "/v1/checkout/sessions")
    assert sent == {
        "mode": "payment",
        "payment_method_types[0]": "card",
        "adaptive_pricing[enabled]": "false",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "36600",
        "line_items[0][price_data][product_data][name]": "Rinnovo Pro, 12 mesi",
        "client_reference_id": "7",
        "metadata[order]": "70",
        "metadata[payment]": "7",
        "metadata[platform]": "1234",
        "payment_intent_data[metadata][order]": "70",
        "payment_intent_data[metadata][payment]": "7",
        "payment_intent_data[metadata][platform]": "1234",
        "locale": "it",
        "customer_email": "anna@example.com",
        "expires_at": str(int(ASKING.expires_at.timestamp())),
        "success_url": ASKING.return_url,
        "cancel_url": ASKING.cancel_url,
    }


def test_what_stripe_would_refuse_is_not_sent(stand: StripeStand) -> None:
    stand.provider.start(replace(ASKING, email="", language="xx", description="x" * 1000))
    sent = stand.api.asked[0][2]
    assert "customer_email" not in sent
    assert sent["locale"] == "auto"
    assert len(sent["line_items[0][price_data][product_data][name]"]) == 250


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (timedelta(minutes=-5), datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        (timedelta(minutes=34), datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        (timedelta(minutes=35), NOW + timedelta(minutes=35)),
        (timedelta(hours=12), NOW + timedelta(hours=12)),
        (timedelta(hours=23, minutes=55), NOW + timedelta(hours=23, minutes=55)),
        (timedelta(hours=24), datetime(2026, 11, 21, 8, 0, tzinfo=UTC)),
        (timedelta(days=30), datetime(2026, 11, 21, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_session_lives_as_long_as_the_order_within_what_stripe_allows(
    stand: StripeStand, wanted: timedelta, sent: datetime
) -> None:
    stand.provider.start(replace(ASKING, expires_at=NOW + wanted))
    assert stand.api.asked[0][2]["expires_at"] == str(int(sent.timestamp()))


@pytest.mark.parametrize("minute", [0, 24, 26, 54, 55, 56, 59])
@pytest.mark.parametrize("wanted", [timedelta(0), timedelta(days=30)])
def test_at_every_minute_of_the_hour_stripe_takes_it_and_a_repetition_is_the_same(
    stand: StripeStand, minute: int, wanted: timedelta
) -> None:
    stand.clock.move(minutes=minute)
    asking = replace(ASKING, expires_at=NOW + wanted)
    first = stand.provider.start(asking)
    stand.clock.move(seconds=20)
    assert stand.provider.start(asking) == first


def test_a_repetition_across_the_limit_is_refused_and_leaves_one_session(stand: StripeStand) -> None:
    """Nobody has seen the page of the first one: the customer begins another payment."""
    stand.clock.move(minutes=25)
    stand.provider.start(replace(ASKING, expires_at=NOW))
    stand.clock.move(seconds=1)
    with pytest.raises(NotAccepted, match="IdempotencyError"):
        stand.provider.start(replace(ASKING, expires_at=NOW))
    assert len(stand.api.sessions) == 1


def test_a_declined_card_leaves_the_session_open_for_another_one(stand: StripeStand) -> None:
    reference = stand.provider.start(ASKING).reference
    declined = {"id": "pi_1", "object": "payment_intent", "status": "requires_payment_method", "latest_charge": None}
    stand.api.sessions[reference]["payment_intent"] = declined
    assert stand.provider.look_up(reference).state is PaymentState.BEGUN


def fails(stand: StripeStand, fault: Callable[[], Any]) -> Exception:
    reference = stand.provider.start(ASKING).reference
    stand.api.fault = fault
    with pytest.raises((ProviderDown, NotAccepted)) as caught:
        stand.provider.look_up(reference)
    return caught.value


LEAK = f"Invalid API Key provided: {KEY.reveal()} of anna@example.com"


@pytest.mark.parametrize(
    ("status", "kind", "code", "expected", "words"),
    [
        (
            400,
            "invalid_request_error",
            "email_invalid",
            NotAccepted,
            "InvalidRequestError 400 email_invalid req_Bad123",
        ),
        (400, "idempotency_error", None, NotAccepted, "IdempotencyError 400 req_Bad123"),
        (401, "invalid_request_error", None, NotAccepted, "AuthenticationError 401 req_Bad123"),
        (402, "card_error", "card_declined", NotAccepted, "CardError 402 card_declined req_Bad123"),
        (403, "invalid_request_error", None, NotAccepted, "PermissionError 403 req_Bad123"),
        (404, "invalid_request_error", "resource_missing", NotAccepted, "InvalidRequestError 404 resource_missing"),
        (409, "idempotency_error", "idempotency_key_in_use", ProviderDown, "APIError 409"),
        (429, "invalid_request_error", "rate_limit", ProviderDown, "RateLimitError 429"),
        (500, "api_error", None, ProviderDown, "APIError 500"),
        (503, "api_error", None, ProviderDown, "APIError 503"),
    ],
)
def test_a_refusal_is_told_by_kind_status_and_code_alone(
    stand: StripeStand, status: int, kind: str, code: str | None, expected: type[Exception], words: str
) -> None:
    caught = fails(stand, lambda: error(status, kind, code, LEAK))
    assert type(caught) is expected
    assert str(caught).startswith(words)
    whole = "".join(traceback.format_exception(caught))
    assert KEY.reveal() not in whole
    assert "anna@" not in whole
    assert caught.__context__ is None  # the library's fault holds the answer


@pytest.mark.parametrize(
    "answer",
    [
        ("<html>gateway</html>", 502, {}),
        ("<html>welcome to the hotel</html>", 200, {}),
        ('{"object": "checkout.session", "id": "cs_1", "status": "unheard_of"}', 200, {}),
        ('{"object": "checkout.session", "id": "cs_1", "status": "open", "amount_total": "1"}', 200, {}),
    ],
)
def test_an_answer_that_is_none_of_stripe_is_as_good_as_none(stand: StripeStand, answer: Any) -> None:
    assert isinstance(fails(stand, lambda: answer), ProviderDown)


def test_an_answer_without_a_session_starts_nothing(stand: StripeStand) -> None:
    stand.api.fault = lambda: ('{"object": "checkout.session", "id": "cs_1", "url": null}', 200, {})
    with pytest.raises(ProviderDown):
        stand.provider.start(ASKING)


def test_a_fault_is_not_asked_again_behind_our_back(stand: StripeStand) -> None:
    fails(stand, lambda: error(500, "api_error", None, "x"))
    assert [method for method, _, _ in stand.api.asked] == ["post", "get"]


def test_closing_what_stripe_will_not_close_and_is_open_is_a_fault(stand: StripeStand) -> None:
    reference = stand.provider.start(ASKING).reference
    answers = [error(400, "invalid_request_error", None, "no")]
    shown = stand.api.request

    def once(*asked: Any) -> Any:
        return answers.pop() if answers else shown(*asked)

    stand.api.request = once  # type: ignore[method-assign]  # the first answer only
    with pytest.raises(NotAccepted):
        stand.provider.close(reference)


def test_the_wrong_key_is_our_mistake_and_is_not_repeated(stand: StripeStand) -> None:
    provider = StripeCheckout(Secret("sk_test_wrong"), WEBHOOK_SECRET, stand.api, clock=stand.clock)
    with pytest.raises(NotAccepted) as caught:
        provider.start(ASKING)
    assert "sk_test" not in "".join(traceback.format_exception(caught.value))


def test_the_network_is_waited_for_ten_seconds_and_tried_once() -> None:
    client = StripeCheckout(KEY, WEBHOOK_SECRET)._client
    network = client._requestor._client
    assert isinstance(network, stripe.RequestsClient)
    assert network._timeout == PATIENCE_SECONDS == 10
    assert client._requestor._options.max_network_retries == 0
    assert stripe.enable_telemetry is False


def test_a_portal_that_nobody_pays_on_does_without_the_library() -> None:
    program = "import sys, portal.factory, portal.jobs.post; print('stripe' in sys.modules, 'requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n", "import stripe inside the function that asks"
