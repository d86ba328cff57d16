"""What the tools need: a database, and nothing that knows of subscriptions."""

from collections.abc import Iterator

import pytest

from portal.kit.db import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()
