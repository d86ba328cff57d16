"""The sending service: told how a platform stands, so that it switches on what was paid and stops what is blocked.

It is told of a whole platform each time, by `PUT {SERVICE_URL}/platforms/1234` with JSON (`PlatformState.to_json`),
never of a change: so nothing depends on the order in which messages arrive, and the same one twice does no harm.

What the receiver has to do:
- check `Portal-Signature` (`portal/outside/signatures.py`) with SERVICE_SECRET, and that the ID of the address is the
  `platform_id` of the body, which is the one that is signed;
- keep what is newest by `as_of`, and answer 409 to what is older: the portal then tells it again as things stand. Two
  workers whose clocks differ could otherwise leave the older of two truths;
- answer 2xx once it is kept. `Idempotency-Key` names the message: the same key never comes with another body;
- let sending end with the day `expires_on`, and go over from one of `terms` to the next on its day, of its own accord:
  the portal tells what people do, not that a day has passed. Days are those of the portal's business time zone.

Answers in WRONG are of no use to repeat, and staff have to look. Everything else that is not 2xx is tried again for
days: a service that is away, but also a wrong secret or address, which somebody mends meanwhile.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from portal.kit.clock import Clock
from portal.outside import calls, signatures
from portal.rules.lifecycle import State
from portal.setting_values import Secret

SIGNATURE = "Portal-Signature"
STEP_SECONDS = 10.0  # to connect, and for each piece of an answer
LIMIT_SECONDS = 30.0  # for all of it; far less than a lease of the outbox
WRONG = (400, 410, 413, 415, 422)  # the service understood us, and what we tell it cannot be


class ServiceDown(Exception):
    """The service did not take it, or nobody knows: it may be told again later."""


class NotAccepted(Exception):
    """The service says that what it is told is wrong: telling the same again is useless."""


@dataclass(frozen=True, slots=True)
class ServedTerm:
    """A term that runs or is to come: its first and last business day, and the edition for which it was bought."""

    starts_on: date
    ends_on: date
    edition: str


@dataclass(frozen=True, slots=True)
class PlatformState:
    """All that the service needs to know of a platform, as it stood at the instant `as_of`.

    edition, terms, expires_on, renewable_until, deleted_from: None or nothing on a platform that only sends SMS.
    sending: whether the features are on, as the table of who may do what decides. deleted_from: the first day on which
    the data may be deleted. seats: paid administrators. credits: SMS credits that can be spent now.
    """

    platform_id: int
    as_of: datetime
    state: State
    sending: bool
    edition: str | None
    email: bool
    sms: bool
    terms: tuple[ServedTerm, ...]
    expires_on: date | None
    renewable_until: date | None
    deleted_from: date | None
    seats: int
    credits: int

    def to_json(self) -> dict[str, Any]:
        """As it travels: days and instants in ISO 8601, the instant always in UTC and with its microseconds."""
        return {
            "platform_id": self.platform_id,
            "as_of": self.as_of.astimezone(UTC).isoformat(timespec="microseconds"),
            "state": str(self.state),
            "sending": self.sending,
            "edition": self.edition,
            "channels": {"email": self.email, "sms": self.sms},
            "terms": [
                {"starts_on": _day(term.starts_on), "ends_on": _day(term.ends_on), "edition": term.edition}
                for term in self.terms
            ],
            "expires_on": _day(self.expires_on),
            "renewable_until": _day(self.renewable_until),
            "deleted_from": _day(self.deleted_from),
            "seats": self.seats,
            "credits": self.credits,
        }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


class SendingService(Protocol):
    def tell(self, state: PlatformState, key: str) -> None:
        """Returns once the service has kept it; else raises ServiceDown or NotAccepted, with words without a secret.

        key: names this message, in ASCII; never to be used again for another body.
        """
        ...


class HttpService:
    """url: of the service, without a slash at its end. Redirects are not followed and no proxy is used."""

    def __init__(self, url: str, secret: Secret, *, step: float = STEP_SECONDS, limit: float = LIMIT_SECONDS) -> None:
        self._url, self._secret = urlsplit(url), secret
        self._step, self._limit = step, limit

    def tell(self, state: PlatformState, key: str) -> None:
        body = json.dumps(state.to_json()).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            SIGNATURE: signatures.signature(body, self._secret, state.as_of),
        }
        status = self._put(f"{self._url.path}/platforms/{state.platform_id}", body, headers)
        if status in WRONG:
            raise NotAccepted(f"the service answered {status}")
        if not 200 <= status < 300:
            raise ServiceDown(f"the service answered {status}")

    def _put(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        try:
            return calls.send("PUT", self._url, path, body, headers, calls.Patience(self._step, self._limit))
        except calls.NoAnswer as error:
            raise ServiceDown(str(error)) from None


class DemoService:
    """The demonstration's service: it keeps each thing it is told as a file, and what is newest counts."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    def tell(self, state: PlatformState, key: str) -> None:
        path = self._folder / f"{state.platform_id}-{state.as_of.astimezone(UTC):%Y%m%dT%H%M%S.%f}.json"
        fresh = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps({"key": key} | state.to_json(), indent=2), "utf-8")
            fresh.replace(path)  # nobody reads half of it
        except OSError as error:
            raise ServiceDown(type(error).__name__) from None

    def find(self, platform_id: int) -> dict[str, Any] | None:
        """What the service knows of the platform; nothing of a future from which the clock was put back."""
        texts = [path.read_text("utf-8") for path in self._folder.glob(f"{platform_id}-*.json")]
        now = self._clock.now()
        known = [found for text in texts if datetime.fromisoformat((found := json.loads(text))["as_of"]) <= now]
        return max(known, key=lambda found: str(found["as_of"]), default=None)

    def empty(self) -> None:
        """Forget everything, for a new cast."""
        for path in self._folder.glob("*.json"):
            path.unlink()
