"""What holds of every provider of payments: the same cases over Stripe and over the demonstration's own."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.outside.payments import Asking, BadEvent, NotAccepted, ProviderDown
from portal.rules.money import Money
from portal.rules.payments import Report
from portal.setting_values import Secret
from tests.helpers.together import together
from tests.outside.providers import (
    BEGUN,
    EXPIRED,
    FAILED,
    PENDING,
    RECEIVED,
    DemoStand,
    Stand,
    StripeStand,
    signed,
)

ASKING = Asking(
    payment_id=7,
    order_id=70,
    platform_id=1234,
    amount=Money(36600, "EUR"),
    description="Rinnovo Pro, 12 mesi",
    language="it",
    email="anna@example.com",
    return_url="http://127.0.0.1:8000/orders/70",
    cancel_url="http://127.0.0.1:8000/orders/70/pay",
    expires_at=datetime(2026, 11, 20, 21, 0, tzinfo=UTC),  # twelve hours after the clock's
)


@pytest.fixture(params=["stripe", "demo"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Stand:
    return StripeStand() if request.param == "stripe" else DemoStand(tmp_path)


@pytest.fixture
def reference(stand: Stand) -> str:
    return stand.provider.start(ASKING).reference


def tell(stand: Stand, body: bytes, headers: dict[str, str] | None = None) -> Report | None:
    return stand.provider.read_event(body, headers or signed(stand, body), stand.clock.now())


# --- starting -------------------------------------------------------------------------------------------------------


def test_the_same_payment_begun_twice_is_one_session(stand: Stand) -> None:
    first = stand.provider.start(ASKING)
    stand.clock.move(seconds=20)
    assert stand.provider.start(ASKING) == first
    assert stand.provider.start(replace(ASKING, payment_id=8)).reference != first.reference


def test_the_same_payment_begun_at_one_moment_is_one_session(stand: Stand) -> None:
    assert len(set(together(lambda _: stand.provider.start(ASKING), 8))) == 1


def test_another_payment_under_the_same_number_is_refused(stand: Stand, reference: str) -> None:
    with pytest.raises(NotAccepted):
        stand.provider.start(replace(ASKING, amount=Money(1, "EUR")))
    assert stand.provider.look_up(reference).amount == Money(36600, "EUR")


# --- asking ---------------------------------------------------------------------------------------------------------


def test_a_session_nobody_has_paid_yet(stand: Stand, reference: str) -> None:
    report = stand.provider.look_up(reference)
    assert (report.state, report.amount, report.reference) == (BEGUN, Money(36600, "EUR"), reference)
    assert (report.way, report.payment_id) == (stand.provider.way, 7)


@pytest.mark.parametrize("state", [PENDING, RECEIVED, FAILED, EXPIRED])
def test_looked_up_a_session_stands_where_it_stands(stand: Stand, reference: str, state: Any) -> None:
    stand.become(reference, state)
    report = stand.provider.look_up(reference)
    assert report.state is state
    assert report.event_id == f"look-up:{reference}:{state}"
    assert report.amount == Money(36600, "EUR")


def test_what_was_paid_was_paid_then_however_late_it_is_asked(stand: Stand, reference: str) -> None:
    paid_at = stand.clock.now()
    stand.become(reference, RECEIVED)
    stand.clock.move(days=3)
    assert stand.provider.look_up(reference).at == paid_at


def test_first_the_bank_is_asked_and_then_it_pays(stand: Stand, reference: str) -> None:
    stand.become(reference, PENDING)
    assert stand.provider.look_up(reference).state is PENDING
    stand.become(reference, RECEIVED)
    assert stand.provider.look_up(reference).state is RECEIVED


@pytest.mark.parametrize(("seconds", "state"), [(-1, BEGUN), (0, EXPIRED), (1, EXPIRED)])
def test_a_session_ends_at_the_instant_that_was_asked_for(
    stand: Stand, reference: str, seconds: int, state: Any
) -> None:
    stand.clock.set(ASKING.expires_at + timedelta(seconds=seconds))
    assert stand.provider.look_up(reference).state is state


@pytest.mark.parametrize("unknown", ["cs_test_unknown", "cs_demo_" + "0" * 32, "../../etc/passwd", "", "è"])
def test_a_reference_that_nobody_knows_is_our_mistake(stand: Stand, unknown: str) -> None:
    stand.provider.start(ASKING)
    if unknown or isinstance(stand, DemoStand):  # without a reference Stripe would be asked for the whole list
        with pytest.raises(NotAccepted):
            stand.provider.look_up(unknown)
        with pytest.raises(NotAccepted):
            stand.provider.close(unknown)


# --- closing --------------------------------------------------------------------------------------------------------


def test_what_is_closed_can_no_longer_be_paid(stand: Stand, reference: str) -> None:
    stand.provider.close(reference)
    assert stand.provider.look_up(reference).state is EXPIRED
    stand.provider.close(reference)
    assert stand.provider.look_up(reference).state is EXPIRED


@pytest.mark.parametrize("state", [PENDING, RECEIVED, FAILED])
def test_closing_what_is_over_changes_nothing(stand: Stand, reference: str, state: Any) -> None:
    stand.become(reference, state)
    stand.provider.close(reference)
    assert stand.provider.look_up(reference).state is state


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PENDING, RECEIVED, FAILED, EXPIRED])
def test_an_event_says_what_has_happened(stand: Stand, reference: str, state: Any) -> None:
    stand.become(reference, state)
    happened = stand.clock.now()
    body = stand.event(reference, state)
    stand.clock.move(minutes=90)
    report = tell(stand, body)
    assert report is not None
    assert (report.state, report.reference, report.payment_id) == (state, reference, 7)
    assert (report.amount, report.at) == (Money(36600, "EUR"), happened)


def test_the_same_event_again_is_the_same_report(stand: Stand, reference: str) -> None:
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    first = tell(stand, body)
    stand.clock.move(hours=1)
    assert tell(stand, body) == first


def test_two_things_that_happened_have_two_names(stand: Stand, reference: str) -> None:
    stand.become(reference, PENDING)
    waiting = tell(stand, stand.event(reference, PENDING))
    stand.become(reference, RECEIVED)
    paid = tell(stand, stand.event(reference, RECEIVED))
    assert waiting is not None
    assert paid is not None
    assert waiting.event_id != paid.event_id


def altered(body: bytes) -> list[bytes]:
    """The body with one thing wrong: each of some bytes turned over, one less, one more."""
    places = range(0, len(body), max(1, len(body) // 40))
    flipped = [body[:i] + bytes([body[i] ^ 1]) + body[i + 1 :] for i in places]
    return [*flipped, body[:-1], body + b"\n", b""]


def test_a_body_altered_by_one_byte_is_refused(stand: Stand, reference: str) -> None:
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    headers = signed(stand, body)
    for wrong in altered(body):
        with pytest.raises(BadEvent, match="signature: wrong"):
            tell(stand, wrong, headers)
    assert tell(stand, body, headers) is not None


@pytest.mark.parametrize(
    ("age", "taken"), [(299, True), (300, True), (301, False), (-10, True), (-11, False), (86400, False)]
)
def test_an_event_is_young_and_not_of_the_future(stand: Stand, reference: str, age: int, taken: bool) -> None:
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    if taken:
        assert tell(stand, body, signed(stand, body, age=age)) is not None
    else:
        with pytest.raises(BadEvent, match=r"too old|from the future"):
            tell(stand, body, signed(stand, body, age=age))


def test_an_old_signature_cannot_be_given_a_new_time(stand: Stand, reference: str) -> None:
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    old, new = signed(stand, body, age=600)[stand.header], signed(stand, body)[stand.header]
    forged = new.partition(",")[0] + "," + old.partition(",")[2]
    with pytest.raises(BadEvent, match="signature: wrong"):
        tell(stand, body, {stand.header: forged})


def test_a_signature_by_another_secret_is_refused_unless_ours_stands_beside_it(stand: Stand, reference: str) -> None:
    """While the secret of a webhook is changed, Stripe signs with both."""
    stand.become(reference, RECEIVED)
    body, other = stand.event(reference, RECEIVED), Secret("whsec_another")
    with pytest.raises(BadEvent):
        tell(stand, body, signed(stand, body, secrets=(other,)))
    assert tell(stand, body, signed(stand, body, secrets=(other, stand.secret))) is not None
    assert tell(stand, body, signed(stand, body, secrets=(stand.secret, other))) is not None


@pytest.mark.parametrize(
    "damage",
    [
        lambda header: "",
        lambda header: header.replace("t=", "T="),
        lambda header: header.replace("v1=", "v0="),
        lambda header: header + ",t=1",
        lambda header: header.replace("t=", "t=+"),
        lambda header: header.replace("t=1", "t=١"),
        lambda header: header.replace("v1=", "v1=è"),
        lambda header: header.replace("v1=", "v1=\udcff"),
        lambda header: header.upper(),
        lambda header: "t=99999999999999999999,v1=0",
    ],
)
def test_a_header_that_is_none_is_refused(stand: Stand, reference: str, damage: Any) -> None:
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    with pytest.raises(BadEvent):
        tell(stand, body, {stand.header: damage(signed(stand, body)[stand.header])})


def test_a_header_is_found_whatever_the_case_of_its_name(stand: Stand, reference: str) -> None:
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    (value,) = signed(stand, body).values()
    assert tell(stand, body, {stand.header.lower(): value}) is not None
    with pytest.raises(BadEvent):
        tell(stand, body, {"X-" + stand.header: value})


def changed(body: bytes, **session: Any) -> bytes:
    content = json.loads(body)
    content["data"]["object"] |= session
    return json.dumps(content).encode()


def test_a_kind_of_event_that_we_do_not_follow_is_taken_and_forgotten(stand: Stand, reference: str) -> None:
    stand.become(reference, RECEIVED)
    content = json.loads(stand.event(reference, RECEIVED))
    for kind in ("charge.updated", "checkout.session.unheard_of", "payment_intent.succeeded"):
        assert tell(stand, json.dumps(content | {"type": kind}).encode()) is None


def test_a_session_that_the_portal_did_not_begin_is_none_of_its_business(stand: Stand, reference: str) -> None:
    """A payment link of the same account, whose client_reference_id anybody may write into its address."""
    stand.become(reference, RECEIVED)
    body = stand.event(reference, RECEIVED)
    for metadata in ({}, None, {"payment": "x"}, {"payment": "0"}, {"payment": "9999999999"}, {"payment": 7}, "7"):
        assert tell(stand, changed(body, metadata=metadata)) is None


def test_an_event_of_a_reference_nobody_knows_still_tells_whose_payment_it_is(stand: Stand, reference: str) -> None:
    """The process died between the provider's answer and our row: the number of the payment finds it."""
    stand.become(reference, RECEIVED)
    report = tell(stand, changed(stand.event(reference, RECEIVED), id="cs_never_written_down"))
    assert report is not None
    assert (report.reference, report.payment_id) == ("cs_never_written_down", 7)


@pytest.mark.parametrize(
    "session",
    [
        {"id": None},
        {"id": ""},
        {"id": "cs_\x00"},
        {"id": "x" * 121},
        {"payment_status": "unheard_of"},
        {"payment_status": None},
        {"payment_status": ["paid"]},
        {"amount_total": -1},
        {"amount_total": True},
        {"amount_total": 366.0},
        {"amount_total": "36600"},
        {"amount_total": 2**31},
        {"currency": "euro"},
        {"currency": None},
    ],
)
def test_a_session_of_another_shape_is_refused(stand: Stand, reference: str, session: dict[str, Any]) -> None:
    stand.become(reference, RECEIVED)
    with pytest.raises(BadEvent, match="shape"):
        tell(stand, changed(stand.event(reference, RECEIVED), **session))


@pytest.mark.parametrize("created", [None, "1", 1.5, True, -1, 10**12])
def test_an_event_without_a_sensible_time_is_refused(stand: Stand, reference: str, created: Any) -> None:
    stand.become(reference, RECEIVED)
    content = json.loads(stand.event(reference, RECEIVED)) | {"created": created}
    with pytest.raises(BadEvent, match="shape"):
        tell(stand, json.dumps(content).encode())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'{"id": 1}', b"\xff", b"[" * 100_000, b"1" * 10_000, b'{"id": "e"}']
)
def test_a_signed_body_that_is_no_event_is_refused(stand: Stand, body: bytes) -> None:
    with pytest.raises(BadEvent, match="shape"):
        tell(stand, body)


def test_a_currency_without_cents_counts_in_its_own_unit(stand: Stand) -> None:
    yen = replace(ASKING, payment_id=9, amount=Money(36600, "JPY"))
    reference = stand.provider.start(yen).reference
    stand.become(reference, RECEIVED)
    report = tell(stand, stand.event(reference, RECEIVED))
    assert report is not None
    assert report.amount == Money(36600, "JPY")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KINDS = st.sampled_from(["checkout.session.completed", "checkout.session.expired", "charge.updated"]) | st.text()
SESSIONS = st.fixed_dictionaries(
    {"metadata": st.just({"payment": "7"}) | JSON},
    optional=dict.fromkeys(("id", "amount_total", "currency", "payment_status"), JSON),
)
EVENTS = st.fixed_dictionaries(
    {"id": st.text() | st.just("evt_1"), "type": KINDS, "created": JSON | st.integers()},
    optional={"data": st.fixed_dictionaries({"object": SESSIONS | JSON}) | JSON},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(body=st.binary(), headers=st.dictionaries(st.text(), st.text()), value=st.text(), right=st.booleans())
def test_whatever_arrives_is_at_worst_a_bad_event(
    stand: Stand, body: bytes, headers: dict[str, str], value: str, right: bool
) -> None:
    given = headers | (signed(stand, body) if right else {stand.header: value})
    with pytest.raises(BadEvent):
        tell(stand, body, given)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(content=EVENTS)
def test_whatever_a_signed_event_holds_it_is_a_report_or_nothing_or_bad(stand: Stand, content: dict[str, Any]) -> None:
    try:
        report = tell(stand, json.dumps(content).encode())
    except BadEvent:
        return
    assert report is None or Report.from_json(report.to_json()) == report


# --- faults ---------------------------------------------------------------------------------------------------------


def test_a_provider_that_is_away_says_so_at_each_question(stand: Stand, reference: str) -> None:
    stand.go_down()
    with pytest.raises(ProviderDown):
        stand.provider.start(replace(ASKING, payment_id=10))
    with pytest.raises(ProviderDown):
        stand.provider.look_up(reference)
    with pytest.raises(ProviderDown):
        stand.provider.close(reference)
