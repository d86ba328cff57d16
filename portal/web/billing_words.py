"""The words of billing data and payment method: why each field cannot stay as it is, and what follows from the rest."""

from collections.abc import Mapping
from typing import Any

from portal.billing import numbers
from portal.billing.checks import LONGEST, Missing, Why
from portal.billing.numbers import Wrong
from portal.kit import texts
from portal.kit.texts import gettext as _
from portal.kit.texts import lazy_gettext as _l
from portal.rules.orders import Way
from portal.rules.pricing import TaxTreatment

_MOST = LONGEST | {
    "postcode": numbers.POSTCODE_LENGTH,
    "vat_number": numbers.FREE_LENGTH,
    "tax_code": numbers.FREE_LENGTH,
}
_CHARACTERS = _l("There is a character here that cannot be used. Type it again.")
_MAIL = _l("Enter an e-mail address such as name@example.com.")
_REFUSALS: Mapping[tuple[str, Why], Any] = {
    ("name", Missing.REQUIRED): _l("Enter the name that has to stand on the invoice."),
    ("country", Missing.REQUIRED): _l("Choose the country."),
    ("country", Wrong.UNKNOWN): _l("Choose one of the countries."),
    ("street", Missing.REQUIRED): _l("Enter the street and the number."),
    ("postcode", Missing.REQUIRED): _l("Enter the postcode."),
    ("postcode", Wrong.LENGTH): _l("This postcode is too long or too short for the country you chose."),
    ("postcode", Wrong.FORM): _l("A postcode of the country you chose is written in another way."),
    ("postcode", Wrong.UNKNOWN): _l("There is no such postcode in the country you chose."),
    ("city", Missing.REQUIRED): _l("Enter the town."),
    ("province", Missing.REQUIRED): _l("Enter the two letters of the province, for example MI."),
    ("province", Wrong.UNKNOWN): _l("This is no Italian province. Enter its two letters, for example MI."),
    ("vat_number", Missing.VAT_OR_TAX_CODE): _l(
        "Enter the VAT number or the tax code: an Italian invoice needs one of the two."
    ),
    ("vat_number", Wrong.LENGTH): _l("This VAT number has too many or too few characters for the country you chose."),
    ("vat_number", Wrong.FORM): _l("A VAT number of the country you chose is written in another way."),
    ("vat_number", Wrong.CHECK): _l(
        "This VAT number has a slip: its check digit does not fit. Compare it with your papers."
    ),
    ("vat_number", Wrong.UNKNOWN): _l("A part of this VAT number does not exist. Compare it with your papers."),
    ("vat_number", Wrong.COUNTRY): _l("This VAT number belongs to another country than the one you chose."),
    ("tax_code", Wrong.LENGTH): _l("A tax code has 16 characters for a person and 11 digits for a company."),
    ("tax_code", Wrong.FORM): _l("A tax code is written in another way: letters and digits have changed places."),
    ("tax_code", Wrong.CHECK): _l(
        "This tax code has a slip: its last character does not fit. Compare it with your papers."
    ),
    ("tax_code", Wrong.UNKNOWN): _l("A part of this tax code does not exist. Compare it with your papers."),
    ("recipient_code", Missing.RECIPIENT_OR_MAIL): _l(
        "Enter the recipient code or the certified mail: with an Italian VAT number the electronic invoice goes there."
    ),
    ("recipient_code", Wrong.LENGTH): _l("A recipient code has seven letters and digits."),
    ("recipient_code", Wrong.FORM): _l("A recipient code has letters and digits only."),
    ("recipient_code", Wrong.COUNTRY): _l("A recipient code is for customers in Italy: leave it empty."),
    ("certified_mail", Wrong.FORM): _MAIL,
    ("email", Wrong.FORM): _MAIL,
    ("phone", Wrong.LENGTH): _l("This telephone number has too many or too few digits."),
    ("phone", Wrong.FORM): _l("Enter a telephone number such as +39 02 1234 5678, without an extension."),
    ("phone", Wrong.UNKNOWN): _l("There is no such telephone number. Compare it, or put + and the country in front."),
    ("phone", Wrong.COUNTRY): _l("Put + and the country code in front of the telephone number."),
    ("iban", Wrong.FORM): _l("An IBAN has letters and digits only, and begins with two letters and two digits."),
    ("iban", Wrong.CHECK): _l("This IBAN has a slip: its check digits do not fit. Compare it with your papers."),
    ("iban", Wrong.UNKNOWN): _l("A part of this IBAN does not exist. Compare it with your papers."),
    ("iban", Wrong.COUNTRY): _l("An IBAN begins with the two letters of its country, for example IT."),
}


def refusal(field: str, why: Why) -> str:
    """Why the field cannot stay as it is."""
    if why is Missing.CHARACTERS:
        return str(_CHARACTERS)
    if why is Wrong.TOO_LONG:
        return _("This is too long: at most %(number)d characters.", number=_MOST[field])
    return str(_REFUSALS[field, why])


def iban_refusal(typed: str, why: Wrong) -> str:
    """Why it is no IBAN: a wrong length is told with the right one."""
    country = numbers.compact(typed)[:2]
    length = numbers.iban_length(country)
    if why is not Wrong.LENGTH or length is None:
        return refusal("iban", why)
    name = texts.country(country)
    return _("Count the characters of the IBAN. In this country it has %(number)d: %(name)s.", number=length, name=name)


def tax(treatment: TaxTreatment) -> str:
    """What tax is added to the orders of a customer, and why."""
    return {
        TaxTreatment.ITALIAN_VAT: _(
            "Italian VAT at %(rate)s%% is added to your orders.", rate=texts.number(treatment.permille // 10)
        ),
        TaxTreatment.REVERSE_CHARGE: _(
            "No VAT is added to your orders: with a VAT number of another country of the EU, you pay it there yourself "
            "(reverse charge)."
        ),
        TaxTreatment.OUTSIDE_EU: _("No VAT is added to your orders: your country is outside the EU."),
    }[treatment]


def way(found: Way) -> str:
    """A way to pay, as it is chosen."""
    return {Way.CARD: _("Card"), Way.TRANSFER: _("Bank transfer"), Way.DEMO: _("Payment page of the demonstration")}[
        found
    ]
