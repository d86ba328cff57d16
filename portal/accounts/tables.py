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
