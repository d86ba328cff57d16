"""People who are served by whichever node answers, as behind a proxy without sticky sessions, and who do not give up.

Whoever gets no answer, or is told to try again, sends the same once more to whichever node is next, as a person does
with the button of the browser, and as a provider does with its events.
"""

import http.client
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.error import HTTPError
from urllib.request import Request

import html5lib

from tests.helpers.house import PASSWORD
from tests.helpers.pages import Page
from tests.helpers.processes import Visitor

PATIENCE_SECONDS = 120.0  # until nobody has answered for too long
HANGING_SECONDS = 60.0  # twice as long as any statement may take
PAUSE_SECONDS = 0.1
ATTEMPTS = 20  # to sign in: the answer to a take-over may get lost, and its question is asked once
AGAIN = (502, 503)  # what says: try again
Addresses = Callable[[], Sequence[str]]


@dataclass
class Seen:
    """What people met: how often each status, and what should not have been. A status of 0 is no answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    unhelpful: list[str] = field(default_factory=list)  # a 503 that is no page, or does not say when to try again


class Person(Visitor):
    """addresses: of the nodes, asked before each request."""

    def __init__(self, addresses: Addresses, seen: Seen | None = None, *, seed: int = 0) -> None:
        super().__init__("")
        self.addresses, self.seen, self.dice = addresses, seen or Seen(), random.Random(seed)
        self.path = ""

    @property
    def page(self) -> Page:
        parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
        return Page(self.path, parser.parse(self.text), self.text)

    def fields(self) -> dict[str, str]:
        """Of the form on the page that is open."""
        page = self.page
        assert page.all("main"), f"{self.path} is no page of ours: {self.text} {self.seen.faults[-1:]}"
        assert page.forms(), f"{self.path} has no form: {page.text}"
        return page.form()[1]

    def see(self, path: str) -> int:
        return self._insist(lambda: self.get(path), f"GET {path}")

    def send(self, path: str, **fields: str) -> int:
        """With the token of the page that is open."""
        open_page = self.text

        def once() -> int:
            self.text = open_page
            return self.post(path, **fields)

        return self._insist(once, f"POST {path}")

    def tell(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        """As a provider does: no form, no token."""
        return self._insist(lambda: self._open(Request(self.address + path, body, headers)), f"POST {path}")

    def sign_in_somewhere(self, username: str, password: str = PASSWORD) -> None:
        for _ in range(ATTEMPTS):
            self.see("/login")
            status = self.send("/login", username=username, password=password)
            if 'name="choice"' in self.text:  # another session, or the answer to the first attempt got lost
                status = self.send("/login/take-over", choice="continue")
            if status == 200 and self.see("/subscription") == 200 and self.path == "/subscription":
                return
        raise AssertionError(f"{username} does not come in: {status} at {self.path}")

    def _insist(self, ask: Callable[[], int], what: str) -> int:
        last = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.address = self.dice.choice(self.addresses())
            try:
                status = ask()
            except (OSError, http.client.HTTPException) as error:
                status = 0
                if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
                    self._fault(status, f"{what} hung for {HANGING_SECONDS:.0f} s")
            self.seen.statuses[status] += 1
            if status and status not in AGAIN:
                if status >= 400:
                    self._fault(status, what)
                return status
            self._judge(status, what)
            assert time.monotonic() < last, f"{what}: nobody has answered for {PATIENCE_SECONDS:.0f} s"
            time.sleep(PAUSE_SECONDS)

    def _judge(self, status: int, what: str) -> None:
        """A refusal to be tried again is a whole page of ours, and says when."""
        if status == 503 and not (self.headers.get("Retry-After") and "<h1" in self.text):
            self.seen.unhelpful.append(f"{what}: {self.text[:200]}")

    def _fault(self, status: int, what: str) -> None:
        self.seen.faults.append(f"{status} {what}: {' '.join(self.text.split())[:300] if status else ''}")

    def _open(self, request: Request) -> int:
        try:
            with self.opener.open(request, timeout=HANGING_SECONDS) as answer:
                self.text, self.headers, status = answer.read().decode(), answer.headers, answer.status
                self.path = "/" + answer.geturl().split("/", 3)[-1]
        except HTTPError as error:
            self.text, self.headers, status = error.read().decode(), error.headers, error.code
            self.path = "/" + error.geturl().split("/", 3)[-1]
            error.close()
        return int(status)
