"""The values of a price file, one by one: each function makes what is meant, or raises ValueError with the remedy.

What they get is whatever TOML can hold. The file as a whole is read by `price_file`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType

from portal.rules.countries import COUNTRIES
from portal.rules.prices import SupportLevel
from portal.rules.terms import YEARLY_TERM_MONTHS

MOST = 1_000_000_000  # of contacts, messages, credits: what an integer column of every database holds
LONGEST_TERM = 120  # months
LONGEST_NAME = 60  # characters of an edition's name
UNLIMITED = "unlimited"


def amount(value: object) -> int:
    """The cents of an amount that has two decimals, so that no float ever holds a price."""
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}\.[0-9]{2}", value, re.ASCII)):
        raise ValueError('write an amount such as "480.00", in quotes and with two decimals')
    return int(value.replace(".", ""))


def number(most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"write a whole number from 1 to {most}")
        return value

    return read


def limit(value: object) -> int | None:
    if value == UNLIMITED:
        return None
    if type(value) is not int or not 1 <= value <= MOST:
        raise ValueError(f'write a whole number from 1 to {MOST}, or "{UNLIMITED}"')
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def email(value: object) -> bool:
    if value is not True:
        raise ValueError("write true: an edition has the e-mail channel, and who has only SMS has no edition")
    return value


def code(value: object) -> str:
    if not (isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9-]{0,31}", value, re.ASCII)):
        raise ValueError("write a code of small letters, digits and dashes, a letter first, 32 characters at most")
    return value


def name(value: object) -> str:
    if not (isinstance(value, str) and 0 < len(value.strip()) == len(value) <= LONGEST_NAME and value.isprintable()):
        raise ValueError(f"write a name of 1 to {LONGEST_NAME} characters on one line, without spaces around it")
    return value


def currency(value: object) -> str:
    if not (isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value, re.ASCII)):
        raise ValueError('write the three capital letters of a currency, such as "EUR"')
    return value


def day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("write a day such as 2027-01-01, without quotes and without a time")
    return value


def support(value: object) -> SupportLevel:
    found = next((level for level in SupportLevel if level.value == value), None)
    if found is None:
        raise ValueError(f"write one of: {', '.join(SupportLevel)}")
    return found


def months(value: object) -> tuple[int, ...]:
    remedy = f"write the lengths of a term in months, each once and {YEARLY_TERM_MONTHS} among them: [1, 12, 24]"
    if not isinstance(value, list) or not all(type(each) is int and 1 <= each <= LONGEST_TERM for each in value):
        raise ValueError(remedy)
    if len(set(value)) < len(value) or YEARLY_TERM_MONTHS not in value:
        raise ValueError(remedy)
    return tuple(sorted(value))


def costs(value: object) -> Mapping[str, int]:
    if not isinstance(value, dict) or not value:
        raise ValueError("write at least one country, such as IT = 1")
    if wrong := [shown(key) for key in value if key not in COUNTRIES]:
        raise ValueError(f"{', '.join(wrong)}: write the two capital letters of ISO 3166, such as GB and GR")
    if wrong := [shown(key) for key, cost in value.items() if type(cost) is not int or not 1 <= cost <= MOST]:
        raise ValueError(f"{', '.join(wrong)}: write a whole number of credits, 1 or more")
    return MappingProxyType(dict(value))


def tables(header: str) -> Callable[[object], list[object]]:
    def read(value: object) -> list[object]:
        if not isinstance(value, list) or not value:
            raise ValueError(f"write at least one, under [[{header}]]")
        return value

    return read


def shown(key: object) -> str:
    """A key as a fault names it. TOML has only texts for keys; what is none is told as what it is."""
    return repr(key[:40]) if isinstance(key, str) else f"a {type(key).__name__}"
