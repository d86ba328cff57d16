"""The demonstration: one command, a cast for every state, mails to read, a clock to move."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest

from portal.web.demo.cast import CAST, PASSWORD

STATES = {
    "m1234": "active",
    "m1234-marco": "active",
    "m1235": "active",
    "m2001": "active",
    "m2002": "cancelled",
    "m2003": "grace",
    "m2004": "grace",
    "m2005": "trial",
    "m2006": "active",
    "m2007": "active",
    "m2008": None,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Visitor:
    """Somebody with a browser of the standard library, over real HTTP."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self.text = ""

    def get(self, path: str) -> int:
        return self._open(Request(self.address + path, headers={"Accept-Language": "en"}))

    def post(self, path: str, **fields: str) -> int:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', self.text)
        assert token is not None
        body = urlencode(fields | {"csrf_token": token[1]}).encode()
        headers = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
        return self._open(Request(self.address + path, body, headers))

    def _open(self, request: Request) -> int:
        try:
            with self.opener.open(request, timeout=20) as answer:
                self.text, status = answer.read().decode(), answer.status
        except HTTPError as error:
            self.text, status = error.read().decode(), error.code
            error.close()
        return int(status)

    def sign_in(self, username: str) -> int:
        """Come in, and end the session that an earlier test may have left."""
        self.get("/login")
        status = self.post("/login", username=username, password=PASSWORD)
        return self.post("/login/take-over", choice="continue") if 'name="choice"' in self.text else status

    def state(self) -> str | None:
        found = re.search(r'<main[^>]*data-state="([^"]+)"', self.text)
        return found[1] if found else None


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`portal demo` as a person starts it: no configuration, an empty folder."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    command = [sys.executable, "-m", "portal", "demo", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=clean, stdout=log, stderr=log, start_new_session=True)
    wait_for(f"http://127.0.0.1:{port}", process, folder / "log")
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    visitor = Visitor(address)
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            if visitor.get("/health/ready") == 200 and json.loads(visitor.text) == {"status": "ready"}:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the demonstration did not answer: {log.read_text()}")


def test_the_cast_covers_every_state(address: str) -> None:
    assert {actor.username for actor in CAST} == set(STATES)
    for username, state in STATES.items():
        visitor = Visitor(address)
        assert visitor.sign_in(username) == (200 if state else 403), username
        assert visitor.state() == state, username


def test_a_reset_by_mail_is_read_on_the_page_of_mails(address: str) -> None:
    visitor = Visitor(address)
    visitor.get("/reset-password")
    visitor.post("/reset-password", username="m2001", email="bruno@example.com")
    for _ in range(100):
        visitor.get("/demo/mail")
        if "m2001" in visitor.text or "bruno@example.com" in visitor.text:
            break
        time.sleep(0.1)
    visitor.get("/demo/mail/0")
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
