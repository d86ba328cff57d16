"""What links are for. A link of one purpose opens nothing of another."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, select

from portal.accounts.tables import email_changes, sessions
from portal.kit import links


class Purpose(StrEnum):
    RESET = "reset"  # asked for by the person
    SUPPORT_RESET = "support-reset"  # sent by staff
    INVITATION = "invitation"  # the first password of a new administrator
    TRIAL = "trial"  # the subject is a request for a trial: confirms its address, and starts it
    EMAIL_CHANGE = "email-change"  # the subject is a change of the address: sent to the new one, confirms it
    EMAIL_UNDO = "email-undo"  # the subject is a change of the address: sent to the old one, takes it back
    NOT_ME = "not-me"  # the subject is a session: from the notice of a new device
    STOP_REMOVAL = "stop-removal"  # the subject is a removal of lost factors: from the notices of it
    # Never mailed: what waits in the cookie of one browser for its next step.
    SECOND_FACTOR = "second-factor"  # a proven password that waits for the second factor
    TAKE_OVER = "take-over"  # all is proven, and it waits for an answer to the take-over question
    NEW_PASSKEY = "new-passkey"  # the challenge for a key to be added
    PASSKEY = "passkey"  # the challenge for whoever comes in by a key alone; the subject is nobody (0)
    PROOF = "passkey-proof"  # the challenge for whoever is signed in, and proves it again by a key


PASSWORD_PURPOSES = (Purpose.RESET, Purpose.SUPPORT_RESET, Purpose.INVITATION)
HALFWAY_PURPOSES = (Purpose.SECOND_FACTOR, Purpose.TAKE_OVER)  # somebody is coming in, and has proven the password
CHALLENGE_PURPOSES = (Purpose.NEW_PASSKEY, Purpose.PROOF)  # somebody who is signed in holds a key ready


def forget(db: Connection, purpose: Purpose, subject_id: int, *, at: datetime) -> None:
    """Delete the links of a subject that are too old to open anything: challenges come by the thousand."""
    old = (links.links.c.subject_id == subject_id) & (links.links.c.purpose == purpose)
    db.execute(delete(links.links).where(old, links.links.c.expires_at <= at))


def withdraw_email_links(
    db: Connection, administrator_id: int, purposes: Iterable[str], *, at: datetime, since: int = 0
) -> None:
    """Kill the open links of a person's changes of address, from the change with the id `since` on."""
    mine = (email_changes.c.administrator_id == administrator_id) & (email_changes.c.id >= since)
    kinds = list(purposes)
    open_ones = links.links.c.purpose.in_(kinds) & links.links.c.ended_at.is_(None)
    joined = email_changes.join(links.links, links.links.c.subject_id == email_changes.c.id)
    for change_id in db.execute(select(email_changes.c.id).select_from(joined).where(mine, open_ones)).scalars().all():
        links.withdraw(db, change_id, kinds, at=at)


def withdraw_not_me_links(db: Connection, administrator_id: int, *, at: datetime, since: datetime) -> None:
    """Kill the open links that say of a sign-in that it was not this person's, of all that were begun since then."""
    mine = (sessions.c.administrator_id == administrator_id) & (sessions.c.started_at >= since)
    open_ones = (links.links.c.purpose == Purpose.NOT_ME) & links.links.c.ended_at.is_(None)
    joined = sessions.join(links.links, links.links.c.subject_id == sessions.c.id)
    for session_id in db.execute(select(sessions.c.id).select_from(joined).where(mine, open_ones)).scalars().all():
        links.withdraw(db, session_id, (Purpose.NOT_ME,), at=at)
