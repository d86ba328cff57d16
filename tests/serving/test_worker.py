"""`portal worker` asked to stop while it does something."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.helpers import databases
from tests.helpers.nodes import LONG, Place, place, until
from tests.helpers.processes import free_port


class SlowOffice:
    """A mail server that takes a letter only when it is told to."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.asked, self.free = threading.Event(), threading.Event()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.asked.set()
        while not self.free.is_set():
            await asyncio.sleep(0.05)
        assert isinstance(envelope.content, bytes)
        self.letters.append(envelope.content)
        return "250 OK"


@pytest.fixture
def office() -> Iterator[SlowOffice]:
    found = SlowOffice()
    yield found
    found.free.set()


@pytest.fixture
def here(tmp_path: Path, office: SlowOffice) -> Iterator[Place]:
    port = free_port()
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    mail = {"PORTAL_MAIL_SERVER": "127.0.0.1", "PORTAL_MAIL_PORT": str(port)}
    with databases.chosen(tmp_path) as url, place(tmp_path, PORTAL_DATABASE_URL=url, **mail) as found:
        found.customer()
        yield found
    controller.stop()


def test_the_letter_on_its_way_is_delivered_and_none_after_it(here: Place, office: SlowOffice) -> None:
    for ticket in ("4711", "4712"):
        here.run("send-reset-link", "m1234", "--reason", f"ticket {ticket}")
    worker = here.worker()
    assert office.asked.wait(LONG), worker.log()
    worker.signal(signal.SIGTERM)
    assert not office.letters
    office.free.set()
    assert worker.wait() == 0
    assert len(office.letters) == 1


def test_nothing_is_lost_and_nothing_sent_twice(here: Place, office: SlowOffice) -> None:
    here.run("send-reset-link", "m1234", "--reason", "ticket 4711")
    worker = here.worker()
    assert office.asked.wait(LONG), worker.log()
    worker.signal(signal.SIGTERM)
    office.free.set()
    assert worker.wait() == 0
    here.run("worker", "--once")
    assert len(office.letters) == 1


def test_one_that_has_nothing_to_do_ends_at_once(here: Place, office: SlowOffice) -> None:
    here.run("send-reset-link", "m1234", "--reason", "ticket 4711")
    office.free.set()
    worker = here.worker()
    until(lambda: bool(office.letters), worker.log)
    assert worker.stop() == 0
