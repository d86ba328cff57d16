"""The work of a night, step by step: of several workers one does each step, and one that dies lets go of it."""

from sqlalchemy import Column, Date, Integer, String, Table, UniqueConstraint

from portal.kit.db import Instant, metadata

nights = Table(
    "nights",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("day", Date, nullable=False),  # business date
    Column("step", String(40), nullable=False),
    Column("claimed_until", Instant),
    Column("done_at", Instant),
    Column("report", String(400), nullable=False),
    UniqueConstraint("day", "step"),
)
