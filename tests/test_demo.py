"""The demonstration: one command, a cast for every state, mails to read, a clock to move."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import settings
from portal.billing import papers
from portal.web.demo.cast import CAST
from tests.helpers.house import SECRET
from tests.helpers.processes import Visitor, command, free_port, wait_for

STATES = {
    "m1234": "active",
    "m1234-marco": "active",
    "m1235": "active",
    "m1236": "active",
    "m2001": "active",
    "m2002": "cancelled",
    "m2003": "grace",
    "m2004": "grace",
    "m2005": "trial",
    "m2006": "active",
    "m2007": "active",
    "m2008": None,
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`portal demo` as a person starts it: no configuration, an empty folder."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    with command(folder, "demo", "--port", str(port)) as process:
        wait_for(f"http://127.0.0.1:{port}", process, folder / "log")
        yield f"http://127.0.0.1:{port}"


def test_the_cast_covers_every_state(address: str) -> None:
    assert {actor.username for actor in CAST} == set(STATES)
    for username, state in STATES.items():
        visitor = Visitor(address)
        assert visitor.sign_in(username) == (200 if state else 403), username
        if 'name="code"' in visitor.text:
            visitor.post("/login/second-factor", code=phone(address, username))
        assert visitor.state() == state, username


def phone(address: str, username: str) -> str:
    """The code that the page standing in for the phone shows for somebody."""
    tester = Visitor(address)
    tester.get("/demo/codes")
    found = re.search(rf"{username}\b.*?(\d{{3}}\s\d{{3}})", tester.text, re.DOTALL)
    assert found is not None
    return found[1]


def test_a_reset_by_mail_is_read_on_the_page_of_mails(address: str) -> None:
    visitor = Visitor(address)
    visitor.get("/reset-password")
    visitor.post("/reset-password", username="m2001", email="bruno@example.com")
    for _ in range(300):
        visitor.get("/demo/mail/0")
        if "/reset-password/" in visitor.text:
            break
        time.sleep(0.1)
    link = re.search(r'href="(/reset-password/(?!not-asked)[^"]+)"', visitor.text)
    assert link is not None
    assert visitor.get(link[1]) == 200
    assert 'name="password_again"' in visitor.text


def test_the_clock_can_be_moved_from_active_to_grace_to_gone(address: str) -> None:
    visitor = Visitor(address)
    try:
        visitor.get("/demo")
        visitor.post("/demo/clock", step="days-10")
        visitor.sign_in("m2001")
        assert visitor.state() == "grace"
        visitor.get("/demo")
        visitor.post("/demo/clock", step="days-10")
        assert visitor.sign_in("m2001") == 403
    finally:
        visitor.get("/demo")
        visitor.post("/demo/clock", step="now")


def test_a_session_can_be_watched_timing_out(address: str) -> None:
    visitor = Visitor(address)
    visitor.sign_in("m2002")
    try:
        visitor.get("/demo")
        visitor.post("/demo/clock", step="minutes-30")
        visitor.get("/subscription")
        assert visitor.state() is None
        assert "30" in visitor.text
    finally:
        visitor.get("/demo")
        visitor.post("/demo/clock", step="now")


def test_by_the_name_of_the_machine_passkeys_can_be_tried(address: str) -> None:
    by_number, by_name = Visitor(address), Visitor(address.replace("127.0.0.1", "localhost"))
    assert by_number.get("/login") == by_name.get("/login") == 200
    assert f'href="{by_name.address}/login"' in by_number.text
    assert ("data-passkey" in by_name.text, "data-passkey" in by_number.text) == (True, False)


@pytest.mark.parametrize(
    "typed", ["", "tomorrow", "9999-12-31T23:59", "0001-01-01T00:00", "2026-13-01T00:00", "x" * 500]
)
def test_a_senseless_instant_is_no_error(address: str, typed: str) -> None:
    visitor = Visitor(address)
    visitor.get("/demo")
    try:
        assert visitor.post("/demo/clock", instant=typed) == 200
        assert visitor.get("/login") == 200
    finally:
        visitor.get("/demo")
        visitor.post("/demo/clock", step="now")


def test_the_papers_of_the_demonstration_lie_apart_from_real_ones(tmp_path: Path) -> None:
    """Its invoices are numbered from one at each start: they must never stand in for those of a customer."""
    demo = settings.load({}, instance_path=tmp_path, demo=True)
    real = settings.load({}, instance_path=tmp_path, secret_key=SECRET)
    assert papers.folder(demo) != papers.folder(real)
