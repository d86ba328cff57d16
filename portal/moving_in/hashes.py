"""Password hashes of a former system: taken over where they are as strong as ours, or refused with a reason.

What is taken is argon2id, written as a PHC string. It may not be weaker than what this portal makes, in memory or in
passes; and not so strong that a sign-in would hold up the server, since each one computes what the hash asks for. How
long the password behind it is nobody can see.

Who has no hash recovers by mail: "Forgot your password?" wants the user name and the stored address.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from portal.moving_in.cells import Reader
from portal.moving_in.faults import Unfit

_PHC = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{1,88})\$([A-Za-z0-9+/]{1,88})",
    re.ASCII,
)
LEAST_SALT, LEAST_DIGEST, MOST_BYTES = 16, 32, 64
MOST_TIMES = 8  # as much memory, and work, as one of ours takes
MOST_LANES = 16
_OTHER = "an argon2id hash, version 19, or nothing: who has none sets a password by mail"


@dataclass(frozen=True, slots=True)
class Strength:
    """What a hash costs: memory in KiB, and passes over it."""

    memory: int
    passes: int


def password_hash(least: Strength) -> Reader:
    """A hash that is at least so strong, or none.

    >>> password_hash(Strength(1024, 1))("$2b$12$abcdefghijklmnopqrstuv").expected.split(",")[0]
    'an argon2id hash'
    """

    def read(cell: str) -> str | Unfit | None:
        text = cell.strip()
        if not text:
            return None
        why = _why_not(text, least)
        return Unfit(why, secret=True) if why else text

    return read


def _why_not(text: str, least: Strength) -> str:
    """What is expected instead; empty for a hash that is taken."""
    match = _PHC.fullmatch(text)
    if match is None:
        return _OTHER
    memory, passes, lanes = (int(number) for number in match.groups()[:3])
    if memory < least.memory or passes < least.passes:
        return f"at least m={least.memory} and t={least.passes}, or nothing: who has none sets a password by mail"
    if memory > MOST_TIMES * least.memory or memory * passes > MOST_TIMES * least.memory * least.passes:
        return f"at most {MOST_TIMES} times the work of m={least.memory}, t={least.passes}: it would hold up the server"
    if not 1 <= lanes <= MOST_LANES or memory < 8 * lanes:
        return f"1 to {MOST_LANES} lanes, of 8 KiB or more each"
    salt, digest = (_bytes(part) for part in match.groups()[3:])
    if not (LEAST_SALT <= salt <= MOST_BYTES and LEAST_DIGEST <= digest <= MOST_BYTES):
        return f"a salt of {LEAST_SALT} bytes or more and a digest of {LEAST_DIGEST}, up to {MOST_BYTES}"
    return ""


def _bytes(unpadded: str) -> int:
    """How many bytes these characters are; 0 for what is no base64."""
    try:
        return len(base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True))
    except binascii.Error:
        return 0
