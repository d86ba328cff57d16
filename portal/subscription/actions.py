"""What is done to platforms: created, blocked, held. What is paid for is done in one place, by the billing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, or_, select, update

from portal.kit import audit, outbox
from portal.kit.db import insert_once
from portal.rules import dates
from portal.rules.access import Block
from portal.subscription import queries, searched_names, switches
from portal.subscription.events import Event
from portal.subscription.searched_names import NameOf
from portal.subscription.tables import blocks, platforms, seat_grants, terms

SIGN_IN_TASK = "note_sign_in"
_BEFORE = or_(platforms.c.last_sign_in_on.is_(None), platforms.c.last_sign_in_on < bindparam("day"))
_UNNOTED = select(platforms.c.id).where(platforms.c.id == bindparam("platform_id"), _BEFORE)
_FREE = platforms.alias("free")
_NOTE_FREE = update(platforms).where(
    platforms.c.id.in_(
        select(_FREE.c.id)
        .where(_FREE.c.id == bindparam("platform_id"))
        .with_for_update(key_share=True, skip_locked=True)
    ),
    _BEFORE,
)
_NOTE = update(platforms).where(platforms.c.id == bindparam("platform_id"), _BEFORE)


@dataclass(frozen=True, slots=True)
class NewPlatform:
    """A platform as it begins: `term` are its first and last day, None for one that only sends SMS.

    edition: that of the term; without one there is none.
    """

    id: int
    edition: str
    email_channel: bool
    sms_channel: bool
    term: tuple[date, date] | None
    trial: bool = False
    company: str = ""
    additional_seats: int = 0


class Taken:
    """The platform ID exists, or did."""


def create(db: Connection, new: NewPlatform, *, at: datetime) -> Taken | None:
    """Create the platform with its first term and seats; an ID is never given twice."""
    row: dict[str, Any] = {"id": new.id, "email_channel": new.email_channel, "sms_channel": new.sms_channel}
    row |= {"trial": new.trial, "company": new.company}
    if not insert_once(db, platforms, row | {"created_at": at}):
        return Taken()
    searched_names.keep(db, new.id, NameOf.COMPANY, new.company)
    if new.term:
        starts_on, ends_on = new.term
        days: dict[str, Any] = {"platform_id": new.id, "starts_on": starts_on, "ends_on": ends_on}
        db.execute(terms.insert().values(days | {"anchor_on": starts_on, "edition": new.edition, "trial": new.trial}))
        if new.additional_seats:
            db.execute(seat_grants.insert().values(days | {"quantity": new.additional_seats}))
    audit.record(db, Event.PLATFORM_CREATED, at=at, platform_id=new.id)
    return None


def grant_seat(db: Connection, platform_id: int, *, expires_on: date, today: date, by: str, at: datetime) -> None:
    """The right to one more administrator through E, given by the operator and not sold; written in the activity."""
    row = {"platform_id": platform_id, "quantity": 1, "starts_on": min(today, expires_on), "ends_on": expires_on}
    db.execute(seat_grants.insert().values(row))
    audit.record(db, Event.SEAT_GRANTED, at=at, platform_id=platform_id, by=by)


def cancel(db: Connection, platform_id: int, *, by: str, at: datetime) -> bool:
    """Mark as cancelled; False if it is cancelled already, so that of two at once one does it.

    Whether it is allowed now is the rules' business, asked before; the confirmation is mailed by `cancellation`.
    """
    going_on = (platforms.c.id == platform_id) & platforms.c.cancelled_at.is_(None)
    if db.execute(update(platforms).where(going_on).values(cancelled_at=at)).rowcount == 0:
        return False
    audit.record(db, Event.CANCELLED, at=at, platform_id=platform_id, by=by)
    return True


def undo_cancel(db: Connection, platform_id: int, *, by: str, at: datetime) -> bool:
    """Take the cancellation back, quietly: a paid renewal does it too. False if there is none."""
    cancelled = (platforms.c.id == platform_id) & platforms.c.cancelled_at.is_not(None)
    if db.execute(update(platforms).where(cancelled).values(cancelled_at=None)).rowcount == 0:
        return False
    audit.record(db, Event.CANCELLATION_UNDONE, at=at, platform_id=platform_id, by=by)
    return True


def note_sign_in(db: Connection, platform_id: int, *, at: datetime, zone: ZoneInfo) -> None:
    """Remember the business day of the newest sign-in: an SMS-only platform lives from it. Written once a day.

    Waits for nobody: who signs in holds their own row, for which somebody may be waiting who holds the platform. Where
    it is held, a task writes the day afterwards.
    """
    today = dates.business_date(at, zone)
    which = {"platform_id": platform_id, "day": today}
    if db.execute(_NOTE_FREE, which | {"last_sign_in_on": today}).rowcount:
        return
    if db.execute(_UNNOTED, which).first():
        payload = {"platform_id": platform_id, "day": today.isoformat()}
        outbox.put(db, outbox.TASK, SIGN_IN_TASK, payload, at=at, platform_id=platform_id)


def write_sign_in(db: Connection, platform_id: int, day: date) -> None:
    """The day of a sign-in, unless a later one is known."""
    db.execute(_NOTE, {"platform_id": platform_id, "day": day, "last_sign_in_on": day})


def block(db: Connection, platform_id: int, code: Block, *, by: str, note: str, at: datetime, **told: Any) -> bool:
    """Block for this reason; False if it is blocked for it already. Who else has to go out is the caller's business.

    told: what stands beside it in the activity: the `reason` in words, and who of the staff it was (`member`).
    """
    queries.lock_platform(db, platform_id)
    open_ = (blocks.c.platform_id == platform_id) & (blocks.c.code == code) & blocks.c.lifted_at.is_(None)
    if db.execute(blocks.select().where(open_)).first():
        return False
    set_by = told.get("member", by)
    row = {"platform_id": platform_id, "code": code, "since": at, "set_by": set_by, "note": note}
    db.execute(blocks.insert().values(row))
    audit.record(db, Event.BLOCKED, at=at, platform_id=platform_id, code=code, by=by, **told)
    switches.announce(db, platform_id, at=at)
    return True


def lift(db: Connection, platform_id: int, code: Block, *, by: str, at: datetime, **told: Any) -> bool:
    """Lift the block of this code; False if there is none."""
    open_ = (blocks.c.platform_id == platform_id) & (blocks.c.code == code) & blocks.c.lifted_at.is_(None)
    if db.execute(update(blocks).where(open_).values(lifted_at=at)).rowcount == 0:
        return False
    audit.record(db, Event.UNBLOCKED, at=at, platform_id=platform_id, code=code, by=by, **told)
    switches.announce(db, platform_id, at=at)
    return True


def demand_second_factor(db: Connection, platform_id: int, *, administrator_id: int, at: datetime) -> bool:
    """Nobody comes in without a second factor from now on; False if it is so already. The mails: `second_factor`."""
    free = (platforms.c.id == platform_id) & platforms.c.second_factor_since.is_(None)
    if db.execute(update(platforms).where(free).values(second_factor_since=at)).rowcount == 0:
        return False
    event = Event.SECOND_FACTOR_DEMANDED
    audit.record(db, event, at=at, platform_id=platform_id, administrator_id=administrator_id)
    return True


def leave_second_factor_free(db: Connection, platform_id: int, *, administrator_id: int, at: datetime) -> bool:
    """A second factor is everybody's own choice again; False if it is so already."""
    demanded = (platforms.c.id == platform_id) & platforms.c.second_factor_since.is_not(None)
    if db.execute(update(platforms).where(demanded).values(second_factor_since=None)).rowcount == 0:
        return False
    event = Event.SECOND_FACTOR_LEFT_FREE
    audit.record(db, event, at=at, platform_id=platform_id, administrator_id=administrator_id)
    return True


def hold(db: Connection, platform_id: int, *, by: str, at: datetime, **told: Any) -> bool:
    """Put a legal hold on the platform: it stops only the purge. False if it is held already."""
    free = (platforms.c.id == platform_id) & platforms.c.legal_hold_since.is_(None)
    if db.execute(update(platforms).where(free).values(legal_hold_since=at)).rowcount == 0:
        return False
    audit.record(db, Event.HELD, at=at, platform_id=platform_id, by=by, **told)
    return True


def release(db: Connection, platform_id: int, *, by: str, at: datetime, **told: Any) -> bool:
    """Take the legal hold off. False if there is none."""
    held = (platforms.c.id == platform_id) & platforms.c.legal_hold_since.is_not(None)
    if db.execute(update(platforms).where(held).values(legal_hold_since=None)).rowcount == 0:
        return False
    audit.record(db, Event.RELEASED, at=at, platform_id=platform_id, by=by, **told)
    return True
