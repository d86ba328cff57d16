"""Drafts: what was typed when the session ended, for the same person, for a day, and never a secret."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.accounts import drafts
from portal.accounts.drafts import LONGEST
from portal.rules import terms
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
PATH = "/profile"


def save(house: House, person: int, fields: dict[str, str], path: str = PATH, at: datetime = START) -> bool:
    with house.parts.database.write() as db:
        return drafts.save(db, person, path, fields, at=at)


def find(house: House, person: int, path: str = PATH, at: datetime = START) -> dict[str, str] | None:
    with house.parts.database.read() as db:
        return drafts.find(db, person, path, at=at)


@both_databases
def test_what_was_typed_comes_back_as_it_was(house: House) -> None:
    person = house.person("m1234").id
    typed = {"full_name": "Anna\x00 \U0001f600 \u00e8\r\n<b>", "language": "it", "note": ""}
    assert save(house, person, typed)
    assert find(house, person) == typed


def test_only_the_same_person_sees_it_and_only_in_the_same_form(house: House) -> None:
    anna, marco = house.person("m1234").id, house.person("m1234-marco").id
    save(house, anna, {"full_name": "Anna"})
    assert find(house, marco) is None
    assert find(house, anna, "/another") is None


@both_databases
def test_a_newer_draft_replaces_the_earlier_one(house: House) -> None:
    person = house.person("m1234").id
    save(house, person, {"a": "first", "b": "only in the first"})
    later = START + timedelta(hours=23)
    save(house, person, {"a": "second"}, at=later)
    assert find(house, person, at=START + terms.DRAFT_LIFE + TICK) == {"a": "second"}


@both_databases
def test_two_tabs_that_save_at_once_both_succeed(house: House) -> None:
    person = house.person("m1234").id
    assert together(lambda number: save(house, person, {"tab": str(number)}), 4) == [True] * 4
    assert find(house, person) is not None


@pytest.mark.parametrize(("after", "kept"), [(terms.DRAFT_LIFE - TICK, True), (terms.DRAFT_LIFE, False)])
def test_a_draft_waits_a_day(house: House, after: timedelta, kept: bool) -> None:
    person = house.person("m1234").id
    save(house, person, {"full_name": "Anna"})
    assert (find(house, person, at=START + after) is not None) is kept


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "password_again",
        "current_password",
        "PASSWORD",
        "newPassword",
        "csrf_token",
        "token",
        "client_secret",
        "pin",
        "support_pin",
        "pin-again",
        "otp",
        "code",
        "second_factor_code",
        "recovery_code",
    ],
)
def test_a_secret_is_never_kept(house: House, name: str) -> None:
    person = house.person("m1234").id
    assert save(house, person, {name: "hidden", "full_name": "Anna"})
    assert find(house, person) == {"full_name": "Anna"}


@pytest.mark.parametrize(
    "name", ["postcode", "tax_code", "recipient_code", "country_code", "shipping_address", "opinion", "barcode"]
)
def test_what_only_sounds_like_a_secret_is_not_lost(house: House, name: str) -> None:
    person = house.person("m1234").id
    assert save(house, person, {name: "00185"})
    assert find(house, person) == {name: "00185"}


@pytest.mark.parametrize("fields", [{}, {"full_name": "", "note": ""}, {"password": "only a secret"}])
def test_nothing_worth_keeping_is_not_kept(house: House, fields: dict[str, str]) -> None:
    person = house.person("m1234").id
    assert not save(house, person, fields)
    assert find(house, person) is None


@pytest.mark.parametrize(("length", "kept"), [(LONGEST, True), (LONGEST + 1, False)])
def test_more_than_a_person_types_is_not_kept(house: House, length: int, kept: bool) -> None:
    person = house.person("m1234").id
    assert save(house, person, {"a": "x" * (length - 10), "b": "y" * 10}) is kept


def test_a_draft_that_was_too_long_leaves_the_earlier_one(house: House) -> None:
    person = house.person("m1234").id
    save(house, person, {"a": "earlier"})
    assert not save(house, person, {"a": "x" * (LONGEST + 1)})
    assert find(house, person) == {"a": "earlier"}


@pytest.mark.parametrize(("length", "kept"), [(200, True), (201, False)])
def test_a_path_that_no_page_has_is_not_kept(house: House, length: int, kept: bool) -> None:
    assert save(house, house.person("m1234").id, {"a": "b"}, path="/" * length) is kept


def test_a_draft_is_gone_once_discarded(house: House) -> None:
    person = house.person("m1234").id
    save(house, person, {"a": "b"})
    with house.parts.database.write() as db:
        drafts.discard(db, person, PATH)
    assert find(house, person) is None
