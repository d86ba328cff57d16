"""What the phone would show: the demonstration has none."""

from datetime import UTC, datetime

import pyotp

from portal.rules.terms import CODE_DIGITS, CODE_PERIOD

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shown(secret: str, at: datetime) -> str:
    """The code that an app with this secret (base32) shows at `at`. Raises ValueError for what is no secret."""
    step = (at - _EPOCH) // CODE_PERIOD
    return pyotp.TOTP(secret, digits=CODE_DIGITS).generate_otp(step)


def seconds_left(at: datetime) -> int:
    """How long the app goes on showing the code of `at`."""
    return int((CODE_PERIOD - (at - _EPOCH) % CODE_PERIOD).total_seconds())
