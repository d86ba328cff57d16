"""The worker against a real mail server: nothing lost, nothing sent twice unless SMTP itself leaves a doubt."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from portal.accounts import recovery
from portal.accounts.links import Purpose
from portal.jobs import duties, post
from portal.jobs.post import work_once
from portal.kit import logs, outbox
from portal.kit.outbox import LEASE, RETRY_AFTER
from portal.outside.post import Letter, Undelivered
from portal.parts import Parts
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.jobs.conftest import PostalHouse
from tests.outside.servers import Do, Step

DOWN = object()  # nobody listens


@both_databases
def test_a_mail_leaves_once_and_its_row_says_so(postal: PostalHouse) -> None:
    postal.queue()
    assert postal.work() == 1
    assert postal.work() == 0
    (row,) = postal.rows()
    assert (row.outcome, row.error, row.payload, row.attempts) == ("sent", None, {}, 1)
    assert row.done_at == postal.house.clock.now()
    assert postal.ids == [f"<portal.20261120090000.{row.id}@127.0.0.1>"]
    assert postal.server.recipients == ["Anna@Example.com"]


@pytest.mark.parametrize(
    ("step", "act", "error"),
    [
        (DOWN, None, "ConnectionRefusedError"),
        (Step.GREETING, Do.HANG, "TimeoutError"),
        (Step.GREETING, "421 closing", "SMTPConnectError: 421"),
        (Step.MAIL, "550 5.7.1 not you", "SMTPSenderRefused: 550 5.7.1"),
        (Step.RCPT, "451 4.7.1 greylisted", "recipient refused: 451 4.7.1"),
        (Step.RCPT, Do.HANG, "TimeoutError"),
        (Step.DATA, "554 5.7.1 no", "SMTPDataError: 554 5.7.1"),
        (Step.CONTENT, Do.DROP, None),
        (Step.VERDICT, "452 4.3.1 full", "SMTPDataError: 452 4.3.1"),
        (Step.VERDICT, Do.DROP, None),
        (Step.VERDICT, Do.HANG, "TimeoutError"),
    ],
)
def test_a_server_in_trouble_gets_the_mail_when_it_is_back(
    postal: PostalHouse, step: Any, act: Do | str, error: str | None
) -> None:
    if step is DOWN:
        postal.server.stop()
    else:
        postal.server.behaviour[step] = act
    postal.queue()
    assert postal.work() == 1
    (row,) = postal.rows()
    assert (row.outcome, row.claimed_until) == (None, None)
    assert row.due_at == postal.house.clock.now() + RETRY_AFTER[0]
    assert row.error
    assert error in (None, row.error)
    assert row.payload  # kept for the next attempt
    postal.house.clock.move(seconds=14.999999)
    assert postal.work() == 0
    postal.house.clock.move(seconds=0.000001)
    postal.server.behaviour.clear()
    if step is DOWN:
        postal.server.start()
    assert postal.work() == 1
    assert len(postal.ids) == 1
    (row,) = postal.rows()
    assert (row.outcome, row.error, row.attempts) == ("sent", None, 2)


@pytest.mark.parametrize(("step", "act"), [(Step.ACCEPTED, Do.DROP), (Step.QUIT, Do.DROP), (Step.QUIT, "421 too late")])
def test_a_mail_that_was_accepted_is_not_sent_again(postal: PostalHouse, step: Step, act: Do | str) -> None:
    postal.server.behaviour[step] = act
    postal.queue()
    postal.work()
    postal.house.clock.move(days=30)
    assert postal.work() == 0
    assert len(postal.server.taken) == 1
    assert postal.rows()[0].outcome == "sent"


def test_the_doubtful_case_is_repeated_with_the_same_name(postal: PostalHouse) -> None:
    """The line broke between the content and the 250: only the server knows whether it has the mail."""
    postal.server.behaviour[Step.VERDICT] = Do.DROP
    postal.queue()
    postal.work()
    postal.server.behaviour.clear()
    postal.house.clock.move(seconds=15)
    postal.work()
    first, second = postal.server.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def test_an_unknown_recipient_is_final_and_visible(postal: PostalHouse) -> None:
    postal.server.behaviour[Step.RCPT] = "550 5.1.1 <Anna@Example.com> is nobody"
    postal.queue()
    postal.work()
    postal.house.clock.move(days=30)
    assert postal.work() == 0
    (row,) = postal.rows()
    assert (row.outcome, row.error, row.payload) == ("refused", "recipient refused: 550 5.1.1", {})


def test_a_server_that_stays_away_is_asked_with_growing_waits_and_then_given_up(postal: PostalHouse) -> None:
    postal.server.stop()
    postal.queue()
    for wait in RETRY_AFTER:
        assert postal.work() == 1
        postal.house.clock.set(postal.house.clock.now() + wait)
    assert postal.work() == 1
    (row,) = postal.rows()
    assert (row.outcome, row.error, row.attempts) == ("failed", "ConnectionRefusedError", len(RETRY_AFTER) + 1)
    postal.house.clock.move(days=30)
    assert postal.work() == 0


def test_one_bad_row_does_not_stop_the_others(postal: PostalHouse) -> None:
    with postal.house.parts.database.write() as db:
        at = postal.house.clock.now()
        outbox.put(db, outbox.MAIL, "no_such_mail", {}, at=at, recipient="anna@example.com")
        outbox.put(db, outbox.TASK, "no_such_task", {}, at=at)
    postal.queue()
    assert postal.work() == 3
    assert len(postal.ids) == 1
    assert [row.error for row in postal.rows()] == ["TemplateNotFound", None]
    assert [row.error for row in postal.rows(outbox.TASK)] == ["KeyError"]


@pytest.mark.parametrize(
    ("moved", "leaves"), [(timedelta(minutes=60, microseconds=-1), True), (timedelta(minutes=60), False)]
)
def test_a_link_is_not_sent_from_the_moment_it_is_over(postal: PostalHouse, moved: timedelta, leaves: bool) -> None:
    _send_link(postal)
    postal.house.clock.set(postal.house.clock.now() + moved)
    postal.work()
    assert len(postal.ids) == leaves
    assert postal.rows()[0].outcome == ("sent" if leaves else "expired")


def test_a_link_that_was_replaced_while_the_server_was_away_is_not_sent(postal: PostalHouse) -> None:
    postal.server.stop()
    _send_link(postal)
    postal.work()
    _send_link(postal)
    postal.server.start()
    postal.house.clock.move(seconds=15)
    postal.work()
    assert [row.outcome for row in postal.rows()] == ["expired", "sent"]
    assert len(postal.ids) == 1


def test_a_link_is_not_kept_waiting_beyond_its_end(postal: PostalHouse) -> None:
    """After 51 minutes the next attempt would come too late: it is over now, and everybody can see it."""
    postal.server.stop()
    _send_link(postal)
    attempts = 0
    while postal.rows()[0].outcome is None:
        attempts += postal.work()
        postal.house.clock.move(seconds=15)
    assert attempts == 6
    assert (postal.rows()[0].outcome, postal.rows()[0].error) == ("expired", "ConnectionRefusedError")


def _send_link(postal: PostalHouse) -> None:
    with postal.house.parts.database.write() as db:
        at = postal.house.clock.now()
        recovery.send_reset_link(db, postal.house.parts.links, postal.person, Purpose.RESET, at=at)


@both_databases
def test_several_workers_send_each_mail_once(postal: PostalHouse) -> None:
    postal.queue(16)
    postal.be_patient()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: postal.work(), range(4))) == 16
    assert len(postal.ids) == len(set(postal.ids)) == 16
    assert {(row.outcome, row.attempts) for row in postal.rows()} == {("sent", 1)}


class _SlowPost:
    """While it sends, its lease ends and another worker does the whole work."""

    def __init__(self, postal: PostalHouse, fault: Undelivered | None = None) -> None:
        self.postal, self.fault, self.real = postal, fault, postal.house.parts.post
        postal.house.app.extensions["portal"] = replace(postal.house.parts, post=self)

    def send(self, letter: Letter) -> None:
        self.postal.house.app.extensions["portal"] = replace(self.postal.house.parts, post=self.real)
        self.postal.house.clock.set(self.postal.house.clock.now() + LEASE)
        self.postal.work()
        if self.fault:
            raise self.fault


@both_databases
@pytest.mark.parametrize("fault", [None, Undelivered("451"), Undelivered("550", permanent=True)], ids=str)
def test_a_worker_that_comes_back_late_changes_nothing(postal: PostalHouse, fault: Undelivered | None) -> None:
    postal.queue()
    _SlowPost(postal, fault)
    assert work_once(postal.house.app)
    (row,) = postal.rows()
    assert (row.outcome, row.error, row.attempts) == ("sent", None, 2)
    postal.house.clock.move(days=30)
    assert postal.work() == 0


def test_a_worker_that_comes_back_late_with_a_sent_mail_stops_the_next_attempt(postal: PostalHouse) -> None:
    postal.queue()
    postal.server.behaviour[Step.RCPT] = "451 not now"  # for the one that takes over
    _SlowPost(postal)
    assert work_once(postal.house.app)
    assert (postal.rows()[0].outcome, postal.rows()[0].error) == ("sent", None)
    postal.server.behaviour.clear()
    postal.house.clock.move(days=30)
    assert postal.work() == 0


def test_a_row_that_kills_its_workers_is_not_handed_out_for_ever(postal: PostalHouse) -> None:
    postal.queue()
    for _ in range(outbox.MOST_CLAIMS):
        with postal.house.parts.database.write() as db:
            assert outbox.claim(db, at=postal.house.clock.now())  # and the worker is gone
        postal.house.clock.set(postal.house.clock.now() + LEASE)
    assert postal.work() == 1
    assert (postal.rows()[0].outcome, postal.rows()[0].error) == ("failed", "worker died")
    assert not postal.ids


def _fail_once(postal: PostalHouse, statement_starts: str, times: int = 1) -> Any:
    """The database refuses the next statements that settle a row, as when it restarts."""
    left = [times]

    def refuse(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(statement_starts) and left[0]:
            left[0] -= 1
            raise OperationalError(statement, None, Exception("the server closed the connection"))

    event.listen(postal.house.parts.database.writer, "before_cursor_execute", refuse)
    return refuse


def test_a_database_that_restarts_does_not_make_us_forget_a_mail_that_has_left(
    postal: PostalHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(post.time, "sleep", pauses.append)
    postal.queue()
    _fail_once(postal, "UPDATE outbox SET payload", times=2)
    postal.work()
    assert pauses == [1.0, 4.0]
    assert postal.rows()[0].outcome == "sent"
    assert len(postal.ids) == 1


@pytest.fixture
def broken_task(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    tried: list[datetime] = []

    def fail(db: Connection, _parts: Parts, payload: dict[str, Any], at: datetime) -> None:
        tried.append(at)
        outbox.put(db, outbox.MAIL, "password_set", {}, at=at, recipient="eve@example.com")
        raise LookupError(f"nobody has {payload['email']}")

    monkeypatch.setitem(duties.TASKS, "broken", fail)
    return tried


def test_a_task_that_fails_for_ever_ends_visibly_and_without_personal_data(
    house: House, broken_task: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    with house.parts.database.write() as db:
        outbox.put(db, outbox.TASK, "broken", {"email": "anna@example.com"}, at=house.clock.now())
    log = logging.getLogger("portal")
    log.addHandler(caplog.handler)
    try:
        for wait in (*RETRY_AFTER, timedelta()):
            assert work_once(house.app)
            house.clock.set(house.clock.now() + wait)
    finally:
        log.removeHandler(caplog.handler)
    assert len(broken_task) == len(RETRY_AFTER) + 1
    with house.parts.database.read() as db:
        (row,) = db.execute(outbox.outbox.select()).all()  # and none of the mails that it began to write
    assert (row.outcome, row.error, row.payload) == ("failed", "LookupError", {})
    lines = [logs.JsonLines(dict).format(record) for record in caplog.records]
    assert len(lines) == len(broken_task)
    for line in lines:
        facts = json.loads(line)
        assert (facts["task"], facts["fault"]) == ("broken", "LookupError")
        assert "test_worker.py" in facts["places"][-1]
        assert "anna" not in line


def test_a_task_taken_over_leaves_nothing_of_the_late_worker(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work of a task and the end of its row are one transaction, and the claim is asked at its end."""

    def slow(db: Connection, _parts: Parts, _payload: dict[str, Any], at: datetime) -> None:
        outbox.put(db, outbox.MAIL, "password_set", {}, at=at, recipient="anna@example.com")
        db.execute(outbox.outbox.update().where(outbox.outbox.c.topic == outbox.TASK).values(attempts=2))

    monkeypatch.setitem(duties.TASKS, "slow", slow)
    with house.parts.database.write() as db:
        outbox.put(db, outbox.TASK, "slow", {}, at=house.clock.now())
    assert work_once(house.app)
    with house.parts.database.read() as db:
        (row,) = db.execute(outbox.outbox.select()).all()
    assert (row.outcome, row.attempts) == (None, 1)
