"""A real Chromium in front of a real server: the house answers on 127.0.0.1, its clock moves with the browser's."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.helpers.house import House

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
expect.set_options(timeout=5_000)


# The little server of these tests forgets to close a file whose reader has gone on to the next page. The one that is
# used for real does not serve that way, and it is no fault of the page.
GONE_ON = (
    "ignore:unclosed file:ResourceWarning",
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            for gone_on in GONE_ON:
                item.add_marker(pytest.mark.filterwarnings(gone_on))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Debian's chromium is missing: apt-get install chromium"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file: Playwright's event loop must not outlive them in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """The house behind a real server; returns its address."""
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Person:
    """Somebody at a browser. Everything is done by keyboard unless a test says otherwise."""

    house: House
    address: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def tab_to(self, name: str, *, limit: int = 40) -> None:
        """Press Tab until the element with this accessible name has the focus."""
        for _ in range(limit):
            self.page.keyboard.press("Tab")
            if self.focused() == name:
                return
        raise AssertionError(f"{limit} times Tab, and {name!r} never had the focus")

    def focused(self) -> str:
        """The accessible name of what has the focus: its label, or its text."""
        return str(
            self.page.evaluate(
                """() => { const e = document.activeElement;
                const text = (e.labels && e.labels[0] ? e.labels[0].textContent : null) ||
                    e.getAttribute("aria-label") || e.textContent || "";
                return text.replace(/\\s+/g, " ").trim(); }"""
            )
        )

    def type(self, label: str, text: str) -> None:
        self.tab_to(label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, name: str) -> None:
        """Tab to a link or a button that leads to another page, and follow it."""
        self.tab_to(name)
        self.enter()

    def enter(self) -> None:
        """The key that sends the form, or follows the link, that has the focus; waits for the next page."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follow(self, link: str) -> None:
        """Open a link from a mail, whose origin is the configured one."""
        self.go(link.removeprefix("http://127.0.0.1:8000"))

    def wait(self, **by: float) -> None:
        """Time passes, for the server and for the timers of the page."""
        self.house.clock.move(**by)
        seconds = sum(value * {"minutes": 60, "seconds": 1, "hours": 3600}[unit] for unit, value in by.items())
        self.page.clock.fast_forward(int(seconds * 1000))

    def check_accessibility(self) -> None:
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": WCAG}})
        faults = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]
        assert not faults, f"{self.page.url}: {faults}"

    def fits(self) -> bool:
        """Whether the page needs no sideways scrolling."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.fixture
def somebody(house: House, address: str, chromium: Browser) -> Iterator[Any]:
    """Makes people at browsers: `somebody(language="it", javascript=False, width=320, dark=True)`."""
    made: list[Person] = []

    def make(language: str = "en", *, javascript: bool = True, width: int = 1280, dark: bool = False) -> Person:
        context = chromium.new_context(
            locale={"en": "en-GB", "it": "it-IT"}[language],
            java_script_enabled=javascript,
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        person = Person(house, address, context, page)
        page.on("pageerror", lambda error: person.faults.append(str(error)))
        page.on("console", lambda m: person.faults.append(m.text) if "Content Security Policy" in m.text else None)
        if javascript:
            page.clock.install(time=house.clock.now())
        made.append(person)
        return person

    yield make
    faults = [fault for person in made for fault in person.faults]
    for person in made:
        person.context.close()
    assert not faults, f"the pages' scripts failed: {faults}"
