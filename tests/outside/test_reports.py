"""Reports of unexpected errors: over HTTP, without a word of what anybody typed, and in nobody's way."""

import json
import logging
from collections.abc import Iterator

import pytest

from portal.kit import metrics
from portal.kit.clock import SystemClock
from portal.kit.version import VERSION
from portal.outside import calls, reports
from portal.outside.calls import Patience
from portal.outside.reports import HttpReports
from tests.helpers.collector import Collector
from tests.helpers.nodes import until

LONG = 20.0  # seconds for a thread to do its work on a busy machine
QUICK = Patience(step=0.2, limit=0.4)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as found:
        yield found


def to(collector: Collector, patience: Patience = reports.PATIENCE) -> HttpReports:
    return HttpReports(collector.url, clock=SystemClock(), patience=patience)


def fault(words: str = "anna@example.com typed this") -> Exception:
    try:
        raise LookupError(words)
    except LookupError as error:
        return error


def counted(outcome: str) -> float:
    return float(metrics.ERROR_REPORTS.labels(outcome)._value.get())


def test_a_report_says_what_where_and_for_which_request(collector: Collector) -> None:
    sending = to(collector)
    sending.send(fault(), reference="4f1c9a02bd", endpoint="orders.show", method="POST")
    sending.finish(LONG)
    (report,) = collector.reports
    (error,) = report.pop("errors")
    assert (error["kind"], "test_reports.py" in error["places"][-1]) == ("LookupError", True)
    assert report.pop("at").endswith("+00:00")
    assert report == {"version": VERSION, "reference": "4f1c9a02bd", "endpoint": "orders.show", "method": "POST"}
    assert collector.asked == [("/errors/a-key", "application/json")]
    assert b"anna" not in collector.bodies[0]


def test_nobody_waits_for_a_collector_that_hangs_and_what_is_too_much_is_dropped(collector: Collector) -> None:
    collector.hang = True
    sending, before = to(collector), counted("dropped")
    sending.send(fault())
    until(lambda: bool(collector.reports))
    for _ in range(reports.MOST_WAITING + 5):
        sending.send(fault())
    assert counted("dropped") == before + 5
    collector.over.set()
    sending.finish(LONG)
    assert len(collector.reports) == reports.MOST_WAITING + 1


def test_no_more_are_sent_in_a_minute_than_that(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_A_MINUTE", 3)
    sending, before = to(collector), counted("dropped")
    for _ in range(5):
        sending.send(fault())
    sending.finish(LONG)
    assert (len(collector.reports), counted("dropped")) == (3, before + 2)


@pytest.mark.parametrize("trouble", ["500", "hang", "away"])
def test_what_nobody_accepts_is_logged_and_not_reported(
    collector: Collector, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    monkeypatch.setattr(logging.getLogger("portal"), "handlers", [handler])
    collector.status, collector.hang = 500, trouble == "hang"
    sending, before = to(collector, QUICK), counted("failed")
    if trouble == "away":
        sending = HttpReports("http://127.0.0.1:9/x", clock=SystemClock(), patience=QUICK)
    sending.send(fault())
    sending.finish(LONG)
    assert counted("failed") == before + 1
    (line,) = [record for record in records if record.getMessage() == "error report not sent"]
    why = {"500": "the collector answered 500", "hang": "too slow", "away": "ConnectionRefusedError"}
    assert line.__dict__["why"] in (why[trouble], "TimeoutError")
    assert "errors" not in json.dumps(line.__dict__, default=str)


def test_a_fault_of_the_reporting_itself_stops_nothing(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = to(collector)
    with monkeypatch.context() as broken:
        broken.setattr(calls, "send", lambda *_: 1 / 0)
        sending.send(fault())
        sending.finish(LONG)
    sending.send(fault())
    sending.finish(LONG)
    assert len(collector.reports) == 1
