"""Which tables hold something of a customer: what an export tells, and what a purge takes away, is held to it."""

import importlib
from pathlib import Path

from sqlalchemy import MetaData, Table

import portal
from portal.kit.db import metadata

OWNERS = ("platform_id", "administrator_id", "subject_id")  # columns that say whose a row is, where no key does


def every_table() -> MetaData:
    """All tables of the portal, whichever modules a test has imported so far."""
    code = Path(portal.__file__).parent
    for path in [*code.glob("*/tables.py"), *code.glob("kit/[a-z]*.py")]:
        importlib.import_module(f"portal.{path.parent.name}.{path.stem}")
    return metadata


def tables_of_customers(metadata: MetaData, *, root: str = "platforms") -> dict[str, str]:
    """Each table whose rows lead to a platform, directly or by way of others, with the column that does."""
    found = {root: "id"}
    while more := {
        name: why for name, table in metadata.tables.items() if name not in found and (why := _why(table, found))
    }:
        found |= more
    return found


def _why(table: Table, known: dict[str, str]) -> str:
    keys = (key.parent.name for key in table.foreign_keys if key.column.table.name in known)
    named = (name for name in OWNERS if name in table.c)
    return next(iter([*sorted(keys), *named]), "")
