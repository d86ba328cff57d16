"""The lots of a platform with what is left of them."""

from datetime import date

from sqlalchemy import Connection, func, select

from portal.credits.tables import lots, movements
from portal.rules.credits import Lot


def lots_of(db: Connection, platform_id: int) -> list[Lot]:
    """Every lot of the platform, oldest first; the balance of each is the sum of its movements."""
    remaining = func.coalesce(func.sum(movements.c.amount), 0)
    query = (
        select(lots.c.id, lots.c.bought_on, remaining, lots.c.kept_until)
        .select_from(lots.outerjoin(movements))
        .where(lots.c.platform_id == platform_id)
        .group_by(lots.c.id)
        .order_by(lots.c.bought_on, lots.c.id)
    )
    return [Lot(*row) for row in db.execute(query)]


def last_movement_on(db: Connection, platform_id: int) -> date | None:
    """The UTC day of the newest movement: until then an SMS-only platform certainly had credits."""
    query = select(func.max(movements.c.at)).select_from(movements.join(lots)).where(lots.c.platform_id == platform_id)
    newest = db.execute(query).scalar_one_or_none()
    return newest.date() if newest else None
