"""What an order was made of, as JSON: written once, read back as the same values whatever prices have become since."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from portal.rules.money import Money
from portal.rules.pricing import SELLER_COUNTRY, Line, Offer, TaxTreatment
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class BillingData:
    """Who pays, as printed on an invoice. Texts are empty where there is none; country: ISO 3166-1 alpha-2.

    vat_number without its country's letters. recipient_code and certified_mail: where the Italian electronic invoice
    goes.
    """

    name: str
    street: str
    postcode: str
    city: str
    province: str
    country: str
    vat_number: str = ""
    tax_code: str = ""
    recipient_code: str = ""
    certified_mail: str = ""
    email: str = ""
    phone: str = ""

    @classmethod
    def from_json(cls, found: dict[str, str]) -> Self:
        return cls(**found)

    def to_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}  # a twelfth of what `asdict` takes


@dataclass(frozen=True, slots=True)
class Seller:
    """The operator, as printed on an invoice. Texts are empty where there is none; vat_number without IT.

    registration: the line on company register and capital that has to stand on an Italian company's papers.
    """

    name: str
    street: str
    postcode: str
    city: str
    province: str
    country: str
    vat_number: str
    tax_code: str = ""
    registration: str = ""
    email: str = ""
    phone: str = ""

    @classmethod
    def from_json(cls, found: dict[str, str]) -> Self:
        return cls(**found)

    def to_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


def seller_of(settings: Settings) -> Seller:
    """The seller of today: an Italian one, since the taxes of `rules.pricing` are those of an Italian seller."""
    return Seller(
        name=settings.seller_name,
        street=settings.seller_street,
        postcode=settings.seller_postcode,
        city=settings.seller_city,
        province=settings.seller_province,
        country=SELLER_COUNTRY,
        vat_number=settings.seller_vat_number,
        tax_code=settings.seller_tax_code or settings.seller_vat_number,
        registration=settings.seller_registration,
        email=settings.seller_email or settings.support_email,
        phone=settings.seller_phone,
    )


def offer_to_json(offer: Offer) -> dict[str, Any]:
    """Amounts as cents of the offer's one currency, days in ISO 8601."""
    return {
        "currency": offer.currency,
        "treatment": str(offer.treatment),
        "starts_on": offer.starts_on.isoformat() if offer.starts_on else None,
        "ends_on": offer.ends_on.isoformat() if offer.ends_on else None,
        "lines": [
            [line.item, line.quantity, line.unit_price.cents, line.numerator, line.denominator] for line in offer.lines
        ],
    }


def offer_from_json(found: dict[str, Any]) -> Offer:
    """The same offer again."""
    currency = found["currency"]
    return Offer(
        tuple(Line(item, count, Money(cents, currency), *ratio) for item, count, cents, *ratio in found["lines"]),
        currency,
        TaxTreatment(found["treatment"]),
        _day(found["starts_on"]),
        _day(found["ends_on"]),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
