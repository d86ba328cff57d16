"""The sending service is told how a platform stands: when it begins, after a payment, a block, or a word of staff."""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from portal import standing
from portal.billing import queries as billing
from portal.billing.settle import switch_key
from portal.jobs.errands import GiveUp, NotYet
from portal.kit import outbox
from portal.outside.service import NotAccepted, PlatformState, ServedTerm, ServiceDown
from portal.parts import Parts
from portal.rules.access import Act, Allowed, Role
from portal.standing import Standing

log = logging.getLogger("portal")


def tell(parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """An errand: {"platform_id": …}, with its cause beside it. Raises NotYet or GiveUp.

    Where no service is configured there is nobody to tell, and so nothing left to do: such a service asks the portal.
    `at` was read after the change was committed, and the platform is read after `at`: so whatever carries a later
    instant knows of the change too, and the receiver may drop what is older.
    """
    if parts.service is None:
        return
    number = payload["platform_id"]
    with parts.database.read() as db:
        state = snapshot(db, standing.find(db, number, at=at, zone=parts.settings.timezone))
    try:
        parts.service.tell(state, _key(payload, at))
    except ServiceDown as error:
        log.warning("sending service not told", extra={"platform": number, "why": str(error)})
        raise NotYet(str(error)) from None
    except NotAccepted as error:
        raise GiveUp(str(error)) from None
    with parts.database.write() as db:
        _make_up(db, number, at)


def _make_up(db: Connection, platform_id: int, at: datetime) -> None:
    """Orders of which the service could not be told before: it has heard of them now, with all the rest."""
    keys = [switch_key(order.id) for order in billing.orders_of(db, platform_id)]
    outbox.make_up(db, keys, before=at)


def snapshot(db: Connection, place: Standing) -> PlatformState:
    """The platform as the service has to know it, at the instant of the standing."""
    platform = place.platform
    coming = [] if platform.sms_only else [paid for paid in place.paid if paid.term.ends_on >= place.today]
    return PlatformState(
        platform.id,
        place.at,
        place.state,
        sending=isinstance(place.decide(Act.USE_FEATURES, Role.FIRST), Allowed),
        edition=place.edition,
        email=platform.email_channel,
        sms=platform.sms_channel,
        terms=tuple(ServedTerm(paid.term.starts_on, paid.term.ends_on, paid.edition) for paid in coming),
        expires_on=place.expires_on,
        renewable_until=place.renewable_until,
        deleted_from=place.deleted_from,
        seats=standing.seats(db, place).paid,
        credits=standing.credits_of(db, place).balance.spendable,
    )


def _key(payload: dict[str, Any], at: datetime) -> str:
    """What caused it, and the instant: each attempt tells something newer, and so has a key of its own."""
    cause = "-".join(f"{name}-{value}" for name, value in sorted(payload.items()))
    return f"{cause}-{at:%Y%m%dT%H%M%S.%f}"
