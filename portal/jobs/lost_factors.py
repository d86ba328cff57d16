"""Lost second factors whose waiting time is over are taken off, in the round of the worker."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from portal import standing
from portal.accounts import factor_removals, lost_factors, queries
from portal.accounts.factor_removals import Removal
from portal.parts import Parts

log = logging.getLogger("portal")


def take_off_due(parts: Parts) -> None:
    """Each in a transaction of its own."""
    with parts.database.read() as db:
        due = factor_removals.due(db, parts.clock.now())
    for removal in due:
        _take_off(parts, removal)


def _take_off(parts: Parts, removal: Removal) -> None:
    at, facts = parts.clock.now(), {"administrator": removal.administrator_id, "row": removal.id}
    try:
        with parts.database.write() as db:
            person = queries.get_administrator(db, removal.administrator_id)
            place = standing.find(db, person.platform_id, at=at, zone=parts.settings.timezone)
            closed = not place.state.may_sign_in
            done = lost_factors.carry_out(db, parts.links, removal, closed=closed, at=at)
    except SQLAlchemyError as error:  # another transaction was in the way: it is still due at the next round
        log.error("lost factors not taken off", extra=facts | {"fault": type(error).__name__})
    else:
        log.info("lost factors taken off" if done else "removal of lost factors found stopped", extra=facts)
