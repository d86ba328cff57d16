"""Why a platform may not be deleted now."""

from sqlalchemy import Connection

from portal.billing import pending, tasks
from portal.kit import outbox
from portal.kit.outbox import Outcome
from portal.rules import lifecycle, reminders
from portal.rules.lifecycle import PurgeRefusal
from portal.rules.reminders import Paid
from portal.standing import Standing


def find_refusals(db: Connection, place: Standing) -> tuple[PurgeRefusal, ...]:
    """Every reason why the platform may not be deleted at the standing's instant; empty: it may."""
    owed = tasks.any_open(db, place.platform.id)
    return lifecycle.find_purge_refusals(
        place.life,
        place.at,
        place.zone,
        open_payment=owed or pending.may_still_renew(db, place),
        legal_hold=place.platform.legal_hold_since is not None,
        warnings_accepted=_warned(db, place),
    )


def _warned(db: Connection, place: Standing) -> bool:
    """Whether the mail server accepted every mail of the newest warning that was written."""
    for key in _warnings(place):
        outcomes = outbox.outcomes_of(db, f"{key}:")
        if outcomes:
            return all(outcome == Outcome.SENT for outcome in outcomes)
    return False


def _warnings(place: Standing) -> tuple[str, ...]:
    """The keys of the last warnings, the newest first."""
    number, life = place.platform.id, place.life
    if life.expires_on is not None:
        days = (place.paid[-1].term.starts_on, life.expires_on)
        return reminders.last_warning_keys(Paid(number, *days, grace_until=life.grace_until))
    return reminders.last_dormant_warning_keys(number, life.quiet_since) if life.quiet_since else ()
