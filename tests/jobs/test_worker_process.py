"""The command `portal worker` as a process of its own: killed in the middle of a mail, and asked to stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import portal
from portal.kit import outbox
from portal.kit.clock import SystemClock
from tests.conftest import both_databases
from tests.jobs.conftest import PostalHouse
from tests.outside.servers import Do, Step

PATIENCE_SECONDS = 20.0  # for a process to start on a busy machine


@contextmanager
def worker(postal: PostalHouse, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    settings = postal.house.parts.settings
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    environ |= {
        "PORTAL_INSTANCE_PATH": str(settings.instance_path),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_SECRET_KEY": settings.secret_key.reveal(),
        "PORTAL_SUPPORT_EMAIL": settings.support_email,
        "PORTAL_MAIL_SERVER": settings.mail_server,
        "PORTAL_MAIL_PORT": str(settings.mail_port),
    }
    folder = Path(portal.__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-m", "portal", "worker", *options], env=environ, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def wait_until(true: Callable[[], object], what: str) -> None:
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if true():
            return
        time.sleep(0.02)
    pytest.fail(f"waited in vain: {what}")


@both_databases
@pytest.mark.parametrize(("step", "copies"), [(Step.RCPT, 1), (Step.VERDICT, 2)])
def test_the_mail_of_a_killed_worker_is_sent_by_another(postal: PostalHouse, step: Step, copies: int) -> None:
    """Killed before the content left: one copy. Killed between content and 250: the one doubt that SMTP leaves."""
    postal.server.behaviour[step] = Do.HANG
    postal.queue()
    with worker(postal) as process:
        wait_until(lambda: postal.server.reached.get(step), "the worker never came to the mail server")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    wait_until(lambda: not postal.server.open, "the mail server still sees the dead worker")
    postal.server.behaviour.clear()
    postal.house.clock.set(SystemClock().now())
    assert postal.work() == 0  # the lease holds
    postal.house.clock.set(postal.house.clock.now() + outbox.LEASE)
    assert postal.work() == 1
    assert len(postal.server.taken) == copies
    assert len(postal.ids) == 1
    assert len({mail["Message-ID"] for mail in postal.server.taken}) == 1
    assert (postal.rows()[0].outcome, postal.rows()[0].attempts) == ("sent", 2)


def test_a_worker_that_is_asked_to_stop_finishes_its_mail_and_begins_no_other(postal: PostalHouse) -> None:
    postal.server.behaviour[Step.VERDICT] = Do.HANG
    postal.queue(2)
    with worker(postal) as process:
        wait_until(lambda: postal.server.taken, "the worker never came to the mail server")
        process.terminate()
        time.sleep(0.1)
        assert process.poll() is None, "it left its mail in the middle"
        postal.server.behaviour.clear()
        assert process.wait(10) == 0
    assert len(postal.ids) == 1
    assert [(row.outcome, row.attempts) for row in postal.rows()] == [("sent", 1), (None, 0)]


def test_once_does_what_is_due_and_stops(postal: PostalHouse) -> None:
    postal.queue(3)
    with worker(postal, "--once") as process:
        assert process.wait(PATIENCE_SECONDS) == 0
    assert len(set(postal.ids)) == 3
