"""The events of the demonstration's provider, on their way: signed, over real HTTP, to the portal's own address."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from portal.jobs import demo_events
from portal.jobs.errands import NotYet
from portal.jobs.post import work_once
from portal.kit import outbox
from portal.outside.demo_payments import EVENT_ERRAND, DemoPayments
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from tests.helpers.house import House, build
from tests.helpers.processes import free_port
from tests.outside.providers import FAILED, PENDING, RECEIVED
from tests.outside.test_payments_contract import ASKING


@pytest.fixture
def demo(tmp_path: Path, database_url: str) -> Iterator[House]:
    found = build(tmp_path, database_url, demo=True, public_url=f"http://127.0.0.1:{free_port()}")
    yield found
    found.parts.database.close()


@contextmanager
def open_shop(house: House, app: Any = None) -> Iterator[None]:
    """The portal, answering at its public address."""
    port = int(house.parts.settings.public_url.rpartition(":")[2])
    server = make_server("127.0.0.1", port, app or house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def provider(house: House) -> DemoPayments:
    found = house.parts.providers[Way.DEMO]
    assert isinstance(found, DemoPayments)
    return found


def tell(house: House, reference: str, state: PaymentState) -> None:
    """One attempt of the errand."""
    demo_events.deliver(house.parts, {"reference": reference, "state": str(state)}, house.clock.now())


def reports(house: House) -> list[Report]:
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.topic == outbox.TASK)).all()
    return [Report.from_json(row.payload) for row in rows]


@pytest.mark.parametrize("state", [RECEIVED, FAILED, PENDING])
def test_an_event_arrives_at_the_portal_and_is_believed(demo: House, state: PaymentState) -> None:
    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, state)
    with open_shop(demo):
        tell(demo, reference, state)
    (report,) = reports(demo)
    assert (report.way, report.state, report.reference) == (Way.DEMO, state, reference)
    assert (report.amount, report.payment_id) == (ASKING.amount, ASKING.payment_id)


def test_the_same_event_twice_is_kept_once(demo: House) -> None:
    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, RECEIVED)
    with open_shop(demo):
        tell(demo, reference, RECEIVED)
        demo.clock.move(minutes=10)
        tell(demo, reference, RECEIVED)
    assert len(reports(demo)) == 1


def test_a_slow_bank_pays_when_its_event_leaves(demo: House) -> None:
    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, PENDING)
    with open_shop(demo):
        tell(demo, reference, PENDING)
        demo.clock.move(minutes=5)
        tell(demo, reference, RECEIVED)
    assert [report.state for report in reports(demo)] == [PENDING, RECEIVED]
    assert provider(demo).look_up(reference).state is RECEIVED


def test_an_event_that_comes_after_a_later_one_still_says_what_was_then(demo: House) -> None:
    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, PENDING)
    asked_at = demo.clock.now()
    demo.clock.move(minutes=5)
    provider(demo).move(reference, RECEIVED)
    with open_shop(demo):
        tell(demo, reference, RECEIVED)
        tell(demo, reference, PENDING)
    assert [(report.state, report.at) for report in reports(demo)] == [
        (RECEIVED, demo.clock.now()),
        (PENDING, asked_at),
    ]


def test_while_the_portal_is_away_the_event_waits(demo: House) -> None:
    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, RECEIVED)
    with pytest.raises(NotYet, match="ConnectionRefusedError"):
        tell(demo, reference, RECEIVED)
    demo.clock.move(hours=1)  # signed anew: it is as young as its attempt
    with open_shop(demo):
        tell(demo, reference, RECEIVED)
    assert len(reports(demo)) == 1


@pytest.mark.parametrize("status", ["500 broken", "302 Found", "400 no", "404 no"])
def test_an_answer_that_is_no_yes_is_asked_again_later(demo: House, status: str) -> None:
    def elsewhere(_environ: Any, start_response: Any) -> list[bytes]:
        start_response(status, [("Location", "/payments/demo/events"), ("Content-Length", "0")])
        return []

    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, RECEIVED)
    with open_shop(demo, elsewhere), pytest.raises(NotYet, match=status[:3]):
        tell(demo, reference, RECEIVED)


def test_a_portal_that_does_not_answer_is_not_waited_for_for_ever(demo: House, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = threading.Event()
    monkeypatch.setattr(demo_events, "PATIENCE_SECONDS", 0.2)

    def hang(_environ: Any, start_response: Any) -> list[bytes]:
        hung.wait(5)
        start_response("200 OK", [("Content-Length", "0")])
        return []

    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, RECEIVED)
    with open_shop(demo, hang):
        with pytest.raises(NotYet, match="TimeoutError"):
            tell(demo, reference, RECEIVED)
        hung.set()


def test_what_a_new_demonstration_has_forgotten_is_told_no_more(demo: House) -> None:
    reference = provider(demo).start(ASKING).reference
    provider(demo).move(reference, RECEIVED)
    provider(demo).empty()
    tell(demo, reference, RECEIVED)


def test_a_portal_without_the_demonstration_has_nothing_to_tell(house: House) -> None:
    tell(house, "cs_demo_" + "0" * 32, RECEIVED)


def test_the_worker_carries_the_event_after_its_wait(demo: House) -> None:
    """From the page's button to the row that the worker will act on."""
    reference = provider(demo).start(ASKING).reference
    browser = demo.browser()
    browser.get(f"/demo/pay/{reference}")
    browser.submit({"choice": "late"}, follow=False)
    with open_shop(demo):
        demo.clock.move(minutes=4, seconds=59)
        assert not work_once(demo.app)
        demo.clock.move(seconds=1)
        assert work_once(demo.app)
    with demo.parts.database.read() as db:
        errand = db.execute(select(outbox.outbox).where(outbox.outbox.c.name == EVENT_ERRAND)).one()
    assert errand.outcome == "handled"
    (report,) = reports(demo)
    assert (report.state, report.reference) == (RECEIVED, reference)
