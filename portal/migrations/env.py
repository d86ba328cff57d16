"""What Alembic runs: every table of ours, one transaction, on the engine that the caller gave."""

from typing import Any

from alembic import context
from sqlalchemy import func, select

import portal.accounts.tables
import portal.billing.tables
import portal.credits.tables
import portal.kit.audit
import portal.kit.links
import portal.kit.nights
import portal.kit.outbox
import portal.kit.throttle
import portal.staff.tables
import portal.subscription.tables
import portal.support.tables  # noqa: F401 - imported for the tables they define
from portal.kit.db import Instant, metadata

UPGRADE_LOCK = 7_230_711  # any number, the same everywhere: of two upgrades at once the second finds the work done


def render(kind: str, item: Any, _context: Any) -> Any:
    """Our own column type under its own name in generated migrations."""
    return "Instant()" if kind == "type" and isinstance(item, Instant) else False


with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_item=render)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE lets the second one wait too
            connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        context.run_migrations()
    connection.commit()
