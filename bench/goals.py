"""What is to be reached, in figures; a measurement says how far it came, and one table shows all of them.

Every figure is a ratio within the run, or a limit in the unit that the goal is given in. The smaller the better, but
for what is marked `least`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- measured -->\n\n", "\n\n<!-- end of what was measured -->"  # of the table in the README


@dataclass(frozen=True, slots=True)
class Goal:
    """limit: in `unit`; None: measured for its own sake. command: the part of `python -m bench` that tells it."""

    words: str
    part: str
    limit: float | None
    unit: str = "× A"
    least: bool = False


def growth_of(operation: str) -> Goal:
    return Goal(f"{operation}, from 1,000 to 1,000,000 platforms", "growth", 1.25, "×")


def separable(request: str, platforms: int) -> Goal:
    return Goal(f"known from unknown by {request}, {platforms:,} platforms", "telling", 0.55, "area")


OVERVIEW = Goal("overview, CPU on the same server", "pages", 0.9)
SIGN_IN_PAGE = Goal("sign-in page, CPU on the same server", "pages", None)
AS_SHIPPED = Goal("overview as shipped, CPU, A on gunicorn's threads", "pages", 0.5)
COUNTED_OVERVIEW = Goal("overview, counted instructions", "instructions", 0.75)
COUNTED_ANEW = Goal("overview of somebody else, of which nothing is kept, counted instructions", "instructions", None)
COUNTED_SIGN_IN = Goal("sign-in page, counted instructions", "instructions", None)
RISE = Goal("rise of the counted instructions over those that are kept", "instructions", 1.05, "×")
BEYOND_THE_HASH = Goal("sign-in beyond the hash, CPU", "sign-in", 2)
RESET_ANSWER = Goal("answer to a forgotten password, mail server 200 ms away", "recovery", 3)
NAME_ANSWER = Goal("answer to a forgotten user name, mail server 200 ms away", "recovery", 3)
START_UP = Goal("start-up to the first page", "start", 2)
MEMORY = Goal("one process after 10,000 pages", "memory", 60, "MiB")
MEMORY_GROWTH = Goal("growth from there to 100,000 pages", "memory", 2, "MiB")
CROWD_MEDIAN = Goal("others' pages while 12 people sign in, median", "crowd", 2, "× idle")
CROWD_P99 = Goal("others' pages while 12 people sign in, p99", "crowd", 100, "ms")
SLOW_CLIENTS = Goal("pages behind nginx beside 200 slow clients, p99 of the worst kind", "slow", 50, "ms")
SETTLED = Goal("orders settled on SQLite", "settle", 500, "a second", least=True)
NIGHT = Goal("a night of 10,000 platforms, E spread over the year, CPU", "night", None, "s")
MOVED_IN = Goal("50,000 rows moved in on SQLite, CPU", "import", None, "s")


@dataclass(frozen=True, slots=True)
class Result:
    goal: Goal
    figure: float
    detail: str = ""

    @property
    def met(self) -> bool | None:
        if self.goal.limit is None:
            return None
        return self.figure >= self.goal.limit if self.goal.least else self.figure <= self.goal.limit


def table(results: Iterable[Result]) -> str:
    """Goal, figure, met or not; and the command that tells it again."""
    lines = ["| goal | at most | measured | met | detail | `python -m bench --only …` |", "|---|---|---|---|---|---|"]
    lines += [_line(result) for result in results]
    return "\n".join(lines)


def _line(result: Result) -> str:
    goal, met = result.goal, {True: "yes", False: "**no**", None: "–"}[result.met]
    limit = "–" if goal.limit is None else f"{'at least ' if goal.least else ''}{goal.limit:g} {goal.unit}"
    return f"| {goal.words} | {limit} | {_figure(result.figure)} {goal.unit} | {met} | {result.detail} | {goal.part} |"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def told_anew(readme: str, results: Iterable[Result]) -> str:
    """The README with this table in the place of the one it has."""
    before, begun, rest = readme.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError("the README has no place for the table: see BEGIN and END")
    return f"{before}{BEGIN}{table(results)}{END}{after}"


def store(path: Path, results: Iterable[Result]) -> None:
    """Put the results into the file, over those of the same goals that an earlier run left there."""
    kept = {entry["goal"]: entry for entry in (json.loads(path.read_text()) if path.exists() else [])}
    for result in results:
        goal = result.goal
        entry = {"goal": goal.words, "part": goal.part, "limit": goal.limit, "unit": goal.unit, "least": goal.least}
        kept[goal.words] = entry | {"figure": round(result.figure, 4), "detail": result.detail}
    path.write_text(json.dumps(list(kept.values()), indent=1, ensure_ascii=False) + "\n")


def load(path: Path) -> list[Result]:
    """What `store` has kept."""
    found = []
    for entry in json.loads(path.read_text()):
        goal = Goal(entry["goal"], entry["part"], entry["limit"], entry["unit"], entry["least"])
        found.append(Result(goal, entry["figure"], entry["detail"]))
    return found
