"""What is sold, and how it is taxed, in words: the same sentence wherever it is read."""

from datetime import date

import pytest

from portal.billing import words
from portal.kit import texts
from portal.rules.money import Money
from portal.rules.pricing import Line, Offer, TaxTreatment

YEAR = Money(12000, "EUR")


@pytest.mark.parametrize(
    ("line", "english", "italian"),
    [
        (Line("edition.pro", 1, YEAR), "Edition Pro", "Edizione Pro"),
        (Line("edition.pro", 1, YEAR, 12, 12), "Edition Pro, 12 months", "Edizione Pro, 12 mesi"),
        (Line("edition.pro", 1, YEAR, 1, 12), "Edition Pro, 1 month", "Edizione Pro, 1 mese"),
        (Line("upgrade.business", 1, YEAR), "Change to Business", "Passaggio a Business"),
        (
            Line("administrator", 2, YEAR, 99, 365),
            "Additional administrator × 2, 99 of 365 days",
            "Amministratore aggiuntivo × 2, 99 giorni su 365",
        ),
        (
            Line("administrator", 1, YEAR, 365, 365),
            "Additional administrator, 365 days",
            "Amministratore aggiuntivo, 365 giorni",
        ),
        (
            Line("administrator", 1, YEAR, 1, 365),
            "Additional administrator, 1 of 365 days",
            "Amministratore aggiuntivo, 1 giorno su 365",
        ),
        (Line("credits.5000", 1, YEAR), "5,000 SMS credits", "5.000 crediti SMS"),
        (Line("credits.1", 1, YEAR), "1 SMS credit", "1 credito SMS"),
        (Line("credits.large", 3, YEAR), "SMS credits, pack Large × 3", "Crediti SMS, pacchetto Large × 3"),
        (Line("support.premium", 1, YEAR, 6, 12), "Premium support, 6 months", "Assistenza Premium, 6 mesi"),
        (Line("credit", 1, -YEAR), "Part of the amount, given back", "Parte dell’importo, restituita"),
        (Line("something.new", 1, YEAR), "something.new", "something.new"),
    ],
)
def test_a_line_says_what_it_buys(line: Line, english: str, italian: str) -> None:
    with texts.speaking("en"):
        assert words.item_words(line) == english
    with texts.speaking("it"):
        assert words.item_words(line) == italian


@pytest.mark.parametrize(
    ("item", "first", "last", "said"),
    [
        ("edition.pro", "2026-03-01", "2027-02-28", "Edition Pro, 12 months"),
        ("edition.pro", "2027-01-31", "2027-02-27", "Edition Pro, 1 month"),
        ("edition.pro", "2026-03-01", "2027-02-27", "Edition Pro"),
        ("edition.pro", "2026-03-01", "2026-03-01", "Edition Pro"),
        ("administrator", "2026-03-01", "2026-08-31", "Additional administrator, 6 months"),
        ("credits.5000", "2026-03-01", "2027-02-28", "5,000 SMS credits"),
    ],
)
def test_a_whole_term_says_its_months(item: str, first: str, last: str, said: str) -> None:
    line = Line(item, 1, YEAR)
    days = (date.fromisoformat(first), date.fromisoformat(last))
    with texts.speaking("en"):
        assert words.item_words(line, offer=Offer((line,), "EUR", TaxTreatment.ITALIAN_VAT, *days)) == said
        assert words.item_words(line, offer=Offer((line,), "EUR", TaxTreatment.ITALIAN_VAT)) == words.item_words(line)


def test_the_price_list_names_its_editions() -> None:
    with texts.speaking("en"):
        assert words.item_words(Line("edition.pro", 1, YEAR), {"pro": "Professional 2026"}) == (
            "Edition Professional 2026"
        )


@pytest.mark.parametrize(
    ("line", "formula"),
    [
        (Line("administrator", 1, YEAR, 99, 365), "€120.00 × 99/365"),
        (Line("administrator", 2, YEAR, 99, 365), "2 × €120.00 × 99/365"),
        (Line("edition.pro", 1, YEAR, 12, 12), "€120.00"),
        (Line("credits.5000", 3, Money(4999, "EUR")), "3 × €49.99"),
        (Line("administrator", 2, -YEAR, 99, 365), "2 × -€120.00 × 99/365"),
    ],
)
def test_the_formula_shows_how_the_amount_is_made(line: Line, formula: str) -> None:
    with texts.speaking("en"):
        assert words.formula_words(line) == formula


def test_the_formula_is_written_in_the_language_of_the_reader() -> None:
    with texts.speaking("it"):
        assert words.formula_words(Line("administrator", 1, YEAR, 99, 365)) == "120,00\xa0€ × 99/365"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_treatment_says_what_the_law_wants(language: str) -> None:
    with texts.speaking(language):
        assert "22" in words.tax_label(TaxTreatment.ITALIAN_VAT)
        assert words.tax_note(TaxTreatment.ITALIAN_VAT) == ""
        assert "7-ter" in words.tax_note(TaxTreatment.REVERSE_CHARGE)
        assert "196" in words.tax_note(TaxTreatment.REVERSE_CHARGE)
        assert "7-ter" in words.tax_note(TaxTreatment.OUTSIDE_EU)
        assert "196" not in words.tax_note(TaxTreatment.OUTSIDE_EU)
