"""The codes to print: each stands in for a lost factor once. Only their hashes are stored, all with one salt.

Hashing takes a place of the hasher and sits outside any transaction: `make` and `Turn.hash_like` first, then the rows.
"""

import secrets
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from portal.accounts import queries
from portal.accounts.queries import Administrator
from portal.accounts.tables import recovery_codes
from portal.kit.hashing import Hasher
from portal.rules import terms
from portal.rules.factors import ALPHABET


def make(hasher: Hasher) -> tuple[list[str], list[str]]:
    """(the codes to show once, their hashes to store). Raises hashing.Busy."""
    codes = [
        "".join(secrets.choice(ALPHABET) for _ in range(terms.RECOVERY_CODE_LENGTH))
        for _ in range(terms.RECOVERY_CODES)
    ]
    with hasher.turn() as turn:
        return codes, turn.hash_all(codes)


def replace(db: Connection, person: Administrator, hashes: list[str], *, at: datetime) -> None:
    """A new set; every code of the earlier one is dead. What that brings with it is `factors.changed`.

    Holds the person's row: of two new sets at once the later one counts, and not half of each.
    """
    queries.lock_administrator(db, person.id)
    db.execute(delete(recovery_codes).where(recovery_codes.c.administrator_id == person.id))
    rows = [{"administrator_id": person.id, "code_hash": code_hash, "made_at": at} for code_hash in hashes]
    db.execute(recovery_codes.insert(), rows)


def find_like(db: Connection, administrator_id: int) -> str | None:
    """Any hash of the person's set, for its salt and parameters; None where there is none."""
    mine = recovery_codes.c.administrator_id == administrator_id
    return db.execute(select(recovery_codes.c.code_hash).where(mine).limit(1)).scalar()


def use(db: Connection, administrator_id: int, code_hash: str, *, at: datetime) -> bool:
    """Whether this is the hash of a code of the person that was not used before; now it is."""
    mine = (recovery_codes.c.administrator_id == administrator_id) & (recovery_codes.c.code_hash == code_hash)
    unused = mine & recovery_codes.c.used_at.is_(None)
    return db.execute(update(recovery_codes).where(unused).values(used_at=at)).rowcount == 1
