"""Which passwords are accepted, and the reason told where one is not.

Source: RULES.md, Recovering credentials ("Passwords"); SECURITY.md, Numbers. Length counts, composition does not: any
character is allowed, none is demanded. A password is prepared in the same way when it is set and when it is checked.

Where the rules are silent:
- "On the list of common ones" also means a common one written again and again, and one with only digits and marks
  around it: nobody tries less than that.
- The company's name is refused as the service's is: both are looked for by their letters and digits alone. User name
  and e-mail are looked for as they are written, the user name also without what follows the dash.
- A name shorter than PASSWORD_CONTEXT_WORD_MIN is not looked for: `m12` stands by chance in many a sentence.
- Blanks are characters, at the ends too.
"""

import re
import unicodedata
from collections.abc import Container, Iterable
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

_EDGES = re.compile(r"\A[\W\d_]+|[\W\d_]+\Z")  # what is no letter, at both ends
_SURROGATE = re.compile("[\ud800-\udfff]")


class Reason(StrEnum):
    """Why a password is not accepted."""

    BROKEN_TEXT = "broken-text"  # half a character: no keyboard makes it, and it could never be typed again
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    COMMON = "common"
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
    """Not to be used, and the reason that is told."""

    reason: Reason


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
    Refused(reason=<Reason.CONTAINS_USER_NAME: 'contains-user-name'>)
    """
    prepared = prepare(password)
    if isinstance(prepared, Refused):
        return prepared
    folded = prepared.normalised.casefold()
    refused = (
        _by_length(prepared.normalised, second_factor)
        or _by_commonness(folded, common)
        or _by_context(folded, username, email, company, brand)
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
    candidates = (folded, folded[: _period(folded)], _EDGES.sub("", folded))
    return Refused(Reason.COMMON) if any(candidate in common for candidate in candidates) else None


def _period(text: str) -> int:
    """The length of the shortest piece whose repetition, perhaps cut short, is the text."""
    return next((n for n in range(1, len(text)) if text.startswith(text[n:])), len(text))


def _by_context(folded: str, username: str, email: str, company: str, brand: Iterable[str]) -> Refused | None:
    letters = _letters(folded)
    table = (
        (Reason.CONTAINS_USER_NAME, folded, map(_as_written, (username, username.partition("-")[0]))),
        (Reason.CONTAINS_EMAIL, folded, [_as_written(email)]),
        (Reason.CONTAINS_COMPANY, letters, [_letters(company)]),
        (Reason.CONTAINS_BRAND, letters, map(_letters, brand)),
    )
    found = (reason for reason, text, words in table if any(_is_inside(word, text) for word in words))
    return next(map(Refused, found), None)


def _is_inside(word: str, text: str) -> bool:
    return len(word) >= PASSWORD_CONTEXT_WORD_MIN and word in text


def _as_written(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, _as_written(text)))
