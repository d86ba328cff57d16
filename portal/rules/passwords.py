"""Which passwords are accepted, and the reason told where one is not.

Source: RULES.md, Recovering credentials ("Passwords"); SECURITY.md, Numbers. Length counts, composition does not: any
character is allowed, none is demanded. A password is prepared in the same way when it is set and when it is checked.

Where the rules are silent:
- "On the list of common ones" also means a common one written again and again, one with only digits and marks around
  it, and a walk along the keyboard or the alphabet: nobody tries less than that. A short piece repeated is refused too.
- Words of the context shorter than PASSWORD_CONTEXT_WORD_MIN are not looked for: `m12` stands by chance in sentences.
  User name and e-mail are looked for as they are written (also the part before the dash or the @), names of company
  and service by their letters and digits alone, the company's also without its legal form ("Rossi S.r.l.").
- Blanks are characters, at the ends too.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources

from portal.rules.terms import (
    PASSWORD_CONTEXT_WORD_MIN,
    PASSWORD_MAX,
    PASSWORD_MAX_BYTES,
    PASSWORD_MIN,
    PASSWORD_MIN_SECOND_FACTOR,
)

_UNIT_MIN = PASSWORD_MIN_SECOND_FACTOR  # a piece shorter than the shortest password gains nothing by repetition
_WALKS = (
    "01234567890123456789012345678901234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)
_LEGAL_FORMS = frozenset({"srl", "srls", "spa", "snc", "sas", "scarl", "gmbh", "ag", "sarl", "sa", "ltd", "llc", "inc"})
_SURROGATE = re.compile("[\ud800-\udfff]")


class Reason(StrEnum):
    """Why a password is not accepted."""

    BROKEN_TEXT = "broken-text"  # half a character: no keyboard makes it, and it could never be typed again
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    COMMON = "common"
    REPETITIVE = "repetitive"
    CONTAINS_USER_NAME = "contains-user-name"
    CONTAINS_EMAIL = "contains-email"
    CONTAINS_COMPANY = "contains-company"
    CONTAINS_BRAND = "contains-brand"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The password as it is to be hashed; not shown when printed."""

    normalised: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The reason, and the word that was found inside where the reason is one of CONTAINS_…."""

    reason: Reason
    word: str = ""


def prepare(password: str) -> Accepted | Refused:
    """The form in which a typed password is hashed or compared: NFKC. Call it at sign-in too, before any hash.

    Refused only for what no stored password can be: more than PASSWORD_MAX_BYTES of UTF-8, before or after, or broken
    text. At sign-in that is simply a wrong password.

    >>> prepare("\uff41bc").normalised
    'abc'
    """
    if len(password) > PASSWORD_MAX_BYTES:
        return Refused(Reason.TOO_LONG)
    if _SURROGATE.search(password):
        return Refused(Reason.BROKEN_TEXT)
    normalised = unicodedata.normalize("NFKC", password)
    if max(len(password.encode()), len(normalised.encode())) > PASSWORD_MAX_BYTES:
        return Refused(Reason.TOO_LONG)
    return Accepted(normalised)


def judge(
    password: str,
    *,
    username: str,
    email: str,
    brand: Iterable[str],
    company: str,
    second_factor: bool,
    common: Container[str],
) -> Accepted | Refused:
    """Whether this may become the password of this administrator.

    brand: the names of the service; common: `common_passwords()`, or any container of casefolded text. Lengths are
    counted in characters of the normalised form: PASSWORD_MIN, or PASSWORD_MIN_SECOND_FACTOR where second_factor.

    >>> anna = dict(username="m1234", email="anna@example.it", brand=["Portal"], company="", second_factor=False)
    >>> judge("horse battery staple", **anna, common=())
    Accepted()
    >>> judge("my m1234 password", **anna, common=())
    Refused(reason=<Reason.CONTAINS_USER_NAME: 'contains-user-name'>, word='m1234')
    """
    prepared = prepare(password)
    if isinstance(prepared, Refused):
        return prepared
    folded = prepared.normalised.casefold()
    refused = (
        _by_length(prepared.normalised, second_factor)
        or _by_commonness(folded, common)
        or _by_context(folded, username, email)
        or _by_names(folded, company, brand)
    )
    return refused or prepared


@cache
def common_passwords() -> frozenset[str]:
    """The list that is shipped with the rules, casefolded: entries that no length rule refuses already."""
    text = resources.files("portal.rules").joinpath("common_passwords.txt").read_text(encoding="ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("# "))


def _by_length(password: str, second_factor: bool) -> Refused | None:
    if len(password) < (PASSWORD_MIN_SECOND_FACTOR if second_factor else PASSWORD_MIN):
        return Refused(Reason.TOO_SHORT)
    return Refused(Reason.TOO_LONG) if len(password) > PASSWORD_MAX else None


def _by_commonness(folded: str, common: Container[str]) -> Refused | None:
    unit = folded[: _period(folded)]
    if any(candidate in common for candidate in (folded, unit, _core(folded))) or _is_walk(folded):
        return Refused(Reason.COMMON)
    repeated = len(folded) >= 2 * len(unit) and len(unit) < _UNIT_MIN
    return Refused(Reason.REPETITIVE) if repeated else None


def _period(text: str) -> int:
    """The length of the shortest piece whose repetition, perhaps cut short, is the text."""
    return next((n for n in range(1, len(text)) if text.startswith(text[n:])), len(text))


def _core(text: str) -> str:
    """The text without the digits, blanks and marks at both ends."""
    letters = [place for place, character in enumerate(text) if character.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else text


def _is_walk(text: str) -> bool:
    return any(text in walk or text[::-1] in walk for walk in _WALKS)


def _by_context(folded: str, username: str, email: str) -> Refused | None:
    for word in _with_first_part(username, "-"):
        if word in folded:
            return Refused(Reason.CONTAINS_USER_NAME, word)
    for word in _with_first_part(email, "@"):
        if word in folded:
            return Refused(Reason.CONTAINS_EMAIL, word)
    return None


def _with_first_part(text: str, separator: str) -> Iterator[str]:
    """The text and what stands before the separator, as far as they are long enough to be looked for."""
    folded = unicodedata.normalize("NFKC", text.strip()).casefold()
    return (word for word in (folded, folded.partition(separator)[0]) if len(word) >= PASSWORD_CONTEXT_WORD_MIN)


def _by_names(folded: str, company: str, brand: Iterable[str]) -> Refused | None:
    letters = _letters(folded)
    for name in (company, _without_legal_form(company)):
        if _is_inside(name, letters):
            return Refused(Reason.CONTAINS_COMPANY, name)
    found = next((name for name in brand if _is_inside(name, letters)), None)
    return Refused(Reason.CONTAINS_BRAND, found) if found else None


def _is_inside(name: str, letters: str) -> bool:
    wanted = _letters(name)
    return len(wanted) >= PASSWORD_CONTEXT_WORD_MIN and wanted in letters


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _without_legal_form(company: str) -> str:
    """The company's name as people say it.

    >>> _without_legal_form("Rossi Formaggi S.r.l.")
    'Rossi Formaggi'
    """
    return " ".join(word for word in company.split() if _letters(word) not in _LEGAL_FORMS)
