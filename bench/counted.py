"""What runs under the counter (`bench/instructions.py`): pages asked for so many times, in a process of its own.

python -m bench.counted FOLDER CUSTOMER PAGE=TIMES …

The clock stands, so that the same happens in every run: no date moves, and no minute passes that would be written down.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from bench.driver import Browser, enter

STANDS_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = 7  # of the customers who sign in, in each run another one
OVERVIEW, SIGN_IN_PAGE, A_PAGE = "overview", "sign-in page", "A"
OVERVIEW_ANEW = "overview of somebody else"  # of which nothing is kept
ROWS = "rows"  # the file that tells how long A's page has to be


class StandingClock:
    def now(self) -> datetime:
        return STANDS_AT


def ask(folder: Path, number: int, counts: dict[str, int]) -> None:
    """Each page so many times, by the n-th customer where somebody has to be signed in."""
    app = _yardstick(folder) if A_PAGE in counts else _portal(folder)
    somebody, stranger = Browser(app), Browser(app)
    enter(somebody, number)
    asked = {OVERVIEW: (somebody, "/subscription"), SIGN_IN_PAGE: (stranger, "/login"), A_PAGE: (somebody, "/page")}
    asked[OVERVIEW_ANEW] = asked[OVERVIEW]
    for page, times in counts.items():
        browser, path = asked[page]
        for _ in range(times):
            if page == OVERVIEW_ANEW:
                _forget(app)
            status, _text = browser.ask("GET", path)
            if status != 200:
                raise RuntimeError(f"{page}: {status}")


def _forget(app: Flask) -> None:
    """What a process keeps of the pages and platforms that were looked at."""
    from portal import glance

    app.extensions["portal.overviews"].cache_clear()
    glance.read_facts.cache_clear()


def length_of_the_overview(folder: Path) -> int:
    """In bytes, of somebody whose page is not counted afterwards."""
    browser = Browser(_portal(folder))
    enter(browser, FIRST - 1)
    return len(browser.ask("GET", "/subscription")[1].encode())


def _yardstick(folder: Path) -> Flask:
    from bench import yardstick

    return yardstick.create_app(folder / "yardstick.db", int((folder / ROWS).read_text()))


def _portal(folder: Path) -> Flask:
    from bench import houses

    return houses.open_again(folder, clock=StandingClock(), **houses.TOKEN_HASH)


if __name__ == "__main__":
    pairs = (word.rpartition("=") for word in sys.argv[3:])
    ask(Path(sys.argv[1]), int(sys.argv[2]), {name: int(times) for name, _, times in pairs})
