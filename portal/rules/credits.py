"""SMS credits: until when a lot lives, what can be spent, and from which lot.

Source: RULES.md, SMS credits. A lot is one purchase; what is left of it is the sum of its movements. E is the expiry
date of the platform's e-mail subscription, None on an SMS-only platform.

Where RULES.md is silent:
- A lot carries at most one date of its own, `kept_until`, the latest day it was ever promised apart from E. A lot
  bought on an SMS-only platform has it from the start (24 months); a lot bought beside e-mail gets it when e-mail is
  dropped: the later of its 24 months and the last E. It only ever grows, so no change of channels shortens a right.
- On a platform with e-mail a lot lives until the later of `kept_until` and E. After that it is frozen as long as a
  renewal would move E past today, that is through E + 10, or the last day of a grace that an exception made longer; so
  a lot whose own date lies in the grace is not lost either. In the grace a lot whose own date is still to come is not
  frozen; but sending is off (`access`), so it waits.
- Lots of a platform with e-mail are written off by the purge alone: a late but valid payment still frees them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import add_months, as_utc, end_of
from portal.rules.lifecycle import end_of_grace
from portal.rules.terms import SMS_ONLY_LOT_MONTHS


class LotState(StrEnum):
    """What a lot is good for at an instant."""

    SPENDABLE = "spendable"
    FROZEN = "frozen"  # a renewal frees it
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Lot:
    """One purchase: the business day its payment was received, the credits left of it, and its own last day if any.

    Raises ValueError for a lot that has less than nothing.
    """

    lot_id: int
    bought_on: date
    remaining: int
    kept_until: date | None = None

    def __post_init__(self) -> None:
        if self.remaining < 0:
            raise ValueError(f"lot {self.lot_id} has {self.remaining} credits")


@dataclass(frozen=True, slots=True)
class LotView:
    """A lot as the overview shows it."""

    lot_id: int
    bought_on: date
    remaining: int
    last_day: date
    state: LotState


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits that can be spent now, and credits that a renewal would free."""

    spendable: int
    frozen: int


@dataclass(frozen=True, slots=True)
class Take:
    """So many credits from this lot."""

    lot_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class NotEnough:
    """The refusal of a spending: so many credits are missing."""

    missing: int


def own_last_day(bought_on: date) -> date:
    """The last day of a lot on an SMS-only platform, that whole day included.

    >>> own_last_day(date(2026, 11, 22)).isoformat()
    '2028-11-22'
    """
    return add_months(bought_on, SMS_ONLY_LOT_MONTHS)


def buy(lot_id: int, bought_on: date, quantity: int, expires_on: date | None) -> Lot:
    """A new lot. Beside e-mail it has no date of its own: its expiry is E. Raises ValueError for an empty one."""
    if quantity < 1:
        raise ValueError("a lot has at least one credit")
    return Lot(lot_id, bought_on, quantity, own_last_day(bought_on) if expires_on is None else None)


def drop_email(lot: Lot, expires_on: date) -> Lot:
    """The lot after the platform has become SMS-only; expires_on: the last E it had. To be stored with the change.

    >>> drop_email(Lot(1, date(2026, 5, 4), 100), date(2027, 2, 28)).kept_until.isoformat()
    '2028-05-04'
    """
    promised = (lot.kept_until or own_last_day(lot.bought_on), own_last_day(lot.bought_on), expires_on)
    return replace(lot, kept_until=max(promised))


def last_day(lot: Lot, expires_on: date | None) -> date:
    """The last business day on which the lot can be spent, as things stand; a renewal may move it.

    >>> sms_only = buy(1, date(2026, 11, 22), 100, expires_on=None)
    >>> [last_day(sms_only, e).isoformat() for e in (None, date(2027, 6, 30), date(2029, 6, 30))]
    ['2028-11-22', '2028-11-22', '2029-06-30']
    """
    if expires_on is None:
        return lot.kept_until or own_last_day(lot.bought_on)
    return max(expires_on, lot.kept_until or expires_on)


def lot_state(
    lot: Lot, expires_on: date | None, at: datetime, zone: ZoneInfo, grace_until: date | None = None
) -> LotState:
    """What the lot is good for at the instant. Raises ValueError for a naive datetime."""
    if as_utc(at) < end_of(last_day(lot, expires_on), zone):
        return LotState.SPENDABLE
    if expires_on is not None and as_utc(at) < end_of_grace(expires_on, zone, grace_until):
        return LotState.FROZEN
    return LotState.EXPIRED


def may_write_off(lot: Lot, expires_on: date | None, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the night may book the rest of the lot as lost: only where no renewal can bring it back."""
    return expires_on is None and lot_state(lot, None, at, zone) is LotState.EXPIRED


def view(lot: Lot, expires_on: date | None, at: datetime, zone: ZoneInfo, grace_until: date | None = None) -> LotView:
    """The lot as the overview shows it at the instant."""
    now = lot_state(lot, expires_on, at, zone, grace_until)
    return LotView(lot.lot_id, lot.bought_on, lot.remaining, last_day(lot, expires_on), now)


def balance(
    lots: Iterable[Lot], expires_on: date | None, at: datetime, zone: ZoneInfo, grace_until: date | None = None
) -> Balance:
    """What all lots together are worth at the instant."""
    sums: Counter[LotState] = Counter()
    for lot in lots:
        sums[lot_state(lot, expires_on, at, zone, grace_until)] += lot.remaining
    return Balance(sums[LotState.SPENDABLE], sums[LotState.FROZEN])


def spend(
    lots: Iterable[Lot], quantity: int, expires_on: date | None, at: datetime, zone: ZoneInfo
) -> tuple[Take, ...] | NotEnough:
    """From which lots the credits of a message sent at the instant are taken: all of them, or none.

    The lot that expires first, then the oldest purchase, then the lower id. Messages to wrong numbers cost the same:
    nothing is asked about them. Raises ValueError where nothing is to be spent.

    >>> rome, noon = ZoneInfo("Europe/Rome"), datetime.fromisoformat("2026-11-22T12:00+01:00")
    >>> lots = [Lot(1, date(2026, 1, 7), 50), Lot(2, date(2026, 2, 3), 50, kept_until=date(2028, 2, 3))]
    >>> spend(lots, 60, date(2026, 12, 31), noon, rome)
    (Take(lot_id=1, quantity=50), Take(lot_id=2, quantity=10))
    >>> spend(lots, 101, date(2026, 12, 31), noon, rome)
    NotEnough(missing=1)
    """
    if quantity < 1:
        raise ValueError("at least one credit is spent")
    takes, missing = [], quantity
    for lot in _in_spending_order(lots, expires_on, at, zone):
        taken = min(missing, lot.remaining)
        takes.append(Take(lot.lot_id, taken))
        missing -= taken
    return NotEnough(missing) if missing else tuple(take for take in takes if take.quantity)


def _in_spending_order(lots: Iterable[Lot], expires_on: date | None, at: datetime, zone: ZoneInfo) -> list[Lot]:
    spendable = (lot for lot in lots if lot_state(lot, expires_on, at, zone) is LotState.SPENDABLE)
    return sorted(spendable, key=lambda lot: (last_day(lot, expires_on), lot.bought_on, lot.lot_id))


def remaining(movements: Iterable[tuple[int, int]]) -> dict[int, int]:
    """What is left of each lot: the sum of its movements (lot id, credits; purchases positive, spending negative).

    Nobody writes a balance. Raises ValueError where a lot has fallen below zero: the ledger is broken.

    >>> remaining([(1, 100), (2, 50), (1, -30)])
    {1: 70, 2: 50}
    """
    sums: dict[int, int] = {}
    for lot_id, quantity in movements:
        sums[lot_id] = sums.get(lot_id, 0) + quantity
    if overdrawn := [lot_id for lot_id, left in sums.items() if left < 0]:
        raise ValueError(f"lots below zero: {overdrawn}")
    return sums
