"""A browser over HTTP, which keeps its connection and its cookies; as much like `bench.driver.Browser` as can be."""

import time
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

from bench.driver import Asker


class Visitor(Asker):
    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.wall = 0.0  # seconds of the last request

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Cookie": self.cookie, "User-Agent": "bench", "Accept-Language": "en"}
        headers |= {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(fields) if fields is not None else None
        begun = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (HTTPException, ConnectionError):  # the server closed it meanwhile
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        text = answer.read().decode()
        self.wall = time.perf_counter() - begun
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer.status, text
