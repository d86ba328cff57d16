"""What Alembic runs: every table of ours, one transaction, on the engine that the caller gave."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, func, select

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
from portal.kit.db import LOCK_SECONDS, Instant, metadata
from portal.migrations import STATEMENT_SECONDS, UPGRADE_LOCK, bound


def render(kind: str, item: Any, _context: Any) -> Any:
    """Our own column type under its own name in generated migrations."""
    return "Instant()" if kind == "type" and isinstance(item, Instant) else False


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_item=render)
    with context.begin_transaction():
        alone(connection)
        context.run_migrations()


def alone(connection: Connection) -> None:
    """Of two at once the second waits for the first; SQLite's BEGIN IMMEDIATE does as much.

    On PostgreSQL no table is waited for long, because everybody who comes later would wait behind us.
    """
    if connection.dialect.name != "postgresql":
        return
    bound(connection, "statement_timeout", STATEMENT_SECONDS)
    bound(connection, "lock_timeout", 0)  # for whoever is at it: it ends in a known time
    connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
    bound(connection, "lock_timeout", LOCK_SECONDS)


given = context.config.attributes
if "connection" in given:  # somebody who only wants to see what would be, and undoes it
    run(given["connection"])
else:
    with given["engine"].connect() as connection:
        run(connection)
        connection.commit()
