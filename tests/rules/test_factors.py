"""Second factors: which codes count when, how they are typed, and what cannot be taken off."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.factors import (
    ALPHABET,
    Factor,
    Factors,
    Kept,
    meant_by,
    needs_factor,
    read_code,
    read_recovery_code,
    removal_refused,
    steps,
    write_recovery_code,
)
from portal.rules.terms import (
    CODE_DIGITS,
    CODE_PERIOD,
    CODE_TOLERANCE,
    PASSWORD_MIN,
    RECOVERY_CODE_LENGTH,
)
from tests.rules.instants import INSTANTS, TICK

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)  # a whole number of periods after 1970: a code appears at this instant
STEP = int(TEN.timestamp()) // 30
RECOVERY_CODES = st.text(ALPHABET, min_size=RECOVERY_CODE_LENGTH, max_size=RECOVERY_CODE_LENGTH)
BLANKS = st.sampled_from(["", " ", "-", " - ", "\t", "\u00a0"])


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (TEN - CODE_TOLERANCE - TICK, False),
        (TEN - CODE_TOLERANCE, True),
        (TEN - CODE_TOLERANCE + TICK, True),
        (TEN - TICK, True),
        (TEN, True),
        (TEN + CODE_PERIOD - TICK, True),
        (TEN + CODE_PERIOD, True),
        (TEN + CODE_PERIOD + CODE_TOLERANCE - TICK, True),
        (TEN + CODE_PERIOD + CODE_TOLERANCE, False),
        (TEN + CODE_PERIOD + CODE_TOLERANCE + TICK, False),
    ],
)
def test_a_code_counts_from_ten_seconds_before_its_thirty_until_ten_after(at: datetime, counts: bool) -> None:
    assert (STEP in steps(at)) is counts


@pytest.mark.parametrize(
    ("second", "counting"),
    [(0, [-1, 0]), (9.999999, [-1, 0]), (10, [0]), (19.999999, [0]), (20, [0, 1]), (29.999999, [0, 1]), (30, [0, 1])],
)
def test_near_a_change_two_codes_count_and_else_one(second: float, counting: list[int]) -> None:
    assert list(steps(TEN + timedelta(seconds=second))) == [STEP + number for number in counting]


@given(at=INSTANTS)
def test_the_code_shown_now_always_counts_and_never_more_than_two_do(at: datetime) -> None:
    counting = steps(at)
    assert (at - datetime(1970, 1, 1, tzinfo=UTC)) // CODE_PERIOD in counting
    assert 1 <= len(counting) <= 2


@given(at=INSTANTS, later=st.timedeltas(timedelta(0), timedelta(days=1)))
def test_a_code_that_has_passed_never_counts_again(at: datetime, later: timedelta) -> None:
    assert steps(at + later)[0] >= steps(at)[0]


@given(at=INSTANTS)
def test_codes_count_by_the_instant_and_not_by_the_zone_it_is_written_in(at: datetime) -> None:
    assert steps(at.astimezone(ZoneInfo("Asia/Kathmandu"))) == steps(at)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", "123456"),
        ("000000", "000000"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("123\u00a0456\n", "123456"),  # as some apps copy it
        ("12345", None),
        ("1234567", None),
        ("", None),
        ("12345a", None),
        ("+12345", None),
        ("1234.6", None),
        ("１２３４５６", None),
        ("١٢٣٤٥٦", None),
        ("12345²", None),
        ("abcde-fgh23", None),
    ],
)
def test_a_code_is_six_digits_however_they_are_grouped(typed: str, read: str | None) -> None:
    assert read_code(typed) == read
    assert read is None or len(read) == CODE_DIGITS


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("abcde-fgh23", "abcdefgh23"),
        ("ABCDE-FGH23", "abcdefgh23"),
        ("  abcde fgh23", "abcdefgh23"),
        ("abcdefgh23", "abcdefgh23"),
        ("abcde\u00a0fgh23", "abcdefgh23"),
        ("2345678923", "2345678923"),
        ("abcdefgh2", None),
        ("abcdefgh234", None),
        ("abcdefgh20", None),  # what looks alike is no character of a code
        ("abcdefgh2o", None),
        ("abcdefgh21", None),
        ("abcdefgh2l", None),
        ("abcdefgh2i", None),
        ("\u212abcdefgh2", None),  # the sign of the kelvin, whose small letter is a k
        ("abcdefgh2\u212a", None),
        ("", None),
        ("-----", None),
        ("123456", None),
    ],
)
def test_a_recovery_code_is_read_however_it_is_typed(typed: str, read: str | None) -> None:
    assert read_recovery_code(typed) == read


@given(code=RECOVERY_CODES, blanks=st.lists(BLANKS, min_size=RECOVERY_CODE_LENGTH, max_size=RECOVERY_CODE_LENGTH))
def test_blanks_hyphens_and_capitals_change_no_recovery_code(code: str, blanks: list[str]) -> None:
    typed = "".join(character + blank for character, blank in zip(code, blanks, strict=True))
    assert read_recovery_code(typed) == code
    assert read_recovery_code(typed.upper()) == code


@given(code=RECOVERY_CODES)
def test_a_recovery_code_is_read_as_it_is_shown(code: str) -> None:
    assert read_recovery_code(write_recovery_code(code)) == code


@given(typed=st.text())
def test_whatever_is_typed_is_a_code_of_one_kind_at_most(typed: str) -> None:
    app, recovery = read_code(typed), read_recovery_code(typed)
    assert app is None or recovery is None
    assert app is None or (len(app) == CODE_DIGITS and set(app) <= set("0123456789"))
    assert recovery is None or (len(recovery) == RECOVERY_CODE_LENGTH and set(recovery) <= set(ALPHABET))
    assert meant_by(typed) is (Factor.APP if app else Factor.RECOVERY_CODE if recovery else None)


def test_a_recovery_code_cannot_be_guessed() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 31
    assert len(ALPHABET) ** RECOVERY_CODE_LENGTH > 2**49


@pytest.mark.parametrize(
    ("has", "any_factor"),
    [
        (Factors(), False),
        (Factors(codes=10), False),  # codes stand in for a factor, and are none
        (Factors(app=True), True),
        (Factors(passkeys=1), True),
        (Factors(app=True, passkeys=2, codes=3), True),
    ],
)
def test_an_app_or_a_passkey_is_a_factor(has: Factors, any_factor: bool) -> None:
    assert has.any is any_factor


@pytest.mark.parametrize(
    ("has", "demanded", "short_password", "kept"),
    [
        (Factors(app=True), False, False, None),
        (Factors(app=True), True, False, Kept.DEMANDED),
        (Factors(app=True), False, True, Kept.SHORT_PASSWORD),
        (Factors(app=True), True, True, Kept.DEMANDED),
        (Factors(app=True, codes=10), True, False, Kept.DEMANDED),  # codes are no factor
        (Factors(passkeys=1), True, False, Kept.DEMANDED),
        (Factors(passkeys=1), False, True, Kept.SHORT_PASSWORD),
        (Factors(passkeys=2), True, True, None),
        (Factors(app=True, passkeys=1), True, True, None),
    ],
)
def test_the_last_factor_stays_while_something_leans_on_it(
    has: Factors, demanded: bool, short_password: bool, kept: Kept | None
) -> None:
    assert removal_refused(has, demanded=demanded, short_password=short_password) is kept


@given(
    has=st.builds(Factors, app=st.booleans(), passkeys=st.integers(0, 10), codes=st.integers(0, 10)),
    demanded=st.booleans(),
    short_password=st.booleans(),
)
def test_nobody_who_needs_a_factor_is_left_without_one(has: Factors, demanded: bool, short_password: bool) -> None:
    refused = removal_refused(has, demanded=demanded, short_password=short_password)
    left = has.app + has.passkeys - 1
    assert refused is not None or left > 0 or not (demanded or short_password)


@pytest.mark.parametrize(
    ("length", "needs"), [(PASSWORD_MIN - 1, True), (PASSWORD_MIN, False), (PASSWORD_MIN + 1, False)]
)
def test_a_password_shorter_than_one_alone_may_be_needs_a_factor(length: int, needs: bool) -> None:
    assert needs_factor("a" * length) is needs
