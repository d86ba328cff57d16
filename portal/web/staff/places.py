"""A platform that one of the staff asks for by its number, or the page of what does not exist."""

from flask import abort

from portal import standing
from portal.standing import Standing
from portal.web.edge import now, parts, reading


def find_platform(platform_id: int) -> Standing:
    """How it stands now."""
    try:
        return standing.find(reading(), platform_id, at=now(), zone=parts().settings.timezone)
    except LookupError:
        abort(404)
