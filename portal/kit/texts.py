"""Languages, dates and money as people read them. The only module that formats either.

The catalogues are the `.po` files themselves, compiled in memory at start: nothing to build, nothing to go stale.
"""

import functools
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from importlib import resources
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_decimal_symbol, get_group_symbol
from babel.support import LazyProxy, Translations

LANGUAGES = {"it": Locale("it"), "en": Locale("en", "GB")}  # English with day before month
DEFAULT_LANGUAGE = "it"
OWN_NAMES = {"it": "Italiano", "en": "English"}
_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


@functools.cache
def catalogue(language: str) -> Translations:
    """The translations of a language. English is what the sources say, and has no file."""
    path = resources.files("portal") / "translations" / f"{language}.po"
    if not path.is_file():
        return Translations()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(path.read_bytes()), locale=language))
    compiled.seek(0)
    return Translations(compiled, domain="messages")


def language() -> str:
    """The language of the present page or mail: a key of LANGUAGES."""
    return _language.get()


def speak(code: str) -> None:
    """From here on, in this thread of control: the language of a page, chosen once at its beginning."""
    _language.set(code)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """The language of a block: a mail."""
    before = _language.set(code)
    try:
        yield
    finally:
        _language.reset(before)


def translations() -> Translations:
    """The words of the present language, for templates, which put the parts in by themselves."""
    return catalogue(_language.get())


def gettext(text: str, /, **parts: object) -> str:
    """The words for `text`, which is English, with its %(parts)s put in."""
    found: str = translations().gettext(text)
    return found % parts if parts else found


def ngettext(singular: str, plural: str, num: int, /, **parts: object) -> str:
    """The same for a number, which is %(num)d in the words."""
    found: str = translations().ngettext(singular, plural, num)
    return found % ({"num": num} | parts)


def lazy_gettext(text: str, /, **parts: object) -> LazyProxy:
    """Words that are looked up when they are shown: for what is written once and read in every language."""
    return LazyProxy(gettext, text, enable_cache=False, **parts)


def day(value: date, style: str = "long") -> str:
    """A calendar date: "22 November 2026". Styles are CLDR's: full has the weekday, medium is short."""
    return _date(value, style, language())


def day_and_month(value: date) -> str:
    """A date whose year is plain from what stands beside it: "2 December"."""
    return _date(value, "d MMMM", language())


def weekday(value: date) -> str:
    """A date with its weekday and without its year: "Wednesday 2 December"."""
    return _date(value, "EEEE d MMMM", language())


@functools.lru_cache(maxsize=4096)
def _date(value: date, style: str, code: str) -> str:
    """Days come again and again, on a page and from page to page."""
    return str(format_date(value, style, LANGUAGES[code]))


def moment(value: datetime, zone: ZoneInfo) -> str:
    """An instant in a zone: "22 November 2026, 10:02"."""
    pattern = "d MMMM y, HH:mm"
    return str(format_datetime(value, pattern, tzinfo=zone, locale=LANGUAGES[language()]))


def clock(value: datetime, zone: ZoneInfo) -> str:
    """The time of day of an instant in a zone: "10:02"."""
    return str(format_datetime(value, "HH:mm", tzinfo=zone, locale=LANGUAGES[language()]))


def number(value: int) -> str:
    return str(format_decimal(value, locale=LANGUAGES[language()]))


def country(code: str) -> str:
    """The name of a country, ISO 3166-1 alpha-2; the code itself where it has none."""
    return str(LANGUAGES[language()].territories.get(code, code))


def money(cents: int, currency: str) -> str:
    """An amount in cents: exact, because the cents never pass through a float."""
    return str(format_currency(Decimal(cents) / 100, currency, locale=LANGUAGES[language()]))


def amount(cents: int) -> str:
    """The same without its currency, as it is typed: "1.234,56" in Italian."""
    return str(format_decimal(Decimal(cents) / 100, format="#,##0.00", locale=LANGUAGES[language()]))


def read_amount(text: str) -> int | None:
    """The cents of an amount as it is typed in the present language; None for what is none.

    Always with both its cents, and with marks between the thousands where they belong or nowhere: what another language
    would read as another amount ("1.234") is never guessed at.
    """
    found = _amounts(language()).fullmatch(text.strip())
    return int(re.sub("[^0-9]", "", found[1]) + found[2]) if found else None


@functools.cache
def _amounts(code: str) -> re.Pattern[str]:
    """What an amount below a thousand million looks like."""
    group, mark = (re.escape(find(LANGUAGES[code])) for find in (get_group_symbol, get_decimal_symbol))
    return re.compile(f"([0-9]{{1,9}}|[0-9]{{1,3}}(?:{group}[0-9]{{3}}){{1,2}}){mark}([0-9]{{2}})")
