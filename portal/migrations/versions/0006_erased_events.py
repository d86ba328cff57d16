"""Events whose facts can be erased without breaking the chain

The seals are made anew, by the worker: those of before were made of the facts themselves.

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("salt", sa.String(length=32), nullable=True))
    op.add_column("events", sa.Column("digest", sa.String(length=64), nullable=True))
    _begin_anew()


def downgrade() -> None:
    op.drop_column("events", "digest")
    op.drop_column("events", "salt")
    _begin_anew()


def _begin_anew() -> None:
    op.execute("UPDATE events SET sequence = NULL, seal = NULL")
    op.execute("DELETE FROM event_chain")
