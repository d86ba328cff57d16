"""Whether money that has arrived buys what it was meant for, or becomes a task for staff.

Money is never lost and never buys a second term in silence. Source: RULES.md, Life of a platform ("Renewal", "Money
arriving late").

Where RULES.md is silent:
- Where an exception has made the grace longer (`lifecycle`), its last day stands wherever E + 10 stands here.
- A card payment confirmed before end(E + 10) counts however long ago it was begun. After that it counts up to and
  including 24 hours from its beginning.
- The 5 bank working days of a transfer are counted from E + 10, the last value date that counts: whoever paid earlier
  has no less time than whoever paid on the last day, and staff may confirm through the whole fifth day.
- Credits, seats and upgrades are delivered while the platform is active or cancelled: where the table of `access` would
  not sell them any more (in the grace), money that arrives for them is given back.
- Seats end with the E they were quoted for, and an upgrade is a difference to the edition and the E of that day: money
  that arrives after the last of these days, or for an upgrade of what is different now, is given back too.
"""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import ONE_DAY, as_utc, business_date
from portal.rules.lifecycle import Life, State, end_of_grace, grace_last_day, state
from portal.rules.terms import CARD_CONFIRMATION, TRANSFER_CONFIRMATION_BANK_DAYS

SELLING = frozenset({State.ACTIVE, State.CANCELLED})
BankDay = Callable[[date], bool]
LONGEST_BANK_HOLIDAY = 31  # days; a calendar without a bank working day for longer than this is a mistake


class Settlement(StrEnum):
    """What a payment leads to."""

    DELIVER = "deliver"
    GIVE_BACK_LATE = "give-back-late"
    GIVE_BACK_SECOND = "give-back-second"  # the same has been paid before
    GIVE_BACK_CHANGED = "give-back-changed"  # the platform is no longer what it was bought for

    @property
    def staff_task(self) -> bool:
        """Somebody has to give the money back, or talk to the customer."""
        return self is not Settlement.DELIVER


def card_counts(
    begun_at: datetime, confirmed_at: datetime, expires_on: date, zone: ZoneInfo, grace_until: date | None = None
) -> bool:
    """Whether a card payment begun and confirmed at these instants renews a platform that ends on E.

    Asked with the present instant as confirmed_at, it says whether an open order still holds up the purge.
    """
    over = end_of_grace(expires_on, zone, grace_until)
    begun, confirmed = as_utc(begun_at), as_utc(confirmed_at)
    return confirmed < over or (begun < over and confirmed - begun <= CARD_CONFIRMATION)


def transfer_counts(
    value_date: date, confirmed_on: date, expires_on: date, is_bank_day: BankDay, grace_until: date | None = None
) -> bool:
    """Whether a bank transfer of this value date, confirmed by staff on this business day, renews a platform.

    Asked with the last day of the grace and today, it says whether an open order still holds up the purge.
    """
    deadline = transfer_deadline(expires_on, is_bank_day, grace_until)
    return value_date <= grace_last_day(expires_on, grace_until) and confirmed_on <= deadline


def transfer_deadline(expires_on: date, is_bank_day: BankDay, grace_until: date | None = None) -> date:
    """The last day on which staff may confirm a transfer: the fifth bank working day after E + 10.

    >>> transfer_deadline(date(2026, 11, 22), lambda day: day.weekday() < 5).isoformat()
    '2026-12-09'
    """
    day = grace_last_day(expires_on, grace_until)
    for _ in range(TRANSFER_CONFIRMATION_BANK_DAYS):
        day = _next_bank_day(day, is_bank_day)
    return day


def settle_term(life: Life, paid_for: date | None, counts: bool, at: datetime, zone: ZoneInfo) -> Settlement:
    """What becomes of a payment for a term, confirmed at the instant.

    paid_for: E as it was when the order was placed (None on an SMS-only platform). If E has moved since, the term has
    been paid already, by a double click, a colleague or a replayed event. counts: what `card_counts` or
    `transfer_counts` says of it.
    """
    if state(life, at, zone) is State.DELETED:
        return Settlement.GIVE_BACK_LATE
    if life.expires_on != paid_for:
        return Settlement.GIVE_BACK_SECOND
    return Settlement.DELIVER if counts else Settlement.GIVE_BACK_LATE


def settle_credits(life: Life, at: datetime, zone: ZoneInfo) -> Settlement:
    """What becomes of a payment for SMS credits that arrives at the instant."""
    return Settlement.DELIVER if state(life, at, zone) in SELLING else Settlement.GIVE_BACK_LATE


def settle_seats(life: Life, until: date, at: datetime, zone: ZoneInfo) -> Settlement:
    """The same for additional administrators that were quoted until a day."""
    over = business_date(at, zone) > until
    return Settlement.GIVE_BACK_LATE if over else settle_credits(life, at, zone)


def settle_upgrade(life: Life, paid_for: date | None, same_edition: bool, at: datetime, zone: ZoneInfo) -> Settlement:
    """The same for an upgrade; same_edition: today's edition is the one of which the difference was counted."""
    found = settle_credits(life, at, zone)
    if found is Settlement.DELIVER and (life.expires_on != paid_for or not same_edition):
        return Settlement.GIVE_BACK_CHANGED
    return found


def _next_bank_day(day: date, is_bank_day: BankDay) -> date:
    """The first bank working day after the day. Raises ValueError for a calendar that has none."""
    for _ in range(LONGEST_BANK_HOLIDAY):
        day += ONE_DAY
        if is_bank_day(day):
            return day
    raise ValueError(f"no bank working day in the {LONGEST_BANK_HOLIDAY} days before {day}")
