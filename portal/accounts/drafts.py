"""What somebody had typed when the session ended: kept here, and offered again to the same person only."""

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from portal.accounts.tables import drafts
from portal.kit.db import insert_or_change
from portal.rules.sessions import draft_kept

# In the name of a field: what it holds is never kept. A postcode, a tax code and a shipping address are no secrets.
_SECRET = re.compile(r"password|passphrase|token|secret|(^|[_.-])(pin|otp)($|[_.-])|^((second_factor|recovery)_)?code$")
LONGEST = 20_000  # characters of all fields together


def is_secret(name: str) -> bool:
    """Whether a field of this name may hold what is never kept: a password, a token, a code."""
    return _SECRET.search(name.lower()) is not None


def save(db: Connection, administrator_id: int, path: str, fields: Mapping[str, str], *, at: datetime) -> bool:
    """Keep the fields of the form at `path`; an earlier draft of it is replaced. False: nothing worth keeping."""
    kept = {name: text for name, text in fields.items() if not is_secret(name)}
    if not any(kept.values()) or sum(map(len, kept.values())) > LONGEST or len(path) > 200:
        return False
    row = {"administrator_id": administrator_id, "path": path, "fields": kept, "saved_at": at}
    insert_or_change(db, drafts, row, ["fields", "saved_at"])
    return True


def find(db: Connection, administrator_id: int, path: str, *, at: datetime) -> dict[str, str] | None:
    """The kept fields of the form at `path`, if this person has any that are not too old."""
    mine = (drafts.c.administrator_id == administrator_id) & (drafts.c.path == path)
    row = db.execute(select(drafts.c.fields, drafts.c.saved_at).where(mine)).one_or_none()
    return row.fields if row and draft_kept(row.saved_at, at) else None


def discard_since(db: Connection, administrator_id: int, since: datetime) -> None:
    """The person stayed: what was kept after `since`, just in case, is still on the page itself."""
    db.execute(delete(drafts).where(drafts.c.administrator_id == administrator_id, drafts.c.saved_at > since))


def discard(db: Connection, administrator_id: int, path: str) -> None:
    db.execute(delete(drafts).where(drafts.c.administrator_id == administrator_id, drafts.c.path == path))
