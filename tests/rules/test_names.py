"""User names and folded e-mail addresses: what is one, what merely looks like one."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules.names import BadName, UserName, first_user_name, fold_email, looks_like_email, new_user_name, parse
from portal.rules.terms import PLATFORM_DIGITS, SUFFIX_LENGTH

LONGEST_SUFFIX = "a" * SUFFIX_LENGTH


@pytest.mark.parametrize(
    ("typed", "folded", "platform_id", "suffix"),
    [
        ("m1234", "m1234", 1234, None),
        ("M1234", "m1234", 1234, None),
        (" m1234\t\n", "m1234", 1234, None),
        ("\u00a0m1234\u2003", "m1234", 1234, None),  # blanks that come with pasted text
        ("m1234-anna", "m1234-anna", 1234, "anna"),
        ("M1234-ANNA", "m1234-anna", 1234, "anna"),
        ("m1-a.b_c-d", "m1-a.b_c-d", 1, "a.b_c-d"),
        ("m1-0", "m1-0", 1, "0"),
        ("m1-a-", "m1-a-", 1, "a-"),
        ("m0", "m0", 0, None),
        ("m0001", "m0001", 1, None),
        ("m" + "9" * PLATFORM_DIGITS, "m" + "9" * PLATFORM_DIGITS, 999_999_999, None),
        ("m1-" + LONGEST_SUFFIX, "m1-" + LONGEST_SUFFIX, 1, LONGEST_SUFFIX),
    ],
)
def test_a_user_name_is_read_whatever_its_case_and_the_blanks_around_it(
    typed: str, folded: str, platform_id: int, suffix: str | None
) -> None:
    assert parse(typed) == UserName(folded, platform_id, suffix)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", BadName.EMPTY),
        ("  \t", BadName.EMPTY),
        ("anna@example.it", BadName.EMAIL),
        ("m1234@", BadName.EMAIL),
        ("m", BadName.FORM),
        ("1234", BadName.FORM),
        ("n1234", BadName.FORM),
        ("m 1234", BadName.FORM),
        ("m1234-", BadName.FORM),
        ("m1234-.anna", BadName.FORM),
        ("m1234-_anna", BadName.FORM),
        ("m1234--anna", BadName.FORM),
        ("m1234_anna", BadName.FORM),
        ("m1234-an na", BadName.FORM),
        ("m1234-anna!", BadName.FORM),
        ("m-1", BadName.FORM),
        ("m+1", BadName.FORM),
        ("m1_2", BadName.FORM),
        ("m12\x00", BadName.FORM),
        ("m12\x003", BadName.FORM),
        ("m12\nm13", BadName.FORM),
        ("m" + "9" * (PLATFORM_DIGITS + 1), BadName.FORM),
        ("m1-" + LONGEST_SUFFIX + "a", BadName.FORM),
        ("m1-mi\u212ae", BadName.NOT_ASCII),  # Kelvin sign lower-cases to k
        ("m1-\u0131da", BadName.NOT_ASCII),  # dotless i upper-cases to I
        ("m1-\u0130da", BadName.NOT_ASCII),
        ("m1-\u017fara", BadName.NOT_ASCII),  # long s upper-cases to S
        ("m\u0661\u0662", BadName.NOT_ASCII),  # Arabic digits match \\d
        ("m\u00b2", BadName.NOT_ASCII),
        ("\uff4d1234", BadName.NOT_ASCII),  # full-width m
        ("m\uff11", BadName.NOT_ASCII),
        ("\u043c1234", BadName.NOT_ASCII),  # Cyrillic em
        ("m1234\u200b", BadName.NOT_ASCII),  # zero-width space is no blank
        ("m1234\udc80", BadName.NOT_ASCII),
        ("m1\u20113", BadName.NOT_ASCII),
    ],
)
def test_what_is_not_a_user_name_is_refused_with_its_reason(typed: str, reason: BadName) -> None:
    assert parse(typed) is reason


def test_a_name_with_leading_zeros_is_another_name_than_the_one_without() -> None:
    read = parse("m0001")
    assert isinstance(read, UserName)
    assert read.platform_id == first_user_name(1).platform_id
    assert read.folded != first_user_name(1).folded


@pytest.mark.parametrize(
    ("text", "platform_id", "expected"),
    [
        ("m1234", 1234, UserName("m1234", 1234, None)),
        ("M1234-Anna", 1234, UserName("m1234-anna", 1234, "anna")),
        ("m0000007", 7, UserName("m0000007", 7, None)),
        ("M007-Anna", 7, UserName("m007-anna", 7, "anna")),
        ("m0000007", 8, BadName.OTHER_PLATFORM),
        ("m70", 7, BadName.OTHER_PLATFORM),
        ("m0", 7, BadName.OTHER_PLATFORM),
        ("m12345-anna", 1234, BadName.OTHER_PLATFORM),
        ("m123-anna", 1234, BadName.OTHER_PLATFORM),
        ("anna", 1234, BadName.FORM),
    ],
)
def test_a_new_name_carries_the_number_of_its_platform(
    text: str, platform_id: int, expected: UserName | BadName
) -> None:
    assert new_user_name(text, platform_id) == expected


@pytest.mark.parametrize("platform_id", [-1, 0, 10**PLATFORM_DIGITS])
def test_no_name_is_made_for_a_number_that_no_platform_has(platform_id: int) -> None:
    with pytest.raises(ValueError, match="platform ID"):
        first_user_name(platform_id)
    with pytest.raises(ValueError, match="platform ID"):
        new_user_name(f"m{platform_id}", platform_id)


@given(st.integers(1, 10**PLATFORM_DIGITS - 1))
@settings(max_examples=50)
def test_the_first_name_of_every_platform_reads_back_as_itself(platform_id: int) -> None:
    name = first_user_name(platform_id)
    assert parse(name.folded.upper()) == name


@given(st.text(max_size=50))
@settings(max_examples=200)
def test_whatever_is_typed_gives_a_name_in_ascii_or_a_reason(typed: str) -> None:
    read = parse(typed)
    if isinstance(read, UserName):
        assert read.folded.isascii()
        assert parse(read.folded) == read
        assert typed.strip().isascii()


def test_an_e_mail_is_known_by_its_at_sign() -> None:
    assert looks_like_email("anna@example.it")
    assert looks_like_email(" @")
    assert not looks_like_email("m1234-anna")


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("anna@example.it", "anna@example.it"),
        (" Anna@EXAMPLE.it\r\n", "anna@example.it"),
        ("Anna+News@Example.It", "anna+news@example.it"),
        ("mu\u0308ller@example.de", "m\u00fcller@example.de"),
        ("m\u00fcller@example.de", "m\u00fcller@example.de"),
        ("M\u00dcLLER@example.de", "m\u00dcller@example.de"),  # only ASCII letters are folded
        ("H\u0331a@example.it", "\u1e96a@example.it"),
        ("mi\u212ae@Example.it", "mi\u212ae@example.it"),
        ("i\u0131@example.it", "i\u0131@example.it"),
        ("\uff41nna@example.it", "\uff41nna@example.it"),
        ("an\x00na@example.it", "an\ufffdna@example.it"),
        ("an\ud800na@example.it", "an\ufffdna@example.it"),
        ("", ""),
    ],
)
def test_an_address_is_looked_up_in_one_form(typed: str, folded: str) -> None:
    assert fold_email(typed) == folded


def test_no_look_alike_ever_folds_to_an_ascii_address() -> None:
    for code in range(0x80, sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.normalize("NFC", character).isascii():
            assert not fold_email(f"a{character}b@c").isascii(), hex(code)


@given(st.text(st.one_of(st.characters(), st.sampled_from("AaHhKk\u212a\u0331\u0308\u0301")), max_size=20))
@settings(max_examples=300)
def test_folding_an_address_twice_changes_nothing(typed: str) -> None:
    folded = fold_email(typed)
    assert fold_email(folded) == folded
    folded.encode()
