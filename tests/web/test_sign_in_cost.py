"""What a sign-in asks of the database, what its attempt counts in the end, and several of them at one moment."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import event, select

from portal.accounts import recovery
from portal.accounts.queries import Administrator
from portal.accounts.tables import sessions
from portal.kit.throttle import limits
from portal.rules import terms
from portal.rules import throttle as rules
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import PASSWORD, House
from tests.helpers.statements import counting
from tests.helpers.together import together

WRONG = "a sentence that is wrong"
STATEMENTS, COMMITS = 11, 2  # there were 28 and 3: bench/signing_in.py tells what they cost
AT_ONCE = 4  # as many as have a hashing place


@contextmanager
def counted(house: House) -> Iterator[tuple[list[list[str]], list[None]]]:
    """(the statements that are sent, the commits) meanwhile."""
    commits: list[None] = []

    def note(_connection: object) -> None:
        commits.append(None)

    database = house.parts.database
    event.listen(database.writer, "commit", note)
    with ExitStack() as stack:
        yield [stack.enter_context(counting(engine)) for engine in (database.writer, database.reader)], commits
    event.remove(database.writer, "commit", note)


@both_databases
def test_a_sign_in_asks_the_database_just_so_often(house: House, browser: Browser) -> None:
    """The first one of the day from a new browser. The attempt is committed before the hash, and all else after it."""
    house.person("m1234")
    browser.get("/login")
    with counted(house) as (sent, commits):
        browser.submit({"username": "m1234", "password": PASSWORD}, follow=False)
    assert browser.response is not None
    assert browser.response.status_code == 303
    assert (sum(map(len, sent)), len(commits)) == (STATEMENTS, COMMITS)


def guess(browser: Browser, times: int) -> None:
    for _ in range(times):
        browser.sign_in(password=WRONG)


def nothing(_house: House, _person: Administrator) -> None:
    """Lead straight to the platform."""


def app(house: House, person: Administrator) -> None:
    """Lead to the question for a code."""
    house.add_app(person)


def elsewhere(house: House, _person: Administrator) -> None:
    """Lead to the question what becomes of the session elsewhere."""
    house.browser(address="203.0.113.9").sign_in()


def over(house: House, _person: Administrator) -> None:
    """Lead to the page that says that the platform is closed."""
    house.clock.move(days=200)


def reset(house: House, person: Administrator) -> None:
    """Lead to a new password."""
    with house.parts.database.write() as db:
        recovery.force_reset(db, person, at=house.clock.now())


@both_databases
@pytest.mark.parametrize("lead", [nothing, app, elsewhere, over, reset])
def test_nothing_is_counted_any_more_wherever_the_right_password_leads(
    house: House, lead: Callable[[House, Administrator], None]
) -> None:
    lead(house, house.person("m1234"))
    browser = house.browser()
    guess(browser, terms.SIGN_IN_FAILURES - 1)
    browser.sign_in()
    assert state(house, "sign-in:m1234") is None
    network = state(house, "sign-in-network:198.51.100.0/24")
    assert network
    assert len(rules.from_json(network).moments) == terms.SIGN_IN_FAILURES - 1


def state(house: House, key: str) -> str | None:
    with house.parts.database.read() as db:
        hashed = hashlib.sha256(key.encode()).hexdigest()
        return db.execute(select(limits.c.state).where(limits.c.key == hashed)).scalar()


@both_databases
def test_of_several_sign_ins_at_one_moment_one_comes_in_and_the_others_are_asked(house: House) -> None:
    house.person("m1234")
    browsers = [house.browser() for _ in range(AT_ONCE)]
    for browser in browsers:
        browser.get("/login")

    def come_in(number: int) -> str:
        browsers[number].submit({"username": "m1234", "password": PASSWORD}, follow=False)
        response = browsers[number].response
        assert response is not None
        return str(response.location)

    assert sorted(together(come_in, AT_ONCE)) == ["/login/take-over"] * (AT_ONCE - 1) + ["/subscription"]
    with house.parts.database.read() as db:
        assert db.execute(select(sessions.c.ended_because)).scalars().all() == [None]
