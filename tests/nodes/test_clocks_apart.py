"""Two nodes and two workers whose clocks differ by seconds: nobody is sent away, and nothing is done twice.

The clocks are those of whole processes, shifted by Debian's libfaketime.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.kit.clock import SystemClock
from tests.helpers import nodes
from tests.helpers.house import House, build
from tests.helpers.nodes import Node, Place, until
from tests.helpers.processes import Visitor
from tests.outside.servers import MailServer

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
APART = 4  # seconds by which one is ahead and the other behind; a warning of `portal check` comes at 5
NEW = "another sentence that is long"
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime is missing: apt-get install libfaketime"),
]


def shifted(seconds: int) -> dict[str, str]:
    """For a process whose clock is wrong by so much."""
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"{seconds:+d}"}


def node_clock(seconds: int) -> dict[str, str]:
    """The library gets the waiting of threads right, or the sleeping of a process, by this variable: not both."""
    return shifted(seconds) | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def house(here: Place, url: str) -> Iterator[House]:
    found = build(here.folder, url)
    found.clock.set(SystemClock().now())
    yield found
    found.parts.database.close()


@pytest.fixture
def apart(here: Place) -> tuple[Node, Node]:
    """One ahead, one behind."""
    ahead, behind = here.node(wait=False, **node_clock(APART)), here.node(wait=False, **node_clock(-APART))
    for node in (ahead, behind):
        node.wait_until_ready()
    return ahead, behind


def go_to(visitor: Visitor, node: Node) -> Visitor:
    visitor.address = node.address
    return visitor


def test_the_clocks_really_differ(here: Place) -> None:
    """Else the others would show nothing."""
    program = "from portal.kit.clock import SystemClock; print(SystemClock().now().hour)"
    command = [sys.executable, "-c", program]
    hours = [subprocess.check_output(command, env=here.environ | shifted(by), text=True) for by in (-3600, 0, 3600)]
    assert len(set(hours)) == 3


@pytest.mark.parametrize("first", [0, 1])
def test_who_comes_in_on_one_stays_in_on_the_other(house: House, apart: tuple[Node, Node], first: int) -> None:
    house.person("m1234")
    here, there = apart[first], apart[1 - first]
    anna = here.visitor()
    anna.get("/login")
    assert go_to(anna, there).post("/login", username="m1234", password=nodes.PASSWORD) == 200
    for number in range(4):
        go_to(anna, (here, there)[number % 2]).get("/subscription")
        assert anna.state() == "active"
    assert go_to(anna, there).post("/session/stay") == 200
    marco = here.visitor()
    marco.get("/login")
    marco.post("/login", username="m1234", password=nodes.PASSWORD)
    assert "already signed in" in marco.text
    go_to(marco, there).post("/login/take-over", choice="continue")
    assert go_to(marco, here).get("/subscription") == 200
    assert marco.state() == "active"
    go_to(anna, here).get("/subscription")
    assert anna.state() is None
    assert "because somebody signed in" in anna.text


def test_mails_leave_once_and_their_links_open_on_both(
    here: Place, house: House, apart: tuple[Node, Node], mail: MailServer
) -> None:
    names = [house.person(f"m{number}").username for number in range(2001, 2007)]
    for seconds in (APART, -APART):
        here.worker(**shifted(seconds))
    for number, username in enumerate(names):
        visitor = apart[number % 2].visitor()
        visitor.get("/reset-password")
        visitor.post("/reset-password", username=username, email=f"{username}@example.com")
    until(lambda: len(mail.accepted) >= len(names), lambda: str(mail.recipients))
    for number, letter in enumerate(list(mail.accepted)):
        found = re.search(r"http://127\.0\.0\.1:8000(/reset-password/\S+)", letter.get_body(("plain",)).get_content())
        assert found
        visitor = apart[number % 2].visitor()
        assert visitor.get(found[1]) == 200
        typed = {"password": NEW, "password_again": NEW}
        assert go_to(visitor, apart[1 - number % 2]).post("/reset-password/new", **typed) == 200, visitor.text
    until(lambda: len(mail.accepted) >= 2 * len(names), lambda: str(mail.recipients))  # and the notice of it
    assert set(Counter(letter["Message-ID"] for letter in mail.accepted).values()) == {1}
