"""A price is that of its day: each list is in effect from its first day until the next one starts."""

from datetime import date

import pytest

from portal.rules.prices import PriceList, PriceLists
from tests.rules.price_lists import LATER, LIST, LISTS, eur


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2020-01-01", LIST),  # its first day
        ("2026-05-31", LIST),  # the last day before the next one
        ("2026-06-01", LATER),
        ("2099-12-31", LATER),
    ],
)
def test_the_newest_list_that_has_started_is_in_effect(day: str, expected: PriceList) -> None:
    assert LISTS.on(date.fromisoformat(day)) is expected
    assert PriceLists((LIST, LATER)).on(date.fromisoformat(day)) is expected


def test_before_the_first_list_there_are_no_prices() -> None:
    with pytest.raises(LookupError, match="2019-12-31"):
        LISTS.on(date(2019, 12, 31))


def test_an_edition_and_a_pack_are_found_by_their_code() -> None:
    assert LIST.find_edition("pro") == LIST.editions[2]
    assert LIST.find_edition("Pro") is None
    assert LIST.find_pack("5000") == LIST.packs[1]
    assert LIST.find_pack("") is None


@pytest.mark.parametrize(
    ("code", "day", "cents"),
    [
        ("old", "2026-05-31", 24000),
        ("old", "2026-06-01", 24000),  # sold no more, and still held
        ("business", "2026-05-31", None),  # not yet
        ("business", "2026-06-01", 120000),
        ("pro", "2019-12-31", None),
        ("none", "2026-06-01", None),
    ],
)
def test_an_edition_that_is_sold_no_more_keeps_its_last_price(code: str, day: str, cents: int | None) -> None:
    found = LISTS.find_edition(code, date.fromisoformat(day))
    assert (found and found.per_year) == (None if cents is None else eur(cents))


def test_a_list_can_be_a_key_as_every_other_value() -> None:
    assert len({LIST, LATER, LIST}) == 2
