"""What providers tell: checked, kept once, answered, and nothing of it acted on inside the request."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.jobs.duties import TASKS
from portal.kit import outbox
from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from portal.web import webhooks
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import House, build
from tests.helpers.together import together
from tests.outside.providers import RECEIVED, DemoStand, Stand, StripeStand, signed
from tests.outside.test_payments_contract import ASKING, changed

PATHS = {Way.CARD: "/payments/stripe/events", Way.DEMO: "/payments/demo/events"}


@pytest.fixture(params=["stripe", "demo"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Stand:
    return StripeStand() if request.param == "stripe" else DemoStand(tmp_path)


@pytest.fixture
def shop(stand: Stand, tmp_path: Path, database_url: str) -> Iterator[House]:
    """A portal whose only way to pay is the stand's."""
    found = build(tmp_path, database_url, providers={stand.provider.way: stand.provider})
    yield found
    found.parts.database.close()


def paid(stand: Stand) -> bytes:
    reference = stand.provider.start(ASKING).reference
    stand.become(reference, RECEIVED)
    return stand.event(reference, RECEIVED)


def send(shop: House, stand: Stand, body: bytes, headers: dict[str, str] | None = None) -> Any:
    """As a provider sends: no cookie, no origin, whatever type of content."""
    given = signed(stand, body) if headers is None else headers
    path = PATHS[stand.provider.way]
    return shop.app.test_client().post(path, data=body, headers=given, content_type="application/json")


def kept(shop: House) -> list[Any]:
    with shop.parts.database.read() as db:
        return list(db.execute(select(outbox.outbox)))


@both_databases
def test_an_event_is_answered_and_left_to_the_worker(shop: House, stand: Stand) -> None:
    answer = send(shop, stand, paid(stand))
    assert (answer.status_code, answer.json) == (200, {"status": "taken"})
    (row,) = kept(shop)
    assert (row.topic, row.name, row.due_at) == (outbox.TASK, "payment_report", shop.clock.now())
    report = Report.from_json(row.payload)
    assert (report.way, report.state, report.amount) == (stand.provider.way, RECEIVED, Money(36600, "EUR"))
    assert row.deduplication_key == f"event:{report.way}:{report.event_id}"


def test_the_worker_knows_what_to_do_with_it() -> None:
    assert webhooks.REPORT_TASK in TASKS


@both_databases
def test_a_replayed_event_is_answered_the_same_and_kept_once(shop: House, stand: Stand) -> None:
    body = paid(stand)
    first = send(shop, stand, body)
    stand.clock.move(minutes=1)
    shop.clock.move(minutes=1)
    again = send(shop, stand, body)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert len(kept(shop)) == 1


@both_databases
def test_the_same_event_at_one_moment_is_kept_once(shop: House, stand: Stand) -> None:
    body = paid(stand)
    assert set(together(lambda _: send(shop, stand, body).status_code, 6)) == {200}
    assert len(kept(shop)) == 1


def test_an_event_that_does_not_concern_us_is_taken_and_not_kept(shop: House, stand: Stand) -> None:
    body = json.dumps(json.loads(paid(stand)) | {"type": "charge.updated"}).encode()
    assert send(shop, stand, body).status_code == 200
    assert kept(shop) == []


@pytest.mark.parametrize("age", [301, -11])
def test_a_bad_event_is_refused_in_json_with_a_line_in_the_log(
    shop: House, stand: Stand, age: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = paid(stand)
    with caplog.at_level(logging.WARNING, "portal"):
        answer = send(shop, stand, body, signed(stand, body, age=age))
    assert answer.status_code == 400
    assert answer.json["fault"].startswith("signature: ")
    (line,) = [record for record in caplog.records if record.message == "event refused"]
    assert line.__dict__["way"] == str(stand.provider.way)
    assert kept(shop) == []


def test_the_raw_bytes_are_what_is_signed(shop: House, stand: Stand) -> None:
    """The same JSON, written otherwise, is another body."""
    body = paid(stand)
    assert send(shop, stand, json.dumps(json.loads(body), indent=1).encode(), signed(stand, body)).status_code == 400
    assert send(shop, stand, body).status_code == 200


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_the_body_is_never_read_as_a_form(shop: House, stand: Stand, content_type: str) -> None:
    body = paid(stand)
    client, path = shop.app.test_client(), PATHS[stand.provider.way]
    headers = signed(stand, body) | {"Content-Type": content_type}
    assert client.post(path, data=body, headers=headers).status_code == 200


def test_a_long_event_passes_and_a_longer_one_does_not(shop: House, stand: Stand) -> None:
    """Other pages take 64 KiB."""
    body = changed(paid(stand), note="x" * 200_000)
    assert send(shop, stand, body).status_code == 200
    room = webhooks.LARGEST_EVENT - len(body)
    exact = changed(body, note="x" * (200_000 + room))
    assert len(exact) == webhooks.LARGEST_EVENT
    assert send(shop, stand, exact).status_code == 200
    answer = send(shop, stand, exact + b" ")
    assert (answer.status_code, answer.json) == (413, {"fault": "too large"})


def test_a_provider_that_is_not_configured_is_not_found(house: House, stand: Stand) -> None:
    answer = send(house, stand, paid(stand))
    assert (answer.status_code, answer.json) == (404, {"fault": "no such provider here"})
    assert kept(house) == []


def test_the_event_of_one_provider_is_not_taken_at_the_door_of_another(tmp_path: Path, database_url: str) -> None:
    card, demo = StripeStand(), DemoStand(tmp_path)
    shop = build(tmp_path, database_url, providers={Way.CARD: card.provider, Way.DEMO: demo.provider})
    body = paid(demo)
    assert send(shop, card, body, signed(demo, body)).status_code == 400
    assert send(shop, demo, body).status_code == 200
    shop.parts.database.close()


def test_nobody_opens_these_addresses_in_a_browser(shop: House, stand: Stand) -> None:
    assert Browser(shop.app).open(PATHS[stand.provider.way]).status_code == 405


def test_the_longest_names_of_events_make_keys_that_fit() -> None:
    at = StripeStand().clock.now()

    def key(event_id: str) -> str:
        return webhooks.key_of(Report(Way.CARD, event_id, "cs_1", PaymentState.RECEIVED, None, at))

    assert key("e" * 149) == "event:card:" + "e" * 149
    assert len(key("e" * 149)) == outbox.outbox.c.deduplication_key.type.length  # type: ignore[attr-defined]
    assert key("e" * 150).startswith("event:card:sha256:")
    assert len({key("e" * length) for length in (149, 150, 151, 255)}) == 4


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(body=st.binary(max_size=200), header=st.text(st.characters(codec="latin-1", exclude_characters="\r\n")))
def test_whatever_is_sent_here_the_portal_does_not_break(shop: House, stand: Stand, body: bytes, header: str) -> None:
    for headers in ({stand.header: header}, {}, signed(stand, body)):
        assert send(shop, stand, body, headers).status_code == 400
    assert kept(shop) == []
