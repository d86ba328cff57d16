"""The app that shows a code every 30 seconds (TOTP, RFC 6238): added, asked, taken off.

The secret is stored encrypted, bound to the person's row. A code counts once: using one moves `last_step`, and no code
of that step or an earlier one counts after it, whoever types it.
"""

from datetime import datetime

import pyotp
from sqlalchemy import ColumnElement, Connection, delete, select, update

from portal.accounts import queries
from portal.accounts.queries import Administrator
from portal.accounts.tables import authenticator_apps
from portal.kit.db import insert_or_change
from portal.kit.vault import Vault
from portal.rules import factors as rules

apps = authenticator_apps
NO_STEP = -1


def begin(db: Connection, vault: Vault, person: Administrator, *, at: datetime) -> bool:
    """Make a new secret that waits for its first code. False: there is an app already, and it stays."""
    queries.lock_administrator(db, person.id)
    if db.execute(select(apps.c.secret).where(_of(person), apps.c.confirmed_at.is_not(None))).first():
        return False
    hidden = vault.encrypt(pyotp.random_base32(), belongs_to=_owner(person.id))
    row = {"administrator_id": person.id, "secret": hidden, "begun_at": at, "last_step": NO_STEP}
    insert_or_change(db, apps, row, ["secret", "begun_at"])
    return True


def find_waiting(db: Connection, vault: Vault, person: Administrator) -> str | None:
    """The secret (base32) that waits for its first code, to be shown to the person who adds it."""
    hidden = db.execute(select(apps.c.secret).where(_of(person), apps.c.confirmed_at.is_(None))).scalar()
    return vault.decrypt(hidden, belongs_to=_owner(person.id)) if hidden else None


def confirm(db: Connection, vault: Vault, person: Administrator, code: str, *, at: datetime) -> bool:
    """The app shows the right code: from now on it is asked for. False: wrong, or nothing waits."""
    if not _claim_step(db, vault, person, code, at=at, confirmed=False):
        return False
    db.execute(update(apps).where(_of(person)).values(confirmed_at=at))
    return True


def use(db: Connection, vault: Vault, person: Administrator, code: str, *, at: datetime) -> bool:
    """Whether this is a code of the person's app that counts now. It never counts again."""
    return _claim_step(db, vault, person, code, at=at, confirmed=True)


def remove(db: Connection, person: Administrator) -> bool:
    """Take the app off; what that brings with it is `factors.changed`. False: there is none."""
    return db.execute(delete(apps).where(_of(person), apps.c.confirmed_at.is_not(None))).rowcount == 1


def renew_encryption(db: Connection, vault: Vault) -> int:
    """Encrypt anew what an earlier key encrypted; returns how many there were. Raises vault.Unreadable."""
    rows = db.execute(select(apps.c.administrator_id, apps.c.secret)).all()
    old = [row for row in rows if vault.is_outdated(row.secret, belongs_to=_owner(row.administrator_id))]
    for row in old:
        owner = _owner(row.administrator_id)
        hidden = vault.encrypt(vault.decrypt(row.secret, belongs_to=owner), belongs_to=owner)
        same = (apps.c.administrator_id == row.administrator_id) & (apps.c.secret == row.secret)
        db.execute(update(apps).where(same).values(secret=hidden))
    return len(old)


def _claim_step(
    db: Connection, vault: Vault, person: Administrator, code: str, *, at: datetime, confirmed: bool
) -> bool:
    """Whether `code` is one of a step that counts now and is later than every one that was used; it is used by this."""
    mine = _of(person) & (apps.c.confirmed_at.is_not(None) if confirmed else apps.c.confirmed_at.is_(None))
    hidden = db.execute(select(apps.c.secret).where(mine)).scalar()
    digits = rules.read_code(code)
    if hidden is None or digits is None:
        return False
    step = _step_of(vault.decrypt(hidden, belongs_to=_owner(person.id)), digits, at)
    if step is None:
        return False
    later = mine & (apps.c.secret == hidden) & (apps.c.last_step < step)
    return db.execute(update(apps).where(later).values(last_step=step, last_used_at=at)).rowcount == 1


def _step_of(secret: str, digits: str, at: datetime) -> int | None:
    """The step whose code this is, among those that count at `at`; the comparison takes the same time for each."""
    maker = pyotp.TOTP(secret)
    matching = [step for step in rules.steps(at) if pyotp.utils.strings_equal(maker.generate_otp(step), digits)]
    return matching[-1] if matching else None


def _of(person: Administrator) -> ColumnElement[bool]:
    return apps.c.administrator_id == person.id


def _owner(administrator_id: int) -> str:
    return f"authenticator-app:{administrator_id}"
