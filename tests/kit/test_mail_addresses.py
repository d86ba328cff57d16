"""E-mail addresses: what is kept, and what is refused."""

import pytest

from portal.kit import mail_addresses


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("anna@example.com", "anna@example.com"),
        ("Anna@EXAMPLE.com", "Anna@example.com"),  # the part before the @ is its server's to read
        ("anna@bücher.example.com", "anna@bücher.example.com"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert mail_addresses.read(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "m1234", "anna@", "anna@example", "a b@example.com", "a@example.com,b@example.com"]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words are the library's
        mail_addresses.read(typed)


def test_an_address_that_many_mail_servers_would_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="before the @-sign"):
        mail_addresses.read("anna-è@example.com")
