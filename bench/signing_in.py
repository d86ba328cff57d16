"""What signing in costs beyond the hash: CPU of the POST less that of the hash alone, the portal beside A.

In this process and interleaved, with the same token hash on both sides; everybody comes in for the first time, from a
browser that is not known. The whole process is counted, so that a hash in a thread of its own is not forgotten.
"""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from argon2 import PasswordHasher

from bench import goals, houses, stats, yardstick
from bench.driver import PASSWORD, Browser, enter
from bench.goals import Result

PORTAL, A, HASH = "portal", "A", "the hash alone"
WARM_UP = 20


def measure(folder: Path, *, platforms: int = 10_000, count: int = 300) -> list[Result]:
    app = houses.portal(houses.fresh(folder, "portal"), platforms, throttle=True, **houses.TOKEN_HASH)
    bare, stored = folder / "yardstick.db", houses.token_hash()
    yardstick.seed(bare, platforms, stored)
    apps = {PORTAL: app, A: yardstick.create_app(bare, rows=1)}
    hasher = PasswordHasher(1, 1024, 1)
    taken: dict[str, list[float]] = {name: [] for name in (PORTAL, A, HASH)}
    for number in range(1, count + WARM_UP + 1):
        for name in random.sample(list(taken), len(taken)):
            if name == HASH:
                used = _used(lambda: hasher.verify(stored, PASSWORD))
            else:
                used = _entered(Browser(apps[name]), number)
            if number > WARM_UP:
                taken[name].append(used)
    return [_told(taken)]


def _entered(browser: Browser, number: int) -> float:
    """What the last request of signing in took: the POST."""
    enter(browser, number)
    return browser.process


def _used(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


def _told(taken: dict[str, list[float]]) -> Result:
    alone = statistics.median(taken[HASH])
    beyond = {name: [each - alone for each in taken[name]] for name in (PORTAL, A)}
    print("\n| signing in | CPU ms | beyond the hash |\n|---|---|---|")
    for name, each in taken.items():
        middle = statistics.median(each) * 1e3
        print(f"| {name} | {middle:.2f} | {middle - alone * 1e3:.2f} |")
    ratio = stats.paired_ratio(beyond[PORTAL], beyond[A])
    middles = {name: f"{statistics.median(each) * 1e3:.2f} ms" for name, each in beyond.items()}
    return Result(goals.BEYOND_THE_HASH, ratio, f"{middles[PORTAL]}, A {middles[A]}")
