"""The state of a platform at an instant, how long it lasts, and what happens next.

One pure function, `state`, that page, mail, job and API all call; nobody stores a state. It reads a *timeline*: the
few instants at which the state of a platform changes if nothing is paid. Source: RULES.md, Life of a platform.

Where RULES.md is silent: administration may record an exception, which makes the grace of one expiry E longer.
- It names a new last day L, with E + 10 < L ≤ E + 10 + GRACE_EXTENSION_MOST, and not before today.
- It is given while the platform is in the grace or due for deletion, until the erasing begins: never in advance.
- It moves the last day to renew, and with it the deletion. Nothing else: features stay off, a renewal costs what it
  cost and starts on E + 1.
- A later one replaces an earlier one only by being longer. After a renewal it means nothing, because E is another.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.rules.dates import add_months, as_utc, business_date, end_of
from portal.rules.terms import GRACE_DAYS, GRACE_EXTENSION_MOST, SMS_ONLY_DORMANT_MONTHS, TRIAL_DAYS

BEGINNING = datetime.min.replace(tzinfo=UTC)  # before every instant: where a timeline starts


class State(StrEnum):
    """Where a platform stands; what may be done there is the table of `access`."""

    TRIAL = "trial"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    GRACE = "grace"
    DUE_FOR_DELETION = "due-for-deletion"
    DELETED = "deleted"

    @property
    def may_sign_in(self) -> bool:
        """The platform lives: until its deletion is due people sign in, and nothing of it is purged."""
        return self in SIGN_IN_STATES


SIGN_IN_STATES = frozenset({State.TRIAL, State.ACTIVE, State.CANCELLED, State.GRACE})


@dataclass(frozen=True, slots=True)
class Life:
    """The facts a state is computed from.

    expires_on: E, the last paid business day, a paid future term included; None only on an SMS-only platform.
    cancelled: the customer has cancelled; changes nothing in a trial or after E.
    trial: nothing has been paid yet.
    deleted_at: the instant of the purge, if it has happened.
    quiet_since: SMS-only: the last business day on which it had credits or somebody signed in; None: it is in use.
    grace_until: the last day of the grace of this E, by a recorded exception; None: E + 10.

    Raises ValueError for a trial, a cancellation or an exception without an expiry date: there is no subscription to
    try, to cancel or to renew late.
    """

    expires_on: date | None
    cancelled: bool = False
    trial: bool = False
    deleted_at: datetime | None = None
    quiet_since: date | None = None
    grace_until: date | None = None

    def __post_init__(self) -> None:
        if self.expires_on is None and (self.trial or self.cancelled or self.grace_until):
            raise ValueError("a platform without an expiry date can be neither on trial nor cancelled, nor late")


@dataclass(frozen=True, slots=True)
class Change:
    """What the platform becomes, and the UTC instant from which it is that."""

    state: State
    at: datetime


class PurgeRefusal(StrEnum):
    """Why the data of a platform may not be deleted now."""

    NOT_DUE = "not-due"
    ALREADY_DELETED = "already-deleted"
    OPEN_PAYMENT = "open-payment"
    LEGAL_HOLD = "legal-hold"
    WARNINGS_NOT_ACCEPTED = "warnings-not-accepted"


class ExtensionRefusal(StrEnum):
    """Why the grace of a platform cannot be made longer, or not to that day."""

    NOT_EXPIRED = "not-expired"  # E is not over, or there is none
    DELETED = "deleted"  # or on the way: the erasing has begun
    NOT_LONGER = "not-longer"  # it lasts through that day as it is
    TOO_LONG = "too-long"
    PAST = "past"  # nobody could renew on a day that is over


def trial_last_day(starts_on: date) -> date:
    """E of a trial, its first day counted.

    >>> trial_last_day(date(2026, 11, 1)).isoformat()
    '2026-11-30'
    """
    return starts_on + timedelta(days=TRIAL_DAYS - 1)


def grace_last_day(expires_on: date, grace_until: date | None = None) -> date:
    """E + 10, the last day on which the platform can still be renewed; Sundays and holidays do not move it.

    grace_until: the day of a recorded exception for this E, which only ever makes it longer.

    >>> grace_last_day(date(2026, 11, 22)).isoformat()
    '2026-12-02'
    >>> [grace_last_day(date(2026, 11, 22), date(2026, 12, day)).isoformat() for day in (1, 18)]
    ['2026-12-02', '2026-12-18']
    """
    usual = expires_on + timedelta(days=GRACE_DAYS)
    return max(usual, grace_until) if grace_until else usual


def longest_grace(expires_on: date) -> date:
    """The latest day through which an exception may keep the platform renewable.

    >>> longest_grace(date(2026, 11, 22)).isoformat()
    '2027-01-01'
    """
    return grace_last_day(expires_on) + timedelta(days=GRACE_EXTENSION_MOST)


def dormant_last_day(quiet_since: date) -> date:
    """The last day of the 12 months an SMS-only platform may go without credits and without sign-in.

    >>> dormant_last_day(date(2028, 2, 29)).isoformat()
    '2029-02-28'
    """
    return add_months(quiet_since, SMS_ONLY_DORMANT_MONTHS)


def end_of_grace(expires_on: date, zone: ZoneInfo, grace_until: date | None = None) -> datetime:
    """end(E + 10) in UTC: the first instant at which nothing can be renewed, and at which the purge may start.

    grace_until: as in `grace_last_day`.

    >>> end_of_grace(date(2026, 11, 22), ZoneInfo("Europe/Rome")).isoformat()
    '2026-12-02T23:00:00+00:00'
    """
    return end_of(grace_last_day(expires_on, grace_until), zone)


def state(life: Life, at: datetime, zone: ZoneInfo) -> State:
    """The one state of the platform at the instant. Raises ValueError for a naive datetime.

    >>> state(Life(date(2026, 11, 22)), datetime(2026, 11, 22, 23, 0, tzinfo=UTC), ZoneInfo("Europe/Rome"))
    <State.GRACE: 'grace'>
    """
    moment = as_utc(at)
    return [change.state for change in _timeline(life, zone) if change.at <= moment][-1]


def next_change(life: Life, at: datetime, zone: ZoneInfo) -> Change | None:
    """What the platform becomes next if nobody does anything, and when; None where nothing is in sight."""
    moment = as_utc(at)
    return next((change for change in _timeline(life, zone) if change.at > moment), None)


def last_day(life: Life, at: datetime, zone: ZoneInfo) -> date | None:
    """The last business day of the present state; None where the state has no end in sight."""
    match state(life, at, zone):
        case State.DUE_FOR_DELETION | State.DELETED:
            return None
        case State.GRACE if life.expires_on is not None:
            return grace_last_day(life.expires_on, life.grace_until)
        case _:
            return life.expires_on or (dormant_last_day(life.quiet_since) if life.quiet_since else None)


def days_left(life: Life, at: datetime, zone: ZoneInfo) -> int | None:
    """Whole calendar days of the present state, today and its last day both counted: 1 on E, 10 on E + 1.

    0 once the deletion is due or done; None on an SMS-only platform in use, which has no end in sight.

    >>> days_left(Life(date(2026, 11, 22)), datetime(2026, 11, 23, 12, tzinfo=UTC), ZoneInfo("Europe/Rome"))
    10
    """
    last = last_day(life, at, zone)
    if last is None:
        return None if state(life, at, zone).may_sign_in else 0
    return (last - business_date(at, zone)).days + 1


def find_extension_refusal(life: Life, until: date, at: datetime, zone: ZoneInfo) -> ExtensionRefusal | None:
    """Why an exception may not make the grace last through that day; None: it may.

    >>> life, rome = Life(date(2026, 11, 22)), ZoneInfo("Europe/Rome")
    >>> noon = datetime(2026, 12, 3, 12, tzinfo=UTC)
    >>> [find_extension_refusal(life, date(2026, 12, day), noon, rome) for day in (2, 3)]
    [<ExtensionRefusal.NOT_LONGER: 'not-longer'>, None]
    """
    now = state(life, at, zone)
    if now is State.DELETED:
        return ExtensionRefusal.DELETED
    if life.expires_on is None or now not in (State.GRACE, State.DUE_FOR_DELETION):
        return ExtensionRefusal.NOT_EXPIRED
    if until <= grace_last_day(life.expires_on, life.grace_until):
        return ExtensionRefusal.NOT_LONGER
    if until > longest_grace(life.expires_on):
        return ExtensionRefusal.TOO_LONG
    return ExtensionRefusal.PAST if until < business_date(at, zone) else None


def find_purge_refusals(
    life: Life, at: datetime, zone: ZoneInfo, *, open_payment: bool, legal_hold: bool, warnings_accepted: bool
) -> tuple[PurgeRefusal, ...]:
    """Every reason why the platform may not be purged at the instant, for the dry run to print; empty: it may.

    open_payment: an order that still could renew it is open. warnings_accepted: the mail server took the last ones.
    """
    now = state(life, at, zone)
    reasons = (
        (now.may_sign_in, PurgeRefusal.NOT_DUE),
        (now is State.DELETED, PurgeRefusal.ALREADY_DELETED),
        (open_payment, PurgeRefusal.OPEN_PAYMENT),
        (legal_hold, PurgeRefusal.LEGAL_HOLD),
        (not warnings_accepted, PurgeRefusal.WARNINGS_NOT_ACCEPTED),
    )
    return tuple(refusal for applies, refusal in reasons if applies)


def _timeline(life: Life, zone: ZoneInfo) -> list[Change]:
    """The states of the platform in order, each with its first instant, cut short by the deletion."""
    changes = _undisturbed(life, zone)
    if life.deleted_at is None:
        return changes
    deleted_at = as_utc(life.deleted_at)
    return [*(change for change in changes if change.at < deleted_at), Change(State.DELETED, deleted_at)]


def _undisturbed(life: Life, zone: ZoneInfo) -> list[Change]:
    """The timeline as E, or the quiet of an SMS-only platform, lays it out."""
    if life.expires_on is not None:
        return [
            Change(_paid_state(life), BEGINNING),
            Change(State.GRACE, end_of(life.expires_on, zone)),
            Change(State.DUE_FOR_DELETION, end_of_grace(life.expires_on, zone, life.grace_until)),
        ]
    if life.quiet_since is not None:
        due = end_of(dormant_last_day(life.quiet_since), zone)
        return [Change(State.ACTIVE, BEGINNING), Change(State.DUE_FOR_DELETION, due)]
    return [Change(State.ACTIVE, BEGINNING)]


def _paid_state(life: Life) -> State:
    """The state before end(E): a trial stays one, whatever its cancelled flag says."""
    if life.trial:
        return State.TRIAL
    return State.CANCELLED if life.cancelled else State.ACTIVE
