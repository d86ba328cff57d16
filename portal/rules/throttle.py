"""How often somebody may try: pure state machines over a small record that a row can hold.

Source: RULES.md, Sign-in (throttling) and Recovering credentials (limits). An attempt is *claimed before it is
evaluated*: it is counted as a failure, the record is stored under a lock, and only then the password is looked at.
So simultaneous requests cannot exceed a limit: exactly N are evaluated. A success clears the record or gives the
claim back. Refused attempts are not evaluated and do not count, so nobody can keep an account waiting for ever by
knocking. Nobody is locked out for good: a wait ends, and a reset by link lifts even FORCED_RESET_FAILURES.

A browser that is known to the person (portal/rules/devices.py) counts for itself, as a user name and a network of its
own: strangers cannot lock the owner out by guessing, neither by the name nor from the same network, and a visit of the
owner gives strangers no new guesses. After FORCED_RESET_FAILURES in a row it is forgotten instead of forcing a reset,
and counts as a stranger from then on.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from portal.rules.dates import as_utc
from portal.rules.terms import (
    ALARM_MAILS,
    ALARM_WINDOW,
    FAILURES_KEPT,
    FORCED_RESET_FAILURES,
    NETWORK_PREFIX_V4,
    NETWORK_PREFIX_V6,
    PASSKEY_NETWORK_WINDOW,
    PASSKEY_REQUESTS_PER_NETWORK,
    RECOVERY_ACCOUNT_WINDOW,
    RECOVERY_MAILS_PER_ACCOUNT,
    RECOVERY_NETWORK_WINDOW,
    RECOVERY_REQUESTS_PER_NETWORK,
    SIGN_IN_CALM,
    SIGN_IN_FAILURES,
    SIGN_IN_FIRST_WAIT,
    SIGN_IN_LONGEST_WAIT,
    SIGN_IN_NETWORK_FAILURES,
    SIGN_IN_WINDOW,
    TRIAL_ADDRESS_WINDOW,
    TRIAL_MAILS_PER_ADDRESS,
    TRIAL_NETWORK_WINDOW,
    TRIAL_REQUESTS_PER_NETWORK,
    WINDOWS_KEPT,
)

UNKNOWN_NETWORK = "unknown"  # one bucket for every address that is none: it fails closed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Window(NamedTuple):
    """At most `limit` attempts in any stretch of time [t, t + length)."""

    limit: int
    length: timedelta


PASSKEY_REQUESTS = Window(PASSKEY_REQUESTS_PER_NETWORK, PASSKEY_NETWORK_WINDOW)
NETWORK_SIGN_INS = Window(SIGN_IN_NETWORK_FAILURES, SIGN_IN_WINDOW)
RECOVERY_MAILS = Window(RECOVERY_MAILS_PER_ACCOUNT, RECOVERY_ACCOUNT_WINDOW)
RECOVERY_REQUESTS = Window(RECOVERY_REQUESTS_PER_NETWORK, RECOVERY_NETWORK_WINDOW)
TRIAL_MAILS = Window(TRIAL_MAILS_PER_ADDRESS, TRIAL_ADDRESS_WINDOW)
TRIAL_REQUESTS = Window(TRIAL_REQUESTS_PER_NETWORK, TRIAL_NETWORK_WINDOW)
ALARMS = Window(ALARM_MAILS, ALARM_WINDOW)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known about one user name or one network; `Record()` is the unknown one.

    moments: attempts inside the window, oldest first; never more than the limit of the window.
    in_a_row: failures since the last success or reset, however slow.
    waits: how many waits have followed each other without SIGN_IN_CALM between them.
    blocked_until: the end of the last wait. last_failure_at: the last attempt that was evaluated and did not succeed.
    """

    moments: tuple[datetime, ...] = ()
    in_a_row: int = 0
    waits: int = 0
    blocked_until: datetime | None = None
    last_failure_at: datetime | None = None

    @property
    def must_reset(self) -> bool:
        """So many failures in a row that only a new password lets in."""
        return self.in_a_row >= FORCED_RESET_FAILURES


def sign_in_attempt(record: Record, at: datetime) -> tuple[bool, Record]:
    """Claim one evaluation of a password for a user name: (whether to evaluate it, the record to store before that).

    SIGN_IN_FAILURES in SIGN_IN_WINDOW open the first wait; from then on each failure opens a wait twice as long, up
    to SIGN_IN_LONGEST_WAIT, until SIGN_IN_CALM has passed without one. Refused attempts leave the record as it is.
    A caller that may fail to evaluate (no free place to hash) makes sure of its place before it claims.
    """
    now = as_utc(at)
    if record.must_reset or is_waiting(record, now):
        return False, record
    return True, _one_more_failure(_calmed(record, now), now)


def alarming(record: Record) -> bool:
    """Whether the failure that was just counted is one to tell the owner of: the wait after it is the longest there is,
    or only a new password lets in.

    >>> alarming(Record(waits=5)), alarming(Record(waits=6)), alarming(Record(in_a_row=FORCED_RESET_FAILURES))
    (False, True, True)
    """
    return record.must_reset or (record.waits > 0 and wait_length(record.waits) == SIGN_IN_LONGEST_WAIT)


def sign_in_success(record: Record) -> Record:
    """What remains after the right password, or after a reset by link: nothing.

    >>> sign_in_success(Record(in_a_row=99, waits=3)) == Record()
    True
    """
    return replace(record, moments=(), in_a_row=0, waits=0, blocked_until=None, last_failure_at=None)


def is_waiting(record: Record, at: datetime) -> bool:
    """Whether attempts are refused until the wait is over.

    A wait that seems longer than the longest one is the work of a clock put back, and does not count.
    """
    if record.blocked_until is None:
        return False
    return timedelta(0) < record.blocked_until - as_utc(at) <= SIGN_IN_LONGEST_WAIT


def wait_length(waits: int) -> timedelta:
    """How long the n-th wait in a row lasts.

    >>> [wait_length(n).total_seconds() for n in (1, 2, 5, 6, 7, 1000)]
    [30.0, 60.0, 480.0, 900.0, 900.0, 900.0]
    """
    doublings = min(waits - 1, (SIGN_IN_LONGEST_WAIT // SIGN_IN_FIRST_WAIT).bit_length())
    return min(SIGN_IN_FIRST_WAIT * (1 << doublings), SIGN_IN_LONGEST_WAIT)


def _calmed(record: Record, now: datetime) -> Record:
    """The record with the waits forgotten after a long calm; the failures in a row stay."""
    if record.last_failure_at is None or now - record.last_failure_at < SIGN_IN_CALM:
        return record
    return Record(in_a_row=record.in_a_row)


def _one_more_failure(record: Record, now: datetime) -> Record:
    moments = (*_inside(record.moments, now, SIGN_IN_WINDOW), now)
    failed = replace(record, moments=moments, in_a_row=record.in_a_row + 1, last_failure_at=now)
    if not record.waits and len(moments) < SIGN_IN_FAILURES:
        return failed
    waits = record.waits + 1
    return replace(failed, moments=(), waits=waits, blocked_until=now + wait_length(waits))


def window_attempt(record: Record, at: datetime, limit: int, window: timedelta) -> tuple[bool, Record]:
    """Claim one attempt of a plain window: (allowed, the record to store). Call it with `*RECOVERY_MAILS` and so on.

    At most `limit` are allowed in any stretch [t, t + window): the moment an attempt is exactly `window` old, its
    place is free. The moment claimed is `record.moments[-1]` of the answer. Where clocks of two nodes differ, it is
    never before the newest one already known, so that the limit stays exact.
    """
    now = as_utc(at)
    moments = _inside(record.moments, now, window)
    if len(moments) >= limit:
        return False, record
    return True, replace(record, moments=(*moments, max((now, *moments))))


def may_forget(record: Record, touched_at: datetime, at: datetime) -> bool:
    """Whether a record that was last touched at an instant says nothing any more that would refuse anybody.

    Failures in a row count however slow they come, and are kept for FAILURES_KEPT; what only counts in a window is not.
    """
    kept = FAILURES_KEPT if record.in_a_row else WINDOWS_KEPT
    return as_utc(at) - as_utc(touched_at) >= kept


def give_back(record: Record, claimed_at: datetime) -> Record:
    """The record without the claim of `claimed_at`: the attempt turned out not to count (a right password).

    A claim that has already left the window, or was given back before, changes nothing.
    """
    moments = list(record.moments)
    if claimed_at in moments:
        moments.remove(claimed_at)
    return replace(record, moments=tuple(moments))


def _inside(moments: tuple[datetime, ...], now: datetime, window: timedelta) -> tuple[datetime, ...]:
    """The moments less than a window away; those further in the future are the work of a clock put back."""
    return tuple(moment for moment in moments if abs(now - moment) < window)


def to_json(record: Record) -> str:
    """The record as short text, to the microsecond: [moments, in a row, waits, blocked until, last failure].

    >>> to_json(Record((_EPOCH + timedelta(seconds=1),), in_a_row=1))
    '[[1000000],1,0,null,null]'
    """
    moments = [_to_number(moment) for moment in record.moments]
    blocked_until, last_failure_at = _to_number(record.blocked_until), _to_number(record.last_failure_at)
    return json.dumps([moments, record.in_a_row, record.waits, blocked_until, last_failure_at], separators=(",", ":"))


def from_json(text: str) -> Record:
    """The record that to_json wrote. Raises ValueError for anything else: the caller refuses the attempt.

    >>> from_json("[[],3,0,null,null]")
    Record(moments=(), in_a_row=3, waits=0, blocked_until=None, last_failure_at=None)
    """
    try:
        moments, in_a_row, waits, blocked_until, last_failure_at = json.loads(text)
        instants = tuple(_EPOCH + moment * _MICROSECOND for moment in moments)
        return Record(instants, int(in_a_row), int(waits), _to_instant(blocked_until), _to_instant(last_failure_at))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("not the record of a throttle") from error


def _to_number(instant: datetime | None) -> int | None:
    return None if instant is None else (as_utc(instant) - _EPOCH) // _MICROSECOND


def _to_instant(number: int | None) -> datetime | None:
    return None if number is None else _EPOCH + number * _MICROSECOND


def client_network(address: str) -> str:
    """The network that shares a limit with this client address: /24 of IPv4, /64 of IPv6.

    >>> client_network("203.0.113.77"), client_network("2001:db8:1:2:3::4"), client_network("not an address")
    ('203.0.113.0/24', '2001:db8:1:2::/64', 'unknown')
    >>> client_network("::ffff:203.0.113.77")  # IPv4 seen through an IPv6 socket
    '203.0.113.0/24'
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.strip())
    except ValueError:
        return UNKNOWN_NETWORK
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(IPv6Network((int(parsed), NETWORK_PREFIX_V6), strict=False))
        parsed = parsed.ipv4_mapped
    return str(IPv4Network((int(parsed), NETWORK_PREFIX_V4), strict=False))
