"""Requests that wait until whoever sent them has typed the password again: sent on once, by the same session only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from portal.accounts import drafts
from portal.accounts.tables import resumptions
from portal.rules.sessions import resumable
from portal.rules.terms import REAUTHENTICATION_LIFE

LONGEST_PATH = 500  # characters that the column holds
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A form on its way to `path`: its fields as they came, but no secret and no forgery token."""

    id: int
    path: str
    fields: list[Pair]


def keep(db: Connection, session_id: int, path: str, fields: Iterable[Pair], *, at: datetime) -> int:
    """Keep a form for its session; returns the number to ask for it by. What is too old, of anybody, is forgotten."""
    db.execute(delete(resumptions).where(resumptions.c.kept_at <= at - REAUTHENTICATION_LIFE))
    kept = [[name, text] for name, text in fields if not drafts.is_secret(name)]
    row = {"session_id": session_id, "path": path, "fields": kept, "kept_at": at}
    number: int = db.execute(resumptions.insert().values(row).returning(resumptions.c.id)).scalar_one()
    return number


def find(db: Connection, session_id: int, number: int, *, at: datetime) -> Kept | None:
    """The request of this number, if it is one of this session, not sent on yet and not too old."""
    mine = (resumptions.c.id == number) & (resumptions.c.session_id == session_id) & resumptions.c.done_at.is_(None)
    row = db.execute(select(resumptions).where(mine)).one_or_none()
    if row is None or not resumable(row.kept_at, at):
        return None
    return Kept(row.id, row.path, [(name, text) for name, text in row.fields])


def claim(db: Connection, session_id: int, number: int, *, at: datetime) -> Kept | None:
    """As `find`, for whoever sends it on: of two at once one gets it, and its fields are not kept any longer."""
    found = find(db, session_id, number, at=at)
    waiting = (resumptions.c.id == number) & resumptions.c.done_at.is_(None)
    if found is None or db.execute(update(resumptions).where(waiting).values(done_at=at, fields=[])).rowcount != 1:
        return None
    return found
