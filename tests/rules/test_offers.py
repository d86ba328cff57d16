"""What can be bought, for how much and for which days; and why something cannot."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules import offers
from portal.rules.dates import ONE_DAY
from portal.rules.offers import NoOffer
from portal.rules.prices import PriceLists
from portal.rules.pricing import Line, Offer, TaxTreatment, list_price
from portal.rules.renewal import Term, new_term, next_term
from portal.rules.terms import MOST_ADDITIONAL
from tests.rules.price_lists import LATER, LIST, LISTS, edition, eur

VAT = TaxTreatment.ITALIAN_VAT
YEAR = new_term(date(2026, 3, 1), 12)  # … 2027-02-28
NEXT = next_term(YEAR, 12)  # … 2028-02-29
TODAY = date(2026, 11, 22)
E = YEAR.ends_on


@dataclass(frozen=True)
class Held:
    term: Term
    edition: str


def made(found: Offer | NoOffer) -> Offer:
    assert isinstance(found, Offer), found
    return found


def items(offer: Offer) -> list[tuple[str, int, int]]:
    return [(line.item, line.quantity, line.amount.cents) for line in offer.lines]


# --- whole terms: renewal and purchase ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "months", "additional", "lines", "ends_on"),
    [
        ("pro", 12, 0, [("edition.pro", 1, 48000)], "2028-02-29"),
        ("pro", 12, 2, [("edition.pro", 1, 48000), ("administrator", 2, 24000)], "2028-02-29"),
        ("starter", 1, 1, [("edition.starter", 1, 2500), ("administrator", 1, 1000)], "2027-03-31"),
        ("business", 24, 0, [("edition.business", 1, 240000)], "2029-02-28"),
    ],
)
def test_a_renewal_is_the_next_term_with_its_administrators(
    edition: str, months: int, additional: int, lines: list[tuple[str, int, int]], ends_on: str
) -> None:
    offer = made(offers.renewal(LATER, VAT, YEAR, edition, months, additional))
    assert items(offer) == lines
    assert (offer.starts_on, offer.ends_on) == (E + ONE_DAY, date.fromisoformat(ends_on))
    assert (offer.currency, offer.treatment) == ("EUR", VAT)


@pytest.mark.parametrize(
    ("trial_expires_on", "starts_on", "ends_on"),
    [
        (date(2026, 11, 30), "2026-12-01", "2027-11-30"),  # no day of the trial is lost
        (date(2026, 11, 22), "2026-11-23", "2027-11-22"),  # its last day
        (date(2026, 11, 21), "2026-11-22", "2027-11-21"),  # its grace: paid from today
        (None, "2026-11-22", "2027-11-21"),  # SMS-only until now
    ],
)
def test_a_purchase_is_the_first_term(trial_expires_on: date | None, starts_on: str, ends_on: str) -> None:
    offer = made(offers.purchase(LATER, VAT, trial_expires_on, TODAY, "pro", 12, 1))
    assert items(offer) == [("edition.pro", 1, 48000), ("administrator", 1, 12000)]
    assert (offer.starts_on, offer.ends_on) == (date.fromisoformat(starts_on), date.fromisoformat(ends_on))


@pytest.mark.parametrize(
    ("edition", "months", "additional", "expected"),
    [
        ("none", 12, 0, NoOffer.UNKNOWN_EDITION),
        ("old", 12, 0, NoOffer.UNKNOWN_EDITION),  # sold no more: another one has to be chosen
        ("", 12, 0, NoOffer.UNKNOWN_EDITION),
        ("pro", 6, 0, NoOffer.MONTHS_NOT_OFFERED),
        ("pro", 0, 0, NoOffer.MONTHS_NOT_OFFERED),
        ("pro", -12, 0, NoOffer.MONTHS_NOT_OFFERED),
        ("pro", 12, -1, NoOffer.QUANTITY_OUT_OF_RANGE),
        ("pro", 12, MOST_ADDITIONAL + 1, NoOffer.QUANTITY_OUT_OF_RANGE),
    ],
)
def test_a_whole_term_that_is_not_sold(edition: str, months: int, additional: int, expected: NoOffer) -> None:
    assert offers.renewal(LATER, VAT, YEAR, edition, months, additional) is expected
    assert offers.purchase(LATER, VAT, E, TODAY, edition, months, additional) is expected


def test_the_most_administrators_in_one_order_are_sold() -> None:
    assert MOST_ADDITIONAL == 1000
    whole = made(offers.renewal(LATER, VAT, YEAR, "pro", 12, MOST_ADDITIONAL))
    rest = made(offers.seats(LATER, VAT, MOST_ADDITIONAL, [YEAR], TODAY))
    assert whole.lines[1].quantity == rest.lines[0].quantity == 1000


# --- the rest of a term: seats -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "cents"),
    [
        ("2026-03-01", 12000),  # S
        ("2026-11-22", 3255),  # the example of RULES.md: 99/365
        ("2027-02-28", 33),  # E
    ],
)
def test_a_seat_costs_its_share_of_the_year(today: str, cents: int) -> None:
    day = date.fromisoformat(today)
    offer = made(offers.seats(LATER, VAT, 1, [YEAR], day))
    assert items(offer) == [("administrator", 1, cents)]
    assert (offer.starts_on, offer.ends_on) == (day, E)


def test_the_formula_of_the_example_stands_in_the_line() -> None:
    (line,) = made(offers.seats(LATER, VAT, 1, [YEAR], TODAY)).lines
    assert line == Line("administrator", 1, eur(12000), 99, 365)


def test_with_the_renewal_paid_a_seat_costs_the_rest_and_the_whole_next_term() -> None:
    offer = made(offers.seats(LATER, VAT, 3, [YEAR, NEXT], TODAY))
    assert items(offer) == [("administrator", 3, 3 * 3255), ("administrator", 3, 36000)]
    assert offer.ends_on == NEXT.ends_on


@pytest.mark.parametrize("quantity", [-1, 0, MOST_ADDITIONAL + 1])
def test_a_number_of_seats_that_is_not_sold(quantity: int) -> None:
    assert offers.seats(LATER, VAT, quantity, [YEAR], TODAY) is NoOffer.QUANTITY_OUT_OF_RANGE


def test_after_e_there_is_nothing_a_seat_could_be_for() -> None:
    assert offers.seats(LATER, VAT, 1, [YEAR], E + ONE_DAY) is NoOffer.NOTHING_REMAINING
    assert offers.seats(LATER, VAT, 1, [], TODAY) is NoOffer.NOTHING_REMAINING


TERMS = st.builds(new_term, st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.sampled_from([1, 12, 24])) | st.builds(
    lambda start, days: Term(start, start + timedelta(days=days), anchor=start),
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.integers(0, 800),
)


@given(TERMS, st.integers(1, MOST_ADDITIONAL), st.data())
def test_several_at_once_cost_as_much_as_one_several_times(term: Term, several: int, data: st.DataObject) -> None:
    today = data.draw(st.dates(term.starts_on, term.ends_on))
    one, all_of_them = (made(offers.seats(LIST, VAT, quantity, [term], today)) for quantity in (1, several))
    assert all_of_them.net == one.net * several


@given(TERMS, st.data())
def test_a_part_of_a_term_never_costs_more_than_the_term(term: Term, data: st.DataObject) -> None:
    today = data.draw(st.dates(term.starts_on, term.ends_on))
    part = made(offers.seats(LIST, VAT, 1, [term], today)).net
    assert part <= list_price(LIST.administrator_per_year, term)
    if term.days <= 365:
        assert part <= LIST.administrator_per_year


@given(TERMS, st.lists(st.sampled_from([1, 12, 24]), min_size=1, max_size=4))
def test_the_offered_terms_tile(first: Term, lengths: list[int]) -> None:
    last = first
    for months in lengths:
        offer = made(offers.renewal(LIST, VAT, last, "pro", months, 1))
        following = next_term(last, months)
        assert offer.starts_on == last.ends_on + ONE_DAY
        assert (offer.starts_on, offer.ends_on) == (following.starts_on, following.ends_on)
        assert made(offers.seats(LIST, VAT, 1, [following], following.starts_on)).net == offer.lines[1].amount
        last = following


# --- upgrades ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "cents"),
    [("2026-06-01", 53852), ("2026-11-22", 19529), ("2027-02-28", 197)],  # 720.00 × 273, 99 and 1 of 365 days
)
def test_an_upgrade_costs_the_difference_for_the_days_left(today: str, cents: int) -> None:
    day = date.fromisoformat(today)
    offer = made(offers.upgrade(LISTS, VAT, "business", [Held(YEAR, "pro")], day))
    assert items(offer) == [("upgrade.business", 1, cents)]
    assert (offer.starts_on, offer.ends_on) == (day, E)


def test_on_the_first_day_an_upgrade_makes_up_the_whole_difference() -> None:
    month = new_term(TODAY, 1)
    offer = made(offers.upgrade(LISTS, VAT, "pro", [Held(month, "starter")], TODAY))
    assert list_price(eur(30000), month) + offer.net == list_price(eur(48000), month)


def test_a_monthly_term_is_upgraded_by_monthly_prices() -> None:
    month = new_term(date(2026, 11, 1), 1)
    (line,) = made(offers.upgrade(LISTS, VAT, "business", [Held(month, "pro")], date(2026, 11, 16))).lines
    assert line == Line("upgrade.business", 1, eur(6000), 15, 30)


@pytest.mark.parametrize(
    ("later_edition", "lines", "raised"),
    [
        ("starter", [19529, 90000], (YEAR, NEXT)),
        ("pro", [19529, 72000], (YEAR, NEXT)),
        ("business", [19529], (YEAR,)),  # the renewal has it already
    ],
)
def test_a_renewal_that_is_already_paid_is_upgraded_too(
    later_edition: str, lines: list[int], raised: tuple[Term, ...]
) -> None:
    paid = [Held(YEAR, "pro"), Held(NEXT, later_edition)]
    offer = made(offers.upgrade(LISTS, VAT, "business", paid, TODAY))
    assert [line.amount.cents for line in offer.lines] == lines
    assert (offer.starts_on, offer.ends_on) == (TODAY, NEXT.ends_on)
    assert offers.raised(LISTS, "business", paid, TODAY) == raised


def test_a_downgrade_that_is_already_paid_is_taken_back_by_the_difference() -> None:
    paid = [Held(YEAR, "pro"), Held(NEXT, "starter")]
    offer = made(offers.upgrade(LISTS, VAT, "pro", paid, TODAY))
    assert items(offer) == [("upgrade.pro", 1, 18000)]
    assert (offer.starts_on, offer.ends_on) == (NEXT.starts_on, NEXT.ends_on)
    assert offers.raised(LISTS, "pro", paid, TODAY) == (NEXT,)


def test_a_renewal_that_is_paid_for_more_stays_what_it_is() -> None:
    paid = [Held(YEAR, "starter"), Held(NEXT, "business")]
    offer = made(offers.upgrade(LISTS, VAT, "pro", paid, TODAY))
    assert items(offer) == [("upgrade.pro", 1, 4882)]  # 180.00 × 99/365
    assert offers.raised(LISTS, "pro", paid, TODAY) == (YEAR,)


def test_a_term_that_is_over_is_not_upgraded() -> None:
    paid = [Held(YEAR, "starter"), Held(NEXT, "pro")]
    offer = made(offers.upgrade(LISTS, VAT, "business", paid, NEXT.starts_on))
    assert items(offer) == [("upgrade.business", 1, 72000)]
    assert offers.raised(LISTS, "business", paid, NEXT.starts_on) == (NEXT,)


@pytest.mark.parametrize(
    ("held", "new", "today", "expected"),
    [
        ("pro", "none", TODAY, NoOffer.UNKNOWN_EDITION),
        ("starter", "old", TODAY, NoOffer.UNKNOWN_EDITION),  # no longer sold
        ("pro", "business", date(2026, 5, 31), NoOffer.UNKNOWN_EDITION),  # not sold yet
        ("pro", "pro", TODAY, NoOffer.SAME_EDITION),
        ("pro", "starter", TODAY, NoOffer.DOWNGRADE_NOT_SOLD),
        ("imported", "pro", TODAY, NoOffer.NO_LIST_PRICE),
        ("pro", "business", E, None),
        ("pro", "business", E + ONE_DAY, NoOffer.NOTHING_REMAINING),
    ],
)
def test_an_upgrade_that_is_none(held: str, new: str, today: date, expected: NoOffer | None) -> None:
    found = offers.upgrade(LISTS, VAT, new, [Held(YEAR, held)], today)
    assert found is expected if expected else isinstance(found, Offer)


def test_an_edition_that_is_sold_no_more_counts_what_it_cost_last() -> None:
    offer = made(offers.upgrade(LISTS, VAT, "pro", [Held(YEAR, "old")], TODAY))
    assert items(offer) == [("upgrade.pro", 1, 6510)]  # (480.00 − 240.00) × 99/365


def test_an_edition_of_the_same_price_is_an_upgrade_for_nothing() -> None:
    alike = PriceLists((LIST, replace(LATER, editions=(edition("fresh", 24000), *LATER.editions))))
    offer = made(offers.upgrade(alike, VAT, "fresh", [Held(YEAR, "old")], TODAY))
    assert items(offer) == [("upgrade.fresh", 1, 0)]
    assert offer.total == eur(0)
    assert offers.raised(alike, "fresh", [Held(YEAR, "old")], TODAY) == (YEAR,)


def test_nothing_is_raised_to_an_edition_that_nobody_sells() -> None:
    assert offers.raised(LISTS, "none", [Held(YEAR, "pro")], TODAY) == ()


# --- credits -----------------------------------------------------------------------------------------------


def test_a_pack_has_its_price_and_no_dates() -> None:
    offer = made(offers.credits(LATER, TaxTreatment.REVERSE_CHARGE, "5000"))
    assert items(offer) == [("credits.5000", 1, 30000)]
    assert (offer.starts_on, offer.ends_on, offer.total) == (None, None, eur(30000))


@pytest.mark.parametrize("pack", ["", "4999", "1"])
def test_a_pack_that_is_none(pack: str) -> None:
    assert offers.credits(LATER, VAT, pack) is NoOffer.UNKNOWN_PACK
