"""What hundreds of slow clients do to everybody else's pages: two nodes behind the nginx of deploy/, as it is deployed.

One person reads the overview over one connection, alone and beside each kind of slow client, in shuffled rounds. The
nodes, nginx and the slow clients are those of the tests (tests/helpers), which show that nobody goes unanswered.
"""

import random
import statistics
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from bench import goals
from bench.goals import Result
from tests.helpers import databases, slow
from tests.helpers.nodes import place
from tests.helpers.proxy import HOST, SETTINGS, Proxy, nginx

MANY = 200
ALONE = "alone"
SETTLE_SECONDS = 1.0


def measure(folder: Path, *, pages: int = 200, rounds: int = 3) -> list[Result]:
    """pages: of each kind and round."""
    sockets = [folder / "1.sock", folder / "2.sock"]
    with databases.sqlite(folder) as url, place(folder, PORTAL_DATABASE_URL=url, **SETTINGS) as here:
        username = here.customer()
        for path in sockets:
            here.node_at(path)
        with nginx(folder / "nginx", *sockets) as proxy:
            guest = proxy.guest()
            if guest.sign_in(username) != 200:
                raise RuntimeError(f"signing in failed: {guest.text[:300]}")
            return _told(_taken(proxy, guest.cookie, pages, rounds))


def _taken(proxy: Proxy, cookie: str, pages: int, rounds: int) -> dict[str, list[float]]:
    """The milliseconds of each page, by what stood beside it."""
    found: dict[str, list[float]] = {ALONE: [], **{kind: [] for kind in slow.KINDS}}
    _read(proxy, cookie, pages // 4)  # the first ones warm up
    for _ in range(rounds):
        for kind in random.sample(list(found), len(found)):
            with slow.clients(proxy.tls, slow.KINDS.get(kind, slow.silent)(HOST), 0 if kind == ALONE else MANY):
                time.sleep(SETTLE_SECONDS)
                found[kind] += _read(proxy, cookie, pages)
    return found


def _read(proxy: Proxy, cookie: str, pages: int) -> list[float]:
    connection = HTTPConnection(HOST)
    connection.sock = proxy.tls()
    taken = []
    for _ in range(pages):
        begun = time.perf_counter()
        connection.request("GET", "/subscription", headers={"Cookie": cookie, "Accept-Language": "en"})
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - begun) * 1e3)
        if answer.status != 200:
            raise RuntimeError(f"a page was answered with {answer.status}")
    connection.close()
    return taken


def _told(taken: dict[str, list[float]]) -> list[Result]:
    figures = {kind: (statistics.median(each), sorted(each)[int(len(each) * 0.99)]) for kind, each in taken.items()}
    still, slowest = figures[ALONE]
    print(f"\n{MANY} slow clients of each kind in turn, and one who reads the overview\n")
    print("| beside | p50 ms | p99 ms | p50 ÷ alone | p99 ÷ alone |\n|---|---|---|---|---|")
    for kind, (p50, p99) in figures.items():
        print(f"| {kind} | {p50:.1f} | {p99:.1f} | {p50 / still:.2f} | {p99 / slowest:.2f} |")
    worst = max((figures[kind][1], kind) for kind in slow.KINDS)
    return [Result(goals.SLOW_CLIENTS, worst[0], f"beside {worst[1]}; {slowest:.1f} ms alone")]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(f"\n{goals.table(measure(Path(folder)))}")


if __name__ == "__main__":
    main()
