"""What a way to pay tells about one payment: plain values that travel through a row of the outbox.

Source: RULES.md, Editions, orders, payments, invoices; money arriving late.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from portal.rules.money import Money
from portal.rules.orders import PaymentState, Way


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that a provider, or staff reading the bank's statement, says of a payment.

    way and event_id name it: the same pair again is the same report, replayed.
    reference: the provider's or the bank's name of the payment. state: where the payment stands by this report.
    amount: what is paid, None where the report does not say it. at: the instant, in UTC, at which it became true, or
    at which we learned it where the provider keeps no time. value_date: of a bank transfer, the day that counts.
    payment_id: our own number of the payment, where the provider repeats it: it finds a payment whose reference was
    never written down, because the process died while the provider answered.
    """

    way: Way
    event_id: str
    reference: str
    state: PaymentState
    amount: Money | None
    at: datetime
    value_date: date | None = None
    payment_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "way": str(self.way),
            "event_id": self.event_id,
            "reference": self.reference,
            "state": str(self.state),
            "amount": [self.amount.cents, self.amount.currency] if self.amount else None,
            "at": self.at.isoformat(),
            "value_date": self.value_date.isoformat() if self.value_date else None,
            "payment_id": self.payment_id,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """The same report again."""
        day, amount = found.get("value_date"), found["amount"]
        return cls(
            Way(found["way"]),
            found["event_id"],
            found["reference"],
            PaymentState(found["state"]),
            Money(*amount) if amount else None,
            datetime.fromisoformat(found["at"]),
            date.fromisoformat(day) if day else None,
            found.get("payment_id"),
        )
