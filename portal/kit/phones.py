"""Telephone numbers, in the one form in which they are kept and shown: international, with their blanks."""

from enum import StrEnum

LONGEST = 32  # characters that a column holds; the longest number with a usual extension has 28


class NoPhone(StrEnum):
    """Why a text is no telephone number."""

    FORM = "form"
    COUNTRY = "country"  # no country has this code
    LENGTH = "length"
    UNKNOWN = "unknown"  # the length is right, and nobody has such a number


def read(typed: str, region: str) -> str | NoPhone:
    """The number as it is dialled from abroad. region: ISO 3166-1, where one without + belongs.

    >>> read("02 7104 0485", "IT"), read("0049 30 123456", "IT"), read("call me", "IT")
    ('+39 02 7104 0485', '+49 30 123456', <NoPhone.FORM: 'form'>)
    """
    import phonenumbers  # here: 40 modules, for which no server's start waits
    from phonenumbers import NumberParseException, PhoneNumberFormat

    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as fault:
        wrong_code = fault.error_type == NumberParseException.INVALID_COUNTRY_CODE
        return NoPhone.COUNTRY if wrong_code else NoPhone.FORM
    if not phonenumbers.is_possible_number(number):
        return NoPhone.LENGTH
    if not phonenumbers.is_valid_number(number):
        return NoPhone.UNKNOWN
    text = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return text if len(text) <= LONGEST else NoPhone.LENGTH
