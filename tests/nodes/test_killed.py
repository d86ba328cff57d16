"""Processes killed under load: no order, mail or event is lost, and nothing is done twice."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.helpers.nodes import Place, until
from tests.nodes.traffic import prepare
from tests.outside.servers import Do, MailServer, Step

pytestmark = pytest.mark.postgres
SOAK_KILLS = 40  # about four minutes of them


def test_one_process_after_the_other_is_killed_and_nothing_is_lost(
    here: Place, url: str, mail: MailServer, tmp_path: Path
) -> None:
    nodes = [here.node(), here.node()]
    workers = [here.worker(), here.worker()]
    with prepare(tmp_path, url, mail, lambda: [node.address for node in nodes], bills=12) as traffic:
        with traffic.going_on():
            for number in range(2):
                nodes[number].kill()
                nodes[number] = here.node(port=nodes[number].port)
                in_the_middle_of_a_mail(mail)
                workers[number].kill()
                mail.behaviour.clear()
                workers[number] = here.worker()
        traffic.wait_until_quiet()
        traffic.check(repeats=2)
    here.run("activity", "verify")


def in_the_middle_of_a_mail(mail: MailServer) -> None:
    """The content has left, and is not answered: in this moment both workers are, or will be in a moment."""
    before = mail.reached.get(Step.VERDICT, 0)
    mail.behaviour[Step.VERDICT] = Do.HANG
    until(lambda: mail.reached.get(Step.VERDICT, 0) > before)


@pytest.mark.soak
def test_minutes_of_killing_at_random_lose_nothing(here: Place, url: str, mail: MailServer, tmp_path: Path) -> None:
    """Whole nodes, single processes of a node, which it replaces by itself, and workers.

    A node that loses processes too often gives up, and is started again, as systemd does.
    """
    dice, deaths = random.Random(6), 0
    nodes = [here.node(workers=2), here.node(workers=2)]
    workers = [here.worker(), here.worker()]
    with prepare(tmp_path, url, mail, lambda: [node.address for node in nodes], bills=300) as traffic:
        with traffic.going_on():
            for _ in range(SOAK_KILLS):
                number = dice.randrange(2)
                match dice.choice(("node", "process", "worker", "worker")):
                    case "node":
                        nodes[number].kill()
                        nodes[number] = here.node(port=nodes[number].port, workers=2)
                    case "process":
                        os.kill(dice.choice(nodes[number].children()), signal.SIGKILL)
                    case "worker":
                        workers[number].kill()
                        workers[number] = here.worker()
                        deaths += 1
                time.sleep(dice.uniform(0, 6))
                nodes = [node if node.alive() else here.node(port=node.port, workers=2) for node in nodes]
        traffic.wait_until_quiet()
        traffic.check(repeats=deaths)
    here.run("activity", "verify")
