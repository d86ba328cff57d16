"""What was done, as it was done."""

from datetime import UTC, datetime

from sqlalchemy import select

from portal.kit import audit
from portal.kit.db import Database
from tests.conftest import both_databases

NOON = datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)


@both_databases
def test_an_event_keeps_who_what_when_from_where_and_why(database: Database) -> None:
    with database.write() as db:
        audit.record(
            db, "test.done", at=NOON, platform_id=1234, administrator_id=5, network="198.51.100.0/24", why="a\x00\r\nb"
        )
    with database.read() as db:
        row = db.execute(select(audit.events)).one()
    assert tuple(row) == (1, NOON, "test.done", 1234, 5, "198.51.100.0/24", {"why": "a\x00\r\nb"}, *[None] * 4)


@both_databases
def test_an_event_is_undone_with_what_it_tells(database: Database) -> None:
    try:
        with database.write() as db:
            audit.record(db, "test.done", at=NOON)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with database.read() as db:
        assert db.execute(select(audit.events)).all() == []
