"""Nobody writes a balance: one function of one module appends to the ledger, and its movements are never changed."""

import ast

import pytest

from tests.invariants import sources

WRITER = "portal/credits/ledger.py"
TABLE = "portal.credits.tables.movements"
CHANGES = {"insert", "update", "delete"}


def writes(tree: ast.AST) -> list[int]:
    """The lines where rows of `movements` are written, changed or removed."""
    names, found = sources.full_names(tree), []
    for call, name in sources.calls(tree):
        method = name.removeprefix(f"{TABLE}.") if name.startswith(TABLE) else ""
        handed = any(sources.dotted(given, names) == TABLE for given in call.args)
        if method in CHANGES or (handed and name.rpartition(".")[2] in CHANGES | {"insert_once", "insert_new"}):
            found.append(call.lineno)
    return found


def test_only_the_ledger_writes_movements() -> None:
    found = {path: lines for path, tree in sources.modules() if (lines := writes(tree)) and path != WRITER}
    assert not found, f"{found}: append by portal.credits.ledger, which counts what is left"


def test_the_ledger_only_appends() -> None:
    assert len(writes(dict(sources.modules())[WRITER])) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from portal.credits.tables import movements\ndb.execute(movements.insert(), rows)",
        "from portal.credits.tables import movements as m\ndb.execute(m.update())",
        "from sqlalchemy import update\nfrom portal.credits.tables import movements\nupdate(movements)",
        "from portal.kit.db import insert_once\nfrom portal.credits.tables import movements\n"
        "insert_once(db, movements, row)",
    ],
)
def test_the_law_sees_each_way_to_write(source: str) -> None:
    assert len(writes(ast.parse(source))) == 1


def test_the_law_leaves_reading_alone() -> None:
    read = "from sqlalchemy import select\nfrom portal.credits.tables import movements\nselect(movements)"
    assert writes(ast.parse(read)) == []
