"""Known devices: how long a browser is remembered, and which sign-in is told by mail.

RULES.md is silent about them; what a customer would expect:
- A browser is known to a person from a complete sign-in on, for DEVICE_COOKIE_LIFE after the last one. That opens
  nothing: it saves a notice, and gives the browser a budget of guesses of its own (portal/rules/throttle.py).
- A sign-in from a browser that is not known is told by mail, where another one is known: never the first of an account,
  nor the first after everything was forgotten. So is any sign-in after as many failures as open a wait.
- A person has at most KNOWN_DEVICES_MAX; the one used longest ago makes room.
- Signing out, a new password, another address and another second factor forget none: whoever has to wait because
  strangers guess must not lose the one browser from which there is no wait by doing what helps. "This was not me", a
  platform blocked as compromised, and being disabled forget them all.
"""

from datetime import datetime

from portal.rules.dates import as_utc
from portal.rules.terms import DEVICE_COOKIE_LIFE, SIGN_IN_FAILURES


def remembered_since(now: datetime) -> datetime:
    """A browser that was last used after this instant is still known at `now`: DEVICE_COOKIE_LIFE old is too old."""
    return as_utc(now) - DEVICE_COOKIE_LIFE


def told(*, known: bool, others: bool, failures: int) -> bool:
    """Whether a sign-in is told by mail. others: whether any other browser is known; failures: just before it.

    >>> told(known=False, others=True, failures=0), told(known=False, others=False, failures=4)
    (True, False)
    >>> told(known=True, others=True, failures=5)
    True
    """
    return (others and not known) or failures >= SIGN_IN_FAILURES
