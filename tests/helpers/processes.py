"""Servers as real processes, and visitors who speak real HTTP to them."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.helpers.house import PASSWORD


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
        self.headers: Message = Message()

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
                self.text, status, self.headers = answer.read().decode(), answer.status, answer.headers
        except HTTPError as error:
            self.text, status, self.headers = error.read().decode(), error.code, error.headers
            error.close()
        return int(status)

    def sign_in(self, username: str, password: str = PASSWORD) -> int:
        """Come in, and end the session that an earlier test may have left."""
        self.get("/login")
        status = self.post("/login", username=username, password=password)
        return self.post("/login/take-over", choice="continue") if 'name="choice"' in self.text else status

    def state(self) -> str | None:
        found = re.search(r'<main[^>]*data-state="([^"]+)"', self.text)
        return found[1] if found else None


@contextmanager
def command(folder: Path, *words: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """`portal …` as a person starts it in an otherwise unconfigured shell; stopped by SIGTERM at the end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", *words],
            cwd=folder,
            env=clean | environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=5)


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
