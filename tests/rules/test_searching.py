"""Names to be found by: which words and beginnings find which name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.searching import LAST, LONGEST, WORDS, kept_forms, sought_form

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def finds(typed: str, name: str) -> bool:
    """As a database does it."""
    sought = sought_form(typed)
    return bool(sought) and any(sought <= form <= sought + LAST for form in kept_forms(name))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("marigold", "Marigold srl"),
        ("MARIGOLD", "Marigold srl"),
        ("marigold", "MARIGOLD SRL"),
        ("m", "Marigold srl"),
        ("mari", "Marigold srl"),
        ("marigold s", "Marigold srl"),
        ("srl", "Marigold srl"),
        ("srl marigold", "Marigold srl"),
        ("bianchi anna", "Anna Bianchi"),
        ("rossi figli", "Studio Rossi & Figli"),
        ("caffe", "Caffè Milano"),
        ("caffè", "Caffe Milano"),
        ("caffe\u0300", "Caff\u00e8 Milano"),
        ("muller", "Müller GmbH"),
        ("strasse", "Bäckerei Straße 5"),
        ("istanbul", "\u0130stanbul A.\u015e."),
        ("l'aquila", "Pasta L\u2019Aquila"),
        ("aquila", "Pasta L'Aquila"),
        ("l aquila", "Pasta L'Aquila"),
        ("angelo", "D'Angelo"),
        ("rossi-bianchi", "Rossi Bianchi"),
        ("bianchi", "Rossi-Bianchi"),
        ("bianchi", "Rossi_Bianchi"),
        ("srl", "Rossi S.r.l."),
        ("rossi s.r.l", "Rossi srl"),
        ("s.r.", "Rossi srl"),
        ("S.p.A.", "Ferro SPA"),
        ("ab rossi", "A.B. Rossi"),
        ("rossi", "G.Rossi"),
        ("3", "3M Italia"),
        ("3m", "3M Italia"),
        ("365", "Conto 365"),
        ("36", "Conto 365"),
        ("x", "X"),
        ("e", "Bianchi e figli"),
        ("\ufb01ori", "Fiori"),
        ("hotel", "\u210cotel"),
        ("\u6771\u4eac", "\u6771\u4eac \u5546\u4e8b"),
        ("amazon.it", "Amazon.it"),
        ("100% pasta", "Pasta 100%: 100 pasta"),
    ],
)
def test_a_name_is_found_by(typed: str, name: str) -> None:
    assert finds(typed, name)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("corp", "Megacorp"),
        ("gold", "Marigold srl"),
        ("marigolds", "Marigold srl"),
        ("mari srl", "Marigold srl"),  # only the last word may be a beginning
        ("studio figli", "Studio Rossi Figli"),  # words that do not follow each other
        ("laquila", "L'Aquila"),
        ("65", "Conto 365"),
        ("email", "E-mail per tutti"),
        ("", "Marigold srl"),
        ("  ", "Marigold srl"),
        ("%", "100% Pasta"),
        ("_", "Rossi_Bianchi"),
        ("\\", "A\\B"),
        ("...", "Rossi S.r.l."),
        ("'", "L'Aquila"),
        ("\u0301", "Caffè"),
        ("marigold", ""),
        ("marigold", "*** --- ***"),
    ],
)
def test_a_name_is_not_found_by(typed: str, name: str) -> None:
    assert not finds(typed, name)


def test_a_percent_sign_an_underscore_and_a_backslash_stand_for_nothing_else() -> None:
    assert sought_form("m%d") == "m d"
    assert sought_form("m_d") == "m d"
    assert sought_form("m\\d") == "m d"


@pytest.mark.parametrize(("length", "found"), [(LONGEST - 1, True), (LONGEST, True), (LONGEST + 1, True), (300, True)])
def test_a_long_name_is_found_by_as_much_of_it_as_is_typed(length: int, found: bool) -> None:
    name = "Cooperativa " * 25
    assert finds(name[:length], name) is found


def test_what_is_longer_than_a_form_is_compared_so_far() -> None:
    assert finds("a" * LONGEST + "b", "a" * LONGEST + "c")
    assert not finds("a" * (LONGEST - 1) + "b", "a" * (LONGEST - 1) + "c")


@pytest.mark.parametrize(("place", "found"), [(WORDS - 1, True), (WORDS, True), (WORDS + 1, False)])
def test_a_name_is_found_by_each_of_its_first_words_alone(place: int, found: bool) -> None:
    name = " ".join(f"w{number:02}" for number in range(1, WORDS + 2))
    assert finds(f"w{place:02}", name) is found


def test_a_form_stands_once() -> None:
    assert kept_forms("Duran Duran") == ["duran duran"]


@given(NAMES, st.integers(0, WORDS - 1), st.integers(1, 200))
def test_every_word_of_a_name_and_what_follows_finds_it(name: str, first: int, length: int) -> None:
    words = sought_form(name[:40]).split()
    if first < len(words):
        assert finds(" ".join(words[first:])[:length], name[:40])


@given(NAMES)
def test_forms_fit_into_their_column_and_are_found_by_themselves(name: str) -> None:
    forms = kept_forms(name)
    assert len(forms) <= WORDS
    assert all(0 < len(form) <= LONGEST for form in forms)
    assert all(finds(form, name) for form in forms)


@given(NAMES)
def test_it_does_not_matter_how_accents_are_written(name: str) -> None:
    assert kept_forms(unicodedata.normalize("NFC", name)) == kept_forms(unicodedata.normalize("NFD", name))
