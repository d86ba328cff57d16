"""What a balance and a spending cost as the ledger of a platform grows: `python -m bench.credits`.

One platform of each size, in one database, asked in turn in a shuffled order: a ratio is the median of ratios of
neighbours, to the smallest ledger. Beside each balance the same one is summed up from all movements, as it would have
to be if nothing were kept with them: the yardstick. A spending is its statements: the commit is the disk's, and alike.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, bindparam, func, select, text

from bench import shops, stats
from portal import migrations
from portal.credits import actions, queries
from portal.credits.actions import Spent
from portal.credits.tables import Kind, lots, movements
from portal.kit.clock import SystemClock
from portal.kit.db import Database
from portal.setting_values import zone
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform

SIZES = (10, 10_000, 100_000)  # movements
LOTS = 5
ROUNDS = 60
_ALL_OF_IT = select(func.sum(movements.c.amount)).join(lots).where(lots.c.platform_id == bindparam("platform_id"))
BOUGHT, E = date(2026, 1, 7), date(2027, 12, 31)


@dataclass
class Taken:
    """Seconds of each call, by the number of movements."""

    balance: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    summed: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    spent: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})


def main() -> None:
    print("| database | movements | balance ms | to the smallest | summed up ms | spending ms | to the smallest |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        _line("SQLite", f"sqlite:///{Path(folder) / 'credits.db'}")
    with shops.postgres() as url:
        _line("PostgreSQL", url)


def _line(name: str, url: str) -> None:
    database = Database(url)
    migrations.upgrade(database.writer)
    at = SystemClock().now()
    with database.write() as db:
        for size in SIZES:
            _ledger(db, size, at)
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE"))
    taken = _measure(database, at)
    database.close()
    small = SIZES[0]
    for size in SIZES:
        balance, summed, spent = (_ms(of[size]) for of in (taken.balance, taken.summed, taken.spent))
        read = stats.paired_ratio(taken.balance[size], taken.balance[small])
        took = stats.paired_ratio(taken.spent[size], taken.spent[small])
        print(f"| {name} | {size} | {balance:.2f} | {read:.2f} | {summed:.2f} | {spent:.2f} | {took:.2f} |")


def _ledger(db: Connection, size: int, at: datetime) -> None:
    """A platform, whose ID is the number of its movements, written as `credits.ledger` would have written them."""
    new = NewPlatform(size, "pro", email_channel=True, sms_channel=True, term=(BOUGHT, E))
    subscription.create(db, new, at=at)
    each = size // LOTS
    for _ in range(LOTS):
        lot_id = actions.grant(db, size, 10 * size, bought_on=BOUGHT, expires_on=E, at=at)
        row = {"lot_id": lot_id, "amount": -1, "kind": Kind.SPENT, "at": at}
        rows = [
            row
            | {"number": number, "remaining": 10 * size + 1 - number, "idempotency_key": f"{size}:{lot_id}#{number}"}
            for number in range(2, each + 1)
        ]
        db.execute(movements.insert(), rows)


def _measure(database: Database, at: datetime) -> Taken:
    taken = Taken()
    for number in range(ROUNDS + 5):
        for size in random.sample(SIZES, len(SIZES)):
            calls: dict[str, Callable[[int, int], float]] = {
                "balance": lambda size, _number: _balance(database, size),
                "summed": lambda size, _number: _summed(database, size),
                "spent": lambda size, number: _spend(database, size, f"bench-{number}", at),
            }
            for name, call in calls.items():
                seconds = call(size, number)
                if number >= 5:  # the first ones warm up
                    getattr(taken, name)[size].append(seconds)
    return taken


def _balance(database: Database, platform_id: int) -> float:
    with database.read() as db:
        before = time.perf_counter()
        queries.lots_of(db, platform_id)
        return time.perf_counter() - before


def _summed(database: Database, platform_id: int) -> float:
    with database.read() as db:
        before = time.perf_counter()
        db.execute(_ALL_OF_IT, {"platform_id": platform_id}).scalar_one()
        return time.perf_counter() - before


def _spend(database: Database, platform_id: int, key: str, at: datetime) -> float:
    with database.write() as db:
        before = time.perf_counter()
        found = actions.spend(db, platform_id, 1, key=key, at=at, zone=zone("Europe/Rome"), expires_on=E)
        taken = time.perf_counter() - before
    if not isinstance(found, Spent):
        raise RuntimeError(f"nothing was spent: {found}")
    return taken


def _ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1e3


if __name__ == "__main__":
    main()
