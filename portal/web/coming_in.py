"""From a right password to the platform: what else is asked, how the platform stands, who else is signed in, a session.

What has been proven so far waits in the browser's cookie as a link that is mailed to nobody, opens only its own next
step, and dies with the password, the second factor or the administrator. So steps cannot be skipped by their address,
and one browser's step is of no use in another.
"""

import logging
from datetime import timedelta
from typing import Any

from flask import redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal import arrivals
from portal.accounts import factor_removals, queries, sessions
from portal.accounts.factor_removals import Stop
from portal.accounts.links import HALFWAY_PURPOSES, Purpose
from portal.accounts.queries import Administrator
from portal.arrivals import Arrival
from portal.billing import pending
from portal.kit import links
from portal.kit.links import Link
from portal.rules import terms
from portal.rules.factors import Factor
from portal.subscription import actions as subscription
from portal.web import devices, who
from portal.web.edge import network, now, parts, reading, writing
from portal.web.places import safe_place

log = logging.getLogger("portal")
Answer = Response | tuple[str, int]
WAITING = "pending"  # in the cookie: the link of the step that comes next
FACTOR = "factor"  # in the cookie: with what the person has come in so far


def after_password(person: Administrator) -> Answer:
    """The password was right: ask for the second factor of whoever has one."""
    arrival = _arrival(person)
    if arrival.factors.any:
        log.info("second factor asked for", extra={"administrator": person.id})
        return wait_at("second_factor.ask", Purpose.SECOND_FACTOR, terms.SECOND_FACTOR_LIFE, person)
    return after_factor(person, Factor.PASSWORD, arrival)


def after_factor(person: Administrator, factor: Factor, arrival: Arrival | None = None) -> Answer:
    """All is proven: only now the person, who is held, is told how the platform stands. A factor that is here is not
    lost. arrival: what was read of the person already.
    """
    if factor is not Factor.PASSWORD:
        factor_removals.stop(writing(), person.id, Stop.CAME_IN, at=now())
    arrival = arrival or _arrival(person)
    place = arrival.place
    if not place.state.may_sign_in:
        log.info("sign-in closed", extra={"administrator": person.id, "factor": factor, "state": place.state})
        awaited = pending.may_still_renew(writing(), place)
        return render_template("sign_in/closed.html", administrator=person, place=place, awaited=awaited), 403
    idle = parts().settings.idle_timeout_seconds
    if any(earlier.alive(now(), idle) for earlier in arrival.earlier):
        session[FACTOR] = str(factor)
        return wait_at("sign_in.take_over", Purpose.TAKE_OVER, terms.TAKE_OVER_LIFE, person)
    return begin(person, factor, arrival)


def _arrival(person: Administrator) -> Arrival:
    return arrivals.find(writing(), person, at=now(), zone=parts().settings.timezone)


def wait_at(endpoint: str, purpose: Purpose, life: timedelta, person: Administrator) -> Response:
    """Keep what is proven for a few minutes, as a link that opens nothing but the next step."""
    links.withdraw(writing(), person.id, HALFWAY_PURPOSES, at=now())
    link_id = parts().links.issue(writing(), purpose, person.id, at=now(), expires_at=now() + life)
    session[WAITING] = parts().links.token(writing(), link_id)
    session["next"] = request.form.get("next") or session.get("next")
    return redirect(url_for(endpoint), 303)


def waiting(purpose: Purpose) -> Link | None:
    """What waits in this browser for this step."""
    found = parts().links.find(reading(), session.get(WAITING, ""), purpose, at=now())
    return found if isinstance(found, Link) else None


def take(purpose: Purpose) -> Administrator | None:
    """Use up what waits in this browser for this step: whose it is, and nobody a second time.

    Takes the person's row first: whoever resets, disables or blocks meanwhile has withdrawn the link once we hold it.
    """
    link = waiting(purpose)
    session.pop(WAITING, None)
    person = queries.lock_administrator(writing(), link.subject_id) if link else None
    return person if link and person and links.consume(writing(), link, at=now()) else None


def begin(person: Administrator, factor: Factor, arrival: Arrival | None = None) -> Response:
    """Open the session, and lead to where the person, who is held, wanted to go. arrival: as above."""
    arrival = arrival or _arrival(person)
    place, idle = next_place(), parts().settings.idle_timeout_seconds
    facts: dict[str, Any] = {"network": network(), "device": who.device(), "earlier": arrival.earlier}
    started = sessions.start(writing(), person, at=now(), factor=factor, idle=idle, **facts)
    subscription.note_sign_in(writing(), person.platform_id, at=now(), zone=parts().settings.timezone)
    answer = redirect(place, 303)
    devices.remember(answer, person, started.id, known=arrival.known)
    who.open_session(started.token)
    log.info("signed in", extra={"administrator": person.id, "factor": factor})
    return answer


def next_place() -> str:
    asked = request.form.get("next") or request.args.get("next") or session.get("next")
    return safe_place(asked) or url_for("subscription.overview")
