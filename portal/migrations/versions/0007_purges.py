"""Whose a row of the outbox is, and the deletion of platforms

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

from portal.kit.db import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("expired_on", sa.Date(), nullable=True),
        sa.Column("marked_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("began_at", Instant(), nullable=True),
        sa.Column("erased_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("stopped_because", sa.String(length=64), nullable=True),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_purges_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purges")),
    )
    op.create_index(
        "uq_purges_going",
        "purges",
        ["platform_id"],
        unique=True,
        sqlite_where=sa.text("stopped_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.add_column("outbox", sa.Column("platform_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_outbox_platform_id"), "outbox", ["platform_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_platform_id"), table_name="outbox")
    op.drop_column("outbox", "platform_id")
    op.drop_index("uq_purges_going", table_name="purges")
    op.drop_table("purges")
