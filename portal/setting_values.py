"""What the text of a setting means: each function makes the typed value, or raises ValueError with the remedy."""

import re
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portal.rules import price_file
from portal.rules.price_file import PriceListFaults
from portal.rules.prices import PriceLists

EXAMPLE_PRICES = Path(__file__).with_name("prices.toml")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Secret:
    """A text that does not show itself in logs, JSON and tracebacks; `.reveal()` is the deliberate act.

    No subclass of str: joining, encoding and the JSON module would take the text from under it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")

    def reveal(self) -> str:
        return self._text


def flag(text: str) -> bool:
    try:
        return {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }[text.lower()]
    except KeyError:
        raise ValueError("write 1 or 0") from None


def number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"write a whole number from {low} to {high}")
        return int(text)

    return parse


def zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("write a time zone such as Europe/Rome") from None


_HOST = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


def origin(text: str) -> str:
    remedy = "write https://host without a path (http only for 127.0.0.1 and localhost)"
    try:
        parts = urlsplit(text)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        plain = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.port != 0
    except ValueError:
        raise ValueError(remedy) from None
    if not (secure and plain and _HOST.fullmatch(parts.netloc.lower())):
        raise ValueError(remedy)
    return f"{parts.scheme}://{parts.netloc.lower()}"


_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?", re.ASCII)


def base_address(text: str) -> str:
    """Where another system is, with the first part of its paths if there is one; without a slash at the end."""
    try:
        parts = urlsplit(text)
        host = origin(f"{parts.scheme}://{parts.netloc}")
        plain = text == f"{parts.scheme}://{parts.netloc}{parts.path}" and _PATH.fullmatch(parts.path)
    except ValueError:
        plain = None
    if not plain:
        raise ValueError("write https://host or https://host/path (http only for 127.0.0.1 and localhost)")
    return host + parts.path.rstrip("/")


def address(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or "." not in domain or not text.isprintable() or any(c in text for c in " ,;<>") or "@" in domain:
        raise ValueError("write one e-mail address")
    return text


def database(text: str) -> str:
    """Where the rows are. The URL may hold a password, so it is never part of a fault's words."""
    from sqlalchemy import make_url  # here and not above: who asks for help or mistypes a command needs no database
    from sqlalchemy.exc import ArgumentError

    remedy = "write sqlite:///path or postgresql+psycopg://user@host/name"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(remedy) from None
    in_memory = url.drivername == "sqlite" and url.database in (None, "", ":memory:")
    if url.drivername not in ("sqlite", "postgresql", "postgresql+psycopg") or in_memory or not url.database:
        raise ValueError(remedy)
    return text


def file(text: str) -> Path:
    """Where a file lies: a relative path starts in the instance folder, which is known once all is read."""
    if not text or not text.isprintable():
        raise ValueError("write the path of a file")
    return Path(text)


def price_lists(path: Path) -> PriceLists:
    """What the file of PRICE_LIST says. Raises PriceListFaults with every fault; none of them names a price."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PriceListFaults([f"{path} cannot be read ({error.strerror}): name the price list."]) from None
    except (ValueError, RecursionError) as error:
        raise PriceListFaults([f"{path} is no TOML ({error}): mend it, or copy the example again."]) from None
    return price_file.parse(data)


def seconds(text: str) -> timedelta:
    return timedelta(seconds=number(2, 86_400)(text))


def secrets(text: str) -> tuple[Secret, ...]:
    return tuple(Secret(part) for part in text.split(",") if part)


def starting(kind: str, *prefixes: str) -> Callable[[str], Secret]:
    """A secret whose first letters tell what it is: the wrong one of two is noticed at the start. Never repeated."""

    def parse(text: str) -> Secret:
        if not (text.startswith(prefixes) and text.isascii() and text.isprintable() and " " not in text):
            raise ValueError(f"write {kind}, which begins with {' or '.join(prefixes)}")
        return Secret(text)

    return parse


def long_secret(shortest: int) -> Callable[[str], Secret]:
    """A secret that two systems share, of at least so many characters. Never repeated."""

    def parse(text: str) -> Secret:
        if len(text) < shortest or not (text.isascii() and text.isprintable()) or " " in text or len(set(text)) < 10:
            raise ValueError(f"write {shortest} random characters or more, without blanks")
        return Secret(text)

    return parse


def iban(text: str) -> str:
    """Without blanks, in capitals, with check digits that are right."""
    from stdnum import iban as library  # here and not above: most settings are read without it

    try:
        return str(library.validate(text))
    except ValueError:
        raise ValueError("write an IBAN such as IT60 X054 2811 1010 0000 0123 456") from None


def bic(text: str) -> str:
    """Eight or eleven letters and digits, in capitals."""
    from stdnum import bic as library

    try:
        return str(library.validate(text))
    except ValueError:
        raise ValueError("write a BIC of 8 or 11 letters and digits") from None


def line(longest: int) -> Callable[[str], str]:
    """One line of text, as it is printed on a paper."""

    def parse(text: str) -> str:
        if len(text) > longest or not text.isprintable():
            raise ValueError(f"write one line of at most {longest} characters")
        return text

    return parse


def italian_vat_number(text: str) -> str:
    """Eleven digits with their check digit, written with or without IT."""
    from stdnum.it import iva  # here and not above: most settings are read without it

    if not iva.is_valid(text):
        raise ValueError("write the eleven digits of an Italian VAT number; one of them is not right")
    compact: str = iva.compact(text)
    return compact
