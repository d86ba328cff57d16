"""The names by which the desk finds a platform, and the numbers of former invoices as they are typed

Revision: 0011
Follows: 0010

Both follow from what is there, and are made of it for some rows at a time: going down loses nothing that is not made
anew on the way up.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import op

from portal.rules.searching import kept_forms

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Rows = Iterator[dict[str, Any]]
ROWS_AT_ONCE = 1_000
FORM = sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql")
NAMES = {
    "company": sa.text("SELECT id, company FROM platforms WHERE id > :after ORDER BY id LIMIT :most"),
    "invoices": sa.text(
        "SELECT platform_id, name FROM billing_profiles WHERE platform_id > :after ORDER BY platform_id LIMIT :most"
    ),
}
KEEP = sa.text("INSERT INTO searched_names (platform_id, kind, form) VALUES (:platform_id, :kind, :form)")
NUMBERS = sa.text("SELECT id, number FROM invoices WHERE series = 'F' AND id > :after ORDER BY id LIMIT :most")
FOLD = sa.text("UPDATE invoices SET number_folded = :folded WHERE id = :id")
FORMER = sa.text("number_folded IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "searched_names",
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("form", FORM, nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_searched_names_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("platform_id", "kind", "form", name=op.f("pk_searched_names")),
        sqlite_with_rowid=False,
    )
    for kind, statement in NAMES.items():
        _fill(statement, KEEP, partial(_forms, kind))
    op.create_index(op.f("ix_searched_names_kind_form_platform_id"), "searched_names", ["kind", "form", "platform_id"])
    op.add_column("invoices", sa.Column("number_folded", sa.String(length=60), nullable=True))
    _fill(NUMBERS, FOLD, _folded)
    op.create_index(
        op.f("ix_invoices_number_folded"),
        "invoices",
        ["number_folded"],
        sqlite_where=FORMER,
        postgresql_where=FORMER,
    )


def _fill(statement: sa.TextClause, write: sa.TextClause, rows: Callable[[int, str], Rows]) -> None:
    """Write what follows from each row of the statement, slice by slice in the order of its keys."""
    db, after = op.get_bind(), 0
    while found := db.execute(statement, {"after": after, "most": ROWS_AT_ONCE}).all():
        after = found[-1][0]
        if made := [row for each in found for row in rows(*each)]:
            db.execute(write, made)


def _folded(invoice_id: int, number: str) -> Rows:
    yield {"id": invoice_id, "folded": number.lower()}


def _forms(kind: str, number: int, name: str) -> Rows:
    """By the function that looks for them too: should it change, another migration has to make them anew."""
    for form in kept_forms(name):
        yield {"platform_id": number, "kind": kind, "form": form}


def downgrade() -> None:
    op.drop_index(op.f("ix_invoices_number_folded"), table_name="invoices")
    op.drop_column("invoices", "number_folded")
    op.drop_table("searched_names")
