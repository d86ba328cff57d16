"""What the text of a setting means: each function makes the typed value, or raises ValueError with the remedy."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

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


def address(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or "." not in domain or not text.isprintable() or any(c in text for c in " ,;<>") or "@" in domain:
        raise ValueError("write one e-mail address")
    return text


def database(text: str) -> str:
    """Where the rows are. The URL may hold a password, so it is never part of a fault's words."""
    remedy = "write sqlite:///path or postgresql+psycopg://user@host/name"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(remedy) from None
    in_memory = url.drivername == "sqlite" and url.database in (None, "", ":memory:")
    if url.drivername not in ("sqlite", "postgresql", "postgresql+psycopg") or in_memory or not url.database:
        raise ValueError(remedy)
    return text


def seconds(text: str) -> timedelta:
    return timedelta(seconds=number(2, 86_400)(text))


def secrets(text: str) -> tuple[Secret, ...]:
    return tuple(Secret(part) for part in text.split(",") if part)


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
