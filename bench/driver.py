"""A browser inside the process: calls a WSGI application without a server, so that only the application is measured."""

import io
import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

PASSWORD = "correct horse battery staple 42"  # of everybody in a measurement


class Asker(ABC):
    """A browser of either kind: in this process, or over HTTP (`bench.visitor`)."""

    @abstractmethod
    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """(status, body)."""

    def hidden(self, path: str, name: str = "csrf_token") -> str:
        """The value of a hidden field of the page at `path`."""
        _, text = self.ask("GET", path)
        found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', text)
        if found is None:
            raise RuntimeError(f"{path} has no hidden field {name}")
        return found[1]


class Browser(Asker):
    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app
        self.address = "127.0.0.1"
        self.cookies: dict[str, str] = {}
        self.cpu = self.wall = self.process = 0.0  # seconds of the last request: of its thread, the clock, all threads

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """(status, body); `cpu` and `wall` tell what it took."""
        body = urlencode(fields or {}).encode()
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address, "HTTP_HOST": "127.0.0.1:8000", "HTTP_USER_AGENT": "bench",
            "HTTP_ACCEPT_LANGUAGE": "en", "HTTP_SEC_FETCH_SITE": "same-origin",
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }  # fmt: skip
        seen: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
            seen.update(status=int(status[:3]), headers=headers)
            return lambda _data: None

        wall, cpu, whole = time.perf_counter(), time.thread_time(), time.process_time()
        chunks = self.app(environ, start_response)
        text = b"".join(chunks).decode()
        if hasattr(chunks, "close"):
            chunks.close()
        self.cpu, self.wall = time.thread_time() - cpu, time.perf_counter() - wall
        self.process = time.process_time() - whole
        for name, value in seen["headers"]:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return seen["status"], text


def enter(browser: Asker, number: int, password: str = PASSWORD) -> None:
    """Sign in as the n-th customer, whichever contender it is."""
    token = browser.hidden("/login")
    fields = {"csrf_token": token, "username": f"m{number}", "password": password, "next": ""}
    status, text = browser.ask("POST", "/login", fields)
    if status not in (302, 303):
        raise RuntimeError(f"signing in failed: {status} {text[:300]}")
