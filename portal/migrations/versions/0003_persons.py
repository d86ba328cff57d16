"""Proof of a password, requests that wait for it, changes of address, and the chain of events

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

from portal.kit.db import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_outbox_done_at_due_at"), table_name="outbox")
    op.create_index(op.f("ix_outbox_done_at_topic_due_at"), "outbox", ["done_at", "topic", "due_at"], unique=False)
    op.add_column("sessions", sa.Column("proven_at", Instant(), nullable=True))
    op.execute("UPDATE sessions SET proven_at = started_at")
    with op.batch_alter_table("sessions") as sessions:
        sessions.alter_column("proven_at", existing_type=Instant(), nullable=False)
    op.create_table(
        "event_chain",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_chain")),
    )
    op.create_table(
        "email_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("old_email", sa.String(length=320), nullable=False),
        sa.Column("new_email", sa.String(length=320), nullable=False),
        sa.Column("new_email_folded", sa.String(length=320), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_email_changes_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_changes")),
    )
    op.create_index(op.f("ix_email_changes_administrator_id"), "email_changes", ["administrator_id"], unique=False)
    op.create_table(
        "resumptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("kept_at", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_resumptions_session_id_sessions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resumptions")),
    )
    op.create_index(op.f("ix_resumptions_session_id"), "resumptions", ["session_id"], unique=False)
    op.add_column("events", sa.Column("sequence", sa.Integer(), nullable=True))
    op.add_column("events", sa.Column("seal", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_events_sequence"), "events", ["sequence"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_events_sequence"), table_name="events")
    op.drop_column("events", "seal")
    op.drop_column("events", "sequence")
    op.drop_index(op.f("ix_resumptions_session_id"), table_name="resumptions")
    op.drop_table("resumptions")
    op.drop_index(op.f("ix_email_changes_administrator_id"), table_name="email_changes")
    op.drop_table("email_changes")
    op.drop_table("event_chain")
    op.drop_column("sessions", "proven_at")
    op.drop_index(op.f("ix_outbox_done_at_topic_due_at"), table_name="outbox")
    op.create_index(op.f("ix_outbox_done_at_due_at"), "outbox", ["done_at", "due_at"], unique=False)
