"""What the database means to do for a statement: whether it looks rows up, or walks through a whole table.

SQLite is asked without statistics, as it runs here: nobody analyses the file, and a table of which it knows nothing it
takes for a large one. PostgreSQL would rightly read a table of ten rows from end to end, so it is told to avoid that
(enable_seqscan = off): a walk that is left is one that no index spares, however large the table.

A walk through an index is one through the whole table too, unless the index holds only some of its rows (those that
are still to be done), which is what such an index is for.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, has_request_context
from sqlalchemy import Engine, event

from portal.kit.db import Database, metadata

Asked = dict[str, Any]  # statements, each with the parameters of the first time
_SCAN = re.compile(r"^SCAN (\S+)(?: USING (?:COVERING )?INDEX (\S+))?")
_TABLES = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO|,)\s+\"?(\w+)\"?(?:\s+AS\s+(\w+))?")
REMEDY = "write an index into its table and a migration, or its reason into WALKS of tests/helpers/plans.py"
# Tables that a request may walk through, or what stands in the statement that does, and why.
WALKS: dict[str, str] = {
    "FROM staff_members": "the operator's own people: a handful",
    "FROM authenticator_apps ORDER BY": "the demonstration shows everybody's phone, and has a dozen",
    "FROM administrators LIMIT": "whether the database answers: it stops at the first row",
}
_judged: set[str] = set()


@contextmanager
def asked(database: Database) -> Iterator[Asked]:
    """Every statement that is sent meanwhile, by readers and writers."""
    found: Asked = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        found.setdefault(statement, parameters[0] if many and parameters else parameters)

    for engine in (database.reader, database.writer):
        event.listen(engine, "before_cursor_execute", note)
    yield found
    for engine in (database.reader, database.writer):
        event.remove(engine, "before_cursor_execute", note)


def watch(app: Flask) -> None:
    """Keep what the requests of this application ask, each statement once in a run of the tests, for `check`."""
    new: Asked = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement not in _judged and has_request_context():
            new.setdefault(statement, parameters[0] if many and parameters else parameters)

    app.extensions["watched statements"] = new
    database: Database = app.extensions["portal"].database
    for engine in (database.reader, database.writer):
        if engine.dialect.name == "sqlite":
            event.listen(engine, "before_cursor_execute", note)


def check(app: Flask) -> None:
    """No request that was answered has walked through a table."""
    new: Asked = app.extensions.get("watched statements", {})
    if new:
        found = walks(app.extensions["portal"].database.reader, dict(new))
        _judged.update(new)
        new.clear()
        assert not found, f"a request walks through a whole table: {found}; {REMEDY}"


def walks(engine: Engine, found: Asked, allowed: dict[str, str] = WALKS) -> dict[str, set[str]]:
    """The tables through which each statement walks from end to end; not those that walk through none, or may.

    It is asked by the driver, past those who count or watch what the engine sends.
    """
    sqlite = engine.dialect.name == "sqlite"
    explain = _of_sqlite if sqlite else _of_postgres
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        if not sqlite:
            cursor.execute("SET LOCAL enable_seqscan = off")
        told = {words: explain(cursor, words, given) for words, given in found.items() if _is_judged(words, allowed)}
    finally:
        connection.close()
    return {words: tables for words, tables in told.items() if tables}


def _is_judged(statement: str, allowed: dict[str, str]) -> bool:
    has_a_plan = statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))
    flat = " ".join(statement.split())
    return has_a_plan and not any(words in flat for words in allowed)


def _of_sqlite(cursor: Any, statement: str, parameters: Any) -> set[str]:
    tables = {alias or table: table for table, alias in _TABLES.findall(statement)}
    rows = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    scans = [scan for row in rows if (scan := _SCAN.match(row[3])) and scan[1] in tables]
    return {_named(tables[scan[1]], scan[2]) for scan in scans if scan[2] not in _partial()}


def _of_postgres(cursor: Any, statement: str, parameters: Any) -> set[str]:
    found = cursor.execute(f"EXPLAIN (FORMAT JSON, COSTS OFF) {statement}", parameters).fetchone()[0]
    plan = json.loads(found) if isinstance(found, str) else found
    return set(_walks_of(plan[0]["Plan"]))


def _walks_of(plan: dict[str, Any]) -> Iterator[str]:
    index = plan.get("Index Name")
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    if "Index" in plan["Node Type"] and index and "Index Cond" not in plan and index not in _partial():
        yield _named(plan.get("Relation Name", ""), index)
    for below in plan.get("Plans", ()):
        yield from _walks_of(below)


def _partial() -> set[str]:
    """The indexes that hold only some of the rows of their table."""
    every = (index for table in metadata.tables.values() for index in table.indexes)
    return {str(index.name) for index in every if index.dialect_options["sqlite"]["where"] is not None}


def _named(table: str, index: str | None) -> str:
    return f"{table} by {index}" if index else table
