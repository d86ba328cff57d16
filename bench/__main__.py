"""`make bench`: the portal against a bare Flask page, known against unknown accounts, orders settled, a business that
moves in, and a night.

Everything runs in this process and is interleaved in a shuffled order, so that ratios hold on a noisy machine. Figures
are medians; a ratio is the median of ratios of neighbours.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import houses, moving_in, night, settle, stats
from bench.driver import Browser
from portal.parts import Parts

KNOWN, UNKNOWN = "known", "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--platforms", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=400, help="pages of each kind")
    parser.add_argument("--pairs", type=int, default=400, help="pairs of known and unknown")
    parser.add_argument("--orders", type=int, default=1_000, help="orders settled on each database")
    parser.add_argument("--rows", type=int, default=50_000, help="rows moved in on each database")
    parser.add_argument("--only", choices=("pages", "settle", "night", "import"), help="one part of it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.only in (None, "pages"):
            pages(Path(folder), given.platforms, given.pages)
            sign_in(Path(folder), given.platforms, given.pages // 4)
            separability(Path(folder), given.platforms, given.pairs)
        if given.only in (None, "settle"):
            settle.measure(_fresh(Path(folder), "settle"), given.orders)
        if given.only in (None, "import"):
            moving_in.measure(_fresh(Path(folder), "import"), given.rows)
        if given.only in (None, "night"):
            night.measure(_fresh(Path(folder), "night"), given.platforms)


def pages(folder: Path, platforms: int, count: int) -> None:
    """The overview and the sign-in page against the bare page of the overview's size."""
    app = houses.portal(_fresh(folder, "pages"), platforms, **houses.TOKEN_HASH)
    someone, nobody = Browser(app), Browser(app)
    enter(someone, 7)
    size = len(someone.ask("GET", "/subscription")[1])
    yardstick = Browser(houses.bare(_fresh(folder, "bare"), platforms, size))
    yardstick.ask("POST", "/login", {"uid": "7"})
    calls = {
        "bare page, one query": lambda: yardstick.ask("GET", "/page"),
        "overview, signed in": lambda: someone.ask("GET", "/subscription"),
        "sign-in page": lambda: nobody.ask("GET", "/login"),
    }
    browsers = dict(zip(calls, (yardstick, someone, nobody), strict=True))
    taken = interleaved(calls, count, lambda name: browsers[name].cpu)
    print(
        f"\n{platforms} platforms, pages of {size} bytes\n\n| page | CPU µs | ratio to the bare page |\n|---|---|---|"
    )
    for name, seconds in taken.items():
        ratio = stats.paired_ratio(seconds, taken["bare page, one query"])
        print(f"| {name} | {statistics.median(seconds) * 1e6:.0f} | {ratio:.2f} |")


def sign_in(folder: Path, platforms: int, count: int) -> None:
    """What a sign-in costs beyond the hash: the whole request with a token hash, less that hash."""
    app = houses.portal(_fresh(folder, "sign-in"), platforms, **houses.TOKEN_HASH)
    parts: Parts = app.extensions["portal"]
    with parts.hasher.turn() as turn:
        stored = turn.hash(houses.PASSWORD)
    whole, hashes = [], []
    for number in range(1, count + 1):
        browser = Browser(app)
        enter(browser, number)
        whole.append(browser.wall)
        hashes.append(timed(lambda: _verify(parts, stored)))
    beyond = statistics.median(whole) - statistics.median(hashes)
    print(f"\nSign-in beyond the hash: {beyond * 1e3:.2f} ms wall (whole {statistics.median(whole) * 1e3:.2f} ms)")


def separability(folder: Path, platforms: int, pairs: int) -> None:
    """Whether one answer, or many, tell a known account from an unknown one: throttle on, each from another network."""
    app = houses.portal(_fresh(folder, "separability"), platforms, throttle=True)
    print("\n| request | known ms | unknown ms | difference ms | area under the curve | p |\n|---|---|---|---|---|---|")
    for label, path, fields in (
        ("sign-in, wrong password", "/login", lambda who: {"username": who, "password": "not the password at all"}),
        ("reset", "/reset-password", lambda who: {"username": who, "email": _mail(who)}),
        ("user name", "/recover-username", lambda who: {"email": _mail(who)}),
    ):
        browser = Browser(app)
        token = browser.hidden(path)
        found: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
        for number in range(pairs):
            for kind in random.sample((KNOWN, UNKNOWN), 2):
                who = f"m{random.randint(1, platforms) + (0 if kind == KNOWN else 500_000_000)}"
                browser.address = f"10.{random.randint(0, 255)}.{random.randint(0, 255)}.1"
                browser.ask("POST", path, fields(who) | {"csrf_token": token})
                if number >= pairs // 20:  # the first ones warm up
                    found[kind].append(browser.wall)
        known, unknown = (statistics.median(found[kind]) * 1e3 for kind in (KNOWN, UNKNOWN))
        area, p = stats.separability(found[KNOWN], found[UNKNOWN]), stats.rank_test(found[KNOWN], found[UNKNOWN])
        print(f"| {label} | {known:.2f} | {unknown:.2f} | {unknown - known:+.3f} | {area:.3f} | {p:.2f} |")


def _mail(username: str) -> str:
    return f"user{username[1:]}@example.com"


def _verify(parts: Parts, stored: str) -> None:
    with parts.hasher.turn() as turn:
        turn.verify(stored, houses.PASSWORD)


def enter(browser: Browser, number: int) -> None:
    token = browser.hidden("/login")
    fields = {"csrf_token": token, "username": f"m{number}", "password": houses.PASSWORD, "next": ""}
    status, text = browser.ask("POST", "/login", fields)
    if status != 303:
        raise RuntimeError(f"signing in failed: {status} {text[:300]}")


def interleaved(
    calls: dict[str, Callable[[], object]], count: int, figure: Callable[[str], float]
) -> dict[str, list[float]]:
    """Each call `count` times, in a new shuffled order every round."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(count + 20):
        for name in random.sample(list(calls), len(calls)):
            calls[name]()
            if number >= 20:
                taken[name].append(figure(name))
    return taken


def timed(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def _fresh(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


if __name__ == "__main__":
    main()
