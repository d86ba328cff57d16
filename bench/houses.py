"""The two contenders: a portal with many platforms, and the yardstick: a bare Flask page with one indexed query."""

import logging
import secrets
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template, request, session
from jinja2 import DictLoader
from sqlalchemy import text

from portal import migrations
from portal.factory import create_app
from portal.parts import Parts
from portal.setting_values import Secret

PASSWORD = "correct horse battery staple 42"
TOKEN_HASH = {"argon2_memory_kib": 1024, "argon2_time_cost": 1, "argon2_parallelism": 1}
ROWS_AT_ONCE = 5_000


def portal(folder: Path, platforms: int, **overrides: Any) -> Flask:
    """A portal with so many platforms, each with term, administrator and credits; throttle off by default."""
    key = Secret(secrets.token_urlsafe(48))
    given: dict[str, Any] = {"instance_path": folder, "secret_key": key, "throttle": False, "argon2_simultaneous": 8}
    app = create_app(**given | overrides)
    logging.getLogger("portal").setLevel(logging.CRITICAL)
    parts: Parts = app.extensions["portal"]
    migrations.upgrade(parts.database.writer)
    with parts.hasher.turn() as turn:
        password_hash = turn.hash(PASSWORD)
    with parts.database.write() as db:
        for table, rows in _rows(platforms, password_hash).items():
            columns = ", ".join(rows[0])
            marks = ", ".join(f":{name}" for name in rows[0])
            for start in range(0, len(rows), ROWS_AT_ONCE):
                statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
                db.execute(text(statement), rows[start : start + ROWS_AT_ONCE])
    return app


def _rows(platforms: int, password_hash: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table, written as SQLite stores them."""
    at, today = int(datetime.now(UTC).timestamp() * 1_000_000), datetime.now(UTC).date()
    found: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("platforms", "terms", "administrators", "lots", "movements")
    }
    for number in range(1, platforms + 1):
        ends_on = today + timedelta(days=1 + number % 300)
        starts_on = ends_on - timedelta(days=364)
        platform = {"id": number, "email_channel": 1, "sms_channel": 1, "trial": 0}
        found["platforms"].append(platform | {"company": f"Company {number}", "created_at": at})
        term = {"platform_id": number, "anchor_on": starts_on.isoformat(), "starts_on": starts_on.isoformat()}
        found["terms"].append(term | {"ends_on": ends_on.isoformat(), "edition": "pro", "trial": 0})
        email = f"user{number}@example.com"
        person = {"platform_id": number, "username": f"m{number}", "role": "first", "email": email}
        person |= {"email_folded": email, "full_name": f"Customer {number}", "language": "en"}
        found["administrators"].append(person | {"password_hash": password_hash, "must_reset": 0, "created_at": at})
        found["lots"].append({"id": number, "platform_id": number, "bought_on": starts_on.isoformat()})
        found["movements"].append({"lot_id": number, "amount": 5000, "kind": "bought", "at": at})
    return found


BARE_PAGE = """<!doctype html><html lang="en"><head><title>Bare</title></head><body><main><h1>{{ row[1] }}</h1>
<dl>{% for name, value in facts %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>{{ filler }}
</main></body></html>"""


def bare(folder: Path, accounts: int, page_bytes: int) -> Flask:
    """Flask's own price: a signed cookie, one indexed query, one template of about `page_bytes`."""
    path = folder / "bare.db"
    db = sqlite3.connect(path, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, expires TEXT, seats INTEGER, sms INTEGER)")
    rows = [(n, f"m{n}", "2027-02-28", 3, n % 5000) for n in range(1, accounts + 1)]
    db.executemany("INSERT INTO account VALUES (?, ?, ?, ?, ?)", rows)
    db.commit()
    app = Flask("bench.bare")
    app.jinja_loader = DictLoader({"page.html": BARE_PAGE})
    app.secret_key = secrets.token_urlsafe(48)
    filler = "lorem ipsum " * (max(0, page_bytes - 900) // 12)

    @app.post("/login")
    def login() -> Any:
        session["uid"] = int(request.form["uid"])
        return redirect("/page")

    @app.get("/page")
    def page() -> Any:
        row = db.execute("SELECT * FROM account WHERE id = ?", (session["uid"],)).fetchone()
        facts = [("Expires", row[2]), ("Seats", row[3]), ("Credits", row[4])] * 5
        return render_template("page.html", row=row, facts=facts, filler=filler)

    return app
