"""The numbers of a customer: good ones come out compact, bad ones with the reason."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban as ibans
from stdnum import luhn
from stdnum.it import codicefiscale

from portal.billing import checks, numbers
from portal.billing.numbers import Wrong
from portal.kit.texts import LANGUAGES
from portal.rules.countries import COUNTRIES, PROVINCES
from portal.rules.pricing import EU_COUNTRIES

# One number of each country whose numbers are checked, as people write it, and as it is kept.
VAT = {
    "AT": ("ATU 13585627", "U13585627"),
    "BE": ("BE 0428.759.497", "0428759497"),
    "BG": ("BG175074752", "175074752"),
    "CH": ("CHE-107.787.577 IVA", "CHE107787577"),
    "CY": ("CY-10259033P", "10259033P"),
    "CZ": ("CZ 25123891", "25123891"),
    "DE": ("DE 136 695 976", "136695976"),
    "DK": ("DK 13585628", "13585628"),
    "EE": ("EE100594102", "100594102"),
    "ES": ("ES B-58378431", "B58378431"),
    "FI": ("FI 20774740", "20774740"),
    "FR": ("FR 40 303 265 045", "40303265045"),
    "GB": ("GB 980 7806 84", "980780684"),
    "GR": ("EL 094259216", "094259216"),
    "HR": ("HR 33392005961", "33392005961"),
    "HU": ("HU-12892312", "12892312"),
    "IE": ("IE 6433435F", "6433435F"),
    "IT": ("IT 00743110157", "00743110157"),
    "LT": ("LT 119511515", "119511515"),
    "LU": ("LU 150 274 42", "15027442"),
    "LV": ("LV 4000 3521 600", "40003521600"),
    "MT": ("MT 1167-9112", "11679112"),
    "NL": ("NL 4495445B01", "004495445B01"),
    "PL": ("PL 856-734-62-15", "8567346215"),
    "PT": ("PT 501 964 843", "501964843"),
    "RO": ("RO 18547290", "18547290"),
    "SE": ("SE 123456789701", "123456789701"),
    "SI": ("SI 5022 3054", "50223054"),
    "SK": ("SK 202 274 96 19", "2022749619"),
}


def omocodia(code: str, *places: int) -> str:
    """The same tax code with letters in place of some digits, as the tax office gives it to a second person."""
    letters = list(code[:15])
    for place in places:
        letters[place] = "LMNPQRSTUV"[int(letters[place])]
    return "".join(letters) + codicefiscale.calc_check_digit("".join(letters))


def italian(first_ten: str) -> str:
    return first_ten + luhn.calc_check_digit(first_ten)


# --- VAT numbers -----------------------------------------------------------------------------------------------------


def test_the_table_has_every_country_that_is_checked() -> None:
    assert set(VAT) == EU_COUNTRIES | {"GB", "CH"} == numbers.CHECKED_VAT


@pytest.mark.parametrize("country", VAT)
def test_a_vat_number_is_kept_compact_and_without_letters_however_it_is_written(country: str) -> None:
    written, kept = VAT[country]
    letters = numbers.vat_letters(country)
    for typed in (written, written.lower(), kept, letters + kept, f"{letters} {kept}", ".".join(kept)):
        assert numbers.vat_number(country, typed) == kept


@pytest.mark.parametrize("country", sorted(set(VAT) - {"CY", "IE", "AT", "ES", "NL", "BG"}))
def test_another_last_digit_is_a_slip(country: str) -> None:
    """But for the countries whose last character is a letter, or whose numbers come in several kinds."""
    kept = VAT[country][1]
    other = kept[:-1] + str((int(kept[-1]) + 1) % 10)
    assert isinstance(numbers.vat_number(country, other), Wrong)


@pytest.mark.parametrize("country", VAT)
def test_a_number_of_another_country_is_told_as_such(country: str) -> None:
    other = "IT" if country != "IT" else "DE"
    typed = numbers.vat_letters(other) + VAT[other][1]
    assert numbers.vat_number(country, typed) is Wrong.COUNTRY


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (italian("1234567078"), None),
        (italian("1234567078")[:-1] + "6", Wrong.CHECK),
        (italian("1234567078")[:-1], Wrong.LENGTH),
        (italian("1234567078") + "0", Wrong.LENGTH),
        ("1234567O785", Wrong.FORM),  # the letter O
        ("١٢٣٤٥٦٧٠٧٨٥", Wrong.FORM),  # digits, but not ours
        (italian("0000000010"), Wrong.FORM),
        (italian("1234567101"), Wrong.UNKNOWN),  # 101: no such office
        (italian("1234567100"), None),
        ("IT", Wrong.FORM),
    ],
)
def test_italian_vat_numbers(typed: str, why: Wrong | None) -> None:
    assert numbers.vat_number("IT", typed) == (why or typed)


def test_greece_is_el_or_gr_and_northern_ireland_xi_or_gb() -> None:
    assert {numbers.vat_number("GR", letters + "094259216") for letters in ("EL", "GR", "")} == {"094259216"}
    assert {numbers.vat_number("GB", letters + "980780684") for letters in ("XI", "GB", "")} == {"980780684"}
    assert (numbers.vat_letters("GR"), numbers.vat_letters("GB")) == ("EL", "GB")


def test_a_swiss_number_keeps_its_letters_and_loses_the_name_of_the_tax() -> None:
    written = ("CHE-107.787.577", "CHE107787577 MWST", "che 107 787 577 tva", "107.787.577", "CHE-107.787.577 TPV")
    assert {numbers.vat_number("CH", typed) for typed in written} == {"CHE107787577"}
    assert numbers.vat_number("CH", "CHE-107.787.578") is Wrong.CHECK
    assert numbers.vat_letters("CH") == ""


@pytest.mark.parametrize("country", ["US", "SM", "NO", "JP"])
def test_elsewhere_any_short_text_is_a_vat_number(country: str) -> None:
    assert numbers.vat_number(country, "12-3456789 ab") == "12-3456789 ab"
    assert numbers.vat_number(country, "x" * 20) == "x" * 20
    assert numbers.vat_number(country, "x" * 21) is Wrong.TOO_LONG
    assert numbers.vat_letters(country) == ""


# --- tax code, recipient code, postcode ------------------------------------------------------------------------------

ROSSI = "RSSMRA85T10A562S"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (ROSSI, ROSSI),
        ("rss mra 85t10 a562s", ROSSI),
        (omocodia(ROSSI, 14), omocodia(ROSSI, 14)),
        (omocodia(ROSSI, 6, 7, 9, 10, 12, 13, 14), omocodia(ROSSI, 6, 7, 9, 10, 12, 13, 14)),
        ("97103880585", "97103880585"),  # an association: 11 digits, no VAT number
        (ROSSI[:-1] + "T", Wrong.CHECK),
        (ROSSI[:-1], Wrong.LENGTH),
        (ROSSI + "S", Wrong.LENGTH),
        ("9710388058", Wrong.LENGTH),
        ("97103880586", Wrong.CHECK),
        ("RSSMRA85F10A562S", Wrong.FORM),  # F is no month
        ("RSSMRA85D31A562" + codicefiscale.calc_check_digit("RSSMRA85D31A562"), Wrong.UNKNOWN),  # 31 April
        ("RSSMRA85T10A56é2", Wrong.FORM),
        ("", Wrong.LENGTH),
    ],
)
def test_italian_tax_codes(typed: str, kept: str) -> None:
    assert numbers.tax_code(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("abc1234", "ABC1234"),
        (" M5UX CR1 ", "M5UXCR1"),
        ("0000000", "0000000"),
        ("ABC123", Wrong.LENGTH),
        ("ABC12345", Wrong.LENGTH),
        ("ABC12*4", Wrong.FORM),
        ("ABC12é4", Wrong.FORM),
    ],
)
def test_recipient_codes(typed: str, kept: str) -> None:
    assert numbers.recipient_code(typed) == kept


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("IT", "20121", "20121"),
        ("IT", "00010", "00010"),
        ("IT", "I-20121", "20121"),
        ("IT", "2012", Wrong.LENGTH),
        ("IT", "201210", Wrong.LENGTH),
        ("IT", "2012A", Wrong.FORM),
        ("IT", "２０１２１", Wrong.FORM),
        ("NL", "1017ba", "1017 BA"),
        ("NL", "0017 BA", Wrong.FORM),
        ("AT", "1010", "1010"),
        ("AT", "101", Wrong.LENGTH),
        ("ES", "28001", "28001"),
        ("ES", "53001", Wrong.UNKNOWN),
        ("SE", "114 18", "11418"),
        ("SE", "1141", Wrong.LENGTH),
        ("DE", "10115", "10115"),
        ("GB", "SW1A 1AA", "SW1A 1AA"),
        ("HK", "00000", "00000"),
        ("US", "x" * 16, "x" * 16),
        ("US", "x" * 17, Wrong.TOO_LONG),
    ],
)
def test_postcodes(country: str, typed: str, kept: str) -> None:
    assert numbers.postcode(country, typed) == kept


# --- telephone, e-mail, IBAN -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("IT", "02 1234 5678", "+39 02 1234 5678"),
        ("IT", "347/1234567", "+39 347 123 4567"),
        ("IT", "0049 30 123456", "+49 30 123456"),
        ("IT", "+44 20 7946 0958", "+44 20 7946 0958"),
        ("DE", "030 123456", "+49 30 123456"),
        ("IT", "12", Wrong.LENGTH),
        ("IT", "347 1234567 89 0123", Wrong.LENGTH),
        ("IT", "247 1234567", Wrong.UNKNOWN),
        ("IT", "02 1234 5678 ext. 5", "+39 02 1234 5678 ext. 5"),
        ("IT", "call me", Wrong.FORM),
        ("IT", "+999 12345678", Wrong.COUNTRY),
        ("AQ", "12345678", Wrong.COUNTRY),  # nobody's numbering plan
    ],
)
def test_telephone_numbers(country: str, typed: str, kept: str) -> None:
    assert numbers.phone(country, typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Anna@Example.COM", "Anna@example.com"),
        ("a.b+invoices@pec.example.com", "a.b+invoices@pec.example.com"),
        ("x" * 242 + "@example.com", "x" * 242 + "@example.com"),  # 254 characters
        ("x" * 243 + "@example.com", Wrong.FORM),
        ("anna@", Wrong.FORM),
        ("anna example.com", Wrong.FORM),
        ("a@example.com,b@example.com", Wrong.FORM),
    ],
)
def test_addresses_of_mail(typed: str, kept: str) -> None:
    assert numbers.email(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("IT60 X054 2811 1010 0000 0123 456", "IT60X0542811101000000123456"),
        ("it60x0542811101000000123456", "IT60X0542811101000000123456"),
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819"),
        ("NO93 8601 1117 947", "NO9386011117947"),  # the shortest
        ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "MT84MALT011000012345MTLCAST001S"),
        ("IT61 X054 2811 1010 0000 0123 456", Wrong.CHECK),
        ("IT60 X054 2811 1010 0000 0123 465", Wrong.CHECK),  # two digits changed places
        ("IT60 X054 2811 1010 0000 0123 45", Wrong.LENGTH),
        ("IT60 X054 2811 1010 0000 0123 4567", Wrong.LENGTH),
        ("US12 3456 7890", Wrong.COUNTRY),
        ("XX89 3704 0044 0532 0130 00", Wrong.COUNTRY),
        ("12345", Wrong.COUNTRY),
        ("IT", Wrong.LENGTH),
        ("- -", Wrong.COUNTRY),
        ("IT60 X054 ?", Wrong.FORM),
    ],
)
def test_ibans(typed: str, kept: str) -> None:
    assert numbers.iban(typed) == kept


def test_letters_where_digits_stand_are_told_even_with_check_digits_that_fit() -> None:
    account = "DE00" + "A" * 18
    assert numbers.iban("DE" + ibans.calc_check_digits(account) + "A" * 18) is Wrong.FORM


@pytest.mark.parametrize(("country", "length"), [("IT", 27), ("NO", 15), ("MT", 31), ("US", None), ("", None)])
def test_how_long_an_iban_is(country: str, length: int | None) -> None:
    assert numbers.iban_length(country) == length


def test_a_masked_iban_shows_its_country_and_its_end() -> None:
    assert numbers.masked("IT60X0542811101000000123456") == "IT ··· 3456"


# --- all of them -----------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=40) | st.text("0123456789ABCDEFITELGXU .-+*", max_size=30)
EACH = (numbers.vat_number, numbers.postcode, numbers.phone)
ALONE = (numbers.tax_code, numbers.recipient_code, numbers.email, numbers.iban)


@given(typed=TEXTS, country=st.sampled_from(sorted(COUNTRIES)))
def test_whatever_is_typed_a_rule_answers_and_takes_its_own_answer_again(typed: str, country: str) -> None:
    one_line = " ".join(typed.split())
    if not one_line or not one_line.isprintable():
        return
    rules = [lambda text, rule=rule: rule(country, text) for rule in EACH] + list(ALONE)
    for rule in rules:
        found = rule(one_line)
        assert isinstance(found, Wrong) or rule(found) == found


@given(country=st.sampled_from(sorted(VAT)), digits=st.text("0123456789", min_size=7, max_size=13))
def test_whatever_a_checked_country_takes_fits_its_column(country: str, digits: str) -> None:
    found = numbers.vat_number(country, digits)
    assert isinstance(found, Wrong) or (len(found) <= 20 and numbers.vat_number(country, found) == found)


def test_every_country_has_a_name_in_every_language_and_italy_is_one() -> None:
    assert len(COUNTRIES) == 249
    assert {"IT", "SM", "VA", "GB", "GR"} < COUNTRIES
    assert not {"XI", "EL", "UK", "XK", "EU", "ZZ"} & COUNTRIES
    for locale in LANGUAGES.values():
        assert not [code for code in COUNTRIES if code not in locale.territories]


def test_the_provinces() -> None:
    assert len(PROVINCES) == 107 + 4  # and those of Sardinia that have come back
    assert {"MI", "RM", "NA", "BZ", "AO", "SU", "OG"} < PROVINCES
    assert not {"XX", "IT", "FO", "PS"} & PROVINCES  # Forlì and Pesaro have had other letters since 1999


def test_the_examples_of_the_docstrings_are_true() -> None:
    for module in (numbers, checks):
        result = doctest.testmod(module)
        assert (result.failed, result.attempted > 0) == (0, True)
