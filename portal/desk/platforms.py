"""What staff do to a platform: block it, lift a block, put and take off a legal hold. The commands do it by the same.

Source: RULES.md, Blocked platforms. Where they are silent:
- A platform that may be in somebody else's hands (`compromised`) is closed to everybody who has a session, a password
  or half of a sign-in, and to whoever has asked that lost second factors be taken off: it may have been the intruder.
- It is unlocked only with a reference to the written request, which is kept with the event; the customer reads the
  reason. While it is blocked, staff may ask anew that lost second factors be taken off: the wait begins anew too.
- A hold that comes after the erasing began would keep nothing, and a block nobody from anything: both are refused then.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from portal.accounts import devices, factor_removals, queries, recovery, sessions
from portal.accounts.factor_removals import Stop
from portal.accounts.queries import Administrator
from portal.rules import access
from portal.rules.access import Block
from portal.rules.sessions import EndReason
from portal.staff.queries import Member
from portal.subscription import actions
from portal.subscription import queries as subscription


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose it is, in the customer's activity (`by`) and among ourselves (`member`), with the reason, and when."""

    by: str
    at: datetime
    reason: str = ""
    member: str = ""

    @property
    def told(self) -> dict[str, str]:
        """What is written beside the event, where there is any."""
        return {name: value for name, value in (("reason", self.reason), ("member", self.member)) if value}


class Result(StrEnum):
    """What became of it."""

    DONE = "done"
    BLOCKED_ALREADY = "blocked-already"  # for the same reason
    NOT_BLOCKED = "not-blocked"
    NO_REQUEST = "no-request"  # nobody has asked in writing
    HELD_ALREADY = "held-already"
    NOT_HELD = "not-held"
    DELETED = "deleted"  # or on the way: the erasing has begun


def of_staff(member: Member, reason: str, at: datetime) -> Hand:
    """The hand of somebody at the desk: the customer reads that it was our staff."""
    return Hand("staff", at, reason, member.username)


def block(db: Connection, platform_id: int, code: Block, hand: Hand, *, note: str) -> Result:
    """Block the platform. note: for the staff alone."""
    if _is_deleted(db, platform_id):
        return Result.DELETED
    if not actions.block(db, platform_id, code, by=hand.by, note=note, at=hand.at, **hand.told):
        return Result.BLOCKED_ALREADY
    if code in access.ENDS_SESSIONS:
        for person in queries.administrators_of_platform(db, platform_id):
            _shut_out(db, person, hand.at)
    return Result.DONE


def _shut_out(db: Connection, person: Administrator, at: datetime) -> None:
    """Whoever is in goes out, and comes in again by a new password alone, with the second factor that is known."""
    queries.lock_administrator(db, person.id)  # before the session, as who is just coming in
    sessions.end_all(db, person.id, EndReason.COMPROMISED, at=at)
    recovery.force_reset(db, person, at=at)
    devices.forget(db, person)
    factor_removals.stop(db, person.id, Stop.COMPROMISED, at=at, by="staff")


def lift(db: Connection, platform_id: int, code: Block, hand: Hand, *, request: str = "") -> Result:
    """Lift the block of this reason. request: where the customer asks for it in writing."""
    if code is Block.COMPROMISED and not request:
        return Result.NO_REQUEST
    told = hand.told | ({"request": request} if request else {})
    lifted = actions.lift(db, platform_id, code, by=hand.by, at=hand.at, **told)
    return Result.DONE if lifted else Result.NOT_BLOCKED


def hold(db: Connection, platform_id: int, hand: Hand) -> Result:
    """Put a legal hold on the platform: it stops the purge, and nothing else."""
    if _is_deleted(db, platform_id):
        return Result.DELETED
    held = actions.hold(db, platform_id, by=hand.by, at=hand.at, **hand.told)
    return Result.DONE if held else Result.HELD_ALREADY


def release(db: Connection, platform_id: int, hand: Hand) -> Result:
    """Take the legal hold off."""
    released = actions.release(db, platform_id, by=hand.by, at=hand.at, **hand.told)
    return Result.DONE if released else Result.NOT_HELD


def _is_deleted(db: Connection, platform_id: int) -> bool:
    """Holds the platform, as the beginning of the erasing does: of the two one sees the other."""
    subscription.lock_platform(db, platform_id)
    place = subscription.find_platform(db, platform_id)
    return place is not None and place.deleted_at is not None
