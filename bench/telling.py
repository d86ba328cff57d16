"""Whether an answer tells a known account from an unknown one: limits on, each request from another network.

The area under the curve for one measurement: 0.5 tells nothing, 1 always tells. In this process, known and unknown in
turn, in either order. What is told apart by a mail server is measured with one (`bench/recovery.py`).
"""

import random
import statistics
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from bench import goals, houses, stats
from bench.driver import Browser
from bench.goals import Result

KNOWN, UNKNOWN = "known", "unknown"
FAR_FROM_ANYBODY = 500_000_000
WARM_UP = 30
Fields = Callable[[str], dict[str, str]]
REQUESTS: dict[str, tuple[str, Fields]] = {
    "sign-in": ("/login", lambda who: {"username": who, "password": "not the password at all"}),
    "reset": ("/reset-password", lambda who: {"username": who, "email": _mail(who)}),
    "user name": ("/recover-username", lambda who: {"email": _mail(who)}),
}


def measure(folder: Path, *, sizes: tuple[int, ...] = (10_000, 1_000_000), side: int = 500) -> list[Result]:
    print("\n| platforms | request | known ms | unknown ms | difference ms | area | p |\n|---|---|---|---|---|---|---|")
    results = []
    for platforms in sizes:
        app = houses.kept(folder, platforms, throttle=True)
        results += [_told(app, platforms, label, side) for label in REQUESTS]
        app.extensions["portal"].database.close()
    return results


def _told(app: Flask, platforms: int, label: str, side: int) -> Result:
    path, fields = REQUESTS[label]
    browser = Browser(app)
    token, found = browser.hidden(path), {KNOWN: list[float](), UNKNOWN: list[float]()}
    for number in range(side + WARM_UP):
        for kind in random.sample((KNOWN, UNKNOWN), 2):
            who = f"m{random.randint(1, platforms) + (0 if kind == KNOWN else FAR_FROM_ANYBODY)}"
            browser.address = f"10.{random.randint(0, 255)}.{random.randint(0, 255)}.1"
            browser.ask("POST", path, fields(who) | {"csrf_token": token})
            if number >= WARM_UP:
                found[kind].append(browser.wall)
    known, unknown = (statistics.median(found[kind]) * 1e3 for kind in (KNOWN, UNKNOWN))
    area, p = stats.separability(found[KNOWN], found[UNKNOWN]), stats.rank_test(found[KNOWN], found[UNKNOWN])
    print(f"| {platforms:,} | {label} | {known:.2f} | {unknown:.2f} | {unknown - known:+.3f} | {area:.3f} | {p:.2f} |")
    return Result(goals.separable(label, platforms), area, f"{known:.2f} and {unknown:.2f} ms, {side} a side")


def _mail(username: str) -> str:
    return f"user{username[1:]}@example.com"
