"""A price list is read exactly as it is written, or refused with every fault, its place and its remedy."""

import copy
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portal
from portal.rules.price_file import PriceListFaults, parse
from portal.rules.prices import Edition, Pack, SupportLevel
from portal.rules.terms import YEARLY_TERM_MONTHS
from tests.rules.price_lists import eur

EXAMPLE = Path(portal.__file__).with_name("prices.toml")
FILE: dict[str, Any] = {
    "list": [
        {
            "starts_on": date(2026, 1, 1),
            "currency": "EUR",
            "months": [12, 1],
            "trial_edition": "pro",
            "administrator_per_year": "120.00",
            "premium_support_per_year": "0.00",
            "edition": [
                {
                    "code": "starter",
                    "name": "Starter",
                    "per_year": "300.00",
                    "email": True,
                    "sms": False,
                    "contacts": 1,
                    "messages_per_month": "unlimited",
                    "support": "standard",
                },
                {
                    "code": "pro",
                    "name": "Pro è più",
                    "per_year": "300.01",
                    "email": True,
                    "sms": True,
                    "contacts": 1_000_000_000,
                    "messages_per_month": 2,
                    "support": "premium",
                },
            ],
            "pack": [{"credits": 1, "price": "0.05"}, {"credits": 2, "price": "999999.99"}],
            "credits_per_message": {"IT": 1, "US": 2},
        }
    ]
}
WRONG_AMOUNT = 'is wrong: write an amount such as "480.00", in quotes and with two decimals.'


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    data = copy.deepcopy(FILE)
    change(data["list"][0])
    return data


def faults(data: Any) -> list[str]:
    with pytest.raises(PriceListFaults) as caught:
        parse(data)
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


def told(data: Any) -> list[str]:
    """The faults, if there are any."""
    try:
        parse(data)
    except PriceListFaults as error:
        return error.faults
    return []


def test_a_file_is_read_as_it_is_written() -> None:
    (prices,) = parse(FILE).lists
    assert prices.starts_on == date(2026, 1, 1)
    assert (prices.currency, prices.trial_edition, prices.months) == ("EUR", "pro", (1, 12))
    assert prices.administrator_per_year == eur(12000)
    assert prices.premium_support_per_year == eur(0)
    assert prices.editions == (
        Edition("starter", "Starter", eur(30000), True, False, 1, None, SupportLevel.STANDARD),
        Edition("pro", "Pro è più", eur(30001), True, True, 1_000_000_000, 2, SupportLevel.PREMIUM),
    )
    assert prices.packs == (Pack("1", 1, eur(5)), Pack("2", 2, eur(99_999_999)))
    assert dict(prices.credits_per_message) == {"IT": 1, "US": 2}


def test_what_was_read_does_not_follow_what_it_was_read_from() -> None:
    data = copy.deepcopy(FILE)
    (prices,) = parse(data).lists
    data["list"][0]["credits_per_message"]["IT"] = 99
    assert prices.credits_per_message["IT"] == 1
    with pytest.raises(TypeError):
        prices.credits_per_message["IT"] = 2  # type: ignore[index]


def test_the_example_that_ships_can_be_sold_from_and_its_dates_are_alive() -> None:
    lists = parse(tomllib.loads(EXAMPLE.read_text("utf-8")))
    before, after = lists.on(date(2026, 12, 31)), lists.on(date(2027, 1, 1))
    assert before.starts_on == date(2020, 1, 1)
    assert after.starts_on == date(2027, 1, 1)
    assert [edition.code for edition in before.editions] == ["starter", "pro", "business"]
    assert before.find_edition("pro") != after.find_edition("pro")
    assert before.find_pack("5000") == Pack("5000", 5000, eur(30000))
    assert len(before.credits_per_message) >= 15


LIST_FAULTS: list[tuple[str, object, str]] = [
    ("starts_on", "2026-01-01", "starts_on is wrong: write a day such as 2027-01-01"),
    ("starts_on", datetime(2026, 1, 1), "starts_on is wrong: write a day"),  # noqa: DTZ001 - as TOML gives it
    ("currency", "eur", "currency is wrong: write the three capital letters"),
    ("currency", "EURO", "currency is wrong"),
    ("currency", 978, "currency is wrong"),
    ("months", [], "months is wrong: write the lengths of a term in months"),
    ("months", [1, 24], "months is wrong"),  # no year
    ("months", [12, 12], "months is wrong"),
    ("months", [0, 12], "months is wrong"),
    ("months", [-1, 12], "months is wrong"),
    ("months", [12, 121], "months is wrong"),
    ("months", [True, 12], "months is wrong"),
    ("months", [12, 1.0], "months is wrong"),
    ("months", 12, "months is wrong"),
    ("trial_edition", "none", "trial_edition is wrong: write the code of one of the editions, not none."),
    ("trial_edition", "", "trial_edition is wrong: write a code"),
    ("administrator_per_year", 120, f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", 120.0, f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "120", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "120.0", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "120.000", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "120,00", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "1 200.00", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "-120.00", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "1000000.00", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "٤.00", f"administrator_per_year {WRONG_AMOUNT}"),
    ("administrator_per_year", "1.00\n", f"administrator_per_year {WRONG_AMOUNT}"),
    ("premium_support_per_year", None, f"premium_support_per_year {WRONG_AMOUNT}"),
    ("edition", [], "edition is wrong: write at least one, under [[list.edition]]."),
    ("edition", "pro", "edition is wrong: write at least one"),
    ("edition", ["pro"], "edition 1: write a table"),
    ("pack", [], "pack is wrong: write at least one, under [[list.pack]]."),
    ("pack", {}, "pack is wrong"),
    ("credits_per_message", {}, "credits_per_message is wrong: write at least one country"),
    ("credits_per_message", {"UK": 1}, "'UK': write the two capital letters of ISO 3166"),
    ("credits_per_message", {"it": 1}, "'it': write the two capital letters"),
    ("credits_per_message", {7: 1}, "a int: write the two capital letters"),
    ("credits_per_message", {"IT": 0}, "'IT': write a whole number of credits, 1 or more"),
    ("credits_per_message", {"IT": -1}, "'IT': write a whole number"),
    ("credits_per_message", {"IT": 1.5}, "'IT': write a whole number"),
    ("credits_per_message", {"IT": True}, "'IT': write a whole number"),
    ("credits_per_message", [1], "credits_per_message is wrong"),
    ("colour", "red", "'colour' is no key of the price list: mend its name or take it away."),
]
EDITION_FAULTS: list[tuple[str, object, str]] = [
    ("code", "Pro", "code is wrong: write a code of small letters"),
    ("code", "1pro", "code is wrong"),
    ("code", "pro_x", "code is wrong"),
    ("code", "p" * 33, "code is wrong"),
    ("code", "è", "code is wrong"),
    ("name", "", "name is wrong: write a name of 1 to 60 characters"),
    ("name", "x" * 61, "name is wrong"),
    ("name", " Pro", "name is wrong"),
    ("name", "Pro\nX", "name is wrong"),
    ("per_year", 300.0, f"per_year {WRONG_AMOUNT}"),
    ("email", False, "email is wrong: write true"),  # who has only SMS has no edition
    ("email", 1, "email is wrong"),
    ("sms", "yes", "sms is wrong: write true or false."),
    ("sms", 0, "sms is wrong"),
    ("contacts", 0, 'contacts is wrong: write a whole number from 1 to 1000000000, or "unlimited".'),
    ("contacts", 1_000_000_001, "contacts is wrong"),
    ("contacts", "Unlimited", "contacts is wrong"),
    ("messages_per_month", True, "messages_per_month is wrong"),
    ("support", "gold", "support is wrong: write one of: standard, premium."),
    ("support", ["premium"], "support is wrong"),
    ("trial", True, "'trial' is no key of the price list"),
]
PACK_FAULTS: list[tuple[str, object, str]] = [
    ("credits", 0, "credits is wrong: write a whole number from 1 to 1000000000."),
    ("credits", "1000", "credits is wrong"),
    ("credits", 1_000_000_001, "credits is wrong"),
    ("price", 60, f"price {WRONG_AMOUNT}"),
    ("code", "small", "'code' is no key of the price list"),
]


@pytest.mark.parametrize(("key", "value", "words"), LIST_FAULTS)
def test_what_is_wrong_in_a_list_is_told_once(key: str, value: object, words: str) -> None:
    (fault,) = faults(changed(lambda prices: prices.update({key: value})))
    assert fault.startswith("list 1, ")
    assert words in fault


@pytest.mark.parametrize(("key", "value", "words"), EDITION_FAULTS)
def test_what_is_wrong_in_an_edition_is_told_once(key: str, value: object, words: str) -> None:
    (fault,) = faults(changed(lambda prices: prices["edition"][0].update({key: value})))
    assert fault.startswith(f"list 1, edition 1, {words}")


@pytest.mark.parametrize(("key", "value", "words"), PACK_FAULTS)
def test_what_is_wrong_in_a_pack_is_told_once(key: str, value: object, words: str) -> None:
    (fault,) = faults(changed(lambda prices: prices["pack"][1].update({key: value})))
    assert fault.startswith(f"list 1, pack 2, {words}")


@pytest.mark.parametrize("key", FILE["list"][0])
def test_every_key_of_a_list_is_needed(key: str) -> None:
    (fault,) = faults(changed(lambda prices: prices.pop(key)))
    assert fault.startswith(f"list 1, {key} is missing: write")


@pytest.mark.parametrize(("table", "key"), [(t, key) for t in ("edition", "pack") for key in FILE["list"][0][t][0]])
def test_every_key_of_an_edition_and_of_a_pack_is_needed(table: str, key: str) -> None:
    (fault,) = faults(changed(lambda prices: prices[table][0].pop(key)))
    assert fault.startswith(f"list 1, {table} 1, {key} is missing: write")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda prices: prices["edition"].reverse(), "list 1, edition: put the cheapest first, "),
        (lambda prices: prices["edition"][1].update(per_year="300.00"), "list 1, edition: put the cheapest first, "),
        (lambda prices: prices["edition"][0].update(code="pro"), "list 1, edition: the code pro stands twice: "),
        (lambda prices: prices["pack"].reverse(), "list 1, pack: put the smallest first, "),
        (lambda prices: prices["pack"][1].update(credits=1), "list 1, pack: put the smallest first, "),
    ],
)
def test_what_is_wrong_between_tables_is_told_too(change: Callable[[dict[str, Any]], object], expected: str) -> None:
    (fault,) = faults(changed(change))
    assert fault.startswith(expected)


def two(**second: object) -> dict[str, Any]:
    data = copy.deepcopy(FILE)
    data["list"].append(copy.deepcopy(FILE["list"][0]) | {"starts_on": date(2027, 1, 1)} | second)
    return data


def test_two_lists_start_on_two_days_in_any_order() -> None:
    assert parse(two(starts_on=date(2025, 1, 1))).on(date(2026, 1, 1)).starts_on == date(2026, 1, 1)
    (fault,) = faults(two(starts_on=date(2026, 1, 1)))
    assert fault.startswith("list: two lists start on 2026-01-01: change")


def test_all_lists_are_in_one_currency() -> None:
    (fault,) = faults(two(currency="CHF"))
    assert fault == "list: the lists are in CHF and EUR: write one currency in all of them."


def test_the_trial_edition_is_one_of_its_own_list() -> None:
    (fault,) = faults(two(edition=FILE["list"][0]["edition"][:1]))
    assert fault.startswith("list 2, trial_edition is wrong")


def test_every_fault_is_told_at_once() -> None:
    data = two(currency="chf", pack=[{"credits": 5}])
    data["list"][0] |= {"months": [1], "trial_edition": "none", "colour": "red"}
    data["list"][0]["edition"][1] |= {"per_year": "3", "email": False}
    data["lists"] = []
    assert [fault.split(" is ")[0] for fault in faults(data)] == [
        "'lists'",
        "list 1, 'colour'",
        "list 1, months",
        "list 1, edition 2, per_year",
        "list 1, edition 2, email",
        "list 1, trial_edition",
        "list 2, currency",
        "list 2, pack 1, price",
    ]


@pytest.mark.parametrize("data", [{}, {"list": []}, {"list": {}}, {"list": "x"}, {"list": [1]}, [], None])
def test_what_is_no_price_list_at_all_is_a_fault(data: Any) -> None:
    assert len(faults(data)) == 1


def test_a_term_of_a_year_is_always_sold() -> None:
    assert YEARLY_TERM_MONTHS == 12
    assert parse(changed(lambda prices: prices.update(months=[12]))).lists[0].months == (12,)


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates() | st.binary(max_size=3)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4),
    max_leaves=12,
)
PLACES = (
    [("list",)]
    + [("list", 0, key) for key in FILE["list"][0]]
    + [("list", 0, table, 0, key) for table in ("edition", "pack") for key in FILE["list"][0][table][0]]
)


@given(ANYTHING)
def test_whatever_the_data_is_only_faults_are_raised(data: Any) -> None:
    assert faults(data)


@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_in_one_place_only_faults_are_raised(place: tuple[Any, ...], anything: Any) -> None:
    data = copy.deepcopy(FILE)
    inside: Any = data
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = anything
    assert all(fault.endswith(".") for fault in told(data))
