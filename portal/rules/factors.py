"""Second factors: what is asked beside the password, what a code looks like, and which codes count at an instant.

Source: RULES.md, Sign-in (re-authentication) and Recovering credentials (a factor is never bypassed by mail);
SECURITY.md, Numbers. Where they are silent:
- A code of the app counts during its CODE_PERIOD, and CODE_TOLERANCE before and after it, for clocks that differ and
  fingers that are slow; it counts once, and no earlier one counts after it.
- Recovery codes stand in for any factor, one use each. A new set replaces the one before.
- Somebody with a password shorter than one alone may be cannot take off the last factor, nor can anybody on a platform
  that demands one: the first administrator lifts the demand first.
- Staff do not take off a factor by themselves: they ask for it, and it happens after FACTOR_REMOVAL_WAIT, if nobody has
  stopped it. Coming in with a factor stops it: it is not lost.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from portal.rules.dates import as_utc
from portal.rules.terms import (
    APP_SETUP_LIFE,
    CODE_DIGITS,
    CODE_PERIOD,
    CODE_TOLERANCE,
    FACTOR_REMOVAL_WAIT,
    PASSWORD_MIN,
    RECOVERY_CODE_LENGTH,
)

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without what looks alike: 0 and o, 1 and i and l
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Factor(StrEnum):
    """With what somebody came in: the password alone, something beside it, or a passkey in its place."""

    PASSWORD = "password"
    APP = "app"  # the password and a code of an authenticator app
    PASSKEY = "passkey"  # a passkey, beside the password or alone
    RECOVERY_CODE = "recovery-code"  # the password and one of the codes that were printed


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody has beside the password. passkeys, codes: how many; codes only those that are not used yet."""

    app: bool = False
    passkeys: int = 0
    codes: int = 0

    @property
    def any(self) -> bool:
        """Whether the password alone no longer opens the platform. Recovery codes are no factor of their own.

        >>> Factors(codes=10).any, Factors(app=True).any, Factors(passkeys=1).any
        (False, True, True)
        """
        return self.app or self.passkeys > 0


class Kept(StrEnum):
    """Why a factor cannot be taken off."""

    DEMANDED = "demanded"  # the platform lets nobody in without one
    SHORT_PASSWORD = "short-password"  # the password may be this short only beside a factor


def removal_refused(factors: Factors, *, demanded: bool, short_password: bool) -> Kept | None:
    """Why one of these factors may not be taken off; None: it may.

    >>> removal_refused(Factors(app=True), demanded=True, short_password=False)
    <Kept.DEMANDED: 'demanded'>
    >>> removal_refused(Factors(app=True, passkeys=1), demanded=True, short_password=True)
    """
    if factors.app + factors.passkeys > 1:
        return None
    if demanded:
        return Kept.DEMANDED
    return Kept.SHORT_PASSWORD if short_password else None


def needs_factor(password: str) -> bool:
    """Whether this (normalised) password is too short to stand alone."""
    return len(password) < PASSWORD_MIN


def steps(at: datetime) -> range:
    """The numbers of the periods whose code of an app counts at `at`, oldest first: one, or two near a change.

    >>> list(steps(datetime(1970, 1, 1, 0, 0, 29, tzinfo=UTC))), list(steps(datetime(1970, 1, 1, 0, 0, 40, tzinfo=UTC)))
    ([0, 1], [1])
    """
    seconds = as_utc(at) - _EPOCH
    return range((seconds - CODE_TOLERANCE) // CODE_PERIOD, (seconds + CODE_TOLERANCE) // CODE_PERIOD + 1)


def read_code(typed: str) -> str | None:
    """The digits of a code of an app, blanks and hyphens between them left out; None for what cannot be one.

    >>> read_code(" 123 456"), read_code("12345"), read_code("١٢٣٤٥٦")
    ('123456', None, None)
    """
    text = _joined(typed)
    return text if len(text) == CODE_DIGITS and text.isascii() and text.isdigit() else None


def read_recovery_code(typed: str) -> str | None:
    """A recovery code as it is hashed, however it was typed; None for what cannot be one.

    >>> read_recovery_code("ABCDE-FGH23"), read_recovery_code("abcde-fgh2o")
    ('abcdefgh23', None)
    """
    text = _joined(typed)
    folded = text.lower() if text.isascii() else ""  # the sign of the kelvin would become a k
    return folded if len(folded) == RECOVERY_CODE_LENGTH and set(folded) <= set(ALPHABET) else None


def meant_by(typed: str) -> Factor | None:
    """What a typed code would be one of; None for what cannot be any.

    >>> meant_by("123 456"), meant_by("ABCDE-FGH23"), meant_by("1234567")
    (<Factor.APP: 'app'>, <Factor.RECOVERY_CODE: 'recovery-code'>, None)
    """
    if read_code(typed) is not None:
        return Factor.APP
    return Factor.RECOVERY_CODE if read_recovery_code(typed) is not None else None


def write_recovery_code(code: str) -> str:
    """A recovery code as it is shown.

    >>> write_recovery_code("abcdefgh23")
    'abcde-fgh23'
    """
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}"


def setup_until(begun_at: datetime) -> datetime:
    """When the secret of an app that is being added has waited for its first code for too long."""
    return as_utc(begun_at) + APP_SETUP_LIFE


def removal_due_at(asked_at: datetime) -> datetime:
    """When lost factors are taken off, if nobody stops it: not before, the whole wait having passed."""
    return as_utc(asked_at) + FACTOR_REMOVAL_WAIT


def _joined(typed: str) -> str:
    return "".join(typed.replace("-", " ").split())
