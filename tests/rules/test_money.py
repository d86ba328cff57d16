"""Money is whole cents of one currency, and a cent is rounded in one place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.money import Money, total

CENTS = st.integers(-10_000_000, 10_000_000)


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


@pytest.mark.parametrize(
    ("cents", "numerator", "denominator", "result"),
    [
        (12000, 99, 365, 3255),  # 32.547… rounds up
        (12000, 1, 365, 33),
        (12000, 365, 365, 12000),
        (12000, 0, 365, 0),
        (1, 1, 2, 1),  # exactly half a cent goes up
        (1, 49, 100, 0),
        (1, 51, 100, 1),
        (3, 1, 2, 2),  # half-up, not half-even …
        (5, 1, 2, 3),  # … which would give 2 here
        (-5, 1, 2, -3),  # a credit note is the negative of its invoice
        (-1, 49, 100, 0),
        (1000, 220, 1000, 220),
    ],
)
def test_a_share_is_rounded_half_up_to_the_cent(cents: int, numerator: int, denominator: int, result: int) -> None:
    assert eur(cents).ratio(numerator, denominator) == eur(result)


@given(CENTS, st.integers(0, 1000), st.integers(1, 1000))
def test_a_share_is_never_more_than_half_a_cent_off(cents: int, numerator: int, denominator: int) -> None:
    share = eur(cents).ratio(numerator, denominator)
    assert abs(2 * (share.cents * denominator - cents * numerator)) <= denominator
    assert eur(-cents).ratio(numerator, denominator) == -share


def test_the_four_operations_keep_the_currency() -> None:
    assert eur(150) + eur(50) == eur(200)
    assert eur(150) - eur(50) == eur(100)
    assert eur(150) * 3 == eur(450)
    assert -eur(150) == eur(-150)


def test_amounts_are_ordered_by_their_cents() -> None:
    assert eur(1) < eur(2)
    assert not eur(2) < eur(2)
    assert eur(2) <= eur(2)
    assert eur(3) > eur(2) >= eur(2)
    assert not eur(3) <= eur(2)


@given(st.lists(CENTS))
def test_a_total_is_the_sum(cents: list[int]) -> None:
    assert total(map(eur, cents), "EUR") == eur(sum(cents))


def test_the_total_of_nothing_is_zero_of_the_currency() -> None:
    assert total([], "CHF") == Money(0, "CHF")


@pytest.mark.parametrize(
    "mix",
    [
        lambda: eur(1) + Money(1, "CHF"),
        lambda: eur(1) - Money(1, "CHF"),
        lambda: eur(1) < Money(1, "CHF"),
        lambda: eur(1) <= Money(1, "CHF"),
        lambda: total([eur(1)], "CHF"),
    ],
)
def test_currencies_do_not_mix(mix: object) -> None:
    with pytest.raises(ValueError, match="do not mix"):
        mix()  # type: ignore[operator]


@pytest.mark.parametrize("wrong", [1.0, True, "1", None])
def test_only_whole_numbers_are_money(wrong: object) -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        Money(wrong, "EUR")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="whole numbers"):
        eur(1) * wrong  # type: ignore[operator]
    with pytest.raises(TypeError, match="whole numbers"):
        eur(1).ratio(wrong, 2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="whole numbers"):
        eur(1).ratio(1, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="money"):
        eur(1) + wrong  # type: ignore[operator]


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "", "E1R", "ÀÈÌ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="three capital letters"):
        Money(1, currency)


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -2)])
def test_a_share_cannot_be_negative_or_of_nothing(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="scaled"):
        eur(1).ratio(numerator, denominator)
