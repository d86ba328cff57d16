"""A second factor demanded from everybody on the platform, and left to everybody's choice again.

Where RULES.md is silent: only a first administrator who has one herself demands it, so that she has seen what she asks
for. From the commit on, whoever has none opens nothing but the page where one is added (portal/web/access.py).
"""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from portal import standing
from portal.accounts import factors, queries
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.access import Act, Reason, Refused, Role
from portal.subscription import second_factor
from portal.web import access, offers, security, who
from portal.web.edge import now, parts, writing

pages = Blueprint("factor_demand", __name__, url_prefix="/profile/security")
Page = Response | str | tuple[Any, ...]
FORBIDDEN, CONFLICT = 403, 409


@pages.post("/demand")
@access.signed_in_proven(_l("Demand a second factor from everybody"))
def demand() -> Page:
    refused = _refused()
    if refused:
        return refused
    mine = queries.lock_administrator(writing(), who.me().administrator.id)
    if not factors.of(writing(), mine.id).any:
        return security.failed(_("Add a second factor for yourself first: then you know what you ask the others for."))
    if not second_factor.demand(writing(), by=mine, at=now()):
        return security.failed(_("It is demanded already."))
    return security.done(_("From now on nobody comes in without a second factor. The others have been told by mail."))


@pages.post("/lift")
@access.signed_in_proven(_l("Leave the second factor to everybody's choice"))
def lift() -> Page:
    refused = _refused()
    if refused:
        return refused
    if not second_factor.leave_free(writing(), by=who.me().administrator, at=now()):
        return security.failed(_("It is everybody's own choice already."))
    return security.done(_("A second factor is everybody's own choice again. Whoever has one keeps it."))


def _refused() -> Page | None:
    """Why this person may not decide it now. Holds the platform: of two requests the second sees the first."""
    mine, zone = who.me().administrator, parts().settings.timezone
    place = standing.lock(writing(), mine.platform_id, at=now(), zone=zone)
    found = place.decide(Act.DEMAND_SECOND_FACTOR, Role(mine.role))
    if not isinstance(found, Refused):
        return None
    status = FORBIDDEN if found.reason is Reason.FIRST_ADMINISTRATOR_ONLY else CONFLICT
    return security.failed(offers.refusal(found, place), status)
