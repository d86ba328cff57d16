"""What people who sign in without pause do to everybody else's pages: `portal serve` as it is shipped, with the hash as
it is shipped, and the limits off. One visitor at a time reads the overview, first alone, then beside the crowd.
"""

import statistics
import threading
from pathlib import Path

from bench import goals, houses, processes
from bench.driver import PASSWORD, enter
from bench.goals import Result
from bench.visitor import Visitor

PEOPLE = 12
READER = 5_000  # nobody of the crowd
SETTLE_SECONDS = 2.0
BUSY = 503


def measure(folder: Path, *, platforms: int = 10_000, seconds: float = 10, rounds: int = 3) -> list[Result]:
    house = houses.fresh(folder, "portal")
    houses.portal(house, platforms).extensions["portal"].database.close()  # with the hash that is shipped
    with processes.portal(house, workers=processes.CORES, token=False) as server:
        server.wait("/login")
        reader = Visitor(server.port)
        enter(reader, READER)
        idle, beside, entered = [], [], []
        for _ in range(rounds):
            idle.append(processes.load(server, "/subscription", reader.cookie, seconds / 2, 1))
            with_crowd, done = _with_crowd(server, reader.cookie, seconds)
            beside.append(with_crowd)
            entered.append(done / seconds)
    still, p50 = (statistics.median(load.p50 for load in loads) for loads in (idle, beside))
    p99 = statistics.median(load.p99 for load in beside)
    print(f"\n{PEOPLE} people sign in without pause, {statistics.median(entered):.1f} times a second in all\n")
    print(f"| others' pages | p50 ms | p99 ms |\n|---|---|---|\n| alone | {still:.2f} | {idle[0].p99:.2f} |")
    print(f"| beside them | {p50:.2f} | {p99:.2f} |")
    told = f"{p50:.1f} ms beside them, {still:.1f} ms alone; {statistics.median(entered):.1f} sign-ins a second"
    return [Result(goals.CROWD_MEDIAN, p50 / still, told), Result(goals.CROWD_P99, p99, told)]


def _with_crowd(server: processes.Server, cookie: str, seconds: float) -> tuple[processes.Load, int]:
    """The pages of the one who reads, and how often somebody came in meanwhile."""
    stop, entered = threading.Event(), list[int]()
    crew = [threading.Thread(target=_sign_in, args=(server.port, place, stop, entered)) for place in range(PEOPLE)]
    for person in crew:
        person.start()
    stop.wait(SETTLE_SECONDS)
    entered.clear()
    taken = processes.load(server, "/subscription", cookie, seconds, 1)
    done = len(entered)
    stop.set()
    for person in crew:
        person.join()
    return taken, done


def _sign_in(port: int, place: int, stop: threading.Event, entered: list[int]) -> None:
    """Again and again, each time as somebody else; who is sent away comes again after the two seconds he is told."""
    number = place
    while not stop.is_set():
        number += PEOPLE
        visitor = Visitor(port)
        try:
            token = visitor.hidden("/login")
            fields = {"csrf_token": token, "username": f"m{number % 4_000 + 1}", "password": PASSWORD, "next": ""}
            status, _ = visitor.ask("POST", "/login", fields)
        except (OSError, RuntimeError):
            continue
        if status == BUSY:
            stop.wait(processes.RETRY_SECONDS)
        else:
            entered.append(number)
