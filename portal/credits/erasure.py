"""What goes of the credits when a platform is purged: the ledger as a whole, so that no balance is left behind."""

from sqlalchemy import ColumnElement, select

from portal.credits.tables import lots, movements
from portal.kit.erasing import Step


def _movements(platform_id: int) -> ColumnElement[bool]:
    return movements.c.lot_id.in_(select(lots.c.id).where(lots.c.platform_id == platform_id))


STEPS = (
    Step("movements", movements, _movements, order=(movements.c.lot_id, movements.c.number)),
    Step("lots", lots, lambda platform_id: lots.c.platform_id == platform_id),
)
