"""User names and the look-up form of an e-mail address.

Source: RULES.md, Words ("user name") and Sign-in. A user name is ASCII, whatever the case it is typed in:
`m1234` for the first administrator of platform 1234, `m1234-anna` for an additional one. It is compared and stored
folded. Nothing here guesses: a character outside ASCII is refused before folding, because Python's own folding would
let the Kelvin sign pass for a `k`, and `\\d` would accept Arabic digits.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from portal.rules.terms import PLATFORM_DIGITS, SUFFIX_LENGTH

_GRAMMAR = re.compile(rf"m([0-9]{{1,{PLATFORM_DIGITS}}})(?:-([a-z0-9][a-z0-9._-]{{0,{SUFFIX_LENGTH - 1}}}))?")
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
# The only characters outside ASCII that composing (NFC) would turn into ASCII: Kelvin sign, Greek question mark, varia.
_ASCII_LOOK_ALIKES = frozenset("\u212a\u037e\u1fef")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # a database refuses these with an error instead of "not found"


class BadName(StrEnum):
    """Why a text is not a user name, or may not become one."""

    EMPTY = "empty"
    EMAIL = "email"  # typed an e-mail: show the way to user-name recovery, known address or not
    NOT_ASCII = "not-ascii"
    FORM = "form"
    OTHER_PLATFORM = "other-platform"  # only when a name is made: the number after the m is the platform ID


@dataclass(frozen=True, slots=True)
class UserName:
    """A name that follows the grammar: folded text, the number after the `m`, what stands after the dash."""

    folded: str
    platform_id: int
    suffix: str | None


def parse(text: str) -> UserName | BadName:
    """What somebody typed into the field "user name", surrounding blanks and case aside.

    Leading zeros follow the grammar: `m007` and `m7` carry the same number and are two names, of which each opens
    only the administrator it was given to. Look a person up by `folded`, never by `platform_id` alone.

    >>> parse(" M1234-Anna ")
    UserName(folded='m1234-anna', platform_id=1234, suffix='anna')
    >>> parse("anna@example.it"), parse("m\u0661"), parse("1234")
    (<BadName.EMAIL: 'email'>, <BadName.NOT_ASCII: 'not-ascii'>, <BadName.FORM: 'form'>)
    """
    stripped = text.strip()
    if not stripped:
        return BadName.EMPTY
    if looks_like_email(stripped):
        return BadName.EMAIL
    if not stripped.isascii():
        return BadName.NOT_ASCII
    return _parse_ascii(stripped.lower())


def _parse_ascii(folded: str) -> UserName | BadName:
    match = _GRAMMAR.fullmatch(folded)
    if match is None:
        return BadName.FORM
    return UserName(folded, int(match[1]), match[2])


def first_user_name(platform_id: int) -> UserName:
    """The name of a platform's first administrator. ValueError for an ID that no platform can have.

    >>> first_user_name(1234).folded
    'm1234'
    """
    if not 0 < platform_id < 10**PLATFORM_DIGITS:
        raise ValueError(f"platform ID {platform_id} is outside 1 … {10**PLATFORM_DIGITS - 1}")
    return UserName(f"m{platform_id}", platform_id, None)


def new_user_name(text: str, platform_id: int) -> UserName | BadName:
    """A name about to be created on this platform: the grammar, and the platform's own number, zeros before it or not.

    Names that came from an older service may be padded (m0000007), and are kept as people know them. Whether a name
    is taken (or retired, which is the same), and whether the platform has its first administrator already, is the
    database's answer.

    >>> new_user_name("m1234-Anna", 1234).folded
    'm1234-anna'
    >>> new_user_name("m0000007", 7).folded, new_user_name("m1-anna", 1234)
    ('m0000007', <BadName.OTHER_PLATFORM: 'other-platform'>)
    """
    first = first_user_name(platform_id)
    name = parse(text)
    if isinstance(name, BadName):
        return name
    return name if name.platform_id == first.platform_id else BadName.OTHER_PLATFORM


def looks_like_email(text: str) -> bool:
    """Whether somebody typed an e-mail where a user name belongs: no user name has an @.

    >>> looks_like_email("anna@example.it"), looks_like_email("m1234")
    (True, False)
    """
    return "@" in text


def fold_email(text: str) -> str:
    """The form under which an e-mail address is stored for look-up and looked up. Never an address to write to.

    Surrounding blanks go, composed characters are composed (NFC), ASCII letters become small on both sides of the @:
    no mail service of today tells `Anna@` from `anna@`. Other letters keep their case, and nothing that merely looks
    like ASCII becomes ASCII. What no database can store becomes U+FFFD, so that it is "not found" and not a fault.
    Folding twice changes nothing.

    >>> fold_email(" Anna.Bianchi@Example.IT ")
    'anna.bianchi@example.it'
    >>> fold_email("mi\u212ae@example.it") == fold_email("mike@example.it")
    False
    """
    storable = _UNSTORABLE.sub("\ufffd", text.strip())
    if _ASCII_LOOK_ALIKES.intersection(storable):
        return storable.translate(_ASCII_LOWER)
    composed = unicodedata.normalize("NFC", storable).translate(_ASCII_LOWER)
    return unicodedata.normalize("NFC", composed)
