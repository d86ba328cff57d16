"""The lots of a platform with what is left of them."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from portal.credits.tables import lots, movements
from portal.rules.credits import Lot

_LOTS = (
    select(lots.c.id, lots.c.bought_on, func.coalesce(func.sum(movements.c.amount), 0), lots.c.kept_until)
    .select_from(lots.outerjoin(movements))
    .where(lots.c.platform_id == bindparam("platform_id"))
    .group_by(lots.c.id)
    .order_by(lots.c.bought_on, lots.c.id)
)


def lots_of(db: Connection, platform_id: int) -> list[Lot]:
    """Every lot of the platform, oldest first; the balance of each is the sum of its movements."""
    return [Lot(*row) for row in db.execute(_LOTS, {"platform_id": platform_id})]


def last_movements(db: Connection, platform_id: int) -> dict[int, datetime]:
    """The instant of the newest movement of each lot, by its id."""
    query = select(movements.c.lot_id, func.max(movements.c.at)).select_from(movements.join(lots))
    rows = db.execute(query.where(lots.c.platform_id == platform_id).group_by(movements.c.lot_id))
    return dict(rows.tuples().all())
