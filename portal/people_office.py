"""What the commands about people do: disable, sign out, help in. The desk does the same for whoever has no shell."""

from datetime import datetime

from sqlalchemy import Connection

from portal.accounts import administrators, email_changes, factor_removals, lost_factors, queries, recovery, sessions
from portal.accounts.factor_removals import Stop
from portal.accounts.links import Purpose
from portal.accounts.lost_factors import NotAsked
from portal.accounts.queries import Administrator
from portal.office import BY, Refused, standing_of, user_name, why
from portal.parts import Parts
from portal.rules.staff import reset_needs_approval
from portal.rules.terms import EMAIL_CHANGE_UNDO

_NOT_ASKED = {
    NotAsked.DISABLED: "is disabled",
    NotAsked.NO_FACTOR: "has no second factor",
    NotAsked.OPEN: "waits for it already: stop that with --stop, or wait",
}


def disable_administrator(parts: Parts, username: str) -> None:
    """Disable. Raises Refused."""
    with parts.database.write() as db:
        if not administrators.disable(db, _administrator(db, username), at=parts.clock.now(), by=BY):
            raise Refused(f"{username} is disabled already.")


def end_sessions(parts: Parts, username: str | None, reason: str) -> int:
    """Sign out one administrator, or everybody; how many there were. The password stays. Raises Refused."""
    reason = why(reason)
    with parts.database.write() as db:
        people = sessions.people_signed_in(db) if username is None else [_administrator(db, username)]
        at = parts.clock.now()
        return sum(sessions.end_by_staff(db, person, reason, at=at, by=BY) for person in people)


def send_reset_link(parts: Parts, username: str, reason: str) -> None:
    """Mail a support link. Raises Refused, also where two people have to want it: here there is one."""
    reason, at = why(reason), parts.clock.now()
    with parts.database.write() as db:
        person = _administrator(db, username)
        if not person.enabled:
            raise Refused(f"{username} is disabled.")
        if reset_needs_approval(email_changes.last_change(db, person.id), at):
            days = EMAIL_CHANGE_UNDO.days
            raise Refused(
                f"The address of {username} was changed within {days} days: two people ask for it at the desk."
            )
        recovery.send_reset_link(db, parts.links, person, Purpose.SUPPORT_RESET, at=at, reason=reason)


def ask_removal(parts: Parts, username: str, reason: str) -> datetime:
    """Ask that lost second factors be taken off; returns when they are, if nobody stops it. Raises Refused."""
    reason, at = why(reason), parts.clock.now()
    with parts.database.write() as db:
        person = _administrator(db, username)
        if not standing_of(db, parts, person.platform_id).state.may_sign_in:
            raise Refused(f"Nobody signs in to platform {person.platform_id} any more.")
        found = lost_factors.ask(db, parts.links, person, reason=reason, by=BY, at=at)
        if isinstance(found, NotAsked):
            raise Refused(f"{username} {_NOT_ASKED[found]}.")
        return found.due_at.astimezone(parts.settings.timezone)


def stop_removal(parts: Parts, username: str) -> None:
    """Stop that lost second factors are taken off. Raises Refused."""
    with parts.database.write() as db:
        person = _administrator(db, username)
        if not factor_removals.stop(db, person.id, Stop.STAFF, at=parts.clock.now(), by="staff"):
            raise Refused(f"Nobody has asked to take the second factors of {username} off, or it is done or stopped.")


def _administrator(db: Connection, username: str) -> Administrator:
    person = queries.find_administrator(db, user_name(username).folded)
    if person is None:
        raise Refused(f"There is no administrator {username}.")
    return person
