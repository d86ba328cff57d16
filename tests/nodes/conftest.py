"""A place with a database of its own, on which several nodes and workers run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import databases, nodes
from tests.helpers.nodes import Place
from tests.outside.providers import KEY, WEBHOOK_SECRET
from tests.outside.servers import MailServer


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as found:
        yield found


@pytest.fixture
def url() -> Iterator[str]:
    with databases.postgres() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, url: str, mail: MailServer) -> Iterator[Place]:
    """Where nodes are started that share a database; without limits, because everybody comes from one address."""
    settings = {"PORTAL_DATABASE_URL": url, "PORTAL_THROTTLE": "0", "PORTAL_SUPPORT_EMAIL": "help@example.com"}
    settings |= {"PORTAL_MAIL_SERVER": "127.0.0.1", "PORTAL_MAIL_PORT": str(mail.port)}
    settings |= {"PORTAL_STRIPE_SECRET_KEY": KEY.reveal(), "PORTAL_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET.reveal()}
    with nodes.place(tmp_path, **settings) as found:
        yield found
