"""A night of many platforms, worked by `portal nightly` in a process of its own: how long, and how much memory.

Each night on platforms of its own: nobody is told anything; E is spread over the year, and every night before this one
was worked; the same, and this is the first night ever; everybody is told at once, which is the most a night can bring.
Each is then worked again, when all is done. The yardstick is the same command with a single platform: Python, the
application, and steps with nothing to do. CPU seconds beside the clock's, which a busy machine stretches.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, select, update

from bench import goals, houses
from bench.goals import Result
from portal.parts import Parts
from portal.rules import dates
from portal.rules.reminders import Paid, find_credit_notice, find_expiry_notice
from portal.subscription.tables import notices, terms

KEY = "bench-" + "0123456789abcdef" * 3
YEAR = 365
FAR = 200  # days: nothing is told so early
MEGABYTE = 1024  # kilobytes, in which the system counts


@dataclass(frozen=True)
class Taken:
    """What a run took: seconds by the clock and of the processor, and at its peak megabytes."""

    seconds: float
    cpu: float
    megabytes: float


def measure(folder: Path, platforms: int) -> list[Result]:
    """Print the lines; no goal was set for a night, so its figure is told for its own sake."""
    print(f"\n{platforms} platforms, a night worked by `portal nightly` (SQLite)\n")
    print("| night | notices | s | CPU s | peak MB | again: s | CPU s |\n|---|---|---|---|---|---|---|")
    _row("one platform, nothing due", _house(folder / "one", 1, lambda _number: FAR))
    _row("nothing due", _house(folder / "far", platforms, lambda _number: FAR))
    usual = _house(folder / "usual", platforms, lambda number: number % YEAR)
    _tell_before(usual)
    spread = _row("E spread over the year", usual)
    _row("the same, the first night ever", _house(folder / "first", platforms, lambda number: number % YEAR))
    _row("everybody is told, of E and of credits", _house(folder / "all", platforms, lambda _number: 7))
    return [
        Result(goals.NIGHT, spread.cpu, f"{spread.seconds:.1f} s by the clock, at its peak {spread.megabytes:.0f} MB")
    ]


def _row(name: str, parts: Parts) -> Taken:
    before = _count(parts)
    first, again = _night(parts), _night(parts)
    cells = [f"{first.seconds:.1f}", f"{first.cpu:.1f}", f"{first.megabytes:.0f}"]
    cells += [f"{again.seconds:.1f}", f"{again.cpu:.1f}"]
    print(f"| {name} | {_count(parts) - before} | {' | '.join(cells)} |")
    parts.database.close()
    return first


def _count(parts: Parts) -> int:
    with parts.database.read() as db:
        return db.execute(select(func.count()).select_from(notices)).scalar_one()


def _tell_before(parts: Parts) -> None:
    """Every notice up to yesterday, as the nights before would have written them."""
    today = dates.business_date(parts.clock.now(), parts.settings.timezone)
    yesterday, rows = today - dates.ONE_DAY, []
    with parts.database.write() as db:
        for number, starts_on, ends_on in db.execute(select(terms.c.platform_id, terms.c.starts_on, terms.c.ends_on)):
            paid = Paid(number, starts_on, ends_on)
            found = (
                find_expiry_notice(paid, yesterday, ()),
                find_credit_notice(number, starts_on, ends_on, yesterday, ()),
            )
            rows += [{"platform_id": number, "key": notice.key} for notice in found if notice]
        db.execute(notices.insert(), [row | {"written_at": parts.clock.now()} for row in rows])


def _house(folder: Path, platforms: int, ends_in: Callable[[int], int]) -> Parts:
    """So many platforms, each with its E so many days from today, as its number has it."""
    folder.mkdir()
    parts: Parts = houses.portal(folder, platforms, **houses.TOKEN_HASH).extensions["portal"]
    today = datetime.now(UTC).date()
    rows = []
    for number in range(1, platforms + 1):
        ends_on = today + timedelta(days=ends_in(number))
        rows.append({"number": number, "first": ends_on - timedelta(days=YEAR - 1), "last": ends_on})
    change: dict[str, Any] = {
        "starts_on": bindparam("first"),
        "anchor_on": bindparam("first"),
        "ends_on": bindparam("last"),
    }
    with parts.database.write() as db:
        db.execute(update(terms).where(terms.c.platform_id == bindparam("number")).values(change), rows)
    return parts


def _night(parts: Parts) -> Taken:
    settings = parts.settings
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    environ |= {"PORTAL_INSTANCE_PATH": str(settings.instance_path), "PORTAL_DATABASE_URL": settings.database_url}
    begun = time.perf_counter()
    command = [sys.executable, "-m", "portal", "nightly"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environ | {"PORTAL_SECRET_KEY": KEY}, **quiet)
    _pid, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the night ended with {os.waitstatus_to_exitcode(status)}")
    return Taken(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / MEGABYTE)
