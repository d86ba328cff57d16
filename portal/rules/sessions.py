"""How long a session lives, when its end is announced, and when a person has to prove herself again.

Source: RULES.md, Sign-in and session. Every function takes instants (aware datetimes) and answers for `now`. Idle
time is exact without a write per request: the signed cookie carries the instant of the last activity, the row in the
database follows it with less than ACTIVITY_WRITE_INTERVAL of delay. Background requests are no activity; the caller
does not refresh the cookie for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.rules.dates import as_utc
from portal.rules.terms import (
    ACTIVITY_WRITE_INTERVAL,
    DRAFT_LIFE,
    IDLE_TIMEOUT,
    IDLE_WARNING,
    REAUTHENTICATION_LIFE,
    SESSION_LIFE,
    TAKE_OVER_LIFE,
)


class EndReason(StrEnum):
    """Why a session is over. IDLE and ABSOLUTE are computed here; the others stand in the row of the session."""

    IDLE = "idle"
    ABSOLUTE = "absolute"
    SIGNED_OUT = "signed-out"
    TAKEN_OVER = "taken-over"  # the same administrator signed in elsewhere and chose to continue there
    PASSWORD_RESET = "password-reset"
    PASSWORD_CHANGED = "password-changed"
    EMAIL_CHANGED = "email-changed"
    SECOND_FACTOR_CHANGED = "second-factor-changed"
    DISABLED = "disabled"  # the administrator lost the seat
    NOT_ME = "not-me"  # somebody said that the sign-in was not theirs
    COMPROMISED = "compromised"  # the block of that name was put on the platform
    PLATFORM_CLOSED = "platform-closed"  # the grace is over
    BY_STAFF = "by-staff"


@dataclass(frozen=True, slots=True)
class Alive:
    """The session counts now. Without activity it ends at `ends_at`, for the reason `ends_by`.

    warn_at: when the dialog opens. Activity moves the end only where `ends_by` is IDLE; before an ABSOLUTE end the
    dialog can only announce it.
    """

    ends_at: datetime
    warn_at: datetime
    ends_by: EndReason


@dataclass(frozen=True, slots=True)
class Ended:
    """The session does not count any more, for the reason the sign-in page tells."""

    reason: EndReason


def last_activity(cookie_at: datetime, row_at: datetime, now: datetime) -> datetime:
    """The later of what the signed cookie and the row say, never later than now.

    A node whose clock runs ahead cannot lend a session time; a lost or old cookie cannot take away what the row knows.
    """
    return min(max(as_utc(cookie_at), as_utc(row_at)), as_utc(now))


def liveness(
    started_at: datetime, last_active_at: datetime, now: datetime, idle: timedelta = IDLE_TIMEOUT
) -> Alive | Ended:
    """Whether a session that nobody has ended counts at `now`: idle for less than `idle`, no older than SESSION_LIFE.

    29:59.999 idle is in, 30:00 is out. Where both limits have passed, the one that came first is the reason.

    >>> from datetime import UTC
    >>> ten = datetime(2026, 11, 20, 10, tzinfo=UTC)
    >>> liveness(ten, ten, ten + timedelta(minutes=29)).warn_at.time()
    datetime.time(10, 28)
    >>> liveness(ten, ten, ten + timedelta(minutes=30))
    Ended(reason=<EndReason.IDLE: 'idle'>)
    """
    idle_end = as_utc(last_active_at) + idle
    absolute_end = as_utc(started_at) + SESSION_LIFE
    ends_at = min(idle_end, absolute_end)
    reason = EndReason.IDLE if idle_end < absolute_end else EndReason.ABSOLUTE
    if as_utc(now) >= ends_at:
        return Ended(reason)
    return Alive(ends_at, ends_at - warning_time(idle), reason)


def warning_time(idle: timedelta = IDLE_TIMEOUT) -> timedelta:
    """How long before its end a session is announced: IDLE_WARNING, and half of a limit set shorter than that.

    >>> warning_time(), warning_time(timedelta(minutes=1))
    (datetime.timedelta(seconds=120), datetime.timedelta(seconds=30))
    """
    return min(IDLE_WARNING, idle / 2)


def activity_write_due(row_at: datetime, now: datetime) -> bool:
    """Whether the row has fallen so far behind that this request has to write the activity into it."""
    return as_utc(now) - as_utc(row_at) >= ACTIVITY_WRITE_INTERVAL


def possibly_alive(started_at: datetime, row_at: datetime, now: datetime, idle: timedelta = IDLE_TIMEOUT) -> bool:
    """Whether somebody may still hold this session, judged by its row alone.

    The row may lag behind the cookie by up to ACTIVITY_WRITE_INTERVAL; in doubt the answer is yes. Use it for the
    take-over question, where there is no cookie of the other browser to look at; never to let somebody in.
    """
    return isinstance(liveness(started_at, as_utc(row_at) + ACTIVITY_WRITE_INTERVAL, now, idle), Alive)


def take_over_needed(
    others: Iterable[tuple[datetime, datetime]], now: datetime, idle: timedelta = IDLE_TIMEOUT
) -> bool:
    """Whether a person with the right password has to choose first: continue here and end the other, or leave.

    others: (started, last activity of the row) of every session of this administrator that nobody has ended. One live
    session per administrator is the rule; signing in never ends the other one silently.
    """
    return any(possibly_alive(started_at, row_at, now, idle) for started_at, row_at in others)


def take_over_open(proven_at: datetime, now: datetime) -> bool:
    """Whether the password proven at `proven_at` still stands behind an answer to the take-over question."""
    return as_utc(now) < as_utc(proven_at) + TAKE_OVER_LIFE


def freshly_proven(proven_at: datetime, now: datetime) -> bool:
    """Whether the password given at `proven_at` (sign-in or re-authentication) counts for a sensitive act.

    Changing e-mail, password, second factor or payment method, and deleting anything, need it. 9:59 is in, 10:00 out.
    """
    return as_utc(now) < as_utc(proven_at) + REAUTHENTICATION_LIFE


def resumable(kept_at: datetime, now: datetime) -> bool:
    """Whether a request that waits for the password since `kept_at` may still be sent on: as long as a proof counts."""
    return as_utc(now) < as_utc(kept_at) + REAUTHENTICATION_LIFE


def draft_kept(saved_at: datetime, now: datetime) -> bool:
    """Whether what was typed in a form when the session ended still waits for its owner to sign in again."""
    return as_utc(now) < as_utc(saved_at) + DRAFT_LIFE
