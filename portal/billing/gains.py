"""What a paid order has given, as a value and in words: for the mail, the order's page and the invoice alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from portal.billing.choices import Choice, CreditsChoice, SeatsChoice, TermChoice, UpgradeChoice
from portal.billing.words import NO_NAMES
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import ngettext
from portal.rules.credits import own_last_day
from portal.rules.pricing import Offer


@dataclass(frozen=True, slots=True)
class Given:
    """What was switched on. starts_on, ends_on: its first and last business day; ends_on of credits is None where
    they follow the subscription's E, which each renewal moves.
    """

    kind: str
    what: str  # the code of an edition; empty where there is none
    quantity: int  # administrators, or credits
    starts_on: date
    ends_on: date | None

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        days = {name: date.fromisoformat(found[name]) if found[name] else None for name in ("starts_on", "ends_on")}
        return cls(**found | days)

    def to_json(self) -> dict[str, Any]:
        days = {"starts_on": self.starts_on.isoformat(), "ends_on": self.ends_on.isoformat() if self.ends_on else None}
        return {"kind": self.kind, "what": self.what, "quantity": self.quantity} | days


def given(choice: Choice, starts_on: date, ends_on: date | None) -> Given:
    """What a choice gives, through these days."""
    match choice:
        case TermChoice(edition, _months, additional):
            return Given("term", edition, additional, starts_on, ends_on)
        case UpgradeChoice(_old, new):
            return Given("upgrade", new, 0, starts_on, ends_on)
        case SeatsChoice(quantity):
            return Given("seats", "", quantity, starts_on, ends_on)
        case CreditsChoice(_pack, amount):
            return Given("credits", "", amount, starts_on, ends_on)


def sentences(found: Given, names: Mapping[str, str] = NO_NAMES) -> list[str]:
    """What was switched on, and until when, in the present language; names: of the editions, by code."""
    name = names.get(found.what, found.what.capitalize())
    first, last = texts.day(found.starts_on), texts.day(found.ends_on) if found.ends_on else ""
    if found.kind == "term":
        told = [_("Edition %(name)s, paid from %(first)s to %(last)s.", name=name, first=first, last=last)]
        return [*told, _people(found.quantity, last)] if found.quantity else told
    if found.kind == "upgrade":
        return [_("Edition %(name)s from now on; the expiry stays %(last)s.", name=name, last=last)]
    if found.kind == "seats":
        return [_people(found.quantity, last)]
    credits = texts.number(found.quantity)
    if found.ends_on is None:
        return [_("%(number)s SMS credits; they live as long as your subscription.", number=credits)]
    return [_("%(number)s SMS credits, valid until %(last)s.", number=credits, last=last)]


def _people(quantity: int, last: str) -> str:
    return ngettext(
        "%(num)d additional administrator until %(last)s.",
        "%(num)d additional administrators until %(last)s.",
        quantity,
        last=last,
    )


def of_order(choice: Choice, offer: Offer, received_on: date, *, follows_expiry: bool) -> Given:
    """What an order that is delivered has given, read off its invoice's offer. received_on: the day of its payment.

    follows_expiry: whether credits live as long as the subscription, because there was one.
    """
    if isinstance(choice, CreditsChoice):
        return given(choice, received_on, None if follows_expiry else own_last_day(received_on))
    starts_on = offer.starts_on if isinstance(choice, TermChoice) else received_on
    return given(choice, starts_on or received_on, offer.ends_on)
