"""The app that shows a code every 30 seconds (TOTP, RFC 6238): added, asked, taken off.

The secret is stored encrypted, bound to the person's row. A code counts once: using one moves `last_step`, and no code
of that step or an earlier one counts after it, whoever types it. Whoever uses a code holds the app's row meanwhile, so
of many at once one passes; whoever adds or takes off the app holds the person's row first.
"""

from datetime import datetime

import pyotp
from sqlalchemy import ColumnElement, Connection, delete, select, update

from portal.accounts import queries
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators, authenticator_apps
from portal.kit import stored_secrets
from portal.kit.db import insert_or_change
from portal.kit.vault import Unreadable, Vault
from portal.rules import factors as rules
from portal.rules.terms import CODE_DIGITS

apps = authenticator_apps
NO_STEP = -1
_WAITING = apps.c.confirmed_at.is_(None)
_CONFIRMED = apps.c.confirmed_at.is_not(None)


def begin(db: Connection, vault: Vault, person: Administrator, *, at: datetime) -> bool:
    """Make a new secret that waits for its first code. False: there is an app already, and it stays."""
    queries.lock_administrator(db, person.id)
    if db.execute(select(apps.c.secret).where(_of(person), _CONFIRMED)).first():
        return False
    hidden = vault.encrypt(pyotp.random_base32(), belongs_to=_owner(person.id))
    row = {"administrator_id": person.id, "secret": hidden, "begun_at": at, "last_step": NO_STEP}
    insert_or_change(db, apps, row, ["secret", "begun_at"])
    return True


def find_waiting(db: Connection, vault: Vault, person: Administrator) -> str | None:
    """The secret (base32) that waits for its first code, to be shown to the person who adds it.

    One that no key opens any more waits for nothing: begin anew.
    """
    hidden = db.execute(select(apps.c.secret).where(_of(person), _WAITING)).scalar()
    try:
        return vault.decrypt(hidden, belongs_to=_owner(person.id)) if hidden else None
    except Unreadable:
        return None


def confirm(db: Connection, vault: Vault, person: Administrator, code: str, *, at: datetime) -> bool:
    """The app shows the right code: from now on it is asked for. False: wrong, or nothing waits."""
    queries.lock_administrator(db, person.id)  # so that nobody begins anew between the code and the confirmation
    if find_waiting(db, vault, person) is None or not _use(db, vault, person, _WAITING, code, at):
        return False
    db.execute(update(apps).where(_of(person)).values(confirmed_at=at))
    return True


def shows(secret: str, code: str, *, at: datetime) -> bool:
    """Whether an app with this secret shows this code now."""
    return find_step(secret, code, at=at) is not None


def find_step(secret: str, code: str, *, at: datetime) -> int | None:
    """The step of which an app with this secret shows this code, among those that count now."""
    digits = rules.read_code(code)
    return _step_of(secret, digits, at) if digits else None


def replace(db: Connection, vault: Vault, person: Administrator, secret: str, code: str, *, at: datetime) -> bool:
    """Another app with this secret, which shows this code, in the place of the one there is. False: wrong, or none."""
    queries.lock_administrator(db, person.id)
    step = find_step(secret, code, at=at)
    if step is None:
        return False
    values = {"secret": vault.encrypt(secret, belongs_to=_owner(person.id)), "begun_at": at, "confirmed_at": at}
    values |= {"last_step": step, "last_used_at": at}
    return db.execute(update(apps).where(_of(person), _CONFIRMED).values(values)).rowcount == 1


def use(db: Connection, vault: Vault, person: Administrator, code: str, *, at: datetime) -> bool:
    """Whether this is a code of the person's app that counts now. It never counts again. Raises vault.Unreadable."""
    return _use(db, vault, person, _CONFIRMED, code, at)


def reveal(db: Connection, vault: Vault, person: Administrator) -> str | None:
    """The secret, confirmed or not: for the demonstration, which stands in for the phone. Raises vault.Unreadable."""
    hidden = db.execute(select(apps.c.secret).where(_of(person))).scalar()
    return vault.decrypt(hidden, belongs_to=_owner(person.id)) if hidden else None


def remove(db: Connection, person: Administrator) -> bool:
    """Take the app off; what that brings with it is `factors.changed`. False: there is none."""
    queries.lock_administrator(db, person.id)
    return db.execute(delete(apps).where(_of(person), _CONFIRMED)).rowcount == 1


def _use(
    db: Connection, vault: Vault, person: Administrator, state: ColumnElement[bool], code: str, at: datetime
) -> bool:
    """Whether `code` is one of a step that counts now, and later than every one that was used; now it is used."""
    row = db.execute(select(apps.c.secret, apps.c.last_step).where(_of(person), state).with_for_update()).one_or_none()
    digits = rules.read_code(code)
    if row is None or digits is None:
        return False
    step = _step_of(vault.decrypt(row.secret, belongs_to=_owner(person.id)), digits, at)
    if step is None or step <= row.last_step:
        return False
    db.execute(update(apps).where(_of(person)).values(last_step=step, last_used_at=at))
    return True


def _step_of(secret: str, digits: str, at: datetime) -> int | None:
    """The step whose code this is, among those that count at `at`; every one is compared, whichever it is."""
    maker = pyotp.TOTP(secret, digits=CODE_DIGITS)
    matching = [step for step in rules.steps(at) if pyotp.utils.strings_equal(maker.generate_otp(step), digits)]
    return matching[-1] if matching else None


def _of(person: Administrator) -> ColumnElement[bool]:
    return apps.c.administrator_id == person.id


def _owner(administrator_id: int) -> str:
    return f"authenticator-app:{administrator_id}"


SECRETS = stored_secrets.Kind(
    apps.c.administrator_id,
    apps.c.secret,
    select(apps.c.administrator_id, apps.c.secret, administrators.c.username)
    .select_from(apps.join(administrators))
    .where(_CONFIRMED)  # one that waits and cannot be read is begun anew
    .order_by(apps.c.administrator_id),
    _owner,
)
