"""Signed bodies: what two systems send each other over HTTP carries a signature made with a secret that both know.

The header is Stripe's own form, "t=<seconds since 1970>,v1=<hexadecimal>": HMAC-SHA256 over the seconds, a full stop
and the bytes of the body. The instant is a parameter: nothing here reads the clock.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from portal.setting_values import Secret

OLDEST = timedelta(minutes=5)  # as Stripe recommends: what is captured today is worth nothing tomorrow
AHEAD = timedelta(seconds=10)  # by so much two clocks may differ
_TIME = re.compile(r"[0-9]{1,11}", re.ASCII)


def signature(body: bytes, secret: Secret, at: datetime) -> str:
    """The header that goes with a body that leaves at the instant."""
    sent = str(int(at.timestamp()))
    return f"t={sent},v1={_digest(body, secret, sent)}"


def find_fault(body: bytes, header: str, secret: Secret, at: datetime) -> str | None:
    """Why a body that arrived at the instant is not believed; None where one of the header's signatures is right.

    There are two of them while a secret is changed.
    """
    pairs = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        return "signature: no time"
    expected = _digest(body, secret, times[0]).encode()
    if not any(hmac.compare_digest(expected, one.encode("utf-8", "surrogatepass")) for one in given):
        return "signature: wrong"
    age = at.timestamp() - int(times[0])
    if not -AHEAD.total_seconds() <= age <= OLDEST.total_seconds():
        return "signature: too old" if age > 0 else "signature: from the future"
    return None


def _digest(body: bytes, secret: Secret, sent: str) -> str:
    return hmac.new(secret.reveal().encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
