"""What things cost: lines with their formula, tax, totals, and a quote that stands still while somebody decides.

All amounts are net of tax until `Offer.tax`. No words here: a line carries the numbers of its formula, the page finds
the sentence. Source: RULES.md, Additional administrators; Editions, orders, payments, invoices; SMS credits.

Where RULES.md is silent:
- Several seats cost the price of one, rounded, times their number: three at once cost as much as one three times.
- With a future term already paid, or a first one not begun, what is bought now ends with E like everything else, and
  costs one line per term: the rest of the running one, and the whole of the one to come.
- What a term costs follows from the price of a year: whole months cost their share of the twelve (`price_of_term`), and
  an imported term of odd length its days ÷ the days of the twelve months from its first day (`list_price`). What is
  bought in the middle of it costs that price × remaining ÷ days of the term, so a year is the example of RULES.md.
- Somebody in the EU without a VAT number pays the Italian 22 % (the seller is below the threshold for the tax of the
  buyer's country). In Italy a VAT number changes nothing. Outside the EU nobody pays any.
- The tax is rounded once, on the sum of the lines.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from portal.rules.dates import as_utc
from portal.rules.money import Money, total
from portal.rules.renewal import EditionChange, Term, edition_change, months_of, new_term
from portal.rules.terms import ITALIAN_VAT_PERMILLE, QUOTE_LIFE, YEARLY_TERM_MONTHS

SELLER_COUNTRY = "IT"
# ISO 3166-1 alpha-2: Greece is GR here, and EL only in front of a VAT number
EU_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - one line to compare with the list of members
)


class TaxTreatment(StrEnum):
    """How a sale is taxed, which is also what its invoice has to say."""

    ITALIAN_VAT = "italian-vat"
    REVERSE_CHARGE = "reverse-charge"
    OUTSIDE_EU = "outside-eu"

    @property
    def permille(self) -> int:
        """The rate in thousandths."""
        return ITALIAN_VAT_PERMILLE if self is TaxTreatment.ITALIAN_VAT else 0


class QuoteRefusal(StrEnum):
    """Why a quote cannot be ordered any more; both times a new one is shown."""

    EXPIRED = "expired"
    PRICE_CHANGED = "price-changed"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: quantity × (unit price × numerator ÷ denominator, half-up to the cent).

    item: what is bought, a stable name such as "edition.pro" or "administrator". Raises ValueError for no quantity.
    """

    item: str
    quantity: int
    unit_price: Money
    numerator: int = 1
    denominator: int = 1

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError("a line buys at least one")

    @property
    def each(self) -> Money:
        """The price of one, rounded."""
        return self.unit_price.ratio(self.numerator, self.denominator)

    @property
    def amount(self) -> Money:
        """The net price of the line."""
        return self.each * self.quantity


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be bought, for how much, and for which days (None for what has no dates, such as credits)."""

    lines: tuple[Line, ...]
    currency: str
    treatment: TaxTreatment
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def net(self) -> Money:
        """The sum of the lines."""
        return total((line.amount for line in self.lines), self.currency)

    @property
    def tax(self) -> Money:
        """The tax on the sum, half-up to the cent."""
        return self.net.ratio(self.treatment.permille, 1000)

    @property
    def total(self) -> Money:
        """What the customer pays."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Quote:
    """An offer as it was shown at an instant; it stands for 30 minutes."""

    offer: Offer
    made_at: datetime

    def expired(self, at: datetime) -> bool:
        """29:59 after it was made it stands, 30:00 after it does not."""
        return as_utc(at) - as_utc(self.made_at) >= QUOTE_LIFE


def confirm(quote: Quote, fresh: Offer, at: datetime) -> QuoteRefusal | None:
    """Why the quote cannot be ordered; fresh is the same offer, computed again from what is true at the instant.

    Any difference refuses: a price, a tax, a date, a number of days because midnight has passed.
    """
    if quote.offer != fresh:
        return QuoteRefusal.PRICE_CHANGED
    return QuoteRefusal.EXPIRED if quote.expired(at) else None


def price_of_term(per_year: Money, months: int) -> Money:
    """The list price of a term of some months, from the price of a year.

    >>> price_of_term(Money(12000, "EUR"), 1).cents
    1000
    """
    return per_year.ratio(months, YEARLY_TERM_MONTHS)


def list_price(per_year: Money, term: Term) -> Money:
    """The list price of the whole term, whatever its length, half-up to the cent.

    >>> list_price(Money(12000, "EUR"), new_term(date(2026, 3, 1), 24)).cents
    24000
    >>> list_price(Money(12000, "EUR"), Term(date(2026, 3, 1), date(2026, 4, 9), anchor=date(2026, 3, 1))).cents
    1315
    """
    months = months_of(term)
    if months is not None:
        return price_of_term(per_year, months)
    return per_year.ratio(term.days, new_term(term.starts_on, YEARLY_TERM_MONTHS).days)


def remaining_days(term: Term, today: date) -> int:
    """E − today + 1: the days of the term not yet over, today included; all of them before it begins, 0 after it."""
    return max(0, (term.ends_on - max(today, term.starts_on)).days + 1)


def prorated(price: Money, term: Term, today: date) -> Money:
    """The price of the rest of a term: price of the whole term × remaining ÷ days of the term, half-up to the cent.

    >>> term = Term(date(2026, 3, 1), date(2027, 2, 28), anchor=date(2026, 3, 1))
    >>> [prorated(Money(12000, "EUR"), term, day).cents for day in (term.starts_on, date(2026, 11, 22), term.ends_on)]
    [12000, 3255, 33]
    """
    return price.ratio(remaining_days(term, today), term.days)


def extra_lines(item: str, quantity: int, per_year: Money, terms: Iterable[Term], today: date) -> tuple[Line, ...]:
    """The lines of something bought until E: one for each paid term that is not over.

    per_year: what one costs for a year. The amount of a line of one is `prorated` of the term's list price.
    """
    return tuple(_rest(item, quantity, list_price(per_year, term), term, today) for term in _left(terms, today))


def upgrade_lines(item: str, old: Money, new: Money, terms: Iterable[Term], today: date) -> tuple[Line, ...]:
    """The lines of an upgrade: the difference of the list prices for the rest of each paid term; E stays.

    old, new: what a year of each edition costs. The difference is that of the terms' list prices, so that the old one
    and the upgrade on the first day cost to the cent what the new one does. Raises ValueError for a downgrade, which
    is never paid back.
    """
    if edition_change(old, new) is EditionChange.DOWNGRADE:
        raise ValueError("a downgrade is not sold: it starts with the next term")
    left = _left(terms, today)
    return tuple(_rest(item, 1, list_price(new, term) - list_price(old, term), term, today) for term in left)


def _left(terms: Iterable[Term], today: date) -> list[Term]:
    return [term for term in terms if remaining_days(term, today)]


def _rest(item: str, quantity: int, price: Money, term: Term, today: date) -> Line:
    return Line(item, quantity, price, remaining_days(term, today), term.days)


def tax_treatment(country: str, has_vat_number: bool) -> TaxTreatment:
    """How a sale to the country is taxed. Raises ValueError for what is not an ISO 3166-1 alpha-2 code in capitals.

    >>> tax_treatment("DE", has_vat_number=True)
    <TaxTreatment.REVERSE_CHARGE: 'reverse-charge'>
    """
    if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        raise ValueError(f"a country is two capital letters, not {country!r}")
    if country not in EU_COUNTRIES:
        return TaxTreatment.OUTSIDE_EU
    reverse = has_vat_number and country != SELLER_COUNTRY
    return TaxTreatment.REVERSE_CHARGE if reverse else TaxTreatment.ITALIAN_VAT


def messages_per_country(credits: int, cost_per_message: Mapping[str, int]) -> dict[str, int]:
    """How many whole messages the credits buy for each country; both numbers count in the same unit of credit.

    Raises ValueError for a message that costs nothing: a price list with such a line is broken.

    >>> messages_per_country(1000, {"IT": 3, "US": 7})
    {'IT': 333, 'US': 142}
    """
    if any(cost < 1 for cost in cost_per_message.values()):
        raise ValueError("a message costs at least one")
    return {country: credits // cost for country, cost in cost_per_message.items()}
