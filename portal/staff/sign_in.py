"""The staff come in: the password, and always the second factor. As with customers, guesses are counted first."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from portal.accounts import authenticator_apps, limits, passwords
from portal.kit import audit
from portal.kit.db import Database
from portal.kit.hashing import Hasher
from portal.kit.vault import Vault
from portal.staff import members, queries
from portal.staff.events import Event
from portal.staff.queries import Member
from portal.staff.tables import staff_members


def prove(
    database: Database, hasher: Hasher, username: str, password: str, *, network: str, at: datetime
) -> Member | None:
    """Whose name and password these are, at the same cost whatever is true of them; never throttled off.

    None: unknown, wrong, disabled, too many attempts. Raises hashing.Busy, before anything was counted.
    """
    name, counted = username.strip().lower(), members.throttle_name(username.strip())
    with hasher.turn() as turn:
        with database.write() as db:
            claim = limits.claim_sign_in(db, counted, network, None, at=at)
        with database.read() as db:
            found = queries.find_password_hash(db, name)
        verdict = turn.verify(found[1] if found and claim else None, passwords.prepared(password))
    if claim is None or found is None or not verdict.matched:
        return None
    with database.write() as db:
        limits.forgive_sign_in(db, claim, at=at)
    return found[0]


def use_code(db: Connection, vault: Vault, member: Member, code: str, *, at: datetime) -> bool:
    """Whether this is a code of the member's app that counts now; it never counts again.

    The first one confirms the app. Counted before it is looked at. Raises vault.Unreadable.
    """
    counted = members.throttle_name(member.username)
    queries.lock_member(db, member.id)  # before the limit, as whoever sets a password and clears it
    if not limits.claim_factor(db, counted, at=at):
        return False
    secrets_ = select(staff_members.c.app_secret, staff_members.c.last_step)
    row = db.execute(secrets_.where(staff_members.c.id == member.id).with_for_update()).one()
    if row.app_secret is None:
        return False
    secret = vault.decrypt(row.app_secret, belongs_to=members.owner(member.id))
    step = authenticator_apps.find_step(secret, code, at=at)
    if step is None or step <= row.last_step:
        return False
    db.execute(update(staff_members).where(staff_members.c.id == member.id).values(last_step=step))
    if member.app_confirmed_at is None:
        db.execute(update(staff_members).where(staff_members.c.id == member.id).values(app_confirmed_at=at))
        audit.record(db, Event.APP_ADDED, at=at, member=member.username, by=member.username)
    limits.forgive_factor(db, counted)
    return True
