"""/metrics: for whoever shows the token and for nobody else, with nothing about anybody, and at no cost to speak of."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from platform import python_version

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import event

from portal.kit import metrics, nights, outbox
from portal.kit.hashing import Busy
from portal.kit.outbox import Outcome
from portal.kit.version import VERSION
from portal.setting_values import Secret
from portal.subscription.tables import purges
from portal.web import stock
from tests.conftest import both_databases
from tests.helpers.house import PASSWORD, House, build

TOKEN = "tNq3-read-by-prometheus-0123456789-abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def measured(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = build(tmp_path, database_url, metrics_token=Secret(TOKEN))
    yield house
    house.parts.database.close()


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database knows is asked anew each time; but where a test is about that."""
    monkeypatch.setattr(stock, "KEPT_SECONDS", 0)


def page(house: House) -> str:
    answer = house.browser().open("/metrics", headers=BEARER)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def samples(house: House) -> Samples:
    """Each number by its name and the values of its labels."""
    families = parsed(page(house))
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def risen(before: Samples, after: Samples) -> Samples:
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer ü", f"bearer {TOKEN.upper()}"],
)
def test_whoever_does_not_show_the_token_finds_nothing(measured: House, header: str) -> None:
    answer = measured.browser(address="127.0.0.1").open("/metrics", headers={"Authorization": header})
    assert answer.status_code == 404
    assert "portal_" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer", "Bearer None"])
def test_where_no_token_is_set_there_is_no_such_page(house: House, header: str) -> None:
    answer = house.browser(address="127.0.0.1").open("/metrics", headers={"Authorization": header})
    assert answer.status_code == 404


def test_whoever_shows_it_gets_the_text_format_and_no_cookie(measured: House) -> None:
    answer = measured.browser().open("/metrics", headers=BEARER)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, metrics.CONTENT_TYPE)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_requests_are_counted_by_page_and_kind_of_answer(measured: House) -> None:
    before, browser = samples(measured), measured.browser()
    browser.open("/login")
    browser.open("/login?username=anna")
    browser.open("/no/such/page")
    browser.open("/subscription")
    found = risen(before, samples(measured))
    counted = {labels: value for (name, labels), value in found.items() if name == "portal_request_seconds_count"}
    assert counted.pop(("operations.measured", "2xx")) == 1
    assert counted == {("sign_in.login", "2xx"): 2, ("none", "4xx"): 1, ("subscription.overview", "3xx"): 1}


def test_sign_ins_are_counted_by_outcome(measured: House) -> None:
    measured.person("m1234")
    before, browser = samples(measured), measured.browser()
    browser.sign_in("m1234", "a sentence that is wrong")
    browser.sign_in()
    found = risen(before, samples(measured))
    counted = {labels: value for (name, labels), value in found.items() if name == "portal_sign_ins_total"}
    assert counted == {("refused",): 1, ("in",): 1}
    assert found[("portal_events_total", ("signed in", "info"))] == 1


def test_every_outcome_of_a_sign_in_is_a_line_that_is_really_written() -> None:
    folder = Path(metrics.__file__).parents[1]
    sources = "".join(path.read_text("utf-8") for path in folder.rglob("*.py") if path.name != "metrics.py")
    missing = [words for words in metrics.SIGN_IN_OUTCOMES if f'"{words}"' not in sources]
    assert not missing, f"no line of the log says {missing}: mend SIGN_IN_OUTCOMES in portal/kit/metrics.py"


def test_hashes_are_counted_with_their_wait_and_those_that_are_refused(measured: House) -> None:
    before, hasher = samples(measured), measured.parts.hasher
    with hasher.turn(), hasher.turn(), hasher.turn(), hasher.turn(), pytest.raises(Busy), hasher.turn():
        pass
    found = risen(before, samples(measured))
    assert found[("portal_hashes_refused_total", ())] == 1
    assert found[("portal_hash_wait_seconds_count", ())] == 4


@both_databases
def test_what_waits_in_the_outbox_is_told_by_kind_with_its_age(measured: House) -> None:
    at = measured.clock.now()
    with measured.parts.database.write() as db:
        outbox.put(db, outbox.MAIL, "one", {}, at=at - timedelta(minutes=5), recipient="anna@example.com")
        outbox.put(db, outbox.MAIL, "two", {}, at=at - timedelta(minutes=1), recipient="anna@example.com")
        outbox.put(db, outbox.ERRAND, "later", {}, at=at, wait=timedelta(hours=1))
        tried = outbox.put(db, outbox.TASK, "tried", {}, at=at - timedelta(minutes=9))
        claimed = outbox.claim(db, at=at)
        assert tried
        assert claimed is not None
        outbox.retry(db, claimed, at=at, error="x")
    found = samples(measured)
    for kind, waiting, due, retrying, age in (("mail", 2, 2, 0, 300), ("task", 1, 0, 1, 0), ("errand", 1, 0, 0, 0)):
        assert found[("portal_outbox_waiting", (kind,))] == waiting
        assert found[("portal_outbox_due", (kind,))] == due
        assert found[("portal_outbox_retrying", (kind,))] == retrying
        assert found[("portal_outbox_oldest_due_seconds", (kind,))] == age


@both_databases
def test_what_ended_lately_is_told_by_its_outcome(measured: House) -> None:
    at = measured.clock.now()
    with measured.parts.database.write() as db:
        for minutes, outcome in ((0, Outcome.FAILED), (14, Outcome.HANDLED), (16, Outcome.HANDLED)):
            outbox.put(db, outbox.TASK, "x", {}, at=at)
            claimed = outbox.claim(db, at=at)
            assert claimed is not None
            outbox.finish(db, claimed, outcome, at=at - timedelta(minutes=minutes))
    found = samples(measured)
    ended = {labels: value for (name, labels), value in found.items() if name == "portal_outbox_ended" and value}
    assert ended == {("task", "failed"): 1, ("task", "handled"): 1}


@both_databases
def test_the_nights_and_the_deletions_are_told(measured: House) -> None:
    at, day = measured.clock.now(), measured.clock.now().date()
    measured.platform(1234)
    with measured.parts.database.write() as db:
        for step in ("reminders", "cleaning", "payments"):
            claim = nights.claim(db, day, step, at=at)
            assert claim is not None
            if step == "reminders":
                nights.finish(db, claim, "", at=at)
            elif step == "cleaning":
                nights.put_off(db, claim, "", at=at)
        row = {"platform_id": 1234, "marked_at": at, "due_at": at - timedelta(hours=2), "removed": {}, "kept": {}}
        db.execute(purges.insert().values(row))
    found = samples(measured)
    assert found[("portal_night_open_steps", ())] == 2
    assert found[("portal_night_last_done_timestamp_seconds", ())] == pytest.approx(at.timestamp())
    assert found[("portal_deletions_waiting", ())] == 1
    assert found[("portal_deletions_oldest_due_seconds", ())] == 7200


def test_a_database_that_is_away_is_told_and_the_rest_is_still_there(tmp_path: Path) -> None:
    house = build(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}", metrics_token=Secret(TOKEN))
    found = samples(house)
    assert found[("portal_database_up", ())] == 0
    assert ("portal_outbox_due", ("mail",)) not in found
    assert any(name == "portal_request_seconds_count" for name, _ in found)
    house.parts.database.close()


def test_the_database_is_asked_only_now_and_then(measured: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "KEPT_SECONDS", 60)
    page(measured)
    asked: list[str] = []
    event.listen(measured.parts.database.reader, "before_cursor_execute", lambda *given: asked.append(given[2]))
    page(measured)
    assert asked == []


def test_no_label_says_who_somebody_is_or_what_somebody_typed(measured: House) -> None:
    measured.person("m1234", email="anna.bianchi@example.com")
    browser = measured.browser(address="203.0.113.77")
    browser.sign_in("m1234-typed", "typed as a password")
    browser.sign_in()
    browser.open("/typed/address?typed=query", method="TYPED")
    browser.open("/reset-password/typed-token")
    labels = " ".join(re.findall(r"\{.*\}", page(measured)))  # not the figures, in which any digits may stand
    for said in ("typed", "1234", "anna", "203.0.113", PASSWORD):
        assert said not in labels, f"{said} is in a label"


def test_the_events_are_of_our_own_sources_and_bounded(measured: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_known", {"a", "b"})
    monkeypatch.setattr(metrics, "MOST_EVENTS", 3)
    before = samples(measured)
    for words in ("one of three", "one too many", "another"):
        metrics.count_event(words, "info")
    found = risen(before, samples(measured))
    counted = {labels[0]: value for (name, labels), value in found.items() if name == "portal_events_total"}
    assert {name: counted.get(name) for name in ("one of three", "one too many", "other")} == {
        "one of three": 1,
        "one too many": None,
        "other": 2,
    }


def test_the_portal_says_what_runs(measured: House) -> None:
    (built,) = [labels for name, labels in samples(measured) if name == "portal_build_info"]
    assert {VERSION, python_version(), measured.parts.database.reader.dialect.name} == set(built)
