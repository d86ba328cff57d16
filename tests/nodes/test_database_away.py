"""PostgreSQL stopped, crashed and started again under load: everybody is told when to try again, and nothing is lost.

Nodes and workers find back by themselves.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import literal, select

from portal.kit.db import Database
from tests.helpers import postgres
from tests.helpers.nodes import Node, Place, Running, until
from tests.helpers.postgres import Server
from tests.nodes.traffic import Traffic, prepare
from tests.outside.servers import MailServer

pytestmark = pytest.mark.postgres
SOAK_STOPS = 20


@pytest.fixture
def server() -> Iterator[Server]:
    with postgres.server() as found:
        yield found


@pytest.fixture
def url(server: Server) -> str:
    return server.url


def refused(traffic: Traffic) -> int:
    return traffic.seen.statuses[503]


def test_while_the_database_is_away_pages_say_when_to_try_again_and_then_all_goes_on(
    here: Place, server: Server, mail: MailServer, tmp_path: Path
) -> None:
    node, worker = here.node(), here.worker()
    with prepare(tmp_path, server.url, mail, lambda: [node.address], bills=12) as traffic:
        with traffic.going_on():
            until(lambda: bool(traffic.placed))
            server.stop()
            until(lambda: refused(traffic) >= 5, lambda: str(traffic.seen))
            server.start()
            after = len(traffic.placed)
            until(lambda: len(traffic.placed) > after + 2, lambda: str(traffic.seen))
            server.restart("immediate")
            after = len(traffic.placed)
            until(lambda: len(traffic.placed) > after + 2, lambda: str(traffic.seen))
        check(traffic, [node], [worker], stops=2)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_the_first_who_comes_after_a_restart_is_served(server: Server, how: str) -> None:
    """Connections that were open before are tried before they are used."""
    database = Database(server.url)
    with database.read() as first, database.read() as second:
        assert [db.execute(select(literal(1))).scalar_one() for db in (first, second)] == [1, 1]
    with database.write() as db:
        db.execute(select(literal(1)))
    server.restart(how)
    with database.read() as first, database.read() as second, database.write() as third:
        assert [db.execute(select(literal(1))).scalar_one() for db in (first, second, third)] == [1, 1, 1]
    database.close()


@pytest.mark.soak
def test_minutes_of_stops_and_crashes_of_the_database_lose_nothing(
    here: Place, server: Server, mail: MailServer, tmp_path: Path
) -> None:
    dice = random.Random(7)
    nodes, workers = [here.node(workers=2), here.node(workers=2)], [here.worker(), here.worker()]
    with prepare(tmp_path, server.url, mail, lambda: [node.address for node in nodes], bills=300) as traffic:
        with traffic.going_on():
            for _ in range(SOAK_STOPS):
                server.stop(dice.choice(("fast", "immediate")))
                time.sleep(dice.uniform(0, 8))
                server.start()
                time.sleep(dice.uniform(1, 8))
        check(traffic, nodes, workers, stops=SOAK_STOPS)


def check(traffic: Traffic, nodes: list[Node], workers: list[Running], *, stops: int) -> None:
    """Nobody was started again. A mail that had left as the database went away may have left once more."""
    assert all(running.alive() for running in (*nodes, *workers))
    traffic.wait_until_quiet()
    traffic.check(repeats=stops * len(workers))
