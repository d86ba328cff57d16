"""Telephone numbers: one form, or none at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kit import phones
from portal.kit.phones import NoPhone


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("02 71040485", "+39 02 7104 0485"),
        ("+39 333 1234567", "+39 333 123 4567"),
        ("0039-333-1234567", "+39 333 123 4567"),
        ("+49 (30) 123456", "+49 30 123456"),
        ("+39 02 7104 0485 ext. 12", "+39 02 7104 0485 ext. 12"),
        ("", NoPhone.FORM),
        ("call me", NoPhone.FORM),
        ("12", NoPhone.LENGTH),
        ("+39 1", NoPhone.FORM),
        ("+999 12345678", NoPhone.COUNTRY),
        ("02" * 150, NoPhone.FORM),
        ("+39 02 7104 0485 ext. 12345678901234567890", NoPhone.LENGTH),  # more than the column holds
    ],
)
def test_a_number_is_kept_as_it_is_dialled_from_abroad(typed: str, kept: str) -> None:
    assert phones.read(typed, "IT") == kept


def test_the_region_is_where_a_number_without_plus_belongs() -> None:
    assert phones.read("030 123456", "DE") == "+49 30 123456"


@given(st.text() | st.from_regex(r"\+?[0-9 ().x-]{1,40}", fullmatch=True))
def test_whatever_is_typed_what_is_kept_fits_and_stays_the_same(typed: str) -> None:
    kept = phones.read(typed, "IT")
    if not isinstance(kept, NoPhone):
        assert len(kept) <= phones.LONGEST
        assert phones.read(kept, "DE") == kept
