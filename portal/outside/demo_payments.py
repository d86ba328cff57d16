"""The demonstration's provider: it keeps its sessions in files, signs its events, and can be asked, like a real one.

What is paid here is paid whatever the portal learns of it: an event may come late, twice or never. The page on which
one "pays" is in `portal/web/demo/payments.py`; the events travel as HTTP requests of `portal/jobs/demo_events.py`.
"""

import fcntl
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from portal.kit.clock import Clock
from portal.outside import checkout_events, signatures
from portal.outside.payments import Asking, NotAccepted, ProviderDown, Started
from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way
from portal.rules.payments import Report
from portal.setting_values import Secret

SIGNATURE = "Portal-Demo-Signature"
EVENT_ERRAND = "demo_event"  # of the page, run by the worker
_REFERENCE = re.compile(r"cs_demo_[0-9a-f]{32}")
NEXT = {  # what may become of a session
    PaymentState.BEGUN: {PaymentState.PENDING, PaymentState.RECEIVED, PaymentState.FAILED, PaymentState.EXPIRED},
    PaymentState.PENDING: {PaymentState.RECEIVED, PaymentState.FAILED},
}
EVENTS = {  # kind of event and `payment_status` of a session, by where it stands
    PaymentState.PENDING: ("checkout.session.completed", "unpaid"),
    PaymentState.RECEIVED: ("checkout.session.completed", "paid"),
    PaymentState.FAILED: ("checkout.session.async_payment_failed", "unpaid"),
    PaymentState.EXPIRED: ("checkout.session.expired", "unpaid"),
}


@dataclass(frozen=True, slots=True)
class Session:
    """A payment that waits to be made, or was. moves: where it stood and since when, the present state last."""

    reference: str
    asking: Asking
    moves: Mapping[PaymentState, datetime]

    @property
    def state(self) -> PaymentState:
        return list(self.moves)[-1]

    def moved(self, state: PaymentState, at: datetime) -> Self:
        return replace(self, moves={**self.moves, state: at})

    def to_json(self) -> dict[str, Any]:
        asked = asdict(self.asking) | {"expires_at": self.asking.expires_at.isoformat()}
        return {"asking": asked, "moves": {str(state): at.isoformat() for state, at in self.moves.items()}}

    @classmethod
    def from_json(cls, reference: str, found: dict[str, Any]) -> Self:
        asked = found["asking"]
        asked |= {"amount": Money(**asked["amount"]), "expires_at": datetime.fromisoformat(asked["expires_at"])}
        moves = {PaymentState(state): datetime.fromisoformat(at) for state, at in found["moves"].items()}
        return cls(reference, Asking(**asked), moves)


class DemoPayments:
    """folder: where the sessions are kept. secret: signs the events. origin: of the portal, whose page one pays on."""

    way = Way.DEMO

    def __init__(self, folder: Path, secret: Secret, origin: str, *, clock: Clock) -> None:
        self._folder, self._secret, self._origin, self._clock = folder, secret, origin, clock

    def start(self, asking: Asking) -> Started:
        reference = self._reference(asking.payment_id)
        with self._alone():
            found = self._read(reference)
            if found is None:
                self._write(Session(reference, asking, {PaymentState.BEGUN: self._clock.now()}))
            elif found.asking != asking:
                raise NotAccepted("another payment was begun under this number")
        return Started(reference, f"{self._origin}/demo/pay/{reference}")

    def read_event(self, body: bytes, headers: Mapping[str, str], at: datetime) -> Report | None:
        checkout_events.verify(body, checkout_events.header_of(headers, SIGNATURE), self._secret, at)
        return checkout_events.read(body, self.way, at)

    def look_up(self, reference: str) -> Report:
        session = self.find(reference)
        if session is None:
            raise NotAccepted("there is no such session")
        state, asking = session.state, session.asking
        event_id, at = f"look-up:{reference}:{state}", session.moves[state]
        return Report(self.way, event_id, reference, state, asking.amount, at, payment_id=asking.payment_id)

    def close(self, reference: str) -> None:
        if self.find(reference) is None:
            raise NotAccepted("there is no such session")
        self.move(reference, PaymentState.EXPIRED)

    def find(self, reference: str) -> Session | None:
        """The session as it stands now: one that nobody paid in time has expired."""
        session = self._read(reference)
        if session is None or session.state is not PaymentState.BEGUN:
            return session
        end = session.asking.expires_at
        return session if self._clock.now() < end else session.moved(PaymentState.EXPIRED, end)

    def move(self, reference: str, state: PaymentState) -> bool:
        """Let the session come to stand there; False, changing nothing, where it cannot any more. Of two one wins."""
        with self._alone():
            session = self.find(reference)
            if session is None or state not in NEXT.get(session.state, ()):
                return False
            self._write(session.moved(state, self._clock.now()))
            return True

    def event(self, reference: str, state: PaymentState) -> bytes | None:
        """What is told of the session's coming to this state, the same each time; None where it never did."""
        session = self.find(reference)
        if session is None or state not in EVENTS or state not in session.moves:
            return None
        kind, paid = EVENTS[state]
        if state is PaymentState.RECEIVED and PaymentState.PENDING in session.moves:
            kind = "checkout.session.async_payment_succeeded"
        asking = session.asking
        names = {"order": asking.order_id, "payment": asking.payment_id, "platform": asking.platform_id}
        told = {
            "id": reference,
            "object": "checkout.session",
            "amount_total": asking.amount.cents,
            "currency": asking.amount.currency.lower(),
            "client_reference_id": str(asking.payment_id),
            "metadata": {name: str(number) for name, number in names.items()},
            "payment_status": paid,
        }
        created = int(session.moves[state].timestamp())
        event = {"id": f"evt_{reference}_{state}", "object": "event", "type": kind, "created": created}
        return json.dumps(event | {"data": {"object": told}}).encode()

    def headers(self, body: bytes) -> dict[str, str]:
        """What goes with an event that leaves now."""
        signed = signatures.signature(body, self._secret, self._clock.now())
        return {"Content-Type": "application/json; charset=utf-8", SIGNATURE: signed}

    def empty(self) -> None:
        """Forget every session, for a new cast: its payments are numbered from one again."""
        for path in self._folder.glob("*.json"):
            path.unlink()

    def _reference(self, payment_id: int) -> str:
        """The same for the same payment, and nothing that could be guessed from another one."""
        text = f"session:{payment_id}".encode()
        return f"cs_demo_{hmac.new(self._secret.reveal().encode(), text, hashlib.sha256).hexdigest()[:32]}"

    def _read(self, reference: str) -> Session | None:
        if not _REFERENCE.fullmatch(reference):
            return None
        try:
            with suppress(FileNotFoundError):
                return Session.from_json(reference, json.loads((self._folder / f"{reference}.json").read_text("utf-8")))
        except OSError as error:
            raise ProviderDown(type(error).__name__) from None
        return None

    def _write(self, session: Session) -> None:
        fresh = self._folder / f"{session.reference}.{secrets.token_hex(4)}"
        fresh.write_text(json.dumps(session.to_json(), ensure_ascii=False), "utf-8")
        fresh.replace(self._folder / f"{session.reference}.json")  # nobody reads half a session

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change at a time, of all processes. Raises ProviderDown where the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / "lock").open("a")
        except OSError as error:
            raise ProviderDown(type(error).__name__) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
