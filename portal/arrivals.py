"""Who is about to come in: how the platform stands, what else is asked of the person, and what the new session takes
the place of, read by one statement.

The caller holds the person's row (`accounts.queries.lock_administrator`) since before: on PostgreSQL a statement that
waited for that row itself would see the sessions and devices as they were before it waited.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Connection, bindparam, select

from portal import glance
from portal.accounts import devices, factors, sessions
from portal.accounts.devices import Known
from portal.accounts.queries import Administrator
from portal.accounts.sessions import Elsewhere
from portal.rules.factors import Factors
from portal.standing import Standing
from portal.subscription.tables import platforms

_WHOSE: BindParameter[int] = bindparam("administrator_id")
_ARRIVAL = select(
    *glance.COLUMNS, *factors.columns(_WHOSE), sessions.open_column(_WHOSE), devices.known_column(_WHOSE)
).where(platforms.c.id == bindparam("platform_id"))


@dataclass(frozen=True, slots=True)
class Arrival:
    """earlier: the session that nobody has ended, if there is one. known: the browsers they have come in from."""

    place: Standing
    factors: Factors
    earlier: list[Elsewhere]
    known: list[Known]


def find(db: Connection, person: Administrator, *, at: datetime, zone: ZoneInfo) -> Arrival:
    facts = {"platform_id": person.platform_id, "administrator_id": person.id}
    *row, apps, keys, codes, earlier, known = db.execute(_ARRIVAL, facts).one()
    place = glance.composed(tuple(row), at, zone).place
    return Arrival(place, factors.read(apps, keys, codes), sessions.read_open(earlier), devices.read_known(known))
