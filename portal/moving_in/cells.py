"""What one cell holds: a value, or word of what is expected there. Nothing is guessed, and nothing is rounded.

Blanks around and between words are made one each, and a line break inside a text is a blank; what cannot be printed is
refused. Days are written 2026-11-22, amounts 1234.56, and yes or no as yes and no.
"""

import re
from collections.abc import Callable, Collection
from datetime import date
from enum import StrEnum
from typing import Any

from babel.numbers import get_currency_precision, list_currencies

from portal.billing import numbers
from portal.billing.numbers import Wrong
from portal.credits.tables import LARGEST_AMOUNT
from portal.moving_in.faults import Unfit
from portal.rules import names
from portal.rules.names import BadName, UserName
from portal.rules.terms import MOVED_IN_ID_MAX

Reader = Callable[[str], Any]
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)  # a day outside is a slip of the keyboard
LONGEST_AMOUNT = 9  # digits before the dot
DECIMALS, IN_ONE = 2, 100  # of every currency that the portal prints
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_AMOUNT = re.compile(rf"(-?)([0-9]{{1,{LONGEST_AMOUNT}}})(?:\.([0-9]{{2}}))?", re.ASCII)
_CURRENCIES = frozenset(code for code in list_currencies() if get_currency_precision(code) == DECIMALS)
_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./_-]{0,18}[A-Za-z0-9])?", re.ASCII)  # of an invoice


class Channels(StrEnum):
    """What a platform sends; SMS alone is an SMS-only platform, without E."""

    EMAIL = "email"
    SMS = "sms"
    BOTH = "email+sms"

    @property
    def email(self) -> bool:
        return self is not Channels.SMS

    @property
    def sms(self) -> bool:
        return self is not Channels.EMAIL


def text(longest: int, *, required: bool = False) -> Reader:
    """One line of printable characters.

    >>> text(20)(" Rossi \\n S.r.l. "), text(4)("Rossi").expected
    ('Rossi S.r.l.', 'one line of at most 4 characters')
    """
    expected = f"one line of at most {longest} characters"

    def read(cell: str) -> str | Unfit:
        line = " ".join(cell.split())
        fits = len(line) <= longest and line.isprintable() and (line or not required)
        return line if fits else Unfit(expected if line else f"{expected}, and not nothing")

    return read


def one_of(known: Collection[str]) -> Reader:
    """One of these words.

    >>> one_of(["it", "en"])("IT"), one_of(["it", "en"])("fr").expected
    ('it', 'it or en')
    """

    def read(cell: str) -> str | Unfit:
        word = cell.strip().lower()
        return word if word in known else Unfit(" or ".join(known))

    return read


def channels(cell: str) -> Channels | Unfit:
    """What a platform sends.

    >>> channels("email+sms").sms, channels("fax").expected
    (True, 'email, sms or email+sms')
    """
    try:
        return Channels("".join(cell.lower().split()))
    except ValueError:
        return Unfit(f"{Channels.EMAIL}, {Channels.SMS} or {Channels.BOTH}")


def yes_or_no(cell: str) -> bool | Unfit:
    """Nothing is no.

    >>> yes_or_no("Yes"), yes_or_no(""), yes_or_no("1").expected
    (True, False, 'yes or no')
    """
    return {"yes": True, "no": False, "": False}.get(cell.strip().lower(), Unfit("yes or no"))


def day(cell: str) -> date | Unfit | None:
    """A day, or none.

    >>> day("2026-11-22").isoformat(), day(""), day("22/11/2026").expected
    ('2026-11-22', None, 'a day such as 2026-11-22')
    """
    typed = cell.strip()
    if not typed:
        return None
    try:
        found = date.fromisoformat(typed) if _DAY.fullmatch(typed) else None
    except ValueError:
        found = None
    if found is None:
        return Unfit("a day such as 2026-11-22")
    return found if EARLIEST <= found <= LATEST else Unfit(f"a day between {EARLIEST} and {LATEST}")


def needed_day(cell: str) -> date | Unfit:
    return day(cell) or Unfit("a day such as 2026-11-22")


def whole(least: int, most: int) -> Reader:
    """A whole number; nothing counts as zero where zero is allowed.

    >>> whole(0, 10)(""), whole(1, 10)("11").expected, whole(1, 10)("1.0").expected
    (0, 'a whole number from 1 to 10', 'a whole number from 1 to 10')
    """

    def read(cell: str) -> int | Unfit:
        typed = cell.strip() or ("0" if least == 0 else "")
        number = int(typed) if _WHOLE.fullmatch(typed) else -1
        return number if least <= number <= most else Unfit(f"a whole number from {least} to {most}")

    return read


platform_id = whole(1, MOVED_IN_ID_MAX)
some_credits = whole(1, LARGEST_AMOUNT)
credits_left = whole(0, LARGEST_AMOUNT)


def user_name(cell: str) -> UserName | Unfit:
    """A user name of any platform.

    >>> user_name("M7-Anna").folded, user_name("anna@example.com").expected
    ('m7-anna', 'a user name such as m1234, or m1234-anna')
    """
    found = names.parse(cell)
    return Unfit("a user name such as m1234, or m1234-anna") if isinstance(found, BadName) else found


def email(cell: str) -> str | Unfit:
    found = numbers.email(cell.strip())
    return Unfit("an e-mail address") if isinstance(found, Wrong) else found


def cents(cell: str) -> int | Unfit:
    """An amount, in cents. A comma is refused: nobody knows whether it parts thousands or cents.

    >>> cents("-1234.56"), cents("12"), cents("1,50").expected
    (-123456, 1200, 'an amount such as 1234.56, with a dot and two decimals or none')
    """
    match = _AMOUNT.fullmatch(cell.strip())
    if match is None:
        return Unfit("an amount such as 1234.56, with a dot and two decimals or none")
    sign, units, hundredths = match.groups()
    found = int(units) * IN_ONE + int(hundredths or 0)
    return -found if sign else found


def currency(cell: str) -> str | Unfit:
    """A currency that is counted in hundredths, since nothing else is printed right here.

    >>> currency("eur"), currency("JPY").expected
    ('EUR', 'a currency with cents such as EUR')
    """
    code = cell.strip().upper()
    return code if code in _CURRENCIES else Unfit("a currency with cents such as EUR")


def invoice_number(cell: str) -> str | Unfit:
    """The number of an invoice as the former system printed it: what an address and a file may hold, too.

    >>> invoice_number("FE 12/2024"), invoice_number("../12").expected
    ('FE 12/2024', 'a number of at most 20 letters, digits, blanks and ./_-, such as 123/2024')
    """
    number = " ".join(cell.split())
    expected = "a number of at most 20 letters, digits, blanks and ./_-, such as 123/2024"
    return number if _NUMBER.fullmatch(number) else Unfit(expected)
