"""What is done to a platform that goes: marked, begun, erased slice by slice, finished. Nobody here commits."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, select, update

from portal import standing
from portal.accounts import queries as accounts
from portal.accounts import sessions
from portal.kit import audit, erasing, outbox
from portal.kit.db import insert_once
from portal.kit.outbox import Progress
from portal.purging.certificates import certificate, seal_of
from portal.purging.preconditions import find_refusals
from portal.purging.queries import Purge, value_of
from portal.purging.steps import KEPT, next_slice
from portal.rules import terms
from portal.rules.access import Role
from portal.rules.lifecycle import PurgeRefusal
from portal.rules.sessions import EndReason
from portal.standing import Standing
from portal.subscription import erasure, mails, switches
from portal.subscription.events import Event
from portal.subscription.mails import Address
from portal.subscription.tables import platforms, purges

SALT_BYTES = 16
_LOCK = select(purges).where(purges.c.id == bindparam("purge_id")).with_for_update()


def mark(db: Connection, place: Standing) -> bool:
    """Say that the platform, which the caller holds, is going to be deleted; False if that is said already."""
    at, number = place.at, place.platform.id
    row: dict[str, Any] = {"platform_id": number, "expired_on": place.expires_on, "marked_at": at}
    row |= {"due_at": at + terms.PURGE_DELAY, "removed": {}, "kept": {}}
    if not insert_once(db, purges, row):
        return False
    audit.record(db, Event.PURGE_MARKED, at=at, platform_id=number)
    return True


def begin(db: Connection, purge: Purge, *, at: datetime, zone: ZoneInfo) -> tuple[PurgeRefusal, ...]:
    """From now on the platform is deleted for everybody; or it stays, for the reasons returned, and is unmarked.

    Where another worker has begun it meanwhile, or somebody has stopped it, nothing happens.
    """
    row = db.execute(_LOCK, {"purge_id": purge.id}).one()
    if row.began_at is not None or row.stopped_at is not None:
        return ()
    place = standing.lock(db, purge.platform_id, at=at, zone=zone)
    refusals = find_refusals(db, place)
    if refusals:
        because = ", ".join(refusals)[:64]
        _change(db, purge, stopped_at=at, stopped_because=because)
        audit.record(db, Event.PURGE_STOPPED, at=at, platform_id=purge.platform_id, because=because)
        return refusals
    kept = {step.name: erasing.count(db, step, purge.platform_id) for step in KEPT}
    _change(db, purge, began_at=at, salt=secrets.token_hex(SALT_BYTES), kept=kept, **_recipient(db, purge))
    db.execute(update(platforms).where(platforms.c.id == purge.platform_id).values(deleted_at=at))
    for person in accounts.administrators_of_platform(db, purge.platform_id):
        sessions.end_all(db, person.id, EndReason.PLATFORM_CLOSED, at=at)
    switches.announce(db, purge.platform_id, at=at)
    return ()


def again(db: Connection, platform_id: int, *, at: datetime) -> bool:
    """Begin once more what was deleted already: a backup has brought it back. False: nothing of it is there.

    Nothing stands against it, because it was done; and nobody is told, because they were. Whoever has signed in
    meanwhile is signed out.
    """
    living = (platforms.c.id == platform_id) & platforms.c.deleted_at.is_(None)
    if db.execute(update(platforms).where(living).values(deleted_at=at)).rowcount != 1:
        return False
    marked = (purges.c.platform_id == platform_id) & purges.c.stopped_at.is_(None)
    db.execute(update(purges).where(marked).values(stopped_at=at, stopped_because="restored"))
    kept = {step.name: erasing.count(db, step, platform_id) for step in KEPT}
    row: dict[str, Any] = {"platform_id": platform_id, "marked_at": at, "due_at": at, "began_at": at, "removed": {}}
    db.execute(purges.insert().values(row | {"kept": kept, "salt": secrets.token_hex(SALT_BYTES)}))
    for person in accounts.administrators_of_platform(db, platform_id):
        sessions.end_all(db, person.id, EndReason.PLATFORM_CLOSED, at=at)
    audit.record(db, Event.PURGE_MARKED, at=at, platform_id=platform_id)
    return True


def _recipient(db: Connection, purge: Purge) -> dict[str, Any]:
    """Who is told when all is gone: noted now, because the people go too."""
    people = accounts.administrators_of_platform(db, purge.platform_id)
    first = next((person for person in people if person.role == Role.FIRST and person.enabled), None)
    return {"recipient": first.email, "language": first.language} if first else {}


def erase_slice(db: Connection, purge_id: int, *, at: datetime) -> bool:
    """Remove the next slice; False once nothing is left, which is certified in the same transaction."""
    row = db.execute(_LOCK, {"purge_id": purge_id}).one()
    purge = value_of(row)
    if purge.began_at is None or purge.erased_at is not None:
        return False
    found = next_slice(db, purge.platform_id, purge.removed, row.salt)
    if found is None:
        _certify(db, purge, row, at=at)
        return False
    step, removed = found
    everything = {name: [one.rows, one.digest] for name, one in (purge.removed | {step: removed}).items()}
    _change(db, purge, removed=everything)
    return True


def _certify(db: Connection, purge: Purge, row: Row[Any], *, at: datetime) -> None:
    """Nothing is left: blank the platform, write the certificate down, and mail it."""
    erasure.blank(db, purge.platform_id)
    done = replace(purge, erased_at=at)
    seal = seal_of(certificate(done))
    _change(db, purge, erased_at=at, seal=seal)
    total = sum(step.rows for step in purge.removed.values())
    audit.record(db, Event.PURGED, at=at, platform=purge.platform_id, rows=total, certificate=seal)
    if row.recipient:
        to = Address(row.recipient, row.language)
        mails.deletion_certificate(db, to=to, key=_key(purge), salt=row.salt, seal=seal, found=certificate(done), at=at)


def finish(db: Connection, purge: Purge, *, at: datetime) -> bool:
    """Forget the address, and what the digests were salted with, once the certificate has been mailed, or cannot be."""
    if outbox.find_progress(db, _key(purge)) is Progress.WAITING:
        return False
    outbox.forget(db, _key(purge))
    _change(db, purge, recipient=None, language=None, salt=None, finished_at=at)
    return True


def _key(purge: Purge) -> str:
    return f"purge:{purge.id}"


def _change(db: Connection, purge: Purge, **values: Any) -> None:
    db.execute(update(purges).where(purges.c.id == purge.id).values(values))
