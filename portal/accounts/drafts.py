"""What somebody had typed when the session ended: kept here, and offered again to the same person only."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from portal.accounts.tables import drafts
from portal.rules.sessions import draft_kept

SECRET_WORDS = ("password", "token", "code", "pin")  # in the name of a field: what it holds is never kept
LONGEST = 20_000  # characters of all fields together


def save(db: Connection, administrator_id: int, path: str, fields: Mapping[str, str], *, at: datetime) -> bool:
    """Keep the fields of the form at `path`; an earlier draft of it is replaced. False: nothing worth keeping."""
    kept = {name: text for name, text in fields.items() if not any(word in name.lower() for word in SECRET_WORDS)}
    if not any(kept.values()) or sum(map(len, kept.values())) > LONGEST or len(path) > 200:
        return False
    discard(db, administrator_id, path)
    db.execute(drafts.insert().values(administrator_id=administrator_id, path=path, fields=kept, saved_at=at))
    return True


def find(db: Connection, administrator_id: int, path: str, *, at: datetime) -> dict[str, str] | None:
    """The kept fields of the form at `path`, if this person has any that are not too old."""
    mine = (drafts.c.administrator_id == administrator_id) & (drafts.c.path == path)
    row = db.execute(select(drafts.c.fields, drafts.c.saved_at).where(mine)).one_or_none()
    return row.fields if row and draft_kept(row.saved_at, at) else None


def discard(db: Connection, administrator_id: int, path: str) -> None:
    db.execute(delete(drafts).where(drafts.c.administrator_id == administrator_id, drafts.c.path == path))
