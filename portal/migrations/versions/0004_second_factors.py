"""Second factors, known devices, and the removal of factors that were lost

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

from portal.kit.db import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authenticator_apps",
        sa.Column("administrator_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["administrators.id"],
            name=op.f("fk_authenticator_apps_administrator_id_administrators"),
        ),
        sa.PrimaryKeyConstraint("administrator_id", name=op.f("pk_authenticator_apps")),
    )
    op.create_table(
        "factor_removals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_factor_removals_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor_removals")),
    )
    op.create_index(
        "uq_factor_removals_open",
        "factor_removals",
        ["administrator_id"],
        unique=True,
        sqlite_where=sa.text("stopped_at IS NULL AND done_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND done_at IS NULL"),
    )
    op.create_table(
        "known_devices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_known_devices_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_devices")),
        sa.UniqueConstraint(
            "token_hash", "administrator_id", name=op.f("uq_known_devices_token_hash_administrator_id")
        ),
    )
    op.create_index(op.f("ix_known_devices_administrator_id"), "known_devices", ["administrator_id"], unique=False)
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("user_handle", sa.String(length=88), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_passkeys_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_administrator_id"), "passkeys", ["administrator_id"], unique=False)
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("administrator_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrators.id"], name=op.f("fk_recovery_codes_administrator_id_administrators")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_administrator_id"), "recovery_codes", ["administrator_id"], unique=False)
    op.add_column("platforms", sa.Column("second_factor_since", Instant(), nullable=True))
    # With a default, because SQLite would otherwise make the table anew, which other tables point to.
    op.add_column(
        "administrators", sa.Column("short_password", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("sessions", sa.Column("factor", sa.String(length=16), server_default="password", nullable=False))


def downgrade() -> None:
    op.drop_column("sessions", "factor")
    op.drop_column("platforms", "second_factor_since")
    op.drop_column("administrators", "short_password")
    op.drop_index(op.f("ix_recovery_codes_administrator_id"), table_name="recovery_codes")
    op.drop_table("recovery_codes")
    op.drop_index(op.f("ix_passkeys_administrator_id"), table_name="passkeys")
    op.drop_table("passkeys")
    op.drop_index(op.f("ix_known_devices_administrator_id"), table_name="known_devices")
    op.drop_table("known_devices")
    op.drop_index("uq_factor_removals_open", table_name="factor_removals")
    op.drop_table("factor_removals")
    op.drop_table("authenticator_apps")
