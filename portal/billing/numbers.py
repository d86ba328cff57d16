"""The numbers of a customer: each as typed in, compact out, or the reason why it cannot be one.

Nothing here asks another computer: check digits and formats are all that is looked at. Whether a VAT number is really
given to somebody only the tax offices know. What arrives is one line without control characters; see `checks.py`.

Where RULES.md is silent:
- VAT numbers of the EU, of the United Kingdom (XI too, which is the same number) and of Switzerland are checked; of
  other countries any short text is taken, because a wrong refusal loses a customer and the number changes no tax.
- They are kept without the country's letters, but for Switzerland, whose CHE belongs to the number; there the tax's
  name behind it, which differs by language, is left out.
- A telephone number has to be one that can be given out in its country. Extensions cannot be kept.
"""

import re
from enum import StrEnum

from stdnum import get_cc_module, numdb
from stdnum import iban as ibans
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError
from stdnum.it import codicefiscale

from portal.kit import mail_addresses, phones
from portal.rules.pricing import EU_COUNTRIES

POSTCODE_LENGTH = 16  # characters, where a country's own format is not known here
FREE_LENGTH = 20  # characters of a VAT number or tax code that nobody can check here
RECIPIENT_LENGTH = 7  # letters and digits of a recipient code
NO_RECIPIENT = "0000000"  # Italian: no code, the invoice waits in the customer's tax drawer or goes to certified mail
ABROAD = "XXXXXXX"  # the recipient code of everybody outside Italy

CHECKED_VAT = EU_COUNTRIES | {"GB", "CH"}
_LETTERS = {"GR": ("EL", "GR"), "GB": ("GB", "XI")}  # what stands in front of a VAT number, the usual one first
_SEPARATORS = re.compile(r"[\s.\-/:_]+")
_PLAIN = re.compile(r"[A-Z0-9]*")
_PLAIN_VAT = re.compile(r"[A-Z0-9+*]*")  # old Irish numbers have a + or a *
_SWISS_TAX = re.compile(r"(MWST|TVA|IVA|TPV)$")
_OWN_POSTCODES = ("AT", "ES", "NL", "SE")  # whose formats the library knows


class Wrong(StrEnum):
    """Why a text is not the number it should be."""

    LENGTH = "length"  # characters are missing, or too many
    TOO_LONG = "too-long"  # longer than what can be kept; nothing else is known of it
    FORM = "form"  # letters where digits stand, or the other way round
    CHECK = "check"  # the check digits do not fit: a slip of the finger
    UNKNOWN = "unknown"  # a part of it names something that does not exist
    COUNTRY = "country"  # it belongs to another country, or to none


def vat_letters(country: str) -> str:
    """What stands in front of a VAT number of the country: EL for Greece, nothing where the number carries its own."""
    return "" if country not in CHECKED_VAT or country == "CH" else _LETTERS.get(country, (country,))[0]


def vat_number(country: str, typed: str) -> str | Wrong:
    """A VAT number of the country, without its letters.

    >>> vat_number("IT", "IT 0074311.0157"), vat_number("IT", "00743110158"), vat_number("GR", "EL 094259216")
    ('00743110157', <Wrong.CHECK: 'check'>, '094259216')
    """
    if country not in CHECKED_VAT:
        return typed if len(typed) <= FREE_LENGTH else Wrong.TOO_LONG
    number = compact(typed)
    if not _PLAIN_VAT.fullmatch(number):
        return Wrong.FORM
    if _foreign(country, number):
        return Wrong.COUNTRY
    return _swiss(number) if country == "CH" else _checked(country, number)


def compact(typed: str) -> str:
    """Without blanks and separators, in capitals."""
    return _SEPARATORS.sub("", typed).upper()


def _checked(country: str, number: str) -> str | Wrong:
    for letters in _LETTERS.get(country, (country,)):
        if number.startswith(letters):
            number = number.removeprefix(letters)
            break
    return _validated(f"{country.lower()}.vat", number)


def _swiss(number: str) -> str | Wrong:
    return _validated("ch.uid", _SWISS_TAX.sub("", number))


def _foreign(country: str, number: str) -> bool:
    """Whether the number is, letters and all, one of another country."""
    own = _LETTERS.get(country, (country,))
    others = ((letters, code) for code in CHECKED_VAT - {country, "CH"} for letters in _LETTERS.get(code, (code,)))
    if number.startswith(own):
        return False
    return any(number.startswith(letters) and isinstance(_checked(code, number), str) for letters, code in others)


def _validated(kind: str, number: str) -> str | Wrong:
    """What the library makes of a number; kind: its country and name, "it.vat"."""
    country, name = kind.split(".")
    module = get_cc_module(country, name)
    if module is None:
        raise LookupError(f"python-stdnum knows no {kind}")
    try:
        return module.validate(number)
    except ValidationError as fault:
        return _reason(fault)


def _reason(fault: ValidationError) -> Wrong:
    kinds = ((InvalidLength, Wrong.LENGTH), (InvalidChecksum, Wrong.CHECK), (InvalidFormat, Wrong.FORM))
    return next((why for kind, why in kinds if isinstance(fault, kind)), Wrong.UNKNOWN)


def tax_code(typed: str) -> str | Wrong:
    """An Italian tax code: 16 characters of a person, letters in place of digits included, or 11 digits of a company.

    >>> tax_code("rcc mnl 83s18 d969h"), tax_code("RCCMNL83S18D969I")
    ('RCCMNL83S18D969H', <Wrong.CHECK: 'check'>)
    """
    number = compact(typed)
    if not _PLAIN.fullmatch(number):
        return Wrong.FORM
    try:
        return codicefiscale.validate(number)
    except ValidationError as fault:
        return _reason(fault)


def postcode(country: str, typed: str) -> str | Wrong:
    """A postcode: five digits in Italy, the country's own format where it is known, else any short text."""
    if country == "IT":
        digits = typed.removeprefix("I-")
        if not (digits.isascii() and digits.isdigit()):
            return Wrong.FORM
        return digits if len(digits) == 5 else Wrong.LENGTH
    if country in _OWN_POSTCODES:
        return _validated(f"{country.lower()}.postal_code", typed)
    return typed if len(typed) <= POSTCODE_LENGTH else Wrong.TOO_LONG


def recipient_code(typed: str) -> str | Wrong:
    """The seven letters and digits under which the Italian electronic invoice reaches a customer's program."""
    code = compact(typed)
    if not _PLAIN.fullmatch(code):
        return Wrong.FORM
    return code if len(code) == RECIPIENT_LENGTH else Wrong.LENGTH


def phone(country: str, typed: str) -> str | Wrong:
    """A telephone number as it is dialled from abroad; without + and country code it is one of the country.

    >>> phone("IT", "02 1234 5678"), phone("IT", "+44 20 7946 0958"), phone("IT", "12")
    ('+39 02 1234 5678', '+44 20 7946 0958', <Wrong.LENGTH: 'length'>)
    """
    found = phones.read(typed, country)
    return Wrong(found.value) if isinstance(found, phones.NoPhone) else found


def email(typed: str) -> str | Wrong:
    try:
        return mail_addresses.read(typed)
    except ValueError:
        return Wrong.FORM


def masked(number: str) -> str:
    """An IBAN as it is shown to who may not change it: its country and its last four characters."""
    return f"{number[:2]} ··· {number[-4:]}"


def iban_length(country: str) -> int | None:
    """How many characters an IBAN of the country has, or None where there are none."""
    found = numdb.get("iban").info(country)
    structure = found[0][1].get("bban", "") if found else ""
    return 4 + sum(map(int, re.findall(r"(\d+)!", structure))) if structure else None


def iban(typed: str) -> str | Wrong:
    """An IBAN, compact. The country is looked at first, then the length, then the check digits.

    >>> iban("IT60 X054 2811 1010 0000 0123 456"), iban("IT60 X054 2811 1010 0000 0123 45"), iban("US12 3456")
    ('IT60X0542811101000000123456', <Wrong.LENGTH: 'length'>, <Wrong.COUNTRY: 'country'>)
    """
    number = compact(typed)
    if not _PLAIN.fullmatch(number):
        return Wrong.FORM
    length = iban_length(number[:2])
    if length is None:
        return Wrong.COUNTRY
    if len(number) != length:
        return Wrong.LENGTH
    try:
        return ibans.validate(number)
    except ValidationError as fault:
        return _reason(fault)
