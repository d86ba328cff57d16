"""A connection that is cut, or not to be had, in the middle of a request: a page that says when to try again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from portal.kit import db, outbox
from portal.web import edge
from tests.conftest import on_postgres
from tests.helpers.browser import Browser
from tests.helpers.house import House


@contextmanager
def cut(house: House, engine: Engine, when: str) -> Iterator[None]:
    """The server ends the connection of whoever comes next to that moment, once."""
    database, left = house.parts.database, [1]

    def end(connection: Connection, *_: object) -> None:
        if left and left.pop():
            proxied: Any = connection.connection.dbapi_connection
            with database.writer.connect() as other:
                other.execute(select(func.pg_terminate_backend(proxied.info.backend_pid)))

    event.listen(engine, when, end)
    yield
    event.remove(engine, when, end)
    assert not left, "nothing was cut"


def ask(browser: Browser) -> int:
    """Ask for a reset on the page that is open; the status."""
    browser.submit({"username": "m1234", "email": "m1234@example.com"}, follow=False)
    assert browser.response is not None
    return browser.response.status_code


def try_again(browser: Browser) -> bool:
    """Whether the answer says that this is the moment's fault, and when to come back."""
    assert browser.response is not None
    return browser.response.status_code == 503 and int(browser.response.headers["Retry-After"]) > 0


def is_whole(browser: Browser) -> bool:
    """Whether the page is that of somebody signed in, with all that stands around it."""
    return browser.page is not None and "/logout" in browser.page.html


def queued(house: House) -> int:
    with house.parts.database.read() as connection:
        return connection.execute(select(func.count()).select_from(outbox.outbox)).scalar_one()


@on_postgres
@pytest.mark.parametrize("when", ["begin", "commit"])
def test_a_writer_that_is_cut_off_has_done_nothing_and_says_when_to_try_again(house: House, when: str) -> None:
    house.person("m1234")
    browser, before = house.browser(), queued(house)
    browser.get("/reset-password")
    form = browser.page
    with cut(house, house.parts.database.writer, when):
        ask(browser)
    assert try_again(browser)
    assert queued(house) == before
    browser.page = form
    assert ask(browser) == 303
    assert queued(house) == before + 1


@on_postgres
def test_a_reader_that_is_cut_off_gets_another_connection_or_says_when_to_try_again(house: House) -> None:
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    for _ in range(3):
        with cut(house, house.parts.database.reader, "before_cursor_execute"):
            browser.open("/subscription")
        assert browser.response is not None
        assert try_again(browser) or (browser.response.status_code == 200 and is_whole(browser))
        assert browser.get("/subscription").state() == "active", "the next request is served"


@pytest.mark.parametrize("kind", ["reader", "writer"])
def test_where_all_connections_are_in_use_it_says_when_to_try_again(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    house.person("m1234")
    browser = house.browser()
    browser.sign_in()
    engine: Any = getattr(house.parts.database, kind)
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)
    held = [engine.connect() for _ in range(db.POOL_SIZE + db.POOL_OVERFLOW)]
    if kind == "reader":
        browser.open("/subscription")
    else:
        browser.get("/recover-username")
        browser.submit({"email": "a@b.it"}, follow=False)
    assert try_again(browser)
    for connection in held:
        connection.close()
    assert browser.get("/subscription").state() == "active"


@on_postgres
@pytest.mark.parametrize("name", ["reading", "writing"])
def test_nothing_is_raised_by_giving_up_a_connection_that_is_lost(house: House, name: str) -> None:
    """Else the answer would be the server's own, with no page of ours."""
    with house.app.test_request_context("/reset-password", method="POST"):
        connection = getattr(edge, name)()
        connection.execute(select(func.count()).select_from(outbox.outbox))
        lost: Any = connection.connection.dbapi_connection
        lost.close()
        edge.undo()
    with house.parts.database.read() as again, house.parts.database.write() as too:
        assert again.execute(select(1)).scalar_one() == too.execute(select(1)).scalar_one() == 1
