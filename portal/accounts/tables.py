"""Administrators, their sessions, and what they had typed when a session ended."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from portal.kit.db import Instant, metadata

_FIRST = text("role = 'first'")
# `username` and `email_folded` are stored folded (rules.names): look-ups hit an index, whatever the case typed.
administrators = Table(
    "administrators",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("email", String(320), nullable=False),
    Column("email_folded", String(320), nullable=False, index=True),
    Column("full_name", String(120), nullable=False),
    Column("language", String(8), nullable=False),
    Column("password_hash", Text),
    Column("must_reset", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Index("uq_administrators_first", "platform_id", unique=True, sqlite_where=_FIRST, postgresql_where=_FIRST),
)

# One live session per administrator (RULES.md, Sign-in) is the database's business: a partial unique index.
_LIVE = text("ended_at IS NULL")
sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("last_active_at", Instant, nullable=False),
    Column("device", String(120), nullable=False),
    Column("network", String(64), nullable=False),
    Column("ended_at", Instant),
    Column("ended_because", String(32)),
    Column("proven_at", Instant, nullable=False),  # when the password was last typed in this session
    Index("uq_sessions_live", "administrator_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
)

drafts = Table(
    "drafts",
    metadata,
    Column("administrator_id", ForeignKey("administrators.id"), primary_key=True),
    Column("path", String(200), primary_key=True),
    Column("fields", JSON, nullable=False),
    Column("saved_at", Instant, nullable=False),
)

# A request that had to wait until its sender had proven the password again: sent on once, and then forgotten.
resumptions = Table(
    "resumptions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), nullable=False, index=True),
    Column("path", String(500), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Column("done_at", Instant),
)

# An address that waits to be confirmed, or was changed and can still be changed back.
email_changes = Table(
    "email_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False, index=True),
    Column("old_email", String(320), nullable=False),
    Column("new_email", String(320), nullable=False),
    Column("new_email_folded", String(320), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("undone_at", Instant),
)
