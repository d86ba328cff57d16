"""Numbers and shares of invoices: boundaries as tables, sums as properties."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import invoices
from portal.rules.invoices import NoCredit, Series, Share
from portal.rules.money import Money, total

ROME = ZoneInfo("Europe/Rome")


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


@pytest.mark.parametrize(
    ("at", "year"),
    [
        ("2026-12-31T23:59:59.999999+01:00", 2026),
        ("2027-01-01T00:00:00+01:00", 2027),
        ("2026-12-31T22:59:59.999999+00:00", 2026),
        ("2026-12-31T23:00:00+00:00", 2027),
        ("2027-01-01T00:30:00+02:00", 2026),
    ],
)
def test_the_year_of_a_number_is_that_of_the_business(at: str, year: int) -> None:
    assert invoices.year_of(datetime.fromisoformat(at), ROME) == year


@pytest.mark.parametrize(
    ("series", "sequence", "printed"),
    [
        (Series.INVOICE, 1, "2026-000001"),
        (Series.CREDIT_NOTE, 1, "C2026-000001"),
        (Series.INVOICE, 999_999, "2026-999999"),
        (Series.INVOICE, 1_000_000, "2026-1000000"),
    ],
)
def test_a_number_is_printed_with_its_series_and_its_year(series: Series, sequence: int, printed: str) -> None:
    assert invoices.number(series, 2026, sequence) == printed
    assert invoices.is_number(printed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "2026-1",
        "2026-00001",
        "c2026-000001",
        "2026-000001.pdf",
        "2026-000001\n",
        "2026-00000١",
        "\x00",
        "../x",
    ],
)
def test_nothing_else_is_a_number(text: str) -> None:
    assert not invoices.is_number(text)


@pytest.mark.parametrize(
    ("credited", "amount", "found"),
    [
        (0, 0, NoCredit.NOTHING),
        (0, -1, NoCredit.NOTHING),
        (0, 1, Share(eur(1), eur(0))),
        (0, 3970, Share(eur(3254), eur(716))),
        (0, 3971, Share(eur(3255), eur(716))),
        (0, 3972, NoCredit.MORE_THAN_LEFT),
        (0, None, Share(eur(3255), eur(716))),
        (3970, 1, Share(eur(1), eur(0))),
        (3970, 2, NoCredit.MORE_THAN_LEFT),
        (3970, None, Share(eur(1), eur(0))),
        (3971, None, NoCredit.NOTHING),
        (3971, 1, NoCredit.MORE_THAN_LEFT),
    ],
)
def test_what_may_be_credited(credited: int, amount: int | None, found: Share | NoCredit) -> None:
    asked = None if amount is None else eur(amount)
    assert invoices.share(eur(3255), eur(716), eur(credited), asked) == found


@given(net=st.integers(1, 10**7), rate=st.sampled_from([0, 220]), cuts=st.lists(st.integers(1, 10**6), max_size=8))
def test_credit_notes_in_parts_add_up_to_exactly_the_invoice(net: int, rate: int, cuts: list[int]) -> None:
    tax = eur(net).ratio(rate, 1000)
    whole = eur(net) + tax
    shares: list[Share] = []
    for amount in [*map(eur, cuts), None]:
        found = invoices.share(eur(net), tax, total((part.total for part in shares), "EUR"), amount)
        if isinstance(found, Share):
            assert min(found.net.cents, found.tax.cents) >= 0
            assert amount is None or found.total == amount
            shares.append(found)
    assert total((part.total for part in shares), "EUR") == whole
    assert total((part.net for part in shares), "EUR") == eur(net)


def test_another_currency_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        invoices.share(eur(100), eur(22), eur(0), Money(1, "USD"))
