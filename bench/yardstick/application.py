"""The yardstick's application: three pages, and what stands behind them."""

import hmac
import os
import queue
import secrets
import smtplib
import sqlite3
import threading
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, abort, redirect, render_template, request, session
from itsdangerous import URLSafeTimedSerializer

from bench.yardstick import data

_ROW = """SELECT c.id, c.name, c.email, c.full_name, c.secret, t.title, t.yearly, t.places, k.runs_until, k.units
FROM customer c JOIN contract k ON k.customer_id = c.id JOIN tariff t ON t.id = k.tariff_id WHERE """


class Store:
    """Questions to the file, by a connection of each thread."""

    def __init__(self, path: Path) -> None:
        self.path, self.of_thread = path, threading.local()

    def find(self, column: str, value: object) -> Any:
        return self._connection().execute(f"{_ROW} c.{column} = ?", (value,)).fetchone()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self.of_thread, "connection"):
            db = self.of_thread.connection = sqlite3.connect(self.path, isolation_level=None)
            db.row_factory = sqlite3.Row
            for pragma in data.PRAGMAS:
                db.execute(f"PRAGMA {pragma}")
        found: sqlite3.Connection = self.of_thread.connection
        return found


def create_app(path: Path | None = None, rows: int | None = None, mail_port: int | None = None) -> Flask:
    """The application. A server says what it is made of by YARDSTICK_DB, YARDSTICK_ROWS and YARDSTICK_MAIL_PORT."""
    given = os.environ
    store = Store(path or Path(given["YARDSTICK_DB"]))
    lines = data.prices(rows or int(given.get("YARDSTICK_ROWS", data.ROWS)))
    app = Flask("bench.yardstick", template_folder=str(Path(__file__).parent / "templates"))
    app.secret_key = "of the measurement only"
    hasher = PasswordHasher(1, 1024, 1)
    nobody = hasher.hash("nobody")
    letters = _post_office(store, str(app.secret_key), mail_port or int(given.get("YARDSTICK_MAIL_PORT", "0")))

    @app.get("/page")
    def page() -> Any:
        row = store.find("id", session["uid"]) if "uid" in session else None
        if row is None:
            return redirect("/login")
        facts = {"menu": data.MENU, "notes": data.NOTES, "lines": lines}
        return render_template("page.html", who=dict(row), token=_token(), **facts)

    @app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "GET":
            return render_template("sign_in.html", token=_token(), fault="")
        _guard()
        row = store.find("name", request.form["username"])
        try:
            hasher.verify(row["secret"] if row else nobody, request.form["password"])
        except VerifyMismatchError:
            row = None
        if row is None:
            return render_template("sign_in.html", token=_token(), fault="Name or password is not right.")
        session.clear()
        session["uid"] = row["id"]
        return redirect("/page")

    @app.route("/forgotten", methods=["GET", "POST"])
    def forgotten() -> Any:
        if request.method == "POST":
            _guard()
            letters.put(request.form["email"])
        return render_template("forgotten.html", token=_token(), asked=request.method == "POST")

    return app


def rows_for(size: int) -> int:
    """With how many prices the page is of this many bytes, as nearly as whole lines can be."""
    app = Flask("bench.yardstick", template_folder=str(Path(__file__).parent / "templates"))
    who = dict.fromkeys(("full_name", "name", "title", "yearly", "places", "runs_until", "units"), "2027-01-01")
    facts: dict[str, Any] = {"who": who, "token": "x" * 22, "menu": data.MENU, "notes": data.NOTES}
    with app.test_request_context():
        sizes = {rows: len(render_template("page.html", lines=data.prices(rows), **facts)) for rows in range(200)}
    return min(sizes, key=lambda rows: abs(sizes[rows] - size))


def _token() -> str:
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(16)
    found: str = session["token"]
    return found


def _guard() -> None:
    if not hmac.compare_digest(request.form.get("csrf_token", ""), session.get("token", "-")):
        abort(400)


def _post_office(store: Store, key: str, port: int) -> "queue.Queue[str]":
    """Where addresses are put; a thread looks them up and writes to those that are known."""
    asked: queue.Queue[str] = queue.Queue()
    signer = URLSafeTimedSerializer(key, "forgotten")

    def work() -> None:
        while True:
            row = store.find("email", asked.get())
            if row is not None and port:
                _send(port, row["email"], signer.dumps(row["id"]))

    threading.Thread(target=work, daemon=True).start()
    return asked


def _send(port: int, to: str, link: str) -> None:
    words = f"From: house@example.com\r\nTo: {to}\r\nSubject: Your link\r\n\r\nhttps://house.example.com/{link}\r\n"
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("house@example.com", [to], words)
