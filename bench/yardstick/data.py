"""What the yardstick's pages tell: some of it in three tables, the rest the same for everybody."""

import sqlite3
from datetime import date, timedelta
from pathlib import Path

SCHEMA = """
CREATE TABLE tariff (id INTEGER PRIMARY KEY, title TEXT NOT NULL, yearly INTEGER NOT NULL, places INTEGER NOT NULL);
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, email TEXT NOT NULL, full_name TEXT NOT NULL,
    secret TEXT NOT NULL);
CREATE INDEX customer_email ON customer (email);
CREATE TABLE contract (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL UNIQUE REFERENCES customer (id),
    tariff_id INTEGER NOT NULL REFERENCES tariff (id), runs_until TEXT NOT NULL, units INTEGER NOT NULL);
"""
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 5000", "foreign_keys = ON")
TARIFFS = [(1, "Small", 900, 1), (2, "Medium", 3600, 4), (3, "Large", 9900, 12)]
MENU = [
    {"path": f"/house/{name.lower().replace(' ', '-')}", "words": name}
    for name in (
        "My page",
        "My contract",
        "Other tariffs",
        "Prolong",
        "Parcels",
        "Price list",
        "Colleagues",
        "Bills",
        "Address of bills",
        "How I pay",
        "Help desk",
        "Safety",
    )
]
NOTES = [
    {
        "title": f"Work on the line {number}",
        "words": "Parcels that are handed in on that evening are weighed on the next morning, and leave with the first "
        "van; whatever was handed in before leaves as always. Nobody has to come back, and nothing has to be paid "
        "again.",
    }
    for number in (1, 2, 3)
]
PLACES = """
    Albania Andorra Austria Belgium Bosnia Bulgaria Croatia Cyprus Czechia Denmark Estonia Finland France Germany
    Greece Hungary Iceland Ireland Italy Kosovo Latvia Liechtenstein Lithuania Luxembourg Malta Moldova Monaco
    Montenegro Netherlands Norway Poland Portugal Romania Serbia Slovakia Slovenia Spain Sweden Switzerland Turkey
""".split()  # noqa: SIM905 - forty words are read more easily in four lines than in forty
ROWS = 20  # prices, where nobody says how many
FIRST_END = date(2027, 1, 1)


def prices(rows: int) -> list[dict[str, str]]:
    """So many lines of the price list."""
    found = []
    for number in range(rows):
        place = PLACES[number % len(PLACES)]
        found.append({"place": place, "zone": f"Z{number:02}", "price": f"{4 + number / 10:.2f}", "currency": "EUR"})
    return found


def seed(path: Path, customers: int, secret: str) -> None:
    """A file with so many customers: name m1 and so on, all with the same hash of a password."""
    db = sqlite3.connect(path)
    for pragma in PRAGMAS:
        db.execute(f"PRAGMA {pragma}")
    db.executescript(SCHEMA)
    numbers = range(1, customers + 1)
    people = ((n, f"m{n}", f"user{n}@example.com", f"Customer {n}", secret) for n in numbers)
    running = ((n, n, n % 3 + 1, str(FIRST_END + timedelta(days=n % 365)), n % 5000) for n in numbers)
    db.executemany("INSERT INTO tariff VALUES (?, ?, ?, ?)", TARIFFS)
    db.executemany("INSERT INTO customer VALUES (?, ?, ?, ?, ?)", people)
    db.executemany("INSERT INTO contract VALUES (?, ?, ?, ?, ?)", running)
    db.commit()
    db.close()
