"""How many orders are settled in a second, and where their time goes.

Each order is settled in its own transaction, as the worker does it. After each one an event is written in a transaction
of its own: one row and one commit, the yardstick of the same disk at the same moment. Figures are medians, and a ratio
is the median of ratios of neighbours. The worker's figure is the whole way of a report through the outbox: claimed in
one transaction, settled and finished in another.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench import goals, shops, stats
from bench.shops import Shop
from portal.billing import settle
from portal.billing.settle import Result
from portal.jobs.payments import REPORT_TASK, till
from portal.jobs.post import work_once
from portal.kit import audit, outbox

WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of each order, in all and of this thread; of the yardstick beside it; of each report by the worker."""

    settled: list[float]
    cpu: list[float]
    yardstick: list[float]
    worked: list[float]
    statements: int  # of one settled order


def measure(folder: Path, count: int) -> list[goals.Result]:
    """Print a line for each database; the goal is SQLite's."""
    print(f"\n{count} orders settled, each in its own transaction\n")
    print("| database | orders a second | ms each | CPU ms | one row and its commit = 1 | by the worker | statements |")
    print("|---|---|---|---|---|---|---|")
    rates = []
    for durable in (True, False):
        name = "SQLite" if durable else "SQLite, synchronous = OFF"
        place = folder / ("durable" if durable else "off")
        place.mkdir()
        taken = _run(shops.shop(place, f"sqlite:///{place / 'bench.db'}", 2 * count, durable=durable))
        _line(name, taken)
        rates.append(1 / statistics.fmean(taken.settled))
    place = folder / "postgres"
    place.mkdir()
    with shops.postgres() as url:
        shop = shops.shop(place, url, 2 * count)
        taken = _run(shop)
        _line("PostgreSQL", taken)
        shop.parts.database.close()
    told = f"{rates[1]:.0f} without waiting for the disk; PostgreSQL {1 / statistics.fmean(taken.settled):.0f}"
    return [goals.Result(goals.SETTLED, rates[0], told)]


def _line(name: str, taken: Taken) -> None:
    each, cpu = statistics.median(taken.settled) * 1e3, statistics.median(taken.cpu) * 1e3
    ratio = stats.paired_ratio(taken.settled, taken.yardstick)
    worker = statistics.median(taken.worked) / statistics.median(taken.yardstick)
    rate = 1 / statistics.fmean(taken.settled)
    print(f"| {name} | {rate:.0f} | {each:.2f} | {cpu:.2f} | {ratio:.1f} | {worker:.1f} | {taken.statements} |")


def _run(shop: Shop) -> Taken:
    """The first half of the orders by themselves, the second half through the outbox."""
    half = len(shop.orders) // 2
    settled, cpu, yardstick = [], [], []
    for order in shop.orders[1:half]:
        before = time.thread_time()
        settled.append(_timed(partial(_settle, shop, order)))
        cpu.append(time.thread_time() - before)
        yardstick.append(_timed(lambda: _one_row(shop)))
    worked = _through_the_worker(shop, half)
    statements = _count(shop, lambda: _settle(shop, shop.orders[0]))  # last: who was listened to once stays slower
    return Taken(settled[WARM_UP:], cpu[WARM_UP:], yardstick[WARM_UP:], worked[WARM_UP:], statements)


def _settle(shop: Shop, order: Any) -> None:
    """What a report of the whole amount causes: payment, term, invoice, mail, errands, activity."""
    with shop.parts.database.write() as db:
        found = settle.receive(db, shop.report(order), till(shop.parts, shop.parts.clock.now()), order_id=order.id)
    if found is not Result.DELIVERED:
        raise RuntimeError(f"order {order.id} came out as {found}")


def _one_row(shop: Shop) -> None:
    with shop.parts.database.write() as db:
        audit.record(db, "bench", at=shop.parts.clock.now())


def _through_the_worker(shop: Shop, half: int) -> list[float]:
    """Reports in the outbox, taken by the worker before what they cause."""
    with shop.parts.database.write() as db:
        db.execute(outbox.outbox.delete())
        for order in shop.orders[half:]:
            report = shop.begin(db, order)
            outbox.put(db, outbox.TASK, REPORT_TASK, report.to_json(), at=order.placed_at)
        db.execute(outbox.outbox.delete().where(outbox.outbox.c.topic != outbox.TASK))
    return [_timed(lambda: work_once(shop.app)) for _ in shop.orders[half:]]


def _count(shop: Shop, call: Callable[[], None]) -> int:
    """How many statements reach the database, BEGIN and COMMIT aside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(shop.parts.database.writer, "before_cursor_execute", note)
    call()
    event.remove(shop.parts.database.writer, "before_cursor_execute", note)
    return len([statement for statement in seen if not statement.startswith("BEGIN")])


def _timed(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
