"""Terms: which days the next one covers, when it may be bought, and when another edition begins.

Who may renew, purchase, cancel or change the edition, and in which state, is the table of `access`; here are the days.
Source: RULES.md, Life of a platform; Editions, orders, payments, invoices.

Where RULES.md is silent:
- The first paid term starts on the later of E + 1 of the trial and the day the payment is received. Paid on or before
  E: no day of the trial is lost (the features are on from the payment). Paid in the grace: no day is paid for on which
  the features were off. It is the anchor of all later terms.
- A term that does not end a whole number of months after its anchor (an imported one) is renewed from E + 1 as a new
  anchor.
- A paid term that has not begun is told before the days that are missing to E - 90.
- An edition that costs the same is an upgrade of 0.00: it starts at once.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import ONE_DAY, as_utc, falls_on_anchor, last_day_of_term, months_between, start_of
from portal.rules.money import Money
from portal.rules.terms import RENEW_FROM_DAYS


class Window(StrEnum):
    """Whether today is a day for buying the next term."""

    OPEN = "open"
    TOO_EARLY = "too-early"  # before E - 90
    ALREADY_RENEWED = "already-renewed"  # the last paid term has not begun, and there is at most one such


class EditionChange(StrEnum):
    """Which way the edition changes: at once, or with the next term."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


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


def months_of(term: Term) -> int | None:
    """How many whole months the term is long, counted from the anchor; None for one that is not (an imported one).

    >>> months_of(new_term(date(2027, 1, 31), 1)), months_of(next_term(new_term(date(2027, 1, 31), 1), 12))
    (1, 12)
    >>> months_of(Term(date(2026, 3, 1), date(2026, 11, 22), anchor=date(2026, 3, 1))) is None
    True
    """
    after = term.ends_on + ONE_DAY
    if not (falls_on_anchor(term.anchor, term.starts_on) and falls_on_anchor(term.anchor, after)):
        return None
    return months_between(term.starts_on, after)


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


def renewal_window(last_starts_on: date, expires_on: date, today: date) -> Window:
    """Whether the last paid term, which starts on `last_starts_on` and ends on E, may be followed by another today.

    Nothing is asked about the end of the grace: that is a state (`lifecycle`), and what a state closes stays closed.

    >>> renewal_window(date(2025, 11, 23), date(2026, 11, 22), today=date(2026, 8, 23))
    <Window.TOO_EARLY: 'too-early'>
    >>> renewal_window(date(2026, 11, 23), date(2027, 11, 22), today=date(2026, 11, 22))
    <Window.ALREADY_RENEWED: 'already-renewed'>
    """
    if last_starts_on > today:
        return Window.ALREADY_RENEWED
    return Window.TOO_EARLY if today < renew_from(expires_on) else Window.OPEN


def edition_change(old: Money, new: Money) -> EditionChange:
    """Which way it goes, by the list prices of both editions for the same term."""
    return EditionChange.DOWNGRADE if new < old else EditionChange.UPGRADE


def edition_starts_on(change: EditionChange, expires_on: date, today: date) -> date:
    """The day the other edition begins: an upgrade today, when paid; a downgrade after the last paid day."""
    return today if change is EditionChange.UPGRADE else expires_on + ONE_DAY


def may_undo_downgrade(starts_on: date, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a downgrade can still be taken back: until the first instant of the day it starts on."""
    return as_utc(at) < start_of(starts_on, zone)
