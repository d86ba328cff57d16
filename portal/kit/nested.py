"""Rows inside a row: what belongs to a row in other tables, as one column of it, so that one statement reads all.

A statement costs as much whether it brings one value or fifty (measured: `make bench`, overview). The column is JSON on
both databases: a list of lists, in no order. SQLite writes an instant in it as a number and PostgreSQL as text.
"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class rows_of(FunctionElement[str]):
    """These columns of each row of a SELECT, as one value. `read` reads it."""

    name = "rows_of"
    type = Text()
    inherit_cache = True

    def __init__(self, *columns: ColumnElement[Any]) -> None:
        super().__init__(*columns)


@compiles(rows_of, "sqlite")
def _sqlite(element: rows_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(rows_of, "postgresql")
def _postgres(element: rows_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"coalesce(json_agg(json_build_array({compiler.process(element.clauses, **options)})), '[]')::text"


def read(column: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(column)
    return found


def instant(value: int | str) -> datetime:
    """An instant as one of the databases writes it there."""
    if isinstance(value, int):
        return _EPOCH + timedelta(microseconds=value)
    return datetime.fromisoformat(value).astimezone(UTC)


def day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
