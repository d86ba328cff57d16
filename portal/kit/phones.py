"""Telephone numbers, in the one form in which they are kept and shown: international, with their blanks."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

LONGEST = 32  # characters that a column holds; the longest number with a usual extension has 28


def international(typed: str, region: str) -> str | None:
    """The number as it is dialled from abroad, or None for what is none. `region` is where one without + belongs.

    >>> international("02 7104 0485", "IT"), international("0049 30 123456", "IT"), international("call me", "IT")
    ('+39 02 7104 0485', '+49 30 123456', None)
    """
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    text = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return text if len(text) <= LONGEST else None
