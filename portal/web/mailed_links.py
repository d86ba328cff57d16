"""A link from a mail, opened: its token moves from the address bar into the cookie, and is looked at from there.

Nothing is used up by opening: scanners open links too. What uses it up is a POST of the page that it leads to.
"""

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from portal.kit.links import Fault, Link
from portal.web.edge import now, parts, reading

LINK = "link"  # in the cookie: the token that has left the address bar
LONGEST_TOKEN = 400  # characters; ours have about 180
STATUS = {Fault.BROKEN: 404, Fault.EXPIRED: 410, Fault.USED: 410, Fault.WITHDRAWN: 410}


def keep(token: str, endpoint: str) -> Response:
    """Remember the token and lead to the page that shows what it opens."""
    session[LINK] = token[:LONGEST_TOKEN]
    return redirect(url_for(endpoint), 303)


def find(*purposes: str) -> Link | Fault:
    """The link that was opened, whichever of the purposes it has."""
    found: Link | Fault = Fault.BROKEN
    for purpose in purposes:
        found = parts().links.find(reading(), session.get(LINK, ""), purpose, at=now())
        if found is not Fault.BROKEN:
            return found
    return found


def forget() -> None:
    """The link is used up, or given up."""
    session.pop(LINK, None)
