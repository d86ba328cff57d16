"""How soon a forgotten password or user name is answered while the mail server takes 200 ms for each mail.

The portal as it is shipped, with its worker beside it, which sends what the requests have left; A answers at once and
writes from a thread of its own. Known addresses, then unknown ones, everybody in turn.
"""

import asyncio
import random
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from bench import goals, houses, processes, stats, yardstick
from bench.goals import Result
from bench.visitor import Visitor

DELAY_SECONDS = 0.2
WARM_UP = 3
RESET, NAME, A = "reset", "user name", "A"


class SlowPost:
    """Accepts every mail, after a while."""

    def __init__(self) -> None:
        self.accepted = 0

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # aiosmtpd's name
        await asyncio.sleep(DELAY_SECONDS)
        self.accepted += 1
        return "250 OK"


@contextmanager
def slow_post() -> Iterator[tuple[int, SlowPost]]:
    """Its port; it lives as long as the block."""
    post, loop = SlowPost(), asyncio.new_event_loop()
    making = loop.create_server(lambda: SMTP(post, hostname="slow.example.com"), "127.0.0.1", 0)
    server = loop.run_until_complete(making)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1], post
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()


def measure(folder: Path, *, platforms: int = 10_000, count: int = 60) -> list[Result]:
    house, bare = houses.fresh(folder, "portal"), folder / "yardstick.db"
    houses.portal(house, platforms, **houses.TOKEN_HASH).extensions["portal"].database.close()
    yardstick.seed(bare, platforms, houses.token_hash())
    with slow_post() as (port, post):
        mail: dict[str, Any] = {"PORTAL_MAIL_SERVER": "127.0.0.1", "PORTAL_MAIL_PORT": str(port)}
        worker = houses.environment(house, 8000, **mail)
        with (
            processes.portal(house, **mail) as served,
            processes.yardstick(bare, 1, mail_port=port) as beside,
            processes.started("worker", ["-m", "portal", "worker"], worker, 0),
        ):
            served.wait("/login")
            beside.wait("/login")
            taken = _asked(served.port, beside.port, count)
        return _told(taken, post.accepted)


def _asked(portal: int, bare: int, count: int) -> dict[str, list[float]]:
    """Milliseconds of each answer; half of those asked for are known."""
    asked = {RESET: ("/reset-password", portal), NAME: ("/recover-username", portal), A: ("/forgotten", bare)}
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(1, count + WARM_UP + 1):
        who = number if number % 2 else 500_000_000 + number
        for name in random.sample(list(asked), len(asked)):
            path, port = asked[name]
            visitor = Visitor(port)
            fields = {"username": f"m{who}", "email": f"user{who}@example.com"}
            visitor.ask("POST", path, fields | {"csrf_token": visitor.hidden(path)})
            if number > WARM_UP:
                taken[name].append(visitor.wall * 1e3)
    return taken


def _told(taken: dict[str, list[float]], mails: int) -> list[Result]:
    middle = {name: statistics.median(each) for name, each in taken.items()}
    print(f"\nForgotten, with a mail server that takes {DELAY_SECONDS * 1e3:.0f} ms ({mails} mails sent meanwhile)\n")
    print("| request | answered in ms | ratio to A |\n|---|---|---|")
    ratios = {name: stats.paired_ratio(each, taken[A]) for name, each in taken.items()}
    for name in taken:
        print(f"| {name} | {middle[name]:.2f} | {ratios[name]:.2f} |")
    detail = {name: f"{middle[name]:.2f} ms, A {middle[A]:.2f} ms" for name in taken}
    return [
        Result(goals.RESET_ANSWER, ratios[RESET], detail[RESET]),
        Result(goals.NAME_ANSWER, ratios[NAME], detail[NAME]),
    ]
