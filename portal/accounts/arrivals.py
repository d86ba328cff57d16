"""Who is about to come in: what is asked of them, and what their session takes the place of, read by one statement.

The caller holds the person's row (`queries.lock_administrator`) since before: on PostgreSQL a statement that waited for
that row itself would see the sessions and devices as they were before it waited.
"""

from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, select

from portal.accounts import devices, factors, sessions
from portal.accounts.devices import Known
from portal.accounts.sessions import Elsewhere
from portal.rules.factors import Factors

_WHOSE: BindParameter[int] = bindparam("administrator_id")
_ARRIVAL = select(*factors.columns(_WHOSE), sessions.open_column(_WHOSE), devices.known_column(_WHOSE))


@dataclass(frozen=True, slots=True)
class Arrival:
    """earlier: the session that nobody has ended, if there is one. known: the browsers they have come in from."""

    factors: Factors
    earlier: list[Elsewhere]
    known: list[Known]


def find(db: Connection, administrator_id: int) -> Arrival:
    *has, earlier, known = db.execute(_ARRIVAL, {"administrator_id": administrator_id}).one()
    return Arrival(factors.read(*has), sessions.read_open(earlier), devices.read_known(known))
