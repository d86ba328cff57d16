"""Many customers at once: written by the database itself, so that a million take seconds rather than hours.

`customers` writes what every platform has; `history` what gathers in the course of the years in the tables that the
pages and the worker look into: each platform has ended sessions, events, mails that left, an order and its invoice.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from portal.kit.audit import chain, events
from portal.kit.db import Instant
from portal.subscription.tables import searched_names

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :platforms)"
_LAST_DAY = "1 + i % 300"  # days from today to E

CUSTOMERS = {
    "platforms": "id, company, email_channel, sms_channel, trial, created_at: "
    "i, 'Company ' || i, TRUE, TRUE, FALSE, {at}",
    "terms": "id, platform_id, anchor_on, starts_on, ends_on, edition, trial: "
    "i, i, {first}, {first}, {last}, 'pro', FALSE",
    "administrators": "id, platform_id, username, role, email, email_folded, full_name, language, password_hash, "
    "must_reset, created_at: i, i, 'm' || i, 'first', 'user' || i || '@example.com', 'user' || i || '@example.com', "
    "'Customer ' || i, 'en', :secret, FALSE, {at}",
    "lots": "id, platform_id, bought_on: i, i, {first}",
    "movements": "id, lot_id, number, amount, remaining, kind, at: i, i, 1, 5000, 5000, 'bought', {at}",
}
HISTORY = {
    "sessions": "token_hash, administrator_id, started_at, last_active_at, device, network, ended_at, ended_because, "
    "proven_at: 'ended-' || i, i, {at}, {at}, 'Firefox on Linux', '198.51.100.0/24', {at}, 'signed_out', {at}",
    "outbox": "topic, name, payload, platform_id, recipient, language, deduplication_key, created_at, due_at, "
    "attempts, done_at, outcome: 'mail', 'password_set', '{{}}', i, 'user' || i || '@example.com', 'en', "
    "'bench-' || i, {at}, {at}, 1, {at}, 'sent'",
    "orders": "id, platform_id, administrator_id, kind, state, client_key, choices, offer, billing, currency, total, "
    "placed_at, open_until, paid_at, delivered_at: i, i, i, 'renewal', 'delivered', 'bench-' || i, '{{}}', '{{}}', "
    "'{{}}', 'EUR', 58560, {at}, {at}, {at}, {at}",
    "payments": "id, order_id, way, reference, state, currency, amount, begun_at, ended_at: "
    "i, i, 'card', 'bench-' || i, 'received', 'EUR', 58560, {at}, {at}",
    "invoices": "id, series, year, sequence, number, platform_id, order_id, issued_on, issued_at, offer, billing, "
    "seller, language, currency, net, tax, total, note: i, 'X', 2020, i, 'bench-' || i, i, i, {first}, {at}, '{{}}', "
    "'{{}}', '{{}}', 'en', 'EUR', 48000, 10560, 58560, ''",
    "limits": "key, state, changed_at: 'bench-' || i, NULL, {at}",
    "notices": "platform_id, key, written_at: i, 'bench-' || i, {at}",
}
EVENTS_EACH = 3  # of a platform
FORMS = ("'company ' || i", "i || ' company'")  # of the company's name, by which the desk finds it


def customers(db: Connection, platforms: int, *, secret: str, today: date, at: datetime) -> None:
    """So many platforms, each with a term, an administrator m1 and so on, and credits. E is spread over 300 days."""
    _fill(db, CUSTOMERS, platforms, secret=secret, today=today, at=at)
    for form in FORMS:
        line = f"platform_id, kind, form: i, 'company', {form}"
        _fill(db, {searched_names.name: line}, platforms, secret=secret, today=today, at=at)


def history(db: Connection, platforms: int, *, today: date, at: datetime) -> None:
    """What gathers: rows that are over and done with, which nothing may walk through to find what is not."""
    _fill(db, HISTORY, platforms, secret="", today=today, at=at)
    for number in range(EVENTS_EACH):
        line = "at, tag, platform_id, administrator_id, details, sequence, seal, salt, digest: {at} - {step} * NUMBER, "
        line += "'sign_in', i, i, '{{}}', NUMBER * :platforms + i, 'bench', 'bench', 'bench'"
        _fill(db, {events.name: line.replace("NUMBER", str(number))}, platforms, secret="", today=today, at=at)
    db.execute(insert(chain).values(id=1, sequence=EVENTS_EACH * platforms, seal="bench"))


def _fill(db: Connection, tables: dict[str, str], platforms: int, *, secret: str, today: date, at: datetime) -> None:
    sqlite = db.dialect.name == "sqlite"
    words = {"at": ":at", "step": "1000000"} if sqlite else {"at": "CAST(:at AS timestamptz)", "step": "interval '1s'"}
    words |= {"last": _day(sqlite, _LAST_DAY), "first": _day(sqlite, f"{_LAST_DAY} - 364")}
    given: dict[str, Any] = {"platforms": platforms, "secret": secret, "today": str(today)}
    given["at"] = Instant().process_bind_param(at, db.dialect)
    for table, line in tables.items():
        columns, _, values = line.format(**words).partition(": ")
        statement = text(f"INSERT INTO {table} ({columns}) {_NUMBERS} SELECT {values} FROM n")
        db.execute(statement, {name: value for name, value in given.items() if f":{name}" in str(statement)})
        if not sqlite and columns.startswith("id, ") and table != "platforms":
            db.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), :last)"), {"last": platforms})


def _day(sqlite: bool, days: str) -> str:
    return f"date(:today, ({days}) || ' days')" if sqlite else f"(CAST(:today AS date) + (CAST({days} AS integer)))"
