"""A price list for the tests of rules: small, and with round prices."""

from datetime import date

from portal.rules.money import Money
from portal.rules.prices import Edition, Pack, PriceList, PriceLists, SupportLevel


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


def edition(code: str, cents: int, *, sms: bool = True) -> Edition:
    return Edition(code, code.capitalize(), eur(cents), True, sms, 10_000, None, SupportLevel.STANDARD)


LIST = PriceList(
    starts_on=date(2020, 1, 1),
    currency="EUR",
    editions=(edition("old", 24000), edition("starter", 30000, sms=False), edition("pro", 48000)),
    trial_edition="pro",
    months=(1, 12, 24),
    administrator_per_year=eur(12000),
    packs=(Pack("1000", 1_000, eur(6000)), Pack("5000", 5_000, eur(30000))),
    premium_support_per_year=eur(24000),
    credits_per_message={"IT": 1, "US": 2},
)
LATER = PriceList(
    starts_on=date(2026, 6, 1),
    currency="EUR",
    editions=(edition("starter", 30000, sms=False), edition("pro", 48000), edition("business", 120000)),
    trial_edition="pro",
    months=(1, 12, 24),
    administrator_per_year=eur(12000),
    packs=LIST.packs,
    premium_support_per_year=eur(24000),
    credits_per_message={"IT": 1, "US": 2},
)
LISTS = PriceLists((LATER, LIST))
