"""The countries are those of the standard."""

from babel import Locale

from portal.rules.countries import COUNTRIES
from portal.rules.pricing import EU_COUNTRIES, SELLER_COUNTRY


def test_every_country_has_a_name_and_the_union_is_among_them() -> None:
    assert len(COUNTRIES) == 249
    assert set(Locale("it").territories) >= COUNTRIES
    assert {SELLER_COUNTRY} | EU_COUNTRIES <= COUNTRIES


def test_what_only_looks_like_a_country_is_none() -> None:
    assert not COUNTRIES & {"UK", "EL", "EU", "XK", "XI", "ZZ"}
