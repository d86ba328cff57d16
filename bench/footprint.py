"""How soon the first page comes, and how much memory a process takes after many pages: `portal serve` with one process
beside A on the same server.
"""

import random
import statistics
from pathlib import Path

from bench import goals, houses, processes, stats, yardstick
from bench.driver import enter
from bench.goals import Result
from bench.visitor import Visitor

FEW, MANY = 10_000, 100_000  # pages
SLICE_SECONDS = 5
PEOPLE = 1_100  # more than portal/glance.py keeps platforms of
PORTAL, A = "portal", "A"


def start(folder: Path, *, platforms: int = 1_000, rounds: int = 9) -> list[Result]:
    """From the command to the first answered sign-in page; the first round warms the files."""
    house, bare = _houses(folder, platforms)
    wall: dict[str, list[float]] = {PORTAL: [], A: []}
    cpu: dict[str, list[float]] = {PORTAL: [], A: []}
    for number in range(rounds + 1):
        for name in random.sample((PORTAL, A), 2):
            with processes.portal(house) if name == PORTAL else processes.yardstick(bare, 20) as server:
                seconds = server.wait("/login")
                if number:
                    wall[name].append(seconds)
                    cpu[name].append(server.cpu())
    print("\n| started | s to the first page | CPU s |\n|---|---|---|")
    for name in wall:
        print(f"| {name} | {statistics.median(wall[name]):.2f} | {statistics.median(cpu[name]):.2f} |")
    told = f"{statistics.median(wall[PORTAL]):.2f} s, A {statistics.median(wall[A]):.2f} s"
    return [Result(goals.START_UP, stats.paired_ratio(wall[PORTAL], wall[A]), told)]


def memory(folder: Path, *, platforms: int = 10_000, many: int = MANY) -> list[Result]:
    """Sign-ins of more people than a process keeps the pages of, then overviews: MiB of the one that answers."""
    house, bare = _houses(folder, platforms)
    with processes.portal(house) as served, processes.yardstick(bare, 20) as beside:
        served.wait("/login")
        beside.wait("/login")
        cookies = []
        for server in (served, beside):
            for number in range(1, PEOPLE + 1):
                somebody = Visitor(server.port)
                enter(somebody, number)
                if server is served:
                    somebody.ask("GET", "/subscription")
            cookies.append(somebody.cookie)
        fresh = served.memory_of_one()
        _ask(served, "/subscription", cookies[0], FEW)
        few = served.memory_of_one()
        _ask(beside, "/page", cookies[1], FEW)
        bare_few = beside.memory_of_one()
        done = _ask(served, "/subscription", cookies[0], many - FEW) + FEW
        end, whole = served.memory_of_one(), served.memory()
    print("\n| memory, MiB (PSS) | fresh | after 10,000 pages | after 100,000 |\n|---|---|---|---|")
    print(f"| the process that answers | {fresh:.1f} | {few:.1f} | {end:.1f} |\n| A | | {bare_few:.1f} | |")
    told = f"A {bare_few:.1f} MiB; fresh {fresh:.1f} MiB; with the server's parent process {whole:.1f} MiB"
    return [
        Result(goals.MEMORY, few, told),
        Result(goals.MEMORY_GROWTH, end - few, f"{few:.1f} to {end:.1f} MiB in {done - FEW:,} pages"),
    ]


def _houses(folder: Path, platforms: int) -> tuple[Path, Path]:
    house, bare = houses.fresh(folder, "portal"), folder / "yardstick.db"
    houses.portal(house, platforms, **houses.TOKEN_HASH).extensions["portal"].database.close()
    yardstick.seed(bare, platforms, houses.token_hash())
    return house, bare


def _ask(server: processes.Server, path: str, cookie: str, pages: int) -> int:
    done = 0
    while done < pages:
        done += processes.load(server, path, cookie, SLICE_SECONDS).requests
    return done
