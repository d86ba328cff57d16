"""What is bought in the middle of a term costs its share, a quote adds up, and it stands for 30 minutes."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.money import Money
from portal.rules.pricing import (
    EU_COUNTRIES,
    Line,
    Offer,
    Quote,
    QuoteRefusal,
    TaxTreatment,
    confirm,
    extra_lines,
    list_price,
    messages_per_country,
    price_of_term,
    prorated,
    remaining_days,
    tax_treatment,
    upgrade_lines,
)
from portal.rules.renewal import Term, new_term, next_term
from portal.rules.terms import ITALIAN_VAT_PERMILLE, QUOTE_LIFE, YEARLY_TERM_MONTHS
from tests.rules.instants import ROME, rome

YEAR = Term(date(2026, 3, 1), date(2027, 2, 28), anchor=date(2026, 3, 1))
NEXT_YEAR = next_term(YEAR, 12)  # 2027-03-01 … 2028-02-29: 366 days
TODAY = date(2026, 11, 22)
TERMS = st.builds(new_term, st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.sampled_from([1, 3, 6, 12, 24]))
PRICES = st.integers(1, 1_000_000)


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


# --- shares of a term --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "remaining", "cents"),
    [
        ("2026-02-28", 365, 12000),  # not begun: never more than the whole
        ("2026-03-01", 365, 12000),  # on S
        ("2026-03-02", 364, 11967),
        ("2026-11-22", 99, 3255),  # the example of RULES.md
        ("2027-02-27", 2, 66),
        ("2027-02-28", 1, 33),  # on E
        ("2027-03-01", 0, 0),
    ],
)
def test_120_euro_a_year_cost_the_share_of_the_days_left(today: str, remaining: int, cents: int) -> None:
    day = date.fromisoformat(today)
    assert remaining_days(YEAR, day) == remaining
    assert prorated(eur(12000), YEAR, day) == eur(cents)


def test_a_leap_year_has_366_parts() -> None:
    assert NEXT_YEAR.days == 366
    assert prorated(eur(36600), NEXT_YEAR, date(2028, 2, 29)) == eur(100)


@given(PRICES, TERMS, st.data())
def test_the_price_never_rises_as_the_days_pass(cents: int, term: Term, data: st.DataObject) -> None:
    offsets = st.integers(0, term.days - 1).map(lambda days: term.starts_on + timedelta(days=days))
    earlier, later = sorted([data.draw(offsets), data.draw(offsets)])
    assert prorated(eur(cents), term, later) <= prorated(eur(cents), term, earlier)


@given(st.integers(366, 1_000_000), TERMS)
def test_the_price_is_whole_on_the_first_day_and_positive_on_the_last(cents: int, term: Term) -> None:
    assert prorated(eur(cents), term, term.starts_on) == eur(cents)
    assert prorated(eur(cents), term, term.ends_on) >= eur(1)


@pytest.mark.parametrize(("months", "cents"), [(12, 12000), (1, 1000), (24, 24000), (6, 6000)])
def test_a_term_costs_its_share_of_the_year(months: int, cents: int) -> None:
    assert YEARLY_TERM_MONTHS == 12
    assert price_of_term(eur(12000), months) == eur(cents)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "cents"),
    [
        ("2026-03-01", "2027-02-28", 36500),  # whole months: their share of the twelve
        ("2026-03-01", "2026-03-31", 3042),
        ("2026-03-01", "2028-02-29", 73000),
        ("2026-03-01", "2026-03-01", 100),  # an odd one: its days of the 365 from its first day
        ("2026-03-01", "2027-02-27", 36400),
        ("2026-03-01", "2027-03-01", 36600),
        ("2027-03-01", "2027-03-10", 997),  # of the 366 from there: 9.9727
    ],
)
def test_the_list_price_of_a_term_follows_from_that_of_a_year(starts_on: str, ends_on: str, cents: int) -> None:
    first, last = date.fromisoformat(starts_on), date.fromisoformat(ends_on)
    assert list_price(eur(36500), Term(first, last, anchor=first)) == eur(cents)


def test_the_rest_of_a_month_is_a_share_of_the_price_of_a_month() -> None:
    (line,) = extra_lines("administrator", 1, eur(12000), [new_term(date(2026, 11, 1), 1)], TODAY)
    assert line == Line("administrator", 1, eur(1000), 9, 30)


def test_an_upgrade_makes_up_the_difference_of_rounded_prices() -> None:
    month = new_term(TODAY, 1)
    (line,) = upgrade_lines("upgrade.pro", eur(10000), eur(20000), [month], TODAY)
    assert line.amount == eur(834)  # 16.67 − 8.33, though a twelfth of 100.00 is 8.33


# --- lines -------------------------------------------------------------------------------------------------


def test_three_seats_cost_three_times_one() -> None:
    (line,) = extra_lines("administrator", 3, eur(12000), [YEAR], TODAY)
    assert (line.quantity, line.numerator, line.denominator) == (3, 99, 365)
    assert line.each == eur(3255)
    assert line.amount == eur(9765)  # rounded at the end it would be 97.64


def test_with_a_future_term_paid_an_extra_costs_the_rest_and_the_whole() -> None:
    rest, whole = extra_lines("administrator", 1, eur(12000), [YEAR, NEXT_YEAR], TODAY)
    assert (rest.amount, whole.amount) == (eur(3255), eur(12000))
    assert (whole.numerator, whole.denominator) == (366, 366)


@pytest.mark.parametrize(
    ("today", "lines"), [("2027-02-28", 2), ("2027-03-01", 1), ("2028-02-29", 1), ("2028-03-01", 0)]
)
def test_a_term_that_is_over_has_no_line(today: str, lines: int) -> None:
    assert len(extra_lines("administrator", 1, eur(12000), [YEAR, NEXT_YEAR], date.fromisoformat(today))) == lines


@pytest.mark.parametrize(
    ("today", "cents"),
    [("2026-03-01", 36500), ("2026-11-22", 9900), ("2027-02-27", 200), ("2027-02-28", 100)],
)
def test_an_upgrade_costs_the_difference_for_the_days_left(today: str, cents: int) -> None:
    (line,) = upgrade_lines("edition.pro", eur(12000), eur(48500), [YEAR], date.fromisoformat(today))
    assert line.amount == eur(cents)


def test_the_same_price_is_an_upgrade_for_nothing_and_less_is_none() -> None:
    (line,) = upgrade_lines("edition.other", eur(12000), eur(12000), [YEAR], TODAY)
    assert line.amount == eur(0)
    with pytest.raises(ValueError, match="downgrade"):
        upgrade_lines("edition.small", eur(12000), eur(11999), [YEAR], TODAY)


def test_what_has_no_term_costs_its_whole_price() -> None:
    line = Line("sms.1000", 2, eur(4999))
    assert (line.numerator, line.denominator, line.amount) == (1, 1, eur(9998))


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_line_buys_something(quantity: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Line("administrator", quantity, eur(12000))


# --- tax ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "has_vat_number", "treatment", "permille"),
    [
        ("IT", True, TaxTreatment.ITALIAN_VAT, 220),
        ("IT", False, TaxTreatment.ITALIAN_VAT, 220),
        ("DE", True, TaxTreatment.REVERSE_CHARGE, 0),
        ("DE", False, TaxTreatment.ITALIAN_VAT, 220),
        ("GR", True, TaxTreatment.REVERSE_CHARGE, 0),
        ("HR", False, TaxTreatment.ITALIAN_VAT, 220),
        ("GB", True, TaxTreatment.OUTSIDE_EU, 0),
        ("GB", False, TaxTreatment.OUTSIDE_EU, 0),
        ("CH", True, TaxTreatment.OUTSIDE_EU, 0),
        ("SM", False, TaxTreatment.OUTSIDE_EU, 0),
        ("US", False, TaxTreatment.OUTSIDE_EU, 0),
    ],
)
def test_tax_follows_the_country_and_the_vat_number(
    country: str, has_vat_number: bool, treatment: TaxTreatment, permille: int
) -> None:
    assert tax_treatment(country, has_vat_number) is treatment
    assert treatment.permille == permille
    assert ITALIAN_VAT_PERMILLE == 220


def test_the_union_has_27_countries() -> None:
    assert len(EU_COUNTRIES) == 27


@pytest.mark.parametrize("country", ["it", "ITA", "", "I1", "Ñ1"])
def test_what_is_no_country_code_is_a_fault(country: str) -> None:
    with pytest.raises(ValueError, match="two capital letters"):
        tax_treatment(country, has_vat_number=False)


# --- offers and quotes -------------------------------------------------------------------------------------


def seat_offer(today: date = TODAY, treatment: TaxTreatment = TaxTreatment.ITALIAN_VAT) -> Offer:
    lines = extra_lines("administrator", 1, eur(12000), [YEAR], today)
    return Offer(lines, "EUR", treatment, starts_on=today, ends_on=YEAR.ends_on)


@pytest.mark.parametrize(
    ("treatment", "tax", "total"),
    [
        (TaxTreatment.ITALIAN_VAT, 716, 3971),  # 22 % of 32.55 = 7.161
        (TaxTreatment.REVERSE_CHARGE, 0, 3255),
        (TaxTreatment.OUTSIDE_EU, 0, 3255),
    ],
)
def test_the_total_is_the_lines_and_the_tax(treatment: TaxTreatment, tax: int, total: int) -> None:
    offer = seat_offer(treatment=treatment)
    assert (offer.net, offer.tax, offer.total) == (eur(3255), eur(tax), eur(total))


LINES = st.builds(
    lambda quantity, cents, share: Line("x", quantity, eur(cents), min(share), max(share)),
    st.integers(1, 50),
    PRICES,
    st.tuples(st.integers(1, 731), st.integers(1, 731)),
)


@given(st.lists(LINES, max_size=5).map(tuple), st.sampled_from(TaxTreatment))
def test_the_lines_add_up_to_the_total(lines: tuple[Line, ...], treatment: TaxTreatment) -> None:
    offer = Offer(lines, "EUR", treatment)
    assert offer.net.cents == sum(line.amount.cents for line in lines)
    assert offer.total == offer.net + offer.tax
    assert all(line.amount == line.each * line.quantity for line in lines)


def test_lines_of_two_currencies_are_a_fault() -> None:
    with pytest.raises(ValueError, match="do not mix"):
        _ = Offer((Line("x", 1, Money(1, "CHF")),), "EUR", TaxTreatment.OUTSIDE_EU).net


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ("2026-11-22 10:00:00", None),
        ("2026-11-22 10:29:59.999999", None),
        ("2026-11-22 10:30:00", QuoteRefusal.EXPIRED),
        ("2026-11-22 10:30:00.000001", QuoteRefusal.EXPIRED),
    ],
)
def test_a_quote_stands_for_thirty_minutes(at: str, refusal: QuoteRefusal | None) -> None:
    assert QUOTE_LIFE.total_seconds() == 30 * 60
    quote = Quote(seat_offer(), made_at=rome("2026-11-22 10:00:00"))
    assert quote.expired(rome(at)) is (refusal is not None)
    assert confirm(quote, seat_offer(), rome(at)) is refusal


def test_a_quote_made_before_the_clocks_go_back_stands_no_longer() -> None:
    made, later = (rome(text).astimezone(ROME) for text in ("2026-10-25 02:50:00", "2026-10-25 03:00:00"))
    assert Quote(seat_offer(), made).expired(later)  # ten minutes by the clock on the wall, seventy in truth


@pytest.mark.parametrize(
    "fresh",
    [
        seat_offer(today=date(2026, 11, 23)),  # midnight has passed
        seat_offer(treatment=TaxTreatment.REVERSE_CHARGE),
        replace(seat_offer(), ends_on=date(2027, 3, 31)),
        replace(seat_offer(), starts_on=date(2026, 11, 21)),
        replace(seat_offer(), lines=(Line("administrator", 1, eur(12001), 99, 365),)),
        replace(seat_offer(), lines=(Line("administrator", 2, eur(12000), 99, 365),)),
        replace(seat_offer(), lines=()),
    ],
)
def test_whatever_has_changed_asks_to_look_again(fresh: Offer) -> None:
    quote = Quote(seat_offer(), made_at=rome("2026-11-22 10:00:00"))
    assert confirm(quote, fresh, rome("2026-11-22 10:01:00")) is QuoteRefusal.PRICE_CHANGED
    assert confirm(quote, fresh, rome("2026-11-22 11:00:00")) is QuoteRefusal.PRICE_CHANGED


# --- messages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("credits", "messages"), [(0, 0), (6, 0), (7, 1), (13, 1), (14, 2), (1000, 142)])
def test_a_pack_buys_whole_messages(credits: int, messages: int) -> None:
    assert messages_per_country(credits, {"US": 7, "IT": 1}) == {"US": messages, "IT": credits}


@pytest.mark.parametrize("cost", [0, -1])
def test_a_message_for_nothing_is_a_fault(cost: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        messages_per_country(1000, {"US": 7, "IT": cost})
