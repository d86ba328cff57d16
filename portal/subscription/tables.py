"""Platforms, their terms, seats and blocks."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from portal.kit.db import Instant, metadata
from portal.rules import searching

platforms = Table(
    "platforms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("next_edition", String(32)),  # a downgrade that waits for the next term
    Column("email_channel", Boolean, nullable=False),
    Column("sms_channel", Boolean, nullable=False),
    Column("trial", Boolean, nullable=False),
    Column("company", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    Column("deleted_at", Instant),
    Column("legal_hold_since", Instant),
    Column("last_sign_in_on", Date),
    Column("second_factor_since", Instant),  # since when nobody comes in without one; None: everybody's own choice
    CheckConstraint("email_channel OR sms_channel", name="channel"),
)

# The names by which the desk finds a platform, in the forms of portal/rules/searching.py. They are compared letter by
# letter: the order of some language, in which PostgreSQL may compare, has no place where what begins alike is together.
searched_names = Table(
    "searched_names",
    metadata,
    Column("platform_id", ForeignKey("platforms.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),  # whose name it is
    Column(
        "form",
        String(searching.LONGEST).with_variant(String(searching.LONGEST, collation="C"), "postgresql"),
        primary_key=True,
    ),
    Index(None, "kind", "form", "platform_id"),
    sqlite_with_rowid=False,  # the key is all there is: otherwise the file would hold it twice
)

# The anchor is the first day of the first of a row of terms: the next ends are counted from it, never chained.
terms = Table(
    "terms",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False),
    Column("anchor_on", Date, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("edition", String(32), nullable=False),
    Column("trial", Boolean, nullable=False),  # its days were not paid
    Column("order_id", Integer, unique=True, index=True),  # what was paid for it: no order gives two terms
    UniqueConstraint("platform_id", "starts_on"),
    CheckConstraint("starts_on <= ends_on", name="order"),
)

seat_grants = Table(
    "seat_grants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("quantity", Integer, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("order_id", Integer, unique=True, index=True),
    CheckConstraint("quantity > 0", name="quantity"),
)

_PLANNED = text("done_at IS NULL")
# The customer's pick of who goes when a term begins with fewer seats: user names, in the order of going.
seat_reductions = Table(
    "seat_reductions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("due_on", Date, nullable=False),
    Column("picked", JSON, nullable=False),
    Column("done_at", Instant),
    Index("ix_seat_reductions_open", "due_on", sqlite_where=_PLANNED, postgresql_where=_PLANNED),
)

# Somebody asked for a trial; there is a platform once the address has been confirmed.
trial_requests = Table(
    "trial_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_folded", String(320), nullable=False, index=True),
    Column("full_name", String(120), nullable=False),
    Column("company", String(200), nullable=False),
    Column("language", String(8), nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("platform_id", ForeignKey("platforms.id"), index=True),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False),
    Column("code", String(32), nullable=False),
    Column("since", Instant, nullable=False),
    Column("set_by", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("lifted_at", Instant),
    Index(None, "platform_id", "lifted_at"),
)

# An exception: the grace of one expiry lasts longer. What counts is the latest day; each was later than the one before.
grace_extensions = Table(
    "grace_extensions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False),
    Column("expires_on", Date, nullable=False),  # E, to which it belongs
    Column("last_day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("given_by", String(64), nullable=False),
    Column("given_at", Instant, nullable=False),
    UniqueConstraint("platform_id", "expires_on", "last_day"),
    CheckConstraint("last_day > expires_on", name="order"),
)

# The notices that were sent, or passed over for a newer one: a key is written once, whatever the job does.
notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("written_at", Instant, nullable=False),
)

# A copy of everything of a platform, asked for by an administrator: made by a worker, there for a while. A platform has
# one in the making at most, whoever asks at the same moment.
_MAKING = text("ready_at IS NULL AND failed_at IS NULL")
_KEPT = text("file IS NOT NULL")
exports = Table(
    "exports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("administrator_id", ForeignKey("administrators.id"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("progress", Integer, nullable=False),  # per cent of its parts
    Column("file", String(80)),  # its name in the folder of exports, once it is ready
    Column("size", BigInteger),  # bytes
    Column("sha256", String(64)),
    Column("ready_at", Instant),
    Column("failed_at", Instant),
    Column("expires_at", Instant),
    Column("attempts", Integer, nullable=False),  # how often a worker began: only the newest one may write
    Column("claimed_until", Instant),
    Index("ix_exports_kept", "expires_at", sqlite_where=_KEPT, postgresql_where=_KEPT),
    Index("uq_exports_making", "platform_id", unique=True, sqlite_where=_MAKING, postgresql_where=_MAKING),
)

# The deletion of a platform: marked, erased slice by slice, certified. What was removed is counted and digested here;
# the salt and the recipient are forgotten with the last step.
_GOING = text("stopped_at IS NULL")
_UNFINISHED = text("finished_at IS NULL AND stopped_at IS NULL")
purges = Table(
    "purges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False),
    Column("expired_on", Date),  # E; none on an SMS-only platform
    Column("marked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),  # not before this is anything erased
    Column("claimed_until", Instant),
    Column("began_at", Instant),
    Column("erased_at", Instant),
    Column("finished_at", Instant),
    Column("stopped_at", Instant),
    Column("stopped_because", String(64)),
    Column("removed", JSON, nullable=False),  # by step: [rows, digest]
    Column("kept", JSON, nullable=False),  # by table: rows
    Column("salt", String(32)),
    Column("recipient", String(320)),
    Column("language", String(8)),
    Column("seal", String(64)),  # SHA-256 of the certificate
    Index("ix_purges_unfinished", "id", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    Index("uq_purges_going", "platform_id", unique=True, sqlite_where=_GOING, postgresql_where=_GOING),
)
