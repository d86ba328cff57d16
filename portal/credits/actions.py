"""Credits are granted and spent by movements, never by writing a balance.

Nothing here writes the activity list: a purchase stands there by its order, what staff give by `portal.desk`, and a
spending is one of thousands a day, which would bury what people did. The ledger itself is the record, and the customer
can read all of it.

Where RULES.md is silent:
- A refused spending leaves nothing behind: the same key, sent again once there are credits, is judged anew. Only a
  spending that was booked answers its key for ever.
- A key belongs to its platform: another platform may use the same.
- Whether the platform may send now is asked before, of the table of access; here counts only what each lot is good for.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.credits import ledger, queries
from portal.credits.ledger import Entry
from portal.credits.tables import LARGEST_AMOUNT, Kind, lots
from portal.rules import credits as rules
from portal.rules.credits import Lot, NotEnough, Take

_KEY = re.compile(r"[ -~]{1,80}")  # printable ASCII


@dataclass(frozen=True, slots=True)
class Spent:
    """So many credits went, from these lots, at this instant. The answer to a repeated key is the first one."""

    quantity: int
    takes: tuple[Take, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The key stands for a spending of another quantity: nothing was spent now."""

    quantity: int


def grant(
    db: Connection,
    platform_id: int,
    credits: int,
    *,
    bought_on: date,
    expires_on: date | None,
    at: datetime,
    order_id: int | None = None,
    kind: Kind = Kind.BOUGHT,
) -> int:
    """Open a lot of `credits`; returns its id. `kind`: where they come from, BOUGHT or GRANTED.

    `bought_on` is the business day its payment was received, or it was given; `expires_on` the platform's E on that
    day, if it has one. `order_id`: the order that was paid, if there is one. Raises ValueError for a lot of none or of
    too many, and the database's IntegrityError for an order that has its lot already.
    """
    if credits > LARGEST_AMOUNT:
        raise ValueError(f"a lot has at most {LARGEST_AMOUNT} credits")
    kept_until = rules.buy(0, bought_on, credits, expires_on).kept_until
    row = {"platform_id": platform_id, "bought_on": bought_on, "kept_until": kept_until, "order_id": order_id}
    lot_id = db.execute(lots.insert().values(row).returning(lots.c.id)).scalar_one()
    ledger.begin(db, [Entry(lot_id, credits, kind, at)])
    return int(lot_id)


def is_key(text: str) -> bool:
    """Whether the sending service may name a spending so: 1 to 80 printable ASCII characters."""
    return _KEY.fullmatch(text) is not None


def spend(
    db: Connection,
    platform_id: int,
    quantity: int,
    *,
    key: str,
    at: datetime,
    zone: ZoneInfo,
    expires_on: date | None,
) -> Spent | NotEnough | KeyReused:
    """Take the credits of messages that were sent: all of them, or none; the same key again spends nothing.

    `expires_on`: the platform's E, None on one that only sends SMS. Holds the platform's lots until the commit, so
    that simultaneous spendings queue. Raises ValueError for less than one credit and for a key that is none.
    """
    if quantity < 1:
        raise ValueError("at least one credit is spent")
    if not is_key(key):
        raise ValueError("a key is 1 to 80 printable ASCII characters")
    held = queries.lock_lots(db, platform_id)
    found = queries.lots_of(db, platform_id)
    earlier = _earlier(db, platform_id, key, len(found))
    if earlier:
        return earlier if earlier.quantity == quantity else KeyReused(earlier.quantity)
    takes = rules.spend([lot for lot in found if lot.lot_id in held], quantity, expires_on, at, zone)
    if isinstance(takes, NotEnough):
        return takes
    _book(db, platform_id, key, takes, at)
    return Spent(quantity, takes, at)


def _earlier(db: Connection, platform_id: int, key: str, lots: int) -> Spent | None:
    """The answer that the key got when it was new."""
    rows = queries.rows_of_spending(db, platform_id, key, lots=lots)
    if not rows:
        return None
    takes = tuple(Take(lot_id, -amount) for lot_id, amount, _at in rows)
    return Spent(sum(take.quantity for take in takes), takes, rows[0][2])


def _book(db: Connection, platform_id: int, key: str, takes: tuple[Take, ...], at: datetime) -> None:
    """One row for each lot; the key on each is what lets nobody book them twice."""
    rows = [
        Entry(take.lot_id, -take.quantity, Kind.SPENT, at, queries.row_key(platform_id, key, number))
        for number, take in enumerate(takes, start=1)
    ]
    ledger.append(db, rows)


def write_off(db: Connection, lot: Lot, *, at: datetime) -> None:
    """Book what is left of a lot as lost. The caller holds the lot, and has asked `rules.may_write_off`."""
    ledger.append(db, [Entry(lot.lot_id, -lot.remaining, Kind.WRITTEN_OFF, at)])
