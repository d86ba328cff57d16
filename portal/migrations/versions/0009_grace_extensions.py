"""Exceptions that make the grace of one expiry longer

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

from portal.kit.db import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grace_extensions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.CheckConstraint("last_day > expires_on", name=op.f("ck_grace_extensions_order")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_grace_extensions_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grace_extensions")),
        sa.UniqueConstraint(
            "platform_id", "expires_on", "last_day", name=op.f("uq_grace_extensions_platform_id_expires_on_last_day")
        ),
    )


def downgrade() -> None:
    op.drop_table("grace_extensions")
