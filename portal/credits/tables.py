"""Lots of SMS credits, and the ledger of their movements.

A balance is a sum, and nobody writes one: what is left of a lot stands in its newest movement, as `ledger` has counted
it when it wrote that.
"""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table, UniqueConstraint

from portal.kit.db import Instant, metadata

LARGEST_AMOUNT = 2**31 - 1  # credits in one movement: what an integer of PostgreSQL holds


class Kind(StrEnum):
    """What a movement was."""

    BOUGHT = "bought"  # the first of a lot, with what was paid for
    GRANTED = "granted"  # the first of a lot that staff have given
    SPENT = "spent"  # on messages, reported by the sending service
    WRITTEN_OFF = "written-off"  # lost with the last day of the lot


lots = Table(
    "lots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("platform_id", ForeignKey("platforms.id"), nullable=False, index=True),
    Column("bought_on", Date, nullable=False),
    Column("kept_until", Date),  # the last day it was promised apart from E: see rules.credits
    Column("order_id", Integer, unique=True, index=True),  # what was paid for it: no order gives two lots
)

movements = Table(
    "movements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lot_id", ForeignKey("lots.id"), nullable=False),
    Column("number", Integer, nullable=False),  # 1 for the first of its lot, and so on without a gap
    Column("amount", Integer, nullable=False),  # credits; bought is above zero, spent and written off below
    Column("remaining", Integer, nullable=False),  # of the lot after this: the sum up to here, counted by `ledger`
    Column("kind", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("idempotency_key", String(100), unique=True),  # of a spending: see queries.row_key
    UniqueConstraint("lot_id", "number"),
    CheckConstraint("amount <> 0", name="amount"),
    CheckConstraint("remaining >= 0", name="remaining"),
    CheckConstraint("number > 1 OR (number = 1 AND remaining = amount)", name="first"),
)
