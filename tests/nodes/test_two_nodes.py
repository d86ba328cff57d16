"""Two nodes and one database, without sticky sessions: what was done on one is true on the other at once."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from portal.accounts.tables import sessions
from portal.kit import throttle
from portal.kit.clock import SystemClock
from portal.kit.db import PER_THREAD
from portal.rules import terms
from portal.rules import throttle as rules
from portal.serving import THREADS
from tests.helpers import databases, nodes
from tests.helpers.house import House, build
from tests.helpers.nodes import Node, Place
from tests.helpers.processes import Visitor
from tests.helpers.together import together

pytestmark = pytest.mark.postgres
WRONG = "a sentence that is wrong"
GUESSES, GUESSERS = 50, 5


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with databases.postgres() as url, nodes.place(tmp_path_factory.mktemp("two"), PORTAL_DATABASE_URL=url) as found:
        yield found


@pytest.fixture(scope="module")
def both(here: Place) -> tuple[Node, Node]:
    """Started at the same moment, as after a power cut."""
    first, second = here.node(wait=False), here.node(wait=False)
    for node in (first, second):
        node.wait_until_ready()
    return first, second


@pytest.fixture(scope="module")
def house(here: Place) -> Iterator[House]:
    """To make people in the database of the nodes, and to look at it."""
    found = build(here.folder, here.environ["PORTAL_DATABASE_URL"])
    found.clock.set(SystemClock().now())
    yield found
    found.parts.database.close()


def go_to(visitor: Visitor, node: Node) -> Visitor:
    """The same browser with the same cookies is answered by this node from now on."""
    visitor.address = node.address
    return visitor


def is_in(visitor: Visitor, node: Node) -> bool:
    go_to(visitor, node).get("/subscription")
    return visitor.state() is not None


def live_sessions(house: House) -> int:
    with house.parts.database.read() as db:
        return db.execute(select(func.count()).where(sessions.c.ended_at.is_(None))).scalar_one()


def test_who_came_in_on_one_node_is_in_on_the_other(house: House, both: tuple[Node, Node]) -> None:
    anna = both[0].visitor()
    assert anna.sign_in(house.person("m1001").username) == 200
    assert [is_in(anna, both[number % 2]) for number in range(1, 7)] == [True] * 6


def test_a_form_of_one_node_is_taken_by_the_other(house: House, both: tuple[Node, Node]) -> None:
    """Also the one to sign in: its forgery token belongs to nobody yet."""
    anna = both[0].visitor()
    username = house.person("m1002").username
    anna.get("/login")
    assert go_to(anna, both[1]).post("/login", username=username, password=nodes.PASSWORD) == 200
    assert anna.state() == "active"
    assert go_to(anna, both[0]).post("/session/stay") == 200
    assert anna.state() == "active"


def test_a_form_without_its_token_is_refused_by_each(both: tuple[Node, Node]) -> None:
    for asked, sent in (both, both[::-1]):
        visitor = asked.visitor()
        visitor.get("/login")
        stranger = sent.visitor()
        stranger.text = visitor.text  # the token of somebody else's browser
        assert stranger.post("/login", username="m1", password=WRONG) == 400


def test_who_signs_out_on_one_node_is_out_on_the_other_with_every_copy_of_the_cookie(
    house: House, both: tuple[Node, Node]
) -> None:
    anna, copy = both[0].visitor(), both[1].visitor()
    anna.sign_in(house.person("m1003").username)
    copy.opener = anna.opener  # the same cookies
    kept = [cookie.value for cookie in cookies(anna)]
    assert is_in(copy, both[1])
    anna.get("/subscription")
    go_to(anna, both[1]).post("/logout")
    for cookie, value in zip(cookies(anna), kept, strict=False):
        cookie.value = value  # as somebody has it who took it before
    assert not is_in(anna, both[0])
    assert not is_in(anna, both[1])


def test_a_sign_in_on_one_node_asks_about_the_session_of_the_other_and_ends_it(
    house: House, both: tuple[Node, Node]
) -> None:
    username = house.person("m1004").username
    anna, marco = both[0].visitor(), both[1].visitor()
    anna.sign_in(username)
    marco.get("/login")
    marco.post("/login", username=username, password=nodes.PASSWORD)
    assert "already signed in" in marco.text
    assert is_in(anna, both[0]), "nothing is ended by asking"
    marco.post("/login/take-over", choice="continue")
    assert is_in(marco, both[0])
    assert not is_in(anna, both[0])
    assert "because somebody signed in" in anna.text


def test_of_people_who_sign_in_on_both_nodes_at_one_moment_one_is_in(house: House, both: tuple[Node, Node]) -> None:
    username, before = house.person("m1005").username, live_sessions(house)
    people = [both[number % 2].visitor() for number in range(6)]
    for person in people:
        person.get("/login")
    together(lambda n: people[n].post("/login", username=username, password=nodes.PASSWORD), len(people))
    assert live_sessions(house) == before + 1
    assert sum(is_in(person, both[n % 2]) for n, person in enumerate(people)) == 1


def test_everybody_signed_out_by_the_operator_is_out_on_each(
    here: Place, house: House, both: tuple[Node, Node]
) -> None:
    anna = both[0].visitor()
    anna.sign_in(house.person("m1006").username)
    here.run("end-sessions", "m1006", "--reason", "T-1")
    assert not is_in(anna, both[0])
    assert not is_in(anna, both[1])


def test_guesses_spread_over_two_nodes_are_looked_at_as_often_as_on_one(house: House, both: tuple[Node, Node]) -> None:
    spread, alone = evaluated(house, 1101, both), evaluated(house, 1102, both[:1])
    assert spread == alone == terms.SIGN_IN_FAILURES


def test_a_node_holds_no_more_connections_than_the_papers_say(house: House, both: tuple[Node, Node]) -> None:
    """docs/databases.md, and `portal check`: three for each thread that serves. Two nodes of one process here."""
    usernames = [house.person(f"m{1201 + number}").username for number in range(12)]
    seen = []

    def come_and_go(number: int) -> None:
        person = both[number % 2].visitor()
        for _ in range(3):
            person.sign_in(usernames[number])
            person.get("/subscription")
            seen.append(connected(house))
            person.post("/logout")

    together(come_and_go, len(usernames))
    assert max(seen) <= 2 * THREADS * PER_THREAD


def connected(house: House) -> int:
    """Connections to the database of the test that are not its own."""
    with house.parts.database.read() as db:
        mine = house.parts.database.reader.pool.checkedin() + house.parts.database.reader.pool.checkedout()
        mine += house.parts.database.writer.pool.checkedin()
        found = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(db.execute(found).scalar_one()) - mine


def evaluated(house: House, platform_id: int, nodes_: tuple[Node, ...]) -> int:
    """How many of the guesses were compared with the password; anew where the first wait was over before the last."""
    username = house.person(f"m{platform_id}").username
    people = [nodes_[number % len(nodes_)].visitor() for number in range(GUESSERS)]
    for person in people:
        person.get("/login")
    begun = time.monotonic()

    def guess(number: int) -> set[int]:
        tried = range(GUESSES // GUESSERS)
        return {people[number].post("/login", username=username, password=WRONG) for _ in tried}

    statuses = set().union(*together(guess, GUESSERS))
    assert statuses <= {422, 503}  # 503: no place to hash, and not counted
    if timedelta(seconds=time.monotonic() - begun) >= terms.SIGN_IN_FIRST_WAIT:
        return evaluated(house, platform_id + 10, nodes_)
    with house.parts.database.read() as db:
        mine = throttle.limits.c.key == throttle._name(f"sign-in:{username}")
        state = db.execute(select(throttle.limits.c.state).where(mine)).scalar_one()
    return rules.from_json(state).in_a_row


def cookies(visitor: Visitor) -> list[object]:
    (jar,) = [handler.cookiejar for handler in visitor.opener.handlers if hasattr(handler, "cookiejar")]
    return list(jar)
