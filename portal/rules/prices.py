"""The price list: what is sold, for how much, and from which day.

A list is in effect from its first day until the day before the next one starts. What is ordered costs what the list of
that business day says, whenever it is paid. Source: RULES.md, Editions, orders, payments, invoices; SMS credits.

Where RULES.md is silent:
- Every edition has the e-mail channel: an SMS-only platform has no edition and pays for its credits alone.
- An edition that is sold no more keeps the name and the price of the newest list that had it, for those who have it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from portal.rules.money import Money


class SupportLevel(StrEnum):
    """How somebody is helped."""

    STANDARD = "standard"
    PREMIUM = "premium"  # priority and phone


@dataclass(frozen=True, slots=True)
class Edition:
    """A plan. per_year: net list price of twelve months; contacts and messages_per_month: None where without limit."""

    code: str
    name: str
    per_year: Money
    email: bool
    sms: bool
    contacts: int | None
    messages_per_month: int | None
    support: SupportLevel


@dataclass(frozen=True, slots=True)
class Pack:
    """SMS credits that are bought together, for one net price."""

    code: str
    credits: int
    price: Money


@dataclass(frozen=True, slots=True)
class PriceList:
    """What is sold from a business day on: editions cheapest first, packs smallest first; all prices are net.

    months: the lengths of a term. credits_per_message: by ISO 3166-1 alpha-2 code, in the unit of the packs.
    """

    starts_on: date
    currency: str
    editions: tuple[Edition, ...]
    trial_edition: str
    months: tuple[int, ...]
    administrator_per_year: Money
    packs: tuple[Pack, ...]
    premium_support_per_year: Money
    credits_per_message: Mapping[str, int] = field(hash=False)

    def find_edition(self, code: str) -> Edition | None:
        """The edition with this code, if it is sold."""
        return next((edition for edition in self.editions if edition.code == code), None)

    def find_pack(self, code: str) -> Pack | None:
        """The pack with this code, if it is sold."""
        return next((pack for pack in self.packs if pack.code == code), None)


@dataclass(frozen=True, slots=True)
class PriceLists:
    """All price lists, past, present and to come, in any order."""

    lists: tuple[PriceList, ...]

    def on(self, day: date) -> PriceList:
        """The list in effect on the business day: the newest that has started. Raises LookupError before the first."""
        if not (begun := self._begun(day)):
            raise LookupError(f"no price list is in effect on {day}")
        return begun[0]

    def find_edition(self, code: str, day: date) -> Edition | None:
        """The edition as the list of the day has it, or else the newest earlier one; None where none ever did.

        For what a customer has; what may be bought is asked of `on(day)`.
        """
        return next((found for prices in self._begun(day) if (found := prices.find_edition(code))), None)

    def _begun(self, day: date) -> list[PriceList]:
        """The lists that have started by the day, newest first."""
        begun = [prices for prices in self.lists if prices.starts_on <= day]
        return sorted(begun, key=lambda prices: prices.starts_on, reverse=True)
