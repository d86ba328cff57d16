"""Terms, and who may renew, buy, cancel or change the edition, and when.

Refusals that a person can meet are values of `Refusal`; None means that nothing stands against it. Source: RULES.md,
Life of a platform; Editions, orders, payments, invoices.

Where RULES.md is silent:
- The first paid term starts on the later of E + 1 of the trial and the day the payment is received. Paid on or before
  E: no day of the trial is lost (the features are on from the payment). Paid in the grace: no day is paid for on which
  the features were off. It is the anchor of all later terms.
- A term that does not end a whole number of months after its anchor (an imported one) is renewed from E + 1 as a new
  anchor.
- An edition that costs the same is an upgrade of 0.00: it starts at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import ONE_DAY, as_utc, business_date, falls_on_anchor, last_day_of_term, start_of
from portal.rules.lifecycle import Life, State, state
from portal.rules.money import Money
from portal.rules.terms import RENEW_FROM_DAYS


class Refusal(StrEnum):
    """Why a platform may not be renewed, bought, cancelled or changed now."""

    TOO_EARLY = "too-early"
    ALREADY_RENEWED = "already-renewed"
    TRIAL_PURCHASES = "trial-purchases"
    ALREADY_PURCHASED = "already-purchased"
    NO_SUBSCRIPTION = "no-subscription"
    ALREADY_CANCELLED = "already-cancelled"
    NOT_CANCELLED = "not-cancelled"
    EXPIRED = "expired"
    ONLY_WITH_RENEWAL = "only-with-renewal"
    IN_EFFECT = "in-effect"
    TOO_LATE = "too-late"
    DELETED = "deleted"


class EditionChange(StrEnum):
    """Which way the edition changes: at once, or with the next term."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


_OVER: Mapping[State, Refusal] = {State.DUE_FOR_DELETION: Refusal.TOO_LATE, State.DELETED: Refusal.DELETED}
_CANCEL: Mapping[State, Refusal] = {
    State.TRIAL: Refusal.NO_SUBSCRIPTION,
    State.CANCELLED: Refusal.ALREADY_CANCELLED,
    State.GRACE: Refusal.EXPIRED,
    **_OVER,
}
_UNDO_CANCEL: Mapping[State, Refusal] = {
    State.TRIAL: Refusal.NO_SUBSCRIPTION,
    State.ACTIVE: Refusal.NOT_CANCELLED,
    State.GRACE: Refusal.EXPIRED,
    **_OVER,
}
_CHANGE_EDITION: Mapping[State, Refusal] = {
    State.TRIAL: Refusal.TRIAL_PURCHASES,
    State.GRACE: Refusal.ONLY_WITH_RENEWAL,
    **_OVER,
}


@dataclass(frozen=True, slots=True)
class Term:
    """Paid days, the first and the last included, and the anchor from which the months of its row are counted.

    Raises ValueError for a term that ends before it starts.
    """

    starts_on: date
    ends_on: date
    anchor: date

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise ValueError(f"a term cannot end on {self.ends_on}, before it starts on {self.starts_on}")

    @property
    def days(self) -> int:
        """E − S + 1, in days."""
        return (self.ends_on - self.starts_on).days + 1


def new_term(starts_on: date, months: int) -> Term:
    """The first term of a row: its first day is the anchor.

    >>> new_term(date(2026, 3, 1), 12).ends_on.isoformat()
    '2027-02-28'
    """
    return Term(starts_on, last_day_of_term(starts_on, months), anchor=starts_on)


def next_term(term: Term, months: int) -> Term:
    """The term that follows: from E + 1, whenever it is paid, so that no day is lost and none gained.

    >>> term = new_term(date(2027, 1, 31), 1)
    >>> [(term := next_term(term, 1)).ends_on.isoformat() for _ in range(2)]
    ['2027-03-30', '2027-04-29']
    """
    starts_on = term.ends_on + ONE_DAY
    if not falls_on_anchor(term.anchor, starts_on):
        return new_term(starts_on, months)
    return Term(starts_on, last_day_of_term(starts_on, months, term.anchor), term.anchor)


def first_term(trial_expires_on: date | None, received_on: date, months: int) -> Term:
    """The first paid term after a trial, or of an SMS-only platform (None) that adds e-mail.

    received_on: the business day on which the payment was received and the features went on.

    >>> first_term(date(2026, 11, 30), date(2026, 11, 10), 12).starts_on.isoformat()
    '2026-12-01'
    >>> first_term(date(2026, 11, 30), date(2026, 12, 4), 12).starts_on.isoformat()
    '2026-12-04'
    """
    if trial_expires_on is None:
        return new_term(received_on, months)
    return new_term(max(trial_expires_on + ONE_DAY, received_on), months)


def renew_from(expires_on: date) -> date:
    """E − 90: the first day on which the next term may be bought.

    >>> renew_from(date(2026, 11, 22)).isoformat()
    '2026-08-24'
    """
    return expires_on - timedelta(days=RENEW_FROM_DAYS)


def find_renewal_refusal(life: Life, last_term: Term | None, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """Why the next term may not be bought at the instant: from E − 90 until end(E + 10), one future term at most.

    last_term: the last paid one, which ends on E; None on a trial or SMS-only platform, where nothing was paid.
    """
    over = _OVER.get(state(life, at, zone))
    if over or life.expires_on is None or last_term is None or life.trial:
        return over or (Refusal.TRIAL_PURCHASES if life.trial else Refusal.NO_SUBSCRIPTION)
    today = business_date(at, zone)
    if last_term.starts_on > today:
        return Refusal.ALREADY_RENEWED
    return Refusal.TOO_EARLY if today < renew_from(life.expires_on) else None


def find_purchase_refusal(life: Life, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """Why a first term may not be bought: a trial buys until end(E + 10), an SMS-only platform while it lives."""
    over = _OVER.get(state(life, at, zone))
    bought = life.expires_on is not None and not life.trial
    return over or (Refusal.ALREADY_PURCHASED if bought else None)


def find_cancel_refusal(life: Life, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """Why the subscription may not be cancelled: allowed until the last moment of E, once."""
    return _refusal(_CANCEL, life, at, zone)


def find_undo_cancel_refusal(life: Life, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """Why a cancellation may not be taken back: allowed until the last moment of E."""
    return _refusal(_UNDO_CANCEL, life, at, zone)


def find_edition_refusal(life: Life, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """Why the edition may not be changed by itself: in the grace it is chosen with the renewal."""
    return _refusal(_CHANGE_EDITION, life, at, zone)


def edition_change(old: Money, new: Money) -> EditionChange:
    """Which way it goes, by the list prices of both editions for the same term."""
    return EditionChange.DOWNGRADE if new < old else EditionChange.UPGRADE


def edition_starts_on(change: EditionChange, expires_on: date, today: date) -> date:
    """The day the other edition begins: an upgrade today, when paid; a downgrade after the last paid day."""
    return today if change is EditionChange.UPGRADE else expires_on + ONE_DAY


def find_undo_downgrade_refusal(starts_on: date, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """Why a downgrade may not be taken back: allowed until the first instant of the day it starts on."""
    return None if as_utc(at) < start_of(starts_on, zone) else Refusal.IN_EFFECT


def _refusal(table: Mapping[State, Refusal], life: Life, at: datetime, zone: ZoneInfo) -> Refusal | None:
    """What the table says of the present state; a platform without a subscription has none to change."""
    refusal = table.get(state(life, at, zone))
    return Refusal.NO_SUBSCRIPTION if life.expires_on is None and refusal not in _OVER.values() else refusal
