"""Credits are granted and spent by movements, never by writing a balance."""

from datetime import date, datetime

from sqlalchemy import Connection

from portal.credits.tables import lots, movements
from portal.rules import credits as rules


def grant(
    db: Connection, platform_id: int, credits: int, *, bought_on: date, expires_on: date | None, at: datetime
) -> int:
    """Open a lot of `credits`; returns its id.

    `bought_on` is the business day its payment was received, `expires_on` the platform's E on that day, if it has one.
    """
    kept_until = rules.buy(0, bought_on, credits, expires_on).kept_until
    row = {"platform_id": platform_id, "bought_on": bought_on, "kept_until": kept_until}
    lot_id = db.execute(lots.insert().values(row).returning(lots.c.id)).scalar_one()
    db.execute(movements.insert().values(lot_id=lot_id, amount=credits, kind="bought", at=at))
    return int(lot_id)
