"""Nights to be worked in tests, and what they leave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import event, select

from portal.jobs import nightly
from portal.jobs.nightly import Done
from portal.kit import outbox
from portal.kit.nights import nights
from portal.kit.outbox import Outcome
from portal.outside.post import Letter
from portal.rules import dates
from portal.subscription.tables import notices
from tests.helpers.house import House

REMINDERS = "reminders"


def today(house: House) -> date:
    return dates.business_date(house.clock.now(), house.parts.settings.timezone)


def morning(house: House, day: date) -> None:
    """Five o'clock in the morning of the day, in Rome."""
    house.clock.set(datetime(day.year, day.month, day.day, 5, tzinfo=house.parts.settings.timezone))


def work(house: House, step: str = REMINDERS, day: date | None = None) -> Done:
    """A step of the night of today, or of the day, as often as one likes."""
    return nightly.work(house.parts, day or today(house), step, anew=True)


def remind(house: House, day: date | None = None) -> list[Letter]:
    """The reminders of the night; returns the letters that left."""
    assert work(house, day=day).complete
    return house.work()


def rows(house: House) -> list[Any]:
    """The mails that were written for notices."""
    with house.parts.database.read() as db:
        found = select(outbox.outbox).where(outbox.outbox.c.name.like("%_reminder")).order_by(outbox.outbox.c.id)
        return list(db.execute(found))


def sent(house: House) -> list[str]:
    """The keys of the mails that left, each with the number of its administrator."""
    return [row.deduplication_key for row in rows(house) if row.outcome == Outcome.SENT]


def keys(house: House) -> list[str]:
    """The keys of the notices that were written."""
    with house.parts.database.read() as db:
        return list(db.execute(select(notices.c.key).order_by(notices.c.id)).scalars())


def steps(house: House) -> dict[tuple[date, str], Any]:
    """Every step of a night that was begun."""
    with house.parts.database.read() as db:
        return {(row.day, row.step): row for row in db.execute(select(nights))}


class PowerCut(BaseException):
    """The process dies here: nothing in it may catch this and go on."""


@dataclass
class Power:
    """The power of a house, which can go off before the n-th statement from now; None: it stays on."""

    fuse: int | None = None
    statements: int = 0

    def burn(self, *_given: Any) -> None:
        self.statements += 1
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise PowerCut


@contextmanager
def powered(house: House) -> Iterator[Power]:
    power = Power()
    for engine in (house.parts.database.writer, house.parts.database.reader):
        event.listen(engine, "before_cursor_execute", power.burn)
    yield power
    for engine in (house.parts.database.writer, house.parts.database.reader):
        event.remove(engine, "before_cursor_execute", power.burn)


def cut(power: Power, act: Callable[[], object], fuse: int | None) -> bool:
    """Do it until the fuse has burnt down; whether it came to its end."""
    power.fuse = fuse
    with suppress(PowerCut):
        act()
        power.fuse = None
        return True
    power.fuse = None
    return False


def careless(house: House) -> None:
    """Commits of SQLite wait for no disk: for tests of thousands of them, of which none is about the disk."""
    if house.parts.database.writer.dialect.name == "sqlite":
        connection = house.parts.database.writer.raw_connection()  # no transaction begins
        connection.cursor().execute("PRAGMA synchronous = OFF")
        connection.close()
