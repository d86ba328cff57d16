"""What is left of a lot after each movement, and indexes for what pages and workers look for

Revision: 0010
Follows: 0009

The movements of each lot are numbered in the order in which they were booked, and summed up once: afterwards `ledger`
goes on from the newest. That is done for some lots at a time, so that no statement takes long.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LOTS_AT_ONCE = 1_000
LAST_LOT = sa.text("SELECT max(id) FROM lots")
FILL = sa.text(
    "UPDATE movements SET number = found.place, remaining = found.total FROM ("
    "SELECT id, row_number() OVER (PARTITION BY lot_id ORDER BY id) AS place, "
    "sum(amount) OVER (PARTITION BY lot_id ORDER BY id) AS total "
    "FROM movements WHERE lot_id BETWEEN :first AND :last) AS found WHERE movements.id = found.id"
)
NEW_CHECKS = {
    "ck_movements_remaining": "remaining >= 0",
    "ck_movements_first": "number > 1 OR (number = 1 AND remaining = amount)",
}
# name: table, columns, and which rows, where not all
INDEXES = {
    "ix_sessions_administrator_id": ("sessions", ["administrator_id"], None),
    "ix_factor_removals_administrator_id": ("factor_removals", ["administrator_id"], None),
    "ix_view_permissions_administrator_id": ("view_permissions", ["administrator_id"], None),
    "ix_approvals_open": ("approvals", ["id"], "approved_at IS NULL AND refused_at IS NULL"),
    "ix_orders_way_open_until": ("orders", ["way", "open_until"], None),
    "ix_payments_open": ("payments", ["id"], "ended_at IS NULL"),
    "ix_staff_tasks_payment_id": ("staff_tasks", ["payment_id"], None),
    "ix_staff_tasks_open": ("staff_tasks", ["id"], "closed_at IS NULL"),
    "ix_invoices_refers_to": ("invoices", ["refers_to"], "refers_to IS NOT NULL"),
    "ix_seat_reductions_open": ("seat_reductions", ["due_on"], "done_at IS NULL"),
    "ix_trial_requests_platform_id": ("trial_requests", ["platform_id"], None),
    "ix_billing_profiles_vat_number": ("billing_profiles", ["vat_number"], None),
    "ix_contacts_email_folded": ("contacts", ["email_folded"], None),
    "ix_resumptions_kept_at": ("resumptions", ["kept_at"], None),
    "ix_exports_kept": ("exports", ["expires_at"], "file IS NOT NULL"),
    "ix_purges_unfinished": ("purges", ["id"], "finished_at IS NULL AND stopped_at IS NULL"),
}


def upgrade() -> None:
    op.add_column("movements", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("movements", sa.Column("remaining", sa.Integer(), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table("movements") as movements:
        movements.alter_column("number", existing_type=sa.Integer(), nullable=False)
        movements.alter_column("remaining", existing_type=sa.Integer(), nullable=False)
        movements.drop_index(op.f("ix_movements_lot_id"))  # the constraint's own begins with the lot
        movements.create_unique_constraint(op.f("uq_movements_lot_id_number"), ["lot_id", "number"])
        for name, condition in NEW_CHECKS.items():
            movements.create_check_constraint(op.f(name), sa.text(condition))
    for name, (table, columns, where) in INDEXES.items():
        only = sa.text(where) if where else None
        op.create_index(op.f(name), table, columns, sqlite_where=only, postgresql_where=only)


def _fill(connection: sa.Connection) -> None:
    last = connection.execute(LAST_LOT).scalar_one() or 0
    for first in range(1, last + 1, LOTS_AT_ONCE):
        connection.execute(FILL, {"first": first, "last": first + LOTS_AT_ONCE - 1})


def downgrade() -> None:
    for name, (table, _columns, _where) in reversed(INDEXES.items()):
        op.drop_index(op.f(name), table_name=table)
    with op.batch_alter_table("movements") as movements:
        movements.drop_constraint(op.f("uq_movements_lot_id_number"), type_="unique")
        for name in NEW_CHECKS:
            movements.drop_constraint(op.f(name), type_="check")
        movements.drop_column("remaining")
        movements.drop_column("number")
        movements.create_index(op.f("ix_movements_lot_id"), ["lot_id"])
