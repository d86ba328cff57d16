"""The names by which a platform is found: kept wherever one is written, and looked up by how they begin."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Subquery, bindparam, delete, select

from portal.rules import searching
from portal.subscription.tables import searched_names as names


class NameOf(StrEnum):
    """Whose name it is: the platform's company, or whoever its invoices are for."""

    COMPANY = "company"
    INVOICES = "invoices"


_FOUND = (
    select(names.c.platform_id, names.c.form)
    .where(names.c.kind == bindparam("kind"))
    .where(names.c.form >= bindparam("first"), names.c.form <= bindparam("last"))
    .order_by(names.c.form, names.c.platform_id)
    .limit(bindparam("most"))
)


def keep(db: Connection, platform_id: int, kind: NameOf, name: str) -> None:
    """Let the platform be found by this name, and no longer by the one it had. The caller holds the platform."""
    mine = (names.c.platform_id == platform_id) & (names.c.kind == kind)
    db.execute(delete(names).where(mine))
    rows = list(rows_of(kind, platform_id, name))
    if rows:
        db.execute(names.insert(), rows)


def rows_of(kind: NameOf, platform_id: int, name: str) -> Iterator[dict[str, Any]]:
    """What is kept of a name, for those who write those of many platforms at once."""
    for form in searching.kept_forms(name):
        yield {"platform_id": platform_id, "kind": kind, "form": form}


def found() -> Subquery:
    """The (platform_id, form) of those who are meant, by their forms: for a statement that gets `sought`.

    Of a name that begins with the same letters in several words there are several.
    """
    return _FOUND.subquery("found")


def sought(kind: NameOf, typed: str, most: int) -> dict[str, Any]:
    """What the statement gets; empty: the text means nobody."""
    form = searching.sought_form(typed)
    return {"kind": kind, "first": form, "last": form + searching.LAST, "most": most} if form else {}
