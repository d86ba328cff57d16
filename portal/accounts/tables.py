"""Administrators, their sessions and devices, their second factors, and what waits for a proof or a confirmation."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

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
    # Shorter than a password alone may be: it needs a second factor beside it.
    Column("short_password", Boolean, nullable=False, server_default=false()),
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
    Column("proven_at", Instant, nullable=False),  # when the person last proved who they are in this session
    Column(
        "factor", String(16), nullable=False, server_default="password"
    ),  # what was asked last: rules.factors.Factor
    Index(None, "administrator_id"),  # those that have ended
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
    Column("kept_at", Instant, nullable=False, index=True),
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

# The app that shows codes: one a person. Until it is confirmed by a code of its own, it is asked for nothing.
authenticator_apps = Table(
    "authenticator_apps",
    metadata,
    Column("administrator_id", ForeignKey("administrators.id"), primary_key=True, autoincrement=False),
    Column("secret", Text, nullable=False),  # encrypted (kit.vault)
    Column("begun_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("last_step", Integer, nullable=False),  # of the newest code that was used: an older one is refused
    Column("last_used_at", Instant),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False, index=True),
    Column("credential_id", String(1400), nullable=False, unique=True),  # base64url of at most 1023 bytes
    Column("user_handle", String(88), nullable=False),  # base64url of random bytes: what the key knows the person by
    Column("public_key", Text, nullable=False),  # base64url of the COSE key
    Column("sign_count", BigInteger, nullable=False),  # unsigned, of 32 bits
    Column("transports", JSON, nullable=False),
    Column("name", String(60), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)

# One set a person: a new set deletes the one before. All hashes of a set have the same salt, so that one hash finds it.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False, index=True),
    Column("code_hash", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("used_at", Instant),
)

# Somebody has lost every factor, and staff have asked that they be taken off: done after a waiting time, or stopped.
_OPEN = text("stopped_at IS NULL AND done_at IS NULL")
factor_removals = Table(
    "factor_removals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("stopped_at", Instant),
    Column("done_at", Instant),
    Index(None, "administrator_id"),  # those that are over
    Index("uq_factor_removals_open", "administrator_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)

# A browser from which somebody has come in: its own small budget of guesses, and no notice the next time.
known_devices = Table(
    "known_devices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("device", String(120), nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    UniqueConstraint("token_hash", "administrator_id"),
    Index(None, "administrator_id"),
)
