"""What goes when a platform is purged, in the order in which it goes, and what stays."""

from sqlalchemy import ColumnElement, Connection

from portal.accounts import erasure as people
from portal.billing import erasure as billing
from portal.credits import erasure as credits
from portal.kit import chain, erasing, outbox
from portal.kit.erasing import Removed, Step
from portal.staff import erasure as staff
from portal.subscription import erasure as subscription
from portal.subscription import switches
from portal.support import erasure as support


def _letters(platform_id: int) -> ColumnElement[bool]:
    """Every row of the outbox, but for the word to the sending service, which says nothing of anybody."""
    rows = outbox.outbox.c
    return (rows.platform_id == platform_id) & (rows.name != switches.SWITCH_ERRAND)


STEPS: tuple[Step, ...] = (
    *billing.STEPS,
    *credits.STEPS,
    *support.STEPS,
    *staff.STEPS,
    *subscription.STEPS,
    *people.STEPS,
    Step("outbox", outbox.outbox, _letters),
)
EVENTS = "events"  # the last step: erased, not removed, so that the chain holds
KEPT: tuple[Step, ...] = billing.KEPT


def next_slice(db: Connection, platform_id: int, removed: dict[str, Removed], salt: str) -> tuple[str, Removed] | None:
    """Remove a slice of the first step of which anything is left: which one, and all that has gone of it by now.

    None once nothing is left. Every step is looked at each time, so that a row which came late, behind a step that was
    done, goes as well.
    """
    for step in STEPS:
        before = removed.get(step.name, Removed())
        after = erasing.remove_slice(db, step, platform_id, before, salt)
        if after != before:
            return step.name, after
    return _erase_events(db, platform_id, removed.get(EVENTS, Removed()), salt)


def _erase_events(db: Connection, platform_id: int, before: Removed, salt: str) -> tuple[str, Removed] | None:
    while chain.waiting(db):  # what is not sealed cannot be erased
        chain.seal(db)
    digests = chain.erase(db, platform_id, most=erasing.SLICE)
    if not digests:
        return None
    return EVENTS, Removed(before.rows + len(digests), erasing.digest(before.digest, digests, salt))
