"""Instructions of a page, counted by valgrind: the same number on a quiet machine and on a busy one.

The overview (signed in; of somebody who looks again, and of somebody of whom nothing is kept) and the sign-in page of
the portal, and A's page of the overview's length, each called in process without a server. A page costs the difference
between many and few, divided by how many more they were: what starting, signing in and the first pages cost is in both.
cachegrind counts the same instructions as callgrind in half the time.

The counts are kept in `bench/instructions.toml`. Another Python or another processor's C library shifts all of them
alike, so what is compared is not the number but its ratio to A's, counted in the same run: one that is more than 5 %
over the kept ratio is a fault, whose remedy is to find what became dearer, or to say why and keep the new numbers
(`python -m bench.instructions --renew`).
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench import goals, houses, yardstick
from bench.counted import (
    A_PAGE,
    FIRST,
    OVERVIEW,
    OVERVIEW_ANEW,
    ROWS,
    SIGN_IN_PAGE,
    STANDS_AT,
    length_of_the_overview,
)
from bench.goals import Result

KEPT = Path(__file__).with_name("instructions.toml")
PLATFORMS = 2_000
EVERY = 300  # customers have the same dates
FEW, MANY = 15, 55
RISE = 1.05
_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")
PAGES = {
    A_PAGE: A_PAGE,
    OVERVIEW: "portal",
    OVERVIEW_ANEW: "portal",
    SIGN_IN_PAGE: "portal",
}  # each with the application that shows it
WORDS = """# Thousands of instructions of a page, by `python -m bench.instructions --renew`; compared as ratios to A.
python = "{python}"
a = {a}
overview = {overview}
overview_anew = {overview_anew}
sign_in_page = {sign_in_page}
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Instructions of a page, each."""

    a: float
    overview: float
    overview_anew: float
    sign_in_page: float

    def ratios(self) -> dict[str, float]:
        each = {OVERVIEW: self.overview, OVERVIEW_ANEW: self.overview_anew, SIGN_IN_PAGE: self.sign_in_page}
        return {page: counted / self.a for page, counted in each.items()}


def count(folder: Path) -> Counted:
    """A house and a yardstick made in the folder, and counted."""
    houses.portal(folder, PLATFORMS, at=STANDS_AT, **houses.TOKEN_HASH).extensions["portal"].database.close()
    yardstick.seed(folder / "yardstick.db", PLATFORMS, houses.token_hash())
    (folder / ROWS).write_text(str(yardstick.rows_for(length_of_the_overview(folder))))
    runs = [*dict.fromkeys((app, "") for app in PAGES.values()), *((app, page) for page, app in PAGES.items())]
    with ThreadPoolExecutor(os.cpu_count()) as crew:
        told = crew.map(lambda place: _total(folder, FIRST + EVERY * place, *runs[place]), range(len(runs)))
        totals = dict(zip(runs, told, strict=True))
    each = {page: (totals[app, page] - totals[app, ""]) / (MANY - FEW) for page, app in PAGES.items()}
    return Counted(each[A_PAGE], each[OVERVIEW], each[OVERVIEW_ANEW], each[SIGN_IN_PAGE])


def _total(folder: Path, number: int, app: str, page: str) -> int:
    """Instructions of a whole process, which asks for every page of the application FEW times, and for one MANY."""
    counts = [f"{name}={MANY if name == page else FEW}" for name, whose in PAGES.items() if whose == app]
    counter = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command = [*counter, sys.executable, "-m", "bench.counted", str(folder), str(number), *counts]
    environ = os.environ | {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc"}
    done = subprocess.run(command, cwd=KEPT.parent.parent, env=environ, capture_output=True, text=True, check=False)
    found = _TOTAL.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr[-2000:])
    return int(found[1].replace(",", ""))


def kept() -> Counted:
    found = tomllib.loads(KEPT.read_text())
    return Counted(*(found[name] * 1e3 for name in Counted.__slots__))


def keep(new: Counted) -> None:
    thousands = {name: round(getattr(new, name) / 1e3) for name in Counted.__slots__}
    KEPT.write_text(WORDS.format(python=platform.python_version(), **thousands))


def risen(new: Counted, old: Counted) -> dict[str, float]:
    """How many times the kept ratio each page is now, of those that are over what is let pass."""
    before = old.ratios()
    return {page: now / before[page] for page, now in new.ratios().items() if now > RISE * before[page]}


def measure(folder: Path) -> list[Result]:
    new, old = count(folder), kept()
    now, before = new.ratios(), old.ratios()
    print("\n| page | thousand instructions | ratio to A | kept ratio |\n|---|---|---|---|")
    print(f"| A | {new.a / 1e3:,.0f} | 1 | 1 |")
    for page, ratio in now.items():
        print(f"| {page} | {ratio * new.a / 1e3:,.0f} | {ratio:.2f} | {before[page]:.2f} |")
    a = f"A {new.a / 1e6:.2f} million"
    return [
        Result(goals.COUNTED_OVERVIEW, now[OVERVIEW], f"{new.overview / 1e6:.2f} million, {a}"),
        Result(goals.COUNTED_ANEW, now[OVERVIEW_ANEW], f"{new.overview_anew / 1e6:.2f} million, {a}"),
        Result(goals.COUNTED_SIGN_IN, now[SIGN_IN_PAGE], f"{new.sign_in_page / 1e6:.2f} million, {a}"),
        Result(goals.RISE, max(now[page] / before[page] for page in now), "of the page that rose most"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renew", action="store_true", help="keep what is counted now")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.renew:
            keep(count(Path(folder)))
            print(KEPT.read_text())
            return
        results = measure(Path(folder))
    print(f"\n{goals.table(results)}")
    if results[-1].met is False:
        sys.exit("A page became dearer: see the remedy at the top of bench/instructions.py")


if __name__ == "__main__":
    main()
