"""Money: whole cents of one currency, and the only place where a cent is rounded.

No floats, no mixing of currencies, no formatting (languages live in kit/texts.py). Source: RULES.md, Editions,
orders, payments, invoices ("Money is integer cents plus currency"; "half-up to the cent").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in cents (the smallest unit of the currency, may be negative) and an ISO 4217 code.

    Raises TypeError for cents that are not an int, ValueError for a code that is not three capital letters.

    >>> Money(12000, "EUR") + Money(5, "EUR")
    Money(cents=12005, currency='EUR')
    """

    cents: int
    currency: str

    def __post_init__(self) -> None:
        _require_int(self.cents)
        code = self.currency
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise ValueError(f"a currency is three capital letters, not {self.currency!r}")

    def __add__(self, other: Self) -> Self:
        return type(self)(self.cents + self._cents_of(other), self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.cents - self._cents_of(other), self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.cents, self.currency)

    def __mul__(self, quantity: int) -> Self:
        _require_int(quantity)
        return type(self)(self.cents * quantity, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.cents < self._cents_of(other)

    def __le__(self, other: Self) -> bool:
        return self.cents <= self._cents_of(other)

    def ratio(self, numerator: int, denominator: int) -> Self:
        """This amount × numerator ÷ denominator, half a cent rounded away from zero.

        Away from zero, so that a credit note is exactly the negative of its invoice. Raises ValueError unless the
        denominator is positive and the numerator is not negative.

        >>> Money(12000, "EUR").ratio(99, 365).cents
        3255
        >>> Money(-5, "EUR").ratio(1, 2).cents
        -3
        """
        _require_int(numerator, denominator)
        if numerator < 0 or denominator < 1:
            raise ValueError(f"no amount can be scaled by {numerator}/{denominator}")
        size = (2 * abs(self.cents) * numerator + denominator) // (2 * denominator)
        return type(self)(size if self.cents >= 0 else -size, self.currency)

    def _cents_of(self, other: Self) -> int:
        """The other amount's cents. Raises TypeError for what is not money, ValueError for another currency."""
        if not isinstance(other, Money):
            raise TypeError(f"money only goes with money, not with {other!r}")
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.cents


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of the amounts, zero of the currency where there are none. Raises ValueError for another currency.

    >>> total([Money(1, "EUR"), Money(2, "EUR")], "EUR").cents
    3
    """
    return sum(amounts, start=Money(0, currency))


def _require_int(*numbers: object) -> None:
    """Raises TypeError for anything but a whole number; True and 1.0 are none here."""
    for number in numbers:
        if type(number) is not int:
            raise TypeError(f"money counts in whole numbers, not in {number!r}")
