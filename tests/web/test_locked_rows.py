"""Somebody else holds a row that a request needs: 503, when to try again, and nothing half done. PostgreSQL only."""

import threading
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from portal.accounts import queries
from portal.kit import db as kit
from portal.subscription.queries import lock_platform
from tests.helpers.house import House
from tests.web.test_cancellation import CANCEL, is_cancelled, post, sign_in, status

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
REMOVE = "/profile/security/passkeys/1/remove"  # holds the platform, and then the person
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before the house, whose connections get it."""
    monkeypatch.setattr(kit, "LOCK_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
def test_a_row_that_is_held_for_too_long_is_told_and_may_be_asked_for_again(house: House) -> None:
    browser = sign_in(house)
    with house.parts.database.write() as db:
        lock_platform(db, 1234)
        post(browser, CANCEL)
    assert status(browser) == 503
    assert browser.response is not None
    assert browser.response.headers["Retry-After"] == "5"
    assert not is_cancelled(house)
    post(browser, CANCEL)
    assert is_cancelled(house)


def test_who_was_ended_to_break_a_ring_hears_it_and_the_other_one_goes_on(house: House) -> None:
    """One who breaks the order of the locks: holds the person, and wants the platform."""
    browser = sign_in(house)
    reached, done = threading.Event(), []

    def breaker() -> None:
        with house.parts.database.write() as db:
            db.execute(text("SET LOCAL deadlock_timeout = '60s'"))  # so that it is the request that looks for a ring
            db.execute(text("SET LOCAL lock_timeout = '60s'"))
            queries.lock_administrator(db, 1)
            holds.set()
            reached.wait(30)
            lock_platform(db, 1234)
            done.append(True)

    def pause(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        """The request has the platform: let it go on when the other one waits for it."""
        if "FROM platforms" in statement and "FOR NO KEY UPDATE" in statement and not reached.is_set():
            reached.set()
            with house.parts.database.read() as db:
                while not db.execute(WAITS).scalar_one():
                    pass

    holds, other = threading.Event(), threading.Thread(target=breaker)
    browser.get("/profile")
    other.start()
    assert holds.wait(30)
    event.listen(house.parts.database.writer, "after_cursor_execute", pause)
    post(browser, REMOVE)
    other.join(60)
    assert reached.is_set()
    assert (status(browser), done) == (503, [True])
    assert browser.response is not None
    assert browser.response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03", "57014"])
def test_each_of_these_is_an_error_that_the_edge_answers_with_503(house: House, state: str) -> None:
    """A ring, two that cannot have come one after the other, a row held too long, a statement that took too long."""
    fault = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(OperationalError) as caught, house.parts.database.write() as db:
        db.exec_driver_sql(fault)
    assert isinstance(caught.value.orig, errors.lookup(state))
