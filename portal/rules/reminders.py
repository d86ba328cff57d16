"""Which notice is due on a day, and the key that keeps it from being sent twice.

Source: RULES.md, Life of a platform ("Reminders"), SMS credits. Each function looks at one subject (a platform's E, a
day on which credits expire, …) and answers with at most one notice: the newest whose day has come. The caller writes
the mail and the key in one transaction, and gives all keys already written back as `sent`. So a notice leaves at most
once whatever the job does; missed days send only the newest; days run again, in whatever order, send nothing older
than what was sent. A renewal moves E, and with it the keys: the old row of notices simply ends.

Where RULES.md is silent:
- No notice falls on or before the first day of the term it is about: nobody needs to hear on the day of a purchase
  that it ends. So a 30-day trial is reminded from -15 on, and -90 is for terms of a year or more.
- A cancelled platform gets the same notices, with the consequences in place of the offer, but not -90: its
  renewal has been open since the cancellation.
- A notice that was missed altogether is not sent after what it announces is over: nothing after E + 10 but the news
  of the deletion itself, nothing about credits after their last day.
- Where an exception has made the grace longer, two more notices speak of its own last day: two days before it, and on
  it. None of them falls on a day through E + 10, whose notices stay as they are and tell the new day.
- Credits with the same last day share one notice. What is frozen in the grace is told by the notices of the grace.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.rules.dates import ONE_DAY, add_months
from portal.rules.lifecycle import dormant_last_day, grace_last_day
from portal.rules.terms import (
    CREDIT_REMINDER_DAYS,
    EXTENDED_GRACE_REMINDER_DAYS,
    GRACE_DAYS,
    REMINDER_DAYS,
    SMS_ONLY_NOTICE_DAYS,
    YEARLY_ONLY_REMINDER_DAYS,
    YEARLY_TERM_MONTHS,
)


class Kind(StrEnum):
    """Which text is written. The key does not depend on it: cancelling or purchasing in between sends nothing twice."""

    TERM = "term"  # renew
    CANCELLED = "cancelled"  # what ends when, export, undo
    TRIAL = "trial"  # purchase
    CREDITS = "credits"
    DORMANT = "dormant"  # SMS-only, without credits and without sign-in
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to write: its text, the day it speaks of, days from that day to the notice's own, and its key.

    A notice that is sent late keeps its offset; the text counts the days that are really left.
    """

    kind: Kind
    about: date
    offset: int
    key: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The paid (or trial) days that end with E: the facts the notices about an expiry are computed from.

    grace_until: the last day of the grace of this E by a recorded exception, if there is one.
    """

    platform_id: int
    starts_on: date
    expires_on: date
    trial: bool = False
    cancelled: bool = False
    grace_until: date | None = None

    @property
    def is_yearly(self) -> bool:
        """Whether the term lasts at least a year.

        >>> Paid(1, date(2026, 3, 1), date(2027, 2, 28)).is_yearly
        True
        """
        return self.expires_on >= add_months(self.starts_on, YEARLY_TERM_MONTHS) - ONE_DAY

    @property
    def kind(self) -> Kind:
        """The text: a trial has nothing to cancel."""
        if self.trial:
            return Kind.TRIAL
        return Kind.CANCELLED if self.cancelled else Kind.TERM


def expiry_offsets(paid: Paid) -> tuple[int, ...]:
    """The days of the notices about E, counted from E, the earliest first.

    >>> expiry_offsets(Paid(1, date(2026, 11, 1), date(2026, 11, 30), trial=True))
    (-15, -7, -1, 0, 1, 5, 8, 10)
    """
    first = (paid.starts_on - paid.expires_on).days
    early = () if paid.is_yearly and not paid.cancelled else YEARLY_ONLY_REMINDER_DAYS
    return tuple(sorted(offset for offset in _offsets(paid) if offset > first and offset not in early))


def _offsets(paid: Paid) -> tuple[int, ...]:
    """Of every notice about E, those of a longer grace too."""
    last = (grace_last_day(paid.expires_on, paid.grace_until) - paid.expires_on).days
    return REMINDER_DAYS + tuple(last + days for days in EXTENDED_GRACE_REMINDER_DAYS if last + days > GRACE_DAYS)


def find_expiry_notice(paid: Paid, today: date, sent: Container[str]) -> Notice | None:
    """The notice about E that is due on the business day `today`, if any.

    >>> find_expiry_notice(Paid(1234, date(2026, 3, 1), date(2027, 2, 28)), date(2027, 2, 21), sent=())
    Notice(kind=<Kind.TERM: 'term'>, about=datetime.date(2027, 2, 28), offset=-7, key='expiry:1234:2027-02-28:-7')
    """
    if today > grace_last_day(paid.expires_on, paid.grace_until):
        return None
    subject = f"expiry:{paid.platform_id}"
    return _newest(paid.kind, subject, paid.expires_on, expiry_offsets(paid), today, sent)


def find_credit_notice(
    platform_id: int, bought_on: date, last_day: date, today: date, sent: Container[str]
) -> Notice | None:
    """The notice about the credits that can be spent until `last_day` (`credits.last_day`), if one is due.

    bought_on: the day of the first of these lots. Ask only where credits are left. Where they follow E, a renewal
    moves `last_day`, and the notices start again.
    """
    if today > last_day:
        return None
    first = (bought_on - last_day).days
    offsets = tuple(offset for offset in _before(CREDIT_REMINDER_DAYS) if offset > first)
    return _newest(Kind.CREDITS, f"credits:{platform_id}", last_day, offsets, today, sent)


def find_dormant_notice(platform_id: int, quiet_since: date, today: date, sent: Container[str]) -> Notice | None:
    """The notice that an SMS-only platform will be due for deletion, if one is due; it speaks of the first such day.

    quiet_since: the last business day with credits or sign-in. A sign-in or a purchase moves it, and ends the row.
    """
    due_on = dormant_last_day(quiet_since) + ONE_DAY
    if today >= due_on:
        return None
    return _newest(Kind.DORMANT, f"dormant:{platform_id}", due_on, _before(SMS_ONLY_NOTICE_DAYS), today, sent)


def deletion_notice(platform_id: int, deleted_on: date) -> Notice:
    """The news of the deletion, to be written in the same transaction as the deletion: afterwards no address is left.

    >>> deletion_notice(1234, date(2026, 12, 3)).key
    'deleted:1234:2026-12-03:+0'
    """
    return Notice(Kind.DELETED, deleted_on, 0, _key(f"deleted:{platform_id}", deleted_on, 0))


def last_warning_keys(paid: Paid) -> tuple[str, ...]:
    """The keys of the notices of the grace, the newest first: the purge asks whether the post accepted them.

    >>> last_warning_keys(Paid(1, date(2026, 3, 1), date(2027, 2, 28)))[0]
    'expiry:1:2027-02-28:+10'
    """
    days = (offset for offset in sorted(_offsets(paid), reverse=True) if offset > 0)
    return tuple(_key(f"expiry:{paid.platform_id}", paid.expires_on, offset) for offset in days)


def last_dormant_warning_keys(platform_id: int, quiet_since: date) -> tuple[str, ...]:
    """As `last_warning_keys`, for an SMS-only platform that has been quiet since that day.

    >>> last_dormant_warning_keys(1, date(2026, 3, 1))[0]
    'dormant:1:2027-03-02:-1'
    """
    due_on = dormant_last_day(quiet_since) + ONE_DAY
    return tuple(_key(f"dormant:{platform_id}", due_on, offset) for offset in _before(SMS_ONLY_NOTICE_DAYS)[::-1])


def _before(days: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(-number for number in days))


def _newest(
    kind: Kind, subject: str, about: date, offsets: tuple[int, ...], today: date, sent: Container[str]
) -> Notice | None:
    """The notice of the latest day that has come, unless it or one of a later day has been sent."""
    reached = [offset for offset in offsets if about + timedelta(days=offset) <= today]
    if not reached or any(_key(subject, about, offset) in sent for offset in offsets if offset >= reached[-1]):
        return None
    return Notice(kind, about, reached[-1], _key(subject, about, reached[-1]))


def _key(subject: str, about: date, offset: int) -> str:
    return f"{subject}:{about.isoformat()}:{offset:+d}"
