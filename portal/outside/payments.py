"""Ways to pay, behind one contract: what is asked of a provider, what it answers, and how it fails.

A provider is asked outside of any transaction. Starting the same payment twice starts one; what a provider says by
itself comes as an event, whose signature, time and shape are checked before anything of it is believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.rules.money import Money
from portal.rules.orders import Way
from portal.rules.payments import Report


class BadEvent(Exception):
    """Not an event of the provider: wrong signature, wrong time, or a shape that it does not have."""


class ProviderDown(Exception):
    """The provider did not answer, or says that it cannot now: the same may be asked again later."""


class NotAccepted(Exception):
    """The provider says that what we ask is wrong: asking the same again is useless."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A payment to be made. amount: the total, tax included. description: what is bought, in `language`.

    expires_at: until when it can be paid; a provider may have limits of its own. The two addresses are where the
    browser goes afterwards; nothing it brings along is believed.
    """

    payment_id: int
    order_id: int
    platform_id: int
    amount: Money
    description: str
    language: str
    email: str
    return_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """A payment that waits at the provider: its name there, and the page where the customer pays."""

    reference: str
    address: str


class Provider(Protocol):
    """Each method that asks something raises ProviderDown or NotAccepted, with words that hold no secret."""

    @property
    def way(self) -> Way: ...

    def start(self, asking: Asking) -> Started:
        """Begin the payment; for the same payment_id the same session, however often it is asked."""
        ...

    def read_event(self, body: bytes, headers: Mapping[str, str], at: datetime) -> Report | None:
        """What an event that arrived at the instant says; None for one that does not concern us. Raises BadEvent."""
        ...

    def look_up(self, reference: str) -> Report:
        """How the payment stands now."""
        ...

    def close(self, reference: str) -> None:
        """Make it impossible to pay from now on. One that is paid or over already stays as it is."""
        ...
