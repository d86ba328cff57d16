"""What is reported: an error that a page did not expect, and what a worker gives up; over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.jobs import duties, nightly
from portal.jobs.errands import GiveUp
from portal.jobs.post import work_once
from portal.kit import outbox
from portal.outside.reports import HttpReports
from tests.helpers.collector import Collector
from tests.helpers.house import House, build

LONG = 20.0


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as found:
        yield found


@pytest.fixture
def reporting(tmp_path: Path, database_url: str, collector: Collector) -> Iterator[House]:
    house = build(tmp_path, database_url, error_report_url=collector.url)
    yield house
    house.parts.database.close()


def reported(house: House, collector: Collector) -> list[dict[str, Any]]:
    assert isinstance(house.parts.reports, HttpReports)
    house.parts.reports.finish(LONG)
    return collector.reports


def fail(*_: object) -> None:
    raise LookupError("nobody has anna@example.com")


def test_a_page_that_fails_is_reported_under_the_number_that_the_customer_sees(
    reporting: House, collector: Collector
) -> None:
    fail.access = reporting.app.view_functions["sign_in.login"].access  # type: ignore[attr-defined]  # as declared
    reporting.app.view_functions["sign_in.login"] = fail
    answer = reporting.browser().open("/login?username=anna@example.com", headers={"Cookie": "portal=a-cookie"})
    (report,) = reported(reporting, collector)
    assert (report["reference"], report["endpoint"], report["method"]) == (
        answer.headers["X-Request-Id"],
        "sign_in.login",
        "GET",
    )
    assert report["errors"][-1]["kind"] == "LookupError"
    assert b"anna" not in collector.bodies[0]
    assert b"a-cookie" not in collector.bodies[0]


def test_a_page_that_refuses_is_not_reported(reporting: House, collector: Collector) -> None:
    browser = reporting.browser()
    browser.open("/no-such-page")
    browser.open("/login", method="POST", data={"username": "m1"})
    assert reported(reporting, collector) == []


def test_a_task_is_reported_when_its_last_attempt_has_failed(
    reporting: House, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(duties.TASKS, "broken", fail)
    with reporting.parts.database.write() as db:
        outbox.put(db, outbox.TASK, "broken", {"email": "anna@example.com"}, at=reporting.clock.now())
    for wait in (*outbox.RETRY_AFTER, timedelta()):
        assert reported(reporting, collector) == []
        assert work_once(reporting.app)
        reporting.clock.set(reporting.clock.now() + wait)
    (report,) = reported(reporting, collector)
    assert (report["task"], report["attempt"], report["errors"][-1]["kind"]) == ("broken", 13, "LookupError")
    assert b"anna" not in collector.bodies[0]


def test_an_errand_that_is_given_up_is_reported_at_once(
    reporting: House, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*_: object) -> None:
        raise GiveUp("anna@example.com is not known there")

    monkeypatch.setitem(duties.ERRANDS, "hopeless", give_up)
    with reporting.parts.database.write() as db:
        outbox.put(db, outbox.ERRAND, "hopeless", {}, at=reporting.clock.now())
    assert work_once(reporting.app)
    (report,) = reported(reporting, collector)
    assert (report["errand"], report["attempt"]) == ("hopeless", 1)
    assert b"anna" not in collector.bodies[0]


def test_a_row_that_kills_its_workers_is_reported(reporting: House, collector: Collector) -> None:
    with reporting.parts.database.write() as db:
        outbox.put(db, outbox.TASK, "deadly", {}, at=reporting.clock.now())
    for _ in range(outbox.MOST_CLAIMS):
        with reporting.parts.database.write() as db:
            assert outbox.claim(db, at=reporting.clock.now())
        reporting.clock.set(reporting.clock.now() + outbox.LEASE)
    assert work_once(reporting.app)
    (report,) = reported(reporting, collector)
    assert report["task"] == "deadly"


def test_a_step_of_a_night_that_cannot_go_on_is_reported(
    reporting: House, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(nightly.STEPS, "cleaning", fail)
    nightly.work(reporting.parts, reporting.clock.now().date(), "cleaning")
    (report,) = reported(reporting, collector)
    assert (report["step"], report["errors"][-1]["kind"]) == ("cleaning", "LookupError")
