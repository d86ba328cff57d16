"""The operator's own people, their sessions, and what waits for a second one of them."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, text

from portal.kit.db import Instant, metadata

# The second factor is compulsory: until the app is confirmed, a password opens the page that adds it and nothing else.
staff_members = Table(
    "staff_members",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("username", String(32), nullable=False, unique=True),  # folded
    Column("role", String(16), nullable=False),
    Column("email", String(320), nullable=False),
    Column("full_name", String(120), nullable=False),
    Column("language", String(8), nullable=False),
    Column("password_hash", Text),
    Column("app_secret", Text),  # encrypted (kit.vault)
    Column("app_confirmed_at", Instant),
    Column("last_step", Integer, nullable=False),  # of the newest code that was used: an older one is refused
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

_LIVE = text("ended_at IS NULL")
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("member_id", ForeignKey("staff_members.id"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("last_active_at", Instant, nullable=False),
    Column("device", String(120), nullable=False),
    Column("network", String(64), nullable=False),
    Column("ended_at", Instant),
    Column("ended_because", String(32)),
    Index("uq_staff_sessions_live", "member_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
)

_OPEN = text("approved_at IS NULL AND refused_at IS NULL")
# What one of the staff wants to do, and a second one has to want too. facts: as it will be done, ids and amounts only.
approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("act", String(32), nullable=False),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("facts", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_by", ForeignKey("staff_members.id"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decided_by", ForeignKey("staff_members.id")),
    Column("approved_at", Instant),
    Column("refused_at", Instant),
    Index("ix_approvals_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

# The customer lets support look for a while, and sees everything that is looked at.
view_permissions = Table(
    "view_permissions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False, index=True),
    Column("granted_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
