"""Encrypted secrets in tables: by which key each of them is encrypted, and all of them anew under the present one.

An earlier key may leave SECRET_KEY_FALLBACKS once nothing depends on it any more: what it encrypted, nobody reads
without it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, update

from portal.kit.vault import Unreadable, Vault

MOST_NAMED = 20  # where a key is lost, everybody is concerned
_Secret = Row[tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """The secrets of a column. query: (id, secret, user name) of each that is in use; owner: what one belongs to."""

    id: Column[Any]
    secret: Column[Any]
    query: Select[tuple[int, str, str]]
    owner: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Encryption:
    """How many are encrypted by the present key, how many by an earlier one, and whose no key of the settings opens."""

    present: int = 0
    outdated: int = 0
    unreadable: tuple[str, ...] = ()  # user names

    @property
    def whose(self) -> str:
        """The user names of `unreadable`, or the first MOST_NAMED of them."""
        named, more = ", ".join(self.unreadable[:MOST_NAMED]), len(self.unreadable) - MOST_NAMED
        return f"{named} and {more} more" if more > 0 else named


def look(db: Connection, vault: Vault, kinds: Iterable[Kind]) -> Encryption:
    """How they are encrypted now."""
    return _sum(_sorted(vault, kind, db.execute(kind.query).all())[1] for kind in kinds)


def renew(db: Connection, vault: Vault, kinds: Iterable[Kind]) -> Encryption:
    """Encrypt anew what an earlier key encrypted; returns how it was before. What no key opens stays as it is."""
    return _sum(_renew(db, vault, kind) for kind in kinds)


def _renew(db: Connection, vault: Vault, kind: Kind) -> Encryption:
    outdated, found = _sorted(vault, kind, db.execute(kind.query).all())
    for row_id, secret, _username in outdated:
        owner = kind.owner(row_id)
        hidden = vault.encrypt(vault.decrypt(secret, belongs_to=owner), belongs_to=owner)
        same = (kind.id == row_id) & (kind.secret == secret)  # not over one that was stored meanwhile
        db.execute(update(kind.id.table).where(same).values({kind.secret: hidden}))
    return found


def _sorted(vault: Vault, kind: Kind, rows: Sequence[_Secret]) -> tuple[list[_Secret], Encryption]:
    """(the rows that an earlier key encrypted, how all of them are encrypted)"""
    outdated, unreadable = [], []
    for row in rows:
        row_id, secret, username = row
        try:
            if vault.is_outdated(secret, belongs_to=kind.owner(row_id)):
                outdated.append(row)
        except Unreadable:
            unreadable.append(username)
    present = len(rows) - len(outdated) - len(unreadable)
    return outdated, Encryption(present, len(outdated), tuple(unreadable))


def _sum(found: Iterable[Encryption]) -> Encryption:
    total = Encryption()
    for one in found:
        unreadable = (*total.unreadable, *one.unreadable)
        total = Encryption(total.present + one.present, total.outdated + one.outdated, unreadable)
    return total
