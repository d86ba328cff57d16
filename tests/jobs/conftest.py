"""A house whose mail really leaves: by SMTP, to a server on loopback that can be told to misbehave."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts import mails
from portal.accounts.queries import Administrator
from portal.jobs.post import work_once
from portal.kit import outbox
from portal.outside.post import SmtpPost
from tests.helpers.house import House, build
from tests.outside.servers import MailServer

STEP_SECONDS, CONVERSATION_SECONDS = 0.3, 3.0  # patience with a server that hangs, on a busy machine too


@dataclass
class PostalHouse:
    """A house, its mail server, and one person."""

    house: House
    server: MailServer
    person: Administrator

    def queue(self, number: int = 1) -> None:
        """Notices without a link, all to the person."""
        with self.house.parts.database.write() as db:
            for _ in range(number):
                mails.password_set(db, to=self.person, at=self.house.clock.now())

    def work(self) -> int:
        """Let the worker do what is due; returns how many rows it took."""
        rows = 0
        while work_once(self.house.app):
            rows += 1
        return rows

    def be_patient(self) -> None:
        """Wait for the mail server as long as in production: a busy machine is no fault of several at once."""
        self.house.app.extensions["portal"] = replace(self.house.parts, post=SmtpPost(self.house.app))

    def rows(self, topic: str = outbox.MAIL) -> list[Any]:
        with self.house.parts.database.read() as db:
            found = select(outbox.outbox).where(outbox.outbox.c.topic == topic).order_by(outbox.outbox.c.id)
            return list(db.execute(found))

    @property
    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.server.accepted]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as found:
        yield found


@pytest.fixture
def postal(tmp_path: Path, database_url: str, server: MailServer) -> Iterator[PostalHouse]:
    house = build(tmp_path, database_url, mail_server="127.0.0.1", mail_port=server.port)
    smtp = SmtpPost(house.app, step=STEP_SECONDS, limit=CONVERSATION_SECONDS)
    house.app.extensions["portal"] = replace(house.parts, post=smtp)
    house.platform(1234, ends_in=36_500)  # a worker with a process of its own has the real clock: it reminds nobody
    yield PostalHouse(house, server, house.person("m1234", email="Anna@Example.com"))
    house.parts.database.close()
