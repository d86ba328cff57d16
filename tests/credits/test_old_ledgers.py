"""A ledger from before the movements were numbered: filled once by the migration, and gone on with from there."""

from datetime import UTC, date, datetime

from sqlalchemy import Engine, MetaData, Table, select

from portal import migrations
from portal.credits import ledger
from portal.credits.ledger import Entry
from portal.credits.tables import Kind, movements
from portal.kit.db import Database
from tests.invariants.test_migrations import both_empty, empty

__all__ = ["empty"]  # the fixture, found here by its name
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
# (lot, amount), in the order in which they were booked; lot 2000 lies behind the first slice
BOOKED = [(1, 100), (2000, 50), (1, -30), (2, 7), (2000, -50), (1, -70)]
COUNTED = [(1, 1, 100), (1, 2, 70), (1, 3, 0), (2, 1, 7), (2000, 1, 50), (2000, 2, 0)]


def old_ledger(engine: Engine) -> None:
    migrations.upgrade(engine, "0009")
    platform = {"id": 7, "email_channel": True, "sms_channel": True, "trial": False, "company": "", "created_at": AT}
    bought = [{"id": number, "platform_id": 7, "bought_on": date(2026, 11, 20)} for number in (1, 2, 2000)]
    rows = [{"lot_id": lot, "amount": amount, "kind": "spent", "at": AT} for lot, amount in BOOKED]
    with engine.begin() as db:
        for name, some in (("platforms", [platform]), ("lots", bought), ("movements", rows)):
            db.execute(Table(name, MetaData(), autoload_with=db).insert(), some)


def counted(engine: Engine) -> list[tuple[int, int, int]]:
    rows = select(movements.c.lot_id, movements.c.number, movements.c.remaining)
    with engine.connect() as db:
        return [tuple(row) for row in db.execute(rows.order_by(movements.c.lot_id, movements.c.number))]


@both_empty
def test_what_was_booked_before_is_numbered_and_summed_up(empty: Engine) -> None:
    old_ledger(empty)
    migrations.upgrade(empty)
    assert counted(empty) == COUNTED


@both_empty
def test_the_ledger_goes_on_where_the_old_one_ended(empty: Engine) -> None:
    old_ledger(empty)
    migrations.upgrade(empty)
    database = Database(empty.url.render_as_string(hide_password=False))
    with database.write() as db:
        ledger.append(db, [Entry(2, -3, Kind.SPENT, AT)])
    assert list(ledger.find_broken(database)) == []
    database.close()
    assert (2, 2, 4) in counted(empty)


@both_empty
def test_the_way_back_keeps_every_movement(empty: Engine) -> None:
    old_ledger(empty)
    migrations.upgrade(empty)
    migrations.downgrade(empty, "0009")
    old = Table("movements", MetaData(), autoload_with=empty)
    with empty.connect() as db:
        rows = db.execute(select(old.c.lot_id, old.c.amount).order_by(old.c.id)).all()
    assert [tuple(row) for row in rows] == BOOKED
    migrations.upgrade(empty)
    assert counted(empty) == COUNTED
