"""The first tables

Revision: 0001
Follows:
"""

import sqlalchemy as sa
from alembic import op

from portal.kit.db import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=True),
        sa.Column("administrator_id", sa.Integer(), nullable=True),
        sa.Column("network", sa.String(length=64), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_platform_id_at"), "events", ["platform_id", "at"], unique=False)
    op.create_table(
        "limits",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_limits")),
    )
    op.create_index(op.f("ix_limits_changed_at"), "limits", ["changed_at"], unique=False)
    op.create_table(
        "links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_because", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_subject_id_purpose"), "links", ["subject_id", "purpose"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("deduplication_key", sa.String(length=160), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("useless_after", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("deduplication_key", name=op.f("uq_outbox_deduplication_key")),
    )
    op.create_index(op.f("ix_outbox_done_at_due_at"), "outbox", ["done_at", "due_at"], unique=False)
    op.create_table(
        "platforms",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edition", sa.String(length=32), nullable=False),
        sa.Column("email_channel", sa.Boolean(), nullable=False),
        sa.Column("sms_channel", sa.Boolean(), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("legal_hold_since", Instant(), nullable=True),
        sa.Column("last_sign_in_on", sa.Date(), nullable=True),
        sa.CheckConstraint("email_channel OR sms_channel", name=op.f("ck_platforms_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platforms")),
    )
    op.create_table(
        "administrators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_folded", sa.String(length=320), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("must_reset", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_administrators_platform_id_platforms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administrators")),
        sa.UniqueConstraint("username", name=op.f("uq_administrators_username")),
    )
    op.create_index(op.f("ix_administrators_email_folded"), "administrators", ["email_folded"], unique=False)
    op.create_index(op.f("ix_administrators_platform_id"), "administrators", ["platform_id"], unique=False)
    op.create_index(
        "uq_administrators_first",
        "administrators",
        ["platform_id"],
        unique=True,
        sqlite_where=sa.text("role = 'first'"),
        postgresql_where=sa.text("role = 'first'"),
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_blocks_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    op.create_index(op.f("ix_blocks_platform_id_lifted_at"), "blocks", ["platform_id", "lifted_at"], unique=False)
    op.create_table(
        "lots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("kept_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_lots_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
    )
    op.create_index(op.f("ix_lots_platform_id"), "lots", ["platform_id"], unique=False)
    op.create_table(
        "seat_grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_seat_grants_quantity")),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_seat_grants_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_grants")),
    )
    op.create_index(op.f("ix_seat_grants_platform_id"), "seat_grants", ["platform_id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_terms_order")),
        sa.ForeignKeyConstraint(["platform_id"], ["platforms.id"], name=op.f("fk_terms_platform_id_platforms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("platform_id", "starts_on", name=op.f("uq_terms_platform_id_starts_on")),
    )
    op.create_table(
        "drafts",
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_drafts_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("administrator_id", "path", name=op.f("pk_drafts")),
    )
    op.create_table(
        "movements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=100), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_movements_amount")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_movements_lot_id_lots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_movements_idempotency_key")),
    )
    op.create_index(op.f("ix_movements_lot_id"), "movements", ["lot_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("last_active_at", Instant(), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_because", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_sessions_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(
        "uq_sessions_live",
        "sessions",
        ["administrator_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_sessions_live",
        table_name="sessions",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("sessions")
    op.drop_index(op.f("ix_movements_lot_id"), table_name="movements")
    op.drop_table("movements")
    op.drop_table("drafts")
    op.drop_table("terms")
    op.drop_index(op.f("ix_seat_grants_platform_id"), table_name="seat_grants")
    op.drop_table("seat_grants")
    op.drop_index(op.f("ix_lots_platform_id"), table_name="lots")
    op.drop_table("lots")
    op.drop_index(op.f("ix_blocks_platform_id_lifted_at"), table_name="blocks")
    op.drop_table("blocks")
    op.drop_index(
        "uq_administrators_first",
        table_name="administrators",
        sqlite_where=sa.text("role = 'first'"),
        postgresql_where=sa.text("role = 'first'"),
    )
    op.drop_index(op.f("ix_administrators_platform_id"), table_name="administrators")
    op.drop_index(op.f("ix_administrators_email_folded"), table_name="administrators")
    op.drop_table("administrators")
    op.drop_table("platforms")
    op.drop_index(op.f("ix_outbox_done_at_due_at"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_links_subject_id_purpose"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_limits_changed_at"), table_name="limits")
    op.drop_table("limits")
    op.drop_index(op.f("ix_events_platform_id_at"), table_name="events")
    op.drop_table("events")
