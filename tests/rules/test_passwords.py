"""Passwords: long is good, anything goes, common and personal ones are refused with the reason."""

import unicodedata
from collections.abc import Container

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.rules.passwords import (
    Accepted,
    Reason,
    Refused,
    common_passwords,
    judge,
    prepare,
)
from portal.rules.terms import (
    PASSWORD_CONTEXT_WORD_MIN,
    PASSWORD_MAX,
    PASSWORD_MAX_BYTES,
    PASSWORD_MIN,
    PASSWORD_MIN_SECOND_FACTOR,
)

SENTENCE = "la mia gatta dorme sul tetto e sogna "  # 37 characters, no piece of it repeated


def text_of(length: int) -> str:
    """A text of exactly this many characters that no rule but length can refuse."""
    return "".join(chr(0x4E00 + n) for n in range(length))


def anna(
    password: str,
    *,
    username: str = "m1234-anna",
    email: str = "anna.bianchi@example.it",
    company: str = "Rossi Formaggi S.r.l.",
    brand: tuple[str, ...] = ("Portal", "Posta Viva"),
    second_factor: bool = False,
    common: Container[str] = frozenset({"password", "letmein123456789", "passwordpassword1"}),
) -> Accepted | Refused:
    return judge(
        password,
        username=username,
        email=email,
        brand=brand,
        company=company,
        second_factor=second_factor,
        common=common,
    )


def reason(answer: Accepted | Refused) -> Reason | None:
    return answer.reason if isinstance(answer, Refused) else None


def test_the_lengths_are_those_of_the_rules() -> None:
    assert (PASSWORD_MIN, PASSWORD_MIN_SECOND_FACTOR, PASSWORD_MAX, PASSWORD_MAX_BYTES) == (15, 8, 256, 4096)


@pytest.mark.parametrize(
    ("length", "second_factor", "expected"),
    [
        (0, False, Reason.TOO_SHORT),
        (PASSWORD_MIN - 1, False, Reason.TOO_SHORT),
        (PASSWORD_MIN, False, None),
        (PASSWORD_MIN + 1, False, None),
        (PASSWORD_MIN_SECOND_FACTOR - 1, True, Reason.TOO_SHORT),
        (PASSWORD_MIN_SECOND_FACTOR, True, None),
        (PASSWORD_MIN_SECOND_FACTOR, False, Reason.TOO_SHORT),
        (PASSWORD_MAX - 1, False, None),
        (PASSWORD_MAX, False, None),
        (PASSWORD_MAX + 1, False, Reason.TOO_LONG),
        (PASSWORD_MAX + 1, True, Reason.TOO_LONG),
        (10_000_000, False, Reason.TOO_LONG),
    ],
)
def test_length_decides_and_a_second_factor_shortens_it(
    length: int, second_factor: bool, expected: Reason | None
) -> None:
    password = text_of(length) if length < 10_000 else "a" * length
    assert reason(anna(password, second_factor=second_factor)) is expected


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("ﬁ" * 7, Reason.TOO_SHORT),  # a ligature is two characters: 14
        ("ﬁ" * 7 + "\u00e8", None),
        ("e\u0300" + text_of(13), Reason.TOO_SHORT),  # two code points that are one letter: 14
        ("e\u0300" + text_of(14), None),
        ("\ufdfa" * 14 + text_of(4), None),  # 18 characters each: 256
        ("\ufdfa" * 14 + text_of(5), Reason.TOO_LONG),
    ],
)
def test_characters_are_counted_after_normalisation(password: str, expected: Reason | None) -> None:
    assert reason(anna(password)) is expected


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("a" * PASSWORD_MAX_BYTES, None),
        ("a" * (PASSWORD_MAX_BYTES + 1), Reason.TOO_LONG),
        ("\u00e8" * (PASSWORD_MAX_BYTES // 2), None),
        ("\u00e8" * (PASSWORD_MAX_BYTES // 2) + "a", Reason.TOO_LONG),
        ("\ufdfa" * 124, None),  # 33 bytes each once it is normalised: 4092
        ("\ufdfa" * 125, Reason.TOO_LONG),
        ("e\u0300" * (PASSWORD_MAX_BYTES // 3 + 1), Reason.TOO_LONG),  # fewer bytes once it is normalised
        ("abc\ud800", Reason.BROKEN_TEXT),
        ("\udfff", Reason.BROKEN_TEXT),
        ("\U0001f40e", None),
    ],
)
def test_no_hash_ever_chews_on_more_than_four_kilobytes(password: str, expected: Reason | None) -> None:
    assert reason(prepare(password)) is expected


@pytest.mark.parametrize(
    "password",
    [
        SENTENCE,
        "               ",
        "aaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaa b",
        "abcabcabcabcabcab",
        "qwertyuiopasdfg",
        "abcdefghijklmno",
        "lower case only please",
        "NUL \x00 in the middle of it",
        "cavallo\tbatteria\nscala",
        "日本語のパスワードはとても長いです",
        "🐎🔋📎✅🐈🐕🐁🐇🦊🐻🐼🐨🐯🦁🐮",
        "abcdefgh, abcdefgx",
        "m12 is a road in Ireland",
        "I walked 1234 miles",
    ],
)
def test_any_characters_are_welcome(password: str) -> None:
    assert anna(password) == Accepted(unicodedata.normalize("NFKC", password))


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("letmein123456789", Reason.COMMON),
        ("LetMeIn123456789", Reason.COMMON),
        ("ｌｅｔｍｅｉｎ123456789", Reason.COMMON),  # full-width letters
        ("passwordpassword", Reason.COMMON),
        ("PasswordPasswordPa", Reason.COMMON),
        ("password2026!!!!", Reason.COMMON),
        ("1234567 password", Reason.COMMON),
        ("__password_2026_", Reason.COMMON),
        ("pass-word 20262026", None),  # a mark inside
        ("password of anything", None),
        ("password,password,", None),  # a piece that is not on the list
        ("horse password staple", None),
        ("123456789012345", None),  # digits alone have no core
    ],
)
def test_common_ones_are_refused_also_repeated_or_wrapped_in_digits_and_marks(
    password: str, expected: Reason | None
) -> None:
    assert reason(anna(password)) is expected


def test_a_short_password_beside_a_second_factor_is_looked_up_too() -> None:
    assert reason(anna("a1!Kqz7a", second_factor=True)) is None
    assert reason(anna("abcdabcd", second_factor=True)) is None
    assert reason(anna("Password", second_factor=True)) is Reason.COMMON


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("why not M1234 again", Reason.CONTAINS_USER_NAME),
        ("m1234-anna for ever", Reason.CONTAINS_USER_NAME),
        ("write to Anna.Bianchi@Example.it", Reason.CONTAINS_EMAIL),
        ("here is anna.bianchi", None),  # not the whole address
        ("anna bianchi example it", None),  # not as it is written
        ("rossiformaggisrl for ever", Reason.CONTAINS_COMPANY),
        ("i love ROSSI-formaggi, s.r.l.", Reason.CONTAINS_COMPANY),
        ("i love rossi formaggi", None),  # not the whole name
        ("enter the portal now", Reason.CONTAINS_BRAND),
        ("my posta-viva login", Reason.CONTAINS_BRAND),
        ("la posta è viva qui", None),
    ],
)
def test_names_of_the_person_the_company_and_the_service_are_refused(password: str, expected: Reason | None) -> None:
    assert reason(anna(password)) is expected


@pytest.mark.parametrize(
    ("username", "expected"),
    [("m12", None), ("m123", Reason.CONTAINS_USER_NAME), ("m12-anna", None), ("", None)],
)
def test_user_names_shorter_than_four_characters_are_not_looked_for(username: str, expected: Reason | None) -> None:
    assert PASSWORD_CONTEXT_WORD_MIN == 4
    assert reason(anna("the road m12 and m123", username=username)) is expected


def test_a_short_user_name_counts_with_what_follows_its_dash() -> None:
    assert reason(anna("the road m12-anna takes", username="M12-Anna")) is Reason.CONTAINS_USER_NAME


@pytest.mark.parametrize("email", ["info@example.it", "", "@", "a@b"])
def test_only_the_whole_address_counts(email: str) -> None:
    assert reason(anna("information a@b example.it", email=email)) is None


def test_an_address_is_found_whatever_the_case_it_is_kept_in() -> None:
    assert reason(anna("write to anna@example.it", email="Anna@Example.it")) is Reason.CONTAINS_EMAIL


@pytest.mark.parametrize("company", ["", "S.r.l.", "…"])
def test_a_company_without_a_telling_name_refuses_nothing(company: str) -> None:
    assert reason(anna("ibm and other srl and spa", company=company)) is None


def test_a_sharp_s_is_two() -> None:
    assert reason(anna("alles ist gross hier", company="Groß")) is Reason.CONTAINS_COMPANY


@pytest.mark.parametrize(("name", "counts"), [("Acme", True), ("ＡＣＭＥ", True), ("Acm", False), ("A-c m", False)])
def test_names_of_company_and_service_count_from_four_letters(name: str, counts: bool) -> None:
    password = "all about acme and me"
    assert reason(anna(password, company=name)) is (Reason.CONTAINS_COMPANY if counts else None)
    assert reason(anna(password, brand=("Portal", name))) is (Reason.CONTAINS_BRAND if counts else None)


def test_an_answer_never_shows_the_password() -> None:
    assert SENTENCE not in repr(anna(SENTENCE))


def test_the_shipped_list_holds_what_people_really_type() -> None:
    shipped = common_passwords()
    assert len(shipped) > 3_000
    assert {"password", "password1", "12345678", "123456789", "qwertyuiop", "1q2w3e4r5t6y7u8i"} <= shipped
    assert all(len(entry) >= PASSWORD_MIN_SECOND_FACTOR and entry == entry.casefold().strip() for entry in shipped)
    assert not any(entry.startswith("# ") for entry in shipped)
    assert common_passwords() is shipped
    assert reason(anna("Manchester", second_factor=True, common=shipped)) is Reason.COMMON
    assert reason(anna("manchesterunited", common=shipped)) is Reason.COMMON
    assert reason(anna(SENTENCE, common=shipped)) is None


@given(st.text(max_size=300), st.booleans())
@settings(max_examples=150)
def test_what_is_accepted_is_stable_under_preparation(password: str, second_factor: bool) -> None:
    answer = anna(password, second_factor=second_factor)
    if isinstance(answer, Accepted):
        assert prepare(answer.normalised) == answer
        assert prepare(password) == answer
        assert len(answer.normalised) <= PASSWORD_MAX
        answer.normalised.encode()
