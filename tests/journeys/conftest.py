"""A portal whose provider of payments and bank account are there, for every story."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.jobs import invoice_pdf
from tests.helpers.journey import Story, begin


@pytest.fixture
def printer() -> None:
    """Asked for by a story whose invoices are printed: a second each, and tested in tests/jobs/test_invoice_pdf.py."""


@pytest.fixture
def story(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Iterator[Story]:
    """The story; at its end every sum that has arrived is on an invoice, or is a task of the staff."""
    if "printer" not in request.fixturenames:
        request.getfixturevalue("monkeypatch").setattr(invoice_pdf, "_library", lambda: None)
    found = begin(tmp_path, database_url)
    yield found
    found.check_books()
    found.house.parts.database.close()
