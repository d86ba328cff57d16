"""The platform's demand of a second factor: the mark and the mails together, so that nobody is surprised by it.

Whether it is allowed at this instant is asked of the standing, by the caller, while the platform is locked.
"""

from datetime import datetime

from sqlalchemy import Connection

from portal.accounts.queries import Administrator, administrators_of_platform
from portal.subscription import actions, mails


def demand(db: Connection, *, by: Administrator, at: datetime) -> bool:
    """From now on nobody comes in without one; the others are told by mail. False, and no mail: it was so already."""
    if not actions.demand_second_factor(db, by.platform_id, administrator_id=by.id, at=at):
        return False
    for person in administrators_of_platform(db, by.platform_id):
        if person.enabled and person.id != by.id:
            mails.second_factor_demanded(db, to=person, by=by.username, at=at)
    return True


def leave_free(db: Connection, *, by: Administrator, at: datetime) -> bool:
    """It is everybody's own choice again; those who have one keep it. False: it was so already."""
    return actions.leave_second_factor_free(db, by.platform_id, administrator_id=by.id, at=at)
