"""Whom we may talk to about a platform."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint

from portal.kit.db import Instant, metadata

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False),
    Column("kind", String(16), nullable=False),  # administration, technical, campaign, privacy
    Column("full_name", String(120), nullable=False),
    Column("email", String(320), nullable=False),
    Column("email_folded", String(320), nullable=False, index=True),
    Column("phone", String(32), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("platform_id", "kind", "email_folded"),
)
