"""Invoices: their numbers, their dates, and what may still be credited of one.

Source: RULES.md, Editions, orders, payments, invoices ("gap-free numbers per year, given when issued").

Where RULES.md is silent:
- Invoices and credit notes are two series, each counted from 1 in each calendar year of the business: 2026-000001 and
  C2026-000001. The year of a number is that of the instant at which it is given.
- Dates never go back within a series and year, whatever a clock says: a number is dated today, or like the one before
  it if that is later. At the turn of the year the two years do not look at each other: what was begun in the last
  instant of December gets December's next number, though January's first may have been given a moment before.
- A credit note says how much the customer gets back, tax included. Net and tax are the invoice's own in proportion,
  counted over all its credit notes together, so that they add up to exactly the invoice when all of it is credited.
  A share of the tax may therefore differ by a cent from the rate on the share of the net.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import business_date
from portal.rules.money import Money

_NUMBER = re.compile(r"(C?)([0-9]{4})-([0-9]{6,9})", re.ASCII)
FORMER = "F"  # the series of what a former system issued: its numbers are that system's own, and none of ours
DIGITS = 6  # of a sequence number, filled up with zeros so that numbers sort; the millionth has seven


class Series(StrEnum):
    """A row of numbers of its own, named by what stands before the year."""

    INVOICE = ""
    CREDIT_NOTE = "C"


class NoCredit(StrEnum):
    """Why a credit note cannot be written."""

    NOT_AN_INVOICE = "not-an-invoice"  # a credit note is not credited in turn
    NOTHING = "nothing"  # an amount of zero or less
    MORE_THAN_LEFT = "more-than-left"  # all credit notes together never exceed the invoice


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an invoice, as positive amounts."""

    net: Money
    tax: Money

    @property
    def total(self) -> Money:
        return self.net + self.tax


def number(series: Series, year: int, sequence: int) -> str:
    """The number as it is printed.

    >>> number(Series.CREDIT_NOTE, 2026, 1)
    'C2026-000001'
    """
    return f"{series}{year:04}-{sequence:0{DIGITS}}"


def is_number(text: str) -> bool:
    """Whether a text could be a number of ours, before anybody looks for it."""
    return _NUMBER.fullmatch(text) is not None


def may_be_given(text: str, year: int) -> bool:
    """Whether this portal may give this number itself, from the year on, or has given it in the year.

    >>> [may_be_given(text, 2026) for text in ("2026-000001", "C2027-000001", "2025-000001", "1/2026")]
    [True, True, False, False]
    """
    match = _NUMBER.fullmatch(text)
    return match is not None and int(match[2]) >= year


def year_of(at: datetime, zone: ZoneInfo) -> int:
    """The business year in which a number given at the instant is counted.

    >>> [year_of(datetime.fromisoformat(f"2026-12-31T{t}+00:00"), ZoneInfo("Europe/Rome")) for t in ("22:59", "23:00")]
    [2026, 2027]
    """
    return business_date(at, zone).year


def share(net: Money, tax: Money, credited: Money, amount: Money | None) -> Share | NoCredit:
    """The part of an invoice that a credit note of `amount` takes back; None: all that is left.

    net, tax: those of the invoice. credited: the sum of its earlier credit notes, tax included. Raises ValueError for
    another currency.

    >>> share(Money(3255, "EUR"), Money(716, "EUR"), Money(0, "EUR"), Money(1250, "EUR"))
    Share(net=Money(cents=1025, currency='EUR'), tax=Money(cents=225, currency='EUR'))
    """
    total = net + tax
    left = total - credited
    wanted = left if amount is None else amount
    if wanted <= Money(0, total.currency):
        return NoCredit.NOTHING
    if left < wanted:
        return NoCredit.MORE_THAN_LEFT
    before = net.ratio(credited.cents, total.cents)
    part = net.ratio((credited + wanted).cents, total.cents) - before
    return Share(part, wanted - part)
