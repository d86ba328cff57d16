"""Whether what a request, the worker or a night does takes longer with a thousand times as many customers.

The same operation in turn in two houses, the larger one with all that gathers in the course of years (`bench.seeding`):
CPU of the whole process, and the clock. Ratios are of the medians. A night is looked at by its slice: 500 platforms.
"""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from bench import goals, houses, shops
from bench.driver import Browser, enter
from bench.goals import Result
from portal import standing
from portal.accounts import limits
from portal.billing import settle
from portal.credits import actions as credits
from portal.desk import search
from portal.jobs import reminders, rounds
from portal.jobs.night import SLICE, Night
from portal.jobs.payments import till
from portal.kit import outbox
from portal.parts import Parts
from portal.rules import dates

READERS = 20
WARM_UP = 3
Call = Callable[[], object]


@dataclass
class Place:
    """A house, people of all of its parts who are signed in, and somebody who is not."""

    platforms: int
    parts: Parts
    stranger: Browser
    token: str
    readers: list[Browser] = field(default_factory=list)

    def somebody(self) -> int:
        return random.randint(1, self.platforms)

    def read(self, path: str) -> Call:
        return partial(random.choice(self.readers).ask, "GET", path)

    def written(self, act: Callable[[Connection], object]) -> Call:
        """The act in a transaction of its own."""

        def run() -> None:
            with self.parts.database.write() as db:
                act(db)

        return run


def measure(folder: Path, *, sizes: tuple[int, int] = (1_000, 1_000_000), count: int = 60) -> list[Result]:
    places = [_place(folder, platforms) for platforms in sizes]
    print(f"\n| operation | {sizes[0]:,}: CPU ms | {sizes[1]:,}: CPU ms | ratio | ratio by the clock |")
    print("|---|---|---|---|---|")
    results = [_told(name, places, count) for name in OPERATIONS]
    for place in places:
        place.parts.database.close()
    return results


def _place(folder: Path, platforms: int) -> Place:
    app = houses.kept(folder, platforms)
    stranger = Browser(app)
    place = Place(platforms, app.extensions["portal"], stranger, stranger.hidden("/reset-password"))
    for number in random.sample(range(1, platforms), READERS):
        reader = Browser(app)
        enter(reader, number)
        place.readers.append(reader)
    return place


def _told(name: str, places: list[Place], count: int) -> Result:
    taken: list[list[tuple[float, float]]] = [[], []]
    for number in range(count + WARM_UP):
        for which in random.sample((0, 1), 2):
            call = OPERATIONS[name](places[which])
            cpu, wall = time.process_time(), time.perf_counter()
            call()
            if number >= WARM_UP:
                taken[which].append((time.process_time() - cpu, time.perf_counter() - wall))
    (cpu, wall), (cpu_of_many, wall_of_many) = (map(statistics.median, zip(*each, strict=True)) for each in taken)
    ratio, by_the_clock = cpu_of_many / cpu, wall_of_many / wall
    print(f"| {name} | {cpu * 1e3:.2f} | {cpu_of_many * 1e3:.2f} | {ratio:.2f} | {by_the_clock:.2f} |")
    told = f"{cpu * 1e3:.2f} and {cpu_of_many * 1e3:.2f} ms CPU; by the clock × {by_the_clock:.2f}"
    return Result(goals.growth_of(name), ratio, told)


def _sign_in(place: Place) -> Call:
    """As somebody who may be there already, and is then asked which of the two stays."""
    return partial(enter, Browser(place.stranger.app), place.somebody())


def _recovery(place: Place) -> Call:
    number = place.somebody()
    fields = {"username": f"m{number}", "email": f"user{number}@example.com", "csrf_token": place.token}
    return partial(place.stranger.ask, "POST", "/reset-password", fields)


def _search(place: Place, typed: str) -> Call:
    def run() -> None:
        with place.parts.database.read() as db:
            search.find(db, typed)

    return run


def _settle(place: Place) -> Call:
    """An order is placed beforehand, which is not counted."""
    parts, at = place.parts, place.parts.clock.now()
    with parts.database.write() as db:
        order = shops.order(db, parts, place.somebody(), at, shops.PACK)
    report = shops.report(order)
    return place.written(lambda db: settle.receive(db, report, till(parts, at), order_id=order.id))


def _spend(place: Place) -> Call:
    number, at, zone = place.somebody(), place.parts.clock.now(), place.parts.settings.timezone
    with place.parts.database.read() as db:
        expires_on = standing.find(db, number, at=at, zone=zone).expires_on
    how: dict[str, Any] = {"key": uuid4().hex, "at": at, "zone": zone, "expires_on": expires_on}
    return place.written(lambda db: credits.spend(db, number, 1, **how))


def _claim(place: Place) -> Call:
    """One mail waits, and is done afterwards by the next call."""
    at = place.parts.clock.now()
    with place.parts.database.write() as db:
        while message := outbox.claim(db, at=at):
            outbox.finish(db, message, outbox.Outcome.SENT, at=at)
        outbox.put(db, outbox.MAIL, "password_set", {}, at=at, recipient="anna@example.com", language="en")
    return place.written(lambda db: outbox.claim(db, at=at))


def _throttle(place: Place) -> Call:
    name, network = f"m{place.somebody()}", f"10.{random.randint(0, 255)}.{random.randint(0, 255)}.0/24"
    at = place.parts.clock.now()
    return place.written(lambda db: limits.claim_sign_in(db, name, network, None, at=at))


def _slice_of_a_night(place: Place) -> Call:
    parts, at = place.parts, place.parts.clock.now()
    night = Night(parts, dates.business_date(at, parts.settings.timezone), at)
    after = random.randint(0, place.platforms - SLICE)

    def run() -> None:
        with parts.database.read() as db:
            places = standing.find_after(db, after, at=at, zone=night.zone, most=SLICE)
        list(reminders.judge(night, places))

    return run


OPERATIONS: dict[str, Callable[[Place], Call]] = {
    "overview": lambda place: place.read("/subscription"),
    "activity": lambda place: place.read("/subscription/activity"),
    "invoices": lambda place: place.read("/subscription/invoices"),
    "sign-in": _sign_in,
    "recovery": _recovery,
    "staff search by address": lambda place: _search(place, f"user{place.somebody()}@example.com"),
    "staff search by company": lambda place: _search(place, f"Company {place.somebody()}"),
    "an order of credits settled": _settle,
    "credits spent": _spend,
    "the worker's claim": _claim,
    "the worker's round": lambda place: partial(rounds.make_round, place.parts),
    "a limit": _throttle,
    "500 platforms of a night": _slice_of_a_night,
}
