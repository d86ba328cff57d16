"""Links that are sent by mail: a signed, purpose-bound envelope around a secret whose hash is a row.

The envelope refuses forgeries and links of another purpose without a look at the database; the row makes a link
single-use and lets it be withdrawn. The secret (256 bit) is derived from the key and the row's nonce, so that a mail
that has to be sent again carries the same link, and a stolen database still opens nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from sqlalchemy import Column, Connection, Index, Integer, String, Table, select, update

from portal.kit.db import Instant, metadata

LARGEST_ID = 2**31 - 1  # of an Integer column; PostgreSQL and SQLite answer anything larger with an error
links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purpose", String(32), nullable=False),
    Column("subject_id", Integer, nullable=False),
    Column("nonce", String(32), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_because", String(32)),
    Index(None, "subject_id", "purpose"),
)


class Fault(StrEnum):
    """Why a link does not open; each has its own words on the page."""

    BROKEN = "broken"  # forged, cut short by a mail program, or of another purpose
    EXPIRED = "expired"
    USED = "used"
    WITHDRAWN = "withdrawn"  # by a newer one, a changed password, a disabled administrator, or "I did not ask"


@dataclass(frozen=True, slots=True)
class Link:
    id: int
    purpose: str
    subject_id: int
    expires_at: datetime


class Links:
    """Makes and reads links with `keys`, the present key first and earlier ones after it."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    def issue(self, db: Connection, purpose: str, subject_id: int, *, at: datetime, expires_at: datetime) -> int:
        """Write the row of a new link; returns its id, from which `token` makes what goes into the mail."""
        nonce = secrets.token_hex(16)
        secret = _derive(self._keys[0], purpose, nonce)
        row = {"purpose": purpose, "subject_id": subject_id, "nonce": nonce}
        row |= {"secret_hash": _hash(secret), "issued_at": at, "expires_at": expires_at}
        return int(db.execute(links.insert().values(row).returning(links.c.id)).scalar_one())

    def token(self, db: Connection, link_id: int) -> str:
        """The text of a link: the same each time, also after the present key has become an earlier one."""
        row = db.execute(select(links).where(links.c.id == link_id)).one()
        for key in self._keys:
            secret = _derive(key, row.purpose, row.nonce)
            if hmac.compare_digest(_hash(secret), row.secret_hash):
                return str(_envelope([key], row.purpose).dumps([link_id, secret]))
        raise LookupError(f"link {link_id} was made with a key that is no longer among the settings")

    def find(self, db: Connection, token: str, purpose: str, *, at: datetime) -> Link | Fault:
        """The link that `token` opens at instant `at`, or why it opens nothing. Changes nothing."""
        content = self._content(token, purpose)
        if content is None:
            return Fault.BROKEN
        link_id, secret = content
        row = db.execute(select(links).where(links.c.id == link_id, links.c.purpose == purpose)).one_or_none()
        if row is None or not hmac.compare_digest(_hash(secret), row.secret_hash):
            return Fault.BROKEN
        if row.ended_at is not None:
            return Fault.USED if row.ended_because == Fault.USED else Fault.WITHDRAWN
        if at >= row.expires_at:
            return Fault.EXPIRED
        return Link(row.id, row.purpose, row.subject_id, row.expires_at)

    def _content(self, token: str, purpose: str) -> tuple[int, str] | None:
        """What a token of ours holds; None for everything else, whatever its form."""
        try:
            content = _envelope(self._keys, purpose).loads(token)
            signature = token.rpartition(".")[2]
            exact = base64_encode(base64_decode(signature)).decode() == signature  # one link, one text
        except (BadData, ValueError, TypeError, RecursionError):
            return None
        match content:
            case [int(link_id), str(secret)] if exact and type(link_id) is int and 0 < link_id <= LARGEST_ID:
                return link_id, secret
        return None


def consume(db: Connection, link: Link, *, at: datetime) -> bool:
    """Use the link up; of two simultaneous callers only one gets True."""
    alive = (links.c.id == link.id) & links.c.ended_at.is_(None) & (links.c.expires_at > at)
    done = db.execute(update(links).where(alive).values(ended_at=at, ended_because=Fault.USED))
    return done.rowcount == 1


def withdraw(db: Connection, subject_id: int, purposes: Iterable[str], *, at: datetime) -> int:
    """Kill every open link of these purposes; returns how many there were."""
    alive = (links.c.subject_id == subject_id) & links.c.ended_at.is_(None)
    done = db.execute(
        update(links)
        .where(alive, links.c.purpose.in_(list(purposes)))
        .values(ended_at=at, ended_because=Fault.WITHDRAWN)
    )
    return done.rowcount


def _envelope(keys: Sequence[str], purpose: str) -> URLSafeSerializer:
    newest_last = list(reversed(keys))  # itsdangerous signs with the last one
    signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(newest_last, salt=f"portal.link.{purpose}", signer_kwargs=signer)


def _derive(key: str, purpose: str, nonce: str) -> str:
    return hmac.new(key.encode(), f"portal.link:{purpose}:{nonce}".encode(), hashlib.sha256).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
