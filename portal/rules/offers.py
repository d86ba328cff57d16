"""What can be bought, made into an offer: one function for each kind of order.

Who may buy, and in which state, is the table of `access`; here are the lines, the prices and the days. What cannot be
offered is a named value, never an exception: choices come from a form, and a list may change while it is open. The
prices are those of the list in effect on the business day of the order; the caller asks `PriceLists.on(today)`.
Source: RULES.md, Editions, orders, payments, invoices; Additional administrators; SMS credits.

Where RULES.md is silent:
- A line of a whole term has the term's list price as its unit price; a line for the rest of one has that price, the
  days that remain and the days of the term.
- An upgrade raises every paid term that is not over and whose edition costs no more than the new one (`raised`): a
  renewal that is already paid is no reason to fall back. A term whose edition costs more stays what it is. So a
  downgrade that is already paid, for the term to come, can be taken back by an upgrade to the present edition.
- An edition that the list of the day no longer has costs, for the difference, what the newest earlier list says.
- An edition that costs the same as the present one is an upgrade with lines of 0.00: the invoice says what changed.
  Such an offer, and one whose share of a cent is rounded away, has a total of 0.00: there is nothing to be paid.
- What an upgrade or a seat bought today costs is counted to E; where a first term has not begun, the whole of it.
- In a grace that an exception made longer, a term so short that it would be over before it is bought is not sold.
- Nobody buys more than MOST_ADDITIONAL administrators in one order; more is a slip of the keyboard, or a conversation.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol

from portal.rules.money import Money
from portal.rules.prices import Edition, PriceList, PriceLists
from portal.rules.pricing import Line, Offer, TaxTreatment, extra_lines, price_of_term, upgrade_lines
from portal.rules.renewal import EditionChange, Term, edition_change, first_term, next_term
from portal.rules.terms import MOST_ADDITIONAL

ADMINISTRATOR = "administrator"


class NoOffer(StrEnum):
    """Why there is nothing to offer for these choices."""

    UNKNOWN_EDITION = "unknown-edition"  # not on the list, or no longer
    MONTHS_NOT_OFFERED = "months-not-offered"
    UNKNOWN_PACK = "unknown-pack"
    QUANTITY_OUT_OF_RANGE = "quantity-out-of-range"
    SAME_EDITION = "same-edition"
    DOWNGRADE_NOT_SOLD = "downgrade-not-sold"  # it begins with the next term, and nothing is paid for it
    NO_LIST_PRICE = "no-list-price"  # the present edition never stood on a list: staff have to make the offer
    NOTHING_REMAINING = "nothing-remaining"  # no paid day is left that it could be for


class Paid(Protocol):
    """A paid term and the edition that was bought for it. The days of a trial are not paid."""

    @property
    def term(self) -> Term: ...
    @property
    def edition(self) -> str: ...


def renewal(
    prices: PriceList,
    treatment: TaxTreatment,
    last: Term,
    edition: str,
    months: int,
    additional: int,
    today: date | None = None,
) -> Offer | NoOffer:
    """The term after the last one, with the edition and the additional administrators wanted for it.

    The edition is any that is sold: another one than before begins with this term, whichever way the price goes.
    today: the day of the order, if it is asked for one: the term must not be over by then.
    """
    lines = _whole_term(prices, edition, months, additional)
    if isinstance(lines, NoOffer):
        return lines
    term = next_term(last, months)
    if today is not None and term.ends_on < today:
        return NoOffer.NOTHING_REMAINING
    return Offer(lines, prices.currency, treatment, term.starts_on, term.ends_on)


def purchase(
    prices: PriceList,
    treatment: TaxTreatment,
    trial_expires_on: date | None,
    today: date,
    edition: str,
    months: int,
    additional: int,
) -> Offer | NoOffer:
    """The first term, with its dates as they are if the payment is received today; later they follow `first_term`.

    trial_expires_on: None for an SMS-only platform that adds e-mail.
    """
    lines = _whole_term(prices, edition, months, additional)
    if isinstance(lines, NoOffer):
        return lines
    term = first_term(trial_expires_on, today, months)
    return Offer(lines, prices.currency, treatment, term.starts_on, term.ends_on)


def upgrade(lists: PriceLists, treatment: TaxTreatment, new: str, paid: Sequence[Paid], today: date) -> Offer | NoOffer:
    """Another edition from today until E, which stays: the difference of the list prices for the days that are left.

    paid: the terms, oldest first; the present edition is that of the first one which is not over.
    """
    left = _not_over(paid, today)
    edition = lists.on(today).find_edition(new)
    if edition is None:
        return NoOffer.UNKNOWN_EDITION
    if not left:
        return NoOffer.NOTHING_REMAINING
    better = _raised(lists, left, edition, today)
    if refusal := _no_upgrade(lists, left[0].edition, edition, today, anything=bool(better)):
        return refusal
    lines: tuple[Line, ...] = ()
    for each, old in better:
        lines += upgrade_lines(f"upgrade.{new}", old, edition.per_year, [each.term], today)
    starts_on = today if better[0][0] is left[0] else better[0][0].term.starts_on
    return Offer(lines, edition.per_year.currency, treatment, starts_on, left[-1].term.ends_on)


def raised(lists: PriceLists, new: str, paid: Sequence[Paid], today: date) -> tuple[Term, ...]:
    """The terms whose edition an upgrade changes: those for which `upgrade` has a line.

    today: the day of the order, so that what is delivered later is what was paid for.
    """
    edition = lists.find_edition(new, today)
    if edition is None:
        return ()
    return tuple(each.term for each, _ in _raised(lists, _not_over(paid, today), edition, today))


def seats(
    prices: PriceList, treatment: TaxTreatment, quantity: int, terms: Iterable[Term], today: date
) -> Offer | NoOffer:
    """Additional administrators from today until E, one line for each paid term that is not over."""
    left = [term for term in terms if term.ends_on >= today]
    if not 1 <= quantity <= MOST_ADDITIONAL:
        return NoOffer.QUANTITY_OUT_OF_RANGE
    if not left:
        return NoOffer.NOTHING_REMAINING
    lines = extra_lines(ADMINISTRATOR, quantity, prices.administrator_per_year, left, today)
    return Offer(lines, prices.currency, treatment, today, max(term.ends_on for term in left))


def credits(prices: PriceList, treatment: TaxTreatment, pack: str) -> Offer | NoOffer:
    """A pack of SMS credits. Without dates: until when they are good is decided when the payment is received."""
    found = prices.find_pack(pack)
    if found is None:
        return NoOffer.UNKNOWN_PACK
    return Offer((Line(f"credits.{found.code}", 1, found.price),), prices.currency, treatment)


def _whole_term(prices: PriceList, edition: str, months: int, additional: int) -> tuple[Line, ...] | NoOffer:
    """The lines of a term that is bought as a whole."""
    found = prices.find_edition(edition)
    if found is None:
        return NoOffer.UNKNOWN_EDITION
    if months not in prices.months:
        return NoOffer.MONTHS_NOT_OFFERED
    if not 0 <= additional <= MOST_ADDITIONAL:
        return NoOffer.QUANTITY_OUT_OF_RANGE
    lines = [Line(f"edition.{found.code}", 1, price_of_term(found.per_year, months))]
    if additional:
        lines.append(Line(ADMINISTRATOR, additional, price_of_term(prices.administrator_per_year, months)))
    return tuple(lines)


def _no_upgrade(lists: PriceLists, present: str, new: Edition, today: date, *, anything: bool) -> NoOffer | None:
    """Why the edition is none to go up to; anything: whether there is a paid term that it is better for."""
    if present == new.code:
        return None if anything else NoOffer.SAME_EDITION
    old = lists.find_edition(present, today)
    if old is None:
        return NoOffer.NO_LIST_PRICE
    downgrade = edition_change(old.per_year, new.per_year) is EditionChange.DOWNGRADE
    return NoOffer.DOWNGRADE_NOT_SOLD if downgrade else None


def _raised(lists: PriceLists, left: Iterable[Paid], new: Edition, today: date) -> list[tuple[Paid, Money]]:
    """The paid terms that the new edition is better for, with the price of a year of the edition they have."""
    have = ((each, lists.find_edition(each.edition, today)) for each in left)
    return [
        (each, old.per_year)
        for each, old in have
        if old is not None
        and old.code != new.code
        and edition_change(old.per_year, new.per_year) is EditionChange.UPGRADE
    ]


def _not_over(paid: Iterable[Paid], today: date) -> list[Paid]:
    return [each for each in paid if each.term.ends_on >= today]
