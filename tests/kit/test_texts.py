"""Dates and money as people read them, in Italian and English."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.kit import texts

DAY = date(2026, 11, 22)
ROME = ZoneInfo("Europe/Rome")


def both(write: object) -> tuple[str, str]:
    """What is written in Italian and in English, with ordinary blanks."""
    found = []
    for language in ("it", "en"):
        with texts.speaking(language):
            found.append(write().replace("\u00a0", " ").replace("\u202f", " "))  # type: ignore[operator]
    return found[0], found[1]


@pytest.mark.parametrize(
    ("style", "italian", "english"),
    [
        ("long", "22 novembre 2026", "22 November 2026"),
        ("full", "domenica 22 novembre 2026", "Sunday 22 November 2026"),
        ("medium", "22 nov 2026", "22 Nov 2026"),
    ],
)
def test_a_day_is_written_with_its_month_in_words(style: str, italian: str, english: str) -> None:
    written = both(lambda: texts.day(DAY, style))
    assert (written[0], written[1].replace(",", "")) == (italian, english)


def test_the_first_of_a_month_is_a_plain_number() -> None:
    assert both(lambda: texts.day(date(2026, 12, 1))) == ("1 dicembre 2026", "1 December 2026")


def test_a_day_without_its_year() -> None:
    assert both(lambda: texts.day_and_month(DAY)) == ("22 novembre", "22 November")
    assert both(lambda: texts.weekday(DAY)) == ("domenica 22 novembre", "Sunday 22 November")


@pytest.mark.parametrize(
    ("instant", "italian"),
    [
        (datetime(2026, 11, 22, 9, 2, tzinfo=UTC), "22 novembre 2026, 10:02"),
        (datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC), "22 novembre 2026, 23:59"),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), "23 novembre 2026, 00:00"),
        (datetime(2026, 7, 1, 9, 2, tzinfo=UTC), "1 luglio 2026, 11:02"),
    ],
)
def test_an_instant_is_told_in_the_zone_of_the_business(instant: datetime, italian: str) -> None:
    assert both(lambda: texts.moment(instant, ROME))[0] == italian


def test_the_time_of_day_has_24_hours_in_both_languages() -> None:
    evening = datetime(2026, 11, 22, 20, 5, tzinfo=UTC)
    assert both(lambda: texts.clock(evening, ROME)) == ("21:05", "21:05")


@pytest.mark.parametrize(
    ("cents", "italian", "english"),
    [
        (36_600, "366,00 €", "€366.00"),
        (0, "0,00 €", "€0.00"),
        (1, "0,01 €", "€0.01"),
        (3_255, "32,55 €", "€32.55"),
        (-3_255, "-32,55 €", "-€32.55"),
        (123_456_789, "1.234.567,89 €", "€1,234,567.89"),
        (9_007_199_254_740_993, "90.071.992.547.409,93 €", "€90,071,992,547,409.93"),  # beyond what a float holds
    ],
)
def test_money_is_written_to_the_cent(cents: int, italian: str, english: str) -> None:
    assert both(lambda: texts.money(cents, "EUR")) == (italian, english)


def test_a_number_is_grouped_as_the_language_does() -> None:
    assert both(lambda: texts.number(12_480)) == ("12.480", "12,480")


def test_a_forced_language_ends_with_its_block() -> None:
    assert texts.language() == "it"
    with texts.speaking("en"):
        assert texts.language() == "en"
        assert texts.day(DAY) == "22 November 2026"
    assert texts.day(DAY) == "22 novembre 2026"


def test_outside_of_any_page_the_language_is_the_default() -> None:
    assert texts.language() == texts.DEFAULT_LANGUAGE
    assert texts.day(DAY) == "22 novembre 2026"


def test_a_text_without_a_translation_is_what_the_source_says() -> None:
    assert texts.gettext("A sentence that nobody translated %(n)s", n=3) == "A sentence that nobody translated 3"


def test_every_language_has_a_name_of_its_own() -> None:
    assert set(texts.OWN_NAMES) == set(texts.LANGUAGES)


# --- amounts that are typed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "italian", "english"),
    [
        ("1.234,56", 123_456, None),
        ("1,234.56", None, 123_456),
        ("1234,56", 123_456, None),
        (" 1234.56\n", None, 123_456),
        ("0,00", 0, None),
        ("0.01", None, 1),
        ("999.999.999,99", 99_999_999_999, None),
        ("1.000.000.000,00", None, None),
        ("1000000000,00", None, None),
        ("1.234", None, None),
        ("1,234", None, None),
        ("366", None, None),
        ("12,5", None, None),
        ("12,505", None, None),
        ("1.23,45", None, None),
        ("12.34,56", None, None),
        (".234,56", None, None),
        (",56", None, None),
        ("-1,00", None, None),
        ("+1,00", None, None),
        ("1 234,56", None, None),
        ("€ 1,00", None, None),
        ("١,٠٠", None, None),
        ("1e2,00", None, None),
        ("", None, None),
    ],
)
def test_an_amount_is_read_in_the_form_of_the_language_or_not_at_all(
    typed: str, italian: int | None, english: int | None
) -> None:
    for language, cents in (("it", italian), ("en", english)):
        with texts.speaking(language):
            assert texts.read_amount(typed) == cents


@pytest.mark.parametrize("cents", [0, 1, 10, 99, 100, 99_999, 100_000, 123_456, 99_999_999_999])
@pytest.mark.parametrize("language", list(texts.LANGUAGES))
def test_an_amount_that_is_written_is_read_back(language: str, cents: int) -> None:
    with texts.speaking(language):
        assert texts.read_amount(texts.amount(cents)) == cents
