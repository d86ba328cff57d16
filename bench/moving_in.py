"""An existing business moves in by `portal platform import`, in a process of its own: how long, and how much memory.

Four files of a fifth, three tenths and twice a quarter of the rows: platforms, people, lots, invoices. First the dry
run, then the import, then the same again, which finds everything there; and a dry run of the same files with ten bad
rows. The yardstick is the import of a single platform: Python, the application, and next to nothing to do. CPU seconds
beside the clock's, which a busy machine stretches. A peak of less than this process itself takes cannot be seen.
"""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import goals, shops
from bench.goals import Result
from portal import migrations
from portal.kit.db import Database

KEY = "bench-" + "0123456789abcdef" * 3
MEGABYTE = 1024  # kilobytes, in which the system counts
HASH = "$argon2id$v=19$m=47104,t=1,p=1$c1NPMgvIvqz8J8npLYX4eQ$bDvK5TPAL+Aio9IPBVB8bQQgYMTTzl5h1l9Vbl3PGr0"


@dataclass(frozen=True)
class Taken:
    """What a run took: seconds by the clock and of the processor, at its peak megabytes; and how it ended."""

    seconds: float
    cpu: float
    megabytes: float
    status: int


def measure(folder: Path, rows: int) -> list[Result]:
    """Print the lines; no goal was set for them, so SQLite's figure is told for its own sake."""
    print(f"\n{rows} rows moved in by `portal platform import`\n")
    print("| database | run | s | CPU s | peak MB |\n|---|---|---|---|---|")
    today = datetime.now(UTC).date()
    one, all_of_it, bad = (folder / name for name in ("one", "all", "bad"))
    write_files(one, 5, today)
    write_files(all_of_it, rows, today)
    write_files(bad, rows, today)
    spoil(bad)
    sqlite = folder / "sqlite"
    sqlite.mkdir()
    taken = _lines("SQLite", f"sqlite:///{sqlite / 'bench.db'}", sqlite, one, all_of_it, bad)
    with shops.postgres() as url:
        _lines("PostgreSQL", url, folder, one, all_of_it, bad)
    told = f"{taken.seconds:.1f} s by the clock, at its peak {taken.megabytes:.0f} MB"
    return [Result(goals.MOVED_IN, taken.cpu, told)]


def _lines(name: str, url: str, instance: Path, one: Path, all_of_it: Path, bad: Path) -> Taken:
    """Each run on this database; returns what the import itself took."""
    database = Database(url)
    migrations.upgrade(database.writer)
    database.close()
    _line(name, "one platform", _run(url, instance, one, "--dry-run"))
    _line(name, "dry run", _run(url, instance, all_of_it, "--dry-run"))
    _line(name, "dry run with ten bad rows", _run(url, instance, bad, "--dry-run", status=1))
    taken = _run(url, instance, all_of_it)
    _line(name, "the import", taken)
    _line(name, "the same again", _run(url, instance, all_of_it))
    return taken


def _line(name: str, run: str, taken: Taken) -> None:
    print(f"| {name} | {run} | {taken.seconds:.1f} | {taken.cpu:.1f} | {taken.megabytes:.0f} |")


def _run(url: str, instance: Path, files: Path, *options: str, status: int = 0) -> Taken:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    environ |= {"PORTAL_INSTANCE_PATH": str(instance), "PORTAL_DATABASE_URL": url, "PORTAL_SECRET_KEY": KEY}
    begun = time.perf_counter()
    command = [sys.executable, "-m", "portal", "platform", "import", *named(files), *options]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=environ, **quiet)
    _pid, ended, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(ended) != status:
        raise RuntimeError(f"the import ended with {os.waitstatus_to_exitcode(ended)}")
    seconds = time.perf_counter() - begun
    return Taken(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / MEGABYTE, status)


def named(folder: Path) -> list[str]:
    """The options that name the four files of a folder."""
    kinds = ("platforms", "people", "lots", "invoices")
    return [word for kind in kinds for word in (f"--{kind}", str(folder / f"{kind}.csv"))]


def write_files(folder: Path, rows: int, today: date) -> None:
    """Four files with so many rows together, in which nothing is wrong on that day."""
    folder.mkdir()
    platforms = rows // 5
    write(folder / "platforms.csv", (_platform(number, today) for number in range(1, platforms + 1)))
    write(folder / "people.csv", (_person(place, platforms) for place in range(rows * 3 // 10)))
    write(folder / "lots.csv", (_lot(place, platforms, today) for place in range(rows // 4)))
    write(folder / "invoices.csv", (_invoice(place, platforms, today) for place in range(rows // 4)))


def write(path: Path, rows: Iterable[dict[str, Any]], *, encoding: str = "utf-8", **how: Any) -> Path:
    """A file of these rows; how: what the csv module calls a dialect."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row), **how)
                writer.writeheader()
            writer.writerow(row)
    return path


def _platform(number: int, today: date) -> dict[str, Any]:
    last = today + timedelta(days=number % 300)
    row: dict[str, Any] = {"id": number, "company": f'Azienda "{number}" S.r.l.', "channels": "email+sms"}
    row |= {"edition": "pro", "first_day": last - timedelta(days=364), "last_day": last}
    return row | {"trial": "no", "cancelled_on": "", "additional_administrators": 1}


def _person(place: int, platforms: int) -> dict[str, Any]:
    """A first administrator for each platform, and a second one for every other."""
    number, second = place % platforms + 1, place >= platforms
    user_name = f"m{number}-anna" if second else f"m{number}"
    row: dict[str, Any] = {"user_name": user_name, "platform": number, "name": "Anna Bianchi"}
    row |= {"email": f"{user_name}@example.com", "language": "it", "first": "no" if second else "yes"}
    return row | {"password_hash": HASH if number % 2 else "", "disabled_on": ""}


def _lot(place: int, platforms: int, today: date) -> dict[str, Any]:
    row = {"platform": place % platforms + 1, "credits": 1000 + place // platforms, "left": 400}
    return row | {"bought_on": today - timedelta(days=30), "expires_on": ""}


def _invoice(place: int, platforms: int, today: date) -> dict[str, Any]:
    row: dict[str, Any] = {"number": f"{place + 1}/{today.year - 1}", "platform": place % platforms + 1}
    row |= {"issued_on": today - timedelta(days=365), "customer": "Rossi S.r.l.", "address": "Via Roma 1, 20100 Milano"}
    row |= {"vat_number": "00743110157", "tax_code": "", "description": "Abbonamento annuale", "currency": "EUR"}
    return row | {"net": "100.00", "tax": "22.00", "total": "122.00", "seller": "Posta Chiara S.r.l."}


SPOILT: dict[str, dict[int, dict[str, Any]]] = {  # ten rows, each wrong in a way of its own, by their line
    "platforms": {
        7: {"channels": "fax"},
        11: {"last_day": "31/12/2026"},
        19: {"edition": "gold"},
        23: {"last_day": "2001-01-01", "first_day": "2000-01-01"},
    },
    "people": {102: {"email": "anna@"}, 204: {"user_name": "m1-x"}, 306: {"password_hash": "$2b$12$weak"}},
    "lots": {407: {"left": "5000"}},
    "invoices": {508: {"total": "999.99"}, 609: {"net": "100,00"}},
}


def spoil(folder: Path) -> None:
    """Make the ten rows of SPOILT wrong."""
    for name, lines in SPOILT.items():
        path = folder / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(_spoilt(csv.DictReader(file), lines))
        write(path, rows)


def _spoilt(rows: Iterable[dict[str, Any]], lines: dict[int, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line, row in enumerate(rows, start=2):
        yield row | lines.get(line, {})
