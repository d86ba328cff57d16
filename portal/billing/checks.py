"""Billing data as they were typed in: cleaned, or every field that has to be looked at again, with the reason.

Where RULES.md is silent:
- Blanks around and between words are made one each; a character that no line can hold is refused, not taken away.
- A province is one of the Italian ones in Italy, and any short text or none elsewhere.
- In Italy the electronic invoice wants a VAT number or a tax code, and must reach somebody: with a VAT number a
  recipient code or certified mail is needed, without one "0000000" leaves it in the person's tax drawer. Abroad the
  code is XXXXXXX and nobody has to type it. Each of the two stands for "none" wherever it is typed.
- The address for invoices and the telephone may be left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from portal.billing import numbers
from portal.billing.frozen import BillingData
from portal.billing.numbers import ABROAD, NO_RECIPIENT, Wrong
from portal.rules.countries import COUNTRIES, PROVINCES
from portal.rules.pricing import SELLER_COUNTRY, TaxTreatment
from portal.rules.pricing import tax_treatment as treatment_of

# Characters of each text, as wide as its column; what is not here is measured by its own rule.
LONGEST = {"name": 200, "street": 200, "city": 100, "province": 40, "certified_mail": 254, "email": 254}
REQUIRED = ("name", "street", "postcode", "city", "country")
EMPTY = BillingData("", "", "", "", "", "")


class Missing(StrEnum):
    """Why a field has to be filled in or typed again, whatever number it holds."""

    REQUIRED = "required"
    CHARACTERS = "characters"  # one that no line can hold
    VAT_OR_TAX_CODE = "vat-or-tax-code"  # an Italian customer has one of the two
    RECIPIENT_OR_MAIL = "recipient-or-mail"  # or the electronic invoice reaches nobody


Why = Missing | Wrong


@dataclass(frozen=True, slots=True)
class Refused:
    """The fields that cannot stay as they are, in the order of `BillingData`."""

    reasons: Mapping[str, Why]


def judge(typed: BillingData) -> BillingData | Refused:
    """The data as they are stored, or what is wrong with each field.

    >>> judge(replace(EMPTY, name="Anna Bianchi", country="IT")).reasons["postcode"]
    <Missing.REQUIRED: 'required'>
    """
    one_line = BillingData(**{field.name: " ".join(getattr(typed, field.name).split()) for field in fields(typed)})
    data = replace(one_line, country=one_line.country.upper())
    found = {field.name: _judge_field(data, field.name) for field in fields(data)}
    reasons = {name: value for name, value in found.items() if isinstance(value, (Missing, Wrong))}
    reasons |= {name: why for name, why in _across(data).items() if name not in reasons}
    if reasons:
        return Refused({field.name: reasons[field.name] for field in fields(data) if field.name in reasons})
    clean = BillingData(**{name: str(value) for name, value in found.items()})
    return replace(clean, recipient_code=_recipient(clean))


def tax_treatment(data: BillingData) -> TaxTreatment:
    """How a sale to this customer is taxed."""
    return treatment_of(data.country, bool(data.vat_number))


def _judge_field(data: BillingData, name: str) -> str | Why:
    """One field by itself, cleaned."""
    text: str = getattr(data, name)
    if not text:
        return Missing.REQUIRED if name in REQUIRED or (name == "province" and _italian(data)) else ""
    if not text.isprintable():
        return Missing.CHARACTERS
    if len(text) > LONGEST.get(name, len(text)):
        return Wrong.TOO_LONG
    rule = _RULES.get(name)
    return rule(data.country, text) if rule else text


def _italian(data: BillingData) -> bool:
    return data.country == SELLER_COUNTRY


def _country(_country: str, text: str) -> str | Why:
    return text if text in COUNTRIES else Wrong.UNKNOWN


def _province(country: str, text: str) -> str | Why:
    if country != SELLER_COUNTRY:
        return text
    return text.upper() if text.upper() in PROVINCES else Wrong.UNKNOWN


def _tax_code(country: str, text: str) -> str | Why:
    if country == SELLER_COUNTRY:
        return numbers.tax_code(text)
    return text if len(text) <= numbers.FREE_LENGTH else Wrong.TOO_LONG


def _recipient_code(country: str, text: str) -> str | Why:
    code = numbers.recipient_code(text)
    if code in (NO_RECIPIENT, ABROAD):
        return ""
    return code if country == SELLER_COUNTRY else Wrong.COUNTRY


def _email(_country: str, text: str) -> str | Why:
    return numbers.email(text)


_RULES: Mapping[str, Callable[[str, str], str | Why]] = {
    "country": _country,
    "postcode": numbers.postcode,
    "province": _province,
    "vat_number": numbers.vat_number,
    "tax_code": _tax_code,
    "recipient_code": _recipient_code,
    "certified_mail": _email,
    "email": _email,
    "phone": numbers.phone,
}


def _across(data: BillingData) -> dict[str, Why]:
    """What the fields need of one another, told at the field where it is easiest to mend."""
    if not _italian(data):
        return {}
    if not data.vat_number:
        return {} if data.tax_code else {"vat_number": Missing.VAT_OR_TAX_CODE}
    reachable = data.certified_mail or _recipient_code(data.country, data.recipient_code or NO_RECIPIENT)
    return {} if reachable else {"recipient_code": Missing.RECIPIENT_OR_MAIL}


def _recipient(clean: BillingData) -> str:
    return clean.recipient_code or (NO_RECIPIENT if _italian(clean) else ABROAD)
