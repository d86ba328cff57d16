"""The overview and the sign-in page, served: CPU of the whole process tree for each page, in shuffled rounds.

The portal is served as it is shipped (`portal serve`), by one process; A by one process of the same server with as many
threads, and by gunicorn's threads. Everybody's page is about as long. The clock's time is not compared: who asks shares
the machine with who answers.
"""

import random
import statistics
from contextlib import ExitStack
from pathlib import Path

from bench import goals, houses, processes, stats, yardstick
from bench.driver import enter
from bench.goals import Result
from bench.processes import Server
from bench.visitor import Visitor

SOMEBODY = 7
OVERVIEW, SIGN_IN, A, A_GUNICORN = "overview", "sign-in page", "A", "A on gunicorn"
A_SIGN_IN = "A's sign-in page"


def measure(folder: Path, *, platforms: int = 10_000, rounds: int = 7, seconds: float = 3) -> list[Result]:
    with ExitStack() as stack:
        house = houses.fresh(folder, "portal")
        houses.portal(house, platforms, **houses.TOKEN_HASH).extensions["portal"].database.close()
        served = stack.enter_context(processes.portal(house))
        served.wait("/login")
        somebody = Visitor(served.port)
        enter(somebody, SOMEBODY)
        size = len(somebody.ask("GET", "/subscription")[1].encode())
        bare, rows = folder / "yardstick.db", yardstick.rows_for(size)
        yardstick.seed(bare, platforms, houses.token_hash())
        bares = [stack.enter_context(processes.yardstick(bare, rows, gunicorn=how)) for how in (False, True)]
        asked = {OVERVIEW: (served, "/subscription", somebody.cookie), SIGN_IN: (served, "/login", "")}
        for name, server in zip((A, A_GUNICORN), bares, strict=True):
            server.wait("/login")
            customer = Visitor(server.port)
            enter(customer, SOMEBODY)
            asked[name] = (server, "/page", customer.cookie)
        asked[A_SIGN_IN] = (bares[0], "/login", "")
        taken = _rounds(asked, rounds, seconds)
    return _told(taken, size)


def _rounds(asked: dict[str, tuple[Server, str, str]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """CPU microseconds of a page, round by round; the first round warms up."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name in random.sample(list(asked), len(asked)):
            server, path, cookie = asked[name]
            before = server.cpu()
            done = processes.load(server, path, cookie, seconds if number else 1)
            if done.failed:
                raise RuntimeError(f"{name}: {done.failed} of {done.requests} pages failed")
            if number:
                taken[name].append((server.cpu() - before) / done.requests * 1e6)
    return taken


def _told(taken: dict[str, list[float]], size: int) -> list[Result]:
    print(f"\nPages of {size} bytes, CPU µs each\n\n| page | CPU µs | ratio to A |\n|---|---|---|")
    for name, each in taken.items():
        print(f"| {name} | {statistics.median(each):.0f} | {stats.paired_ratio(each, taken[A]):.2f} |")
    micro = {name: f"{statistics.median(each):.0f} µs" for name, each in taken.items()}
    return [
        Result(goals.OVERVIEW, stats.paired_ratio(taken[OVERVIEW], taken[A]), f"{micro[OVERVIEW]}, A {micro[A]}"),
        Result(
            goals.AS_SHIPPED,
            stats.paired_ratio(taken[OVERVIEW], taken[A_GUNICORN]),
            f"{micro[OVERVIEW]}, A on gunicorn {micro[A_GUNICORN]}",
        ),
        Result(
            goals.SIGN_IN_PAGE,
            stats.paired_ratio(taken[SIGN_IN], taken[A_SIGN_IN]),
            f"{micro[SIGN_IN]}, A's {micro[A_SIGN_IN]}",
        ),
    ]
