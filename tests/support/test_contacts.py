"""Contacts: one address once a kind, fifty at most, and none of another platform."""

import pytest
from sqlalchemy import select

from portal.accounts.queries import Administrator
from portal.kit.audit import events
from portal.rules import terms
from portal.support import actions, queries
from portal.support.actions import Entry, Known, Missing, TooMany
from portal.support.queries import Contact, Kind
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

TECHNICAL = Entry(Kind.TECHNICAL, "Marco Conti", "Marco@Example.com", "+39 02 7104 0485")


def add(house: House, by: Administrator, entry: Entry = TECHNICAL) -> Known | TooMany | None:
    with house.parts.database.write() as db:
        return actions.add(db, by, entry, at=house.clock.now())


def change(house: House, by: Administrator, contact_id: int, entry: Entry) -> Known | Missing | None:
    with house.parts.database.write() as db:
        return actions.change(db, by, contact_id, entry, at=house.clock.now())


def remove(house: House, by: Administrator, contact_id: int) -> Missing | None:
    with house.parts.database.write() as db:
        return actions.remove(db, by, contact_id, at=house.clock.now())


def contacts(house: House, platform_id: int = 1234) -> list[Contact]:
    with house.parts.database.read() as db:
        return [contact for found in queries.contacts_of(db, platform_id).values() for contact in found]


def tags(house: House) -> list[tuple[str, int | None, int | None]]:
    with house.parts.database.read() as db:
        mine = select(events).where(events.c.tag.like("support.%")).order_by(events.c.id)
        return [(row.tag, row.platform_id, row.administrator_id) for row in db.execute(mine)]


@both_databases
def test_a_contact_comes_changes_and_goes_and_each_step_is_on_record(house: House) -> None:
    anna = house.person("m1234")
    assert add(house, anna) is None
    (made,) = contacts(house)
    assert made == Contact(made.id, 1234, Kind.TECHNICAL, "Marco Conti", "Marco@Example.com", "+39 02 7104 0485")
    assert change(house, anna, made.id, Entry(Kind.PRIVACY, "Marco C.", "privacy@example.com")) is None
    (changed,) = contacts(house)
    assert changed == Contact(made.id, 1234, Kind.PRIVACY, "Marco C.", "privacy@example.com", "")
    assert remove(house, anna, made.id) is None
    assert contacts(house) == []
    steps = ["support.contact_added", "support.contact_changed", "support.contact_removed"]
    assert tags(house) == [(step, 1234, anna.id) for step in steps]


def test_the_list_has_every_kind_and_the_names_in_order(house: House) -> None:
    anna = house.person("m1234")
    for name in ("Zeno", "Ada", "Marco"):
        add(house, anna, Entry(Kind.CAMPAIGN, name, f"{name}@example.com"))
    with house.parts.database.read() as db:
        found = queries.contacts_of(db, 1234)
    assert list(found) == list(Kind)
    assert [contact.full_name for contact in found[Kind.CAMPAIGN]] == ["Ada", "Marco", "Zeno"]


@both_databases
def test_an_address_is_a_contact_of_a_kind_once_however_it_is_written(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m5678")
    assert add(house, anna) is None
    assert isinstance(add(house, anna, Entry(Kind.TECHNICAL, "Somebody", "MARCO@example.COM")), Known)
    assert add(house, anna, Entry(Kind.PRIVACY, "Marco Conti", "marco@example.com")) is None
    assert add(house, bruno) is None
    technical, privacy = contacts(house)
    entry = Entry(Kind.TECHNICAL, "Marco Conti", "marco@EXAMPLE.com")
    assert isinstance(change(house, anna, privacy.id, entry), Known)
    assert change(house, anna, technical.id, entry) is None  # its own address, written in another way
    assert contacts(house)[1] == privacy


@both_databases
def test_a_refused_change_leaves_the_transaction_usable(house: House) -> None:
    anna = house.person("m1234")
    add(house, anna)
    add(house, anna, Entry(Kind.PRIVACY, "Marco Conti", "marco@example.com"))
    with house.parts.database.write() as db:
        assert isinstance(actions.change(db, anna, contacts(house)[1].id, TECHNICAL, at=house.clock.now()), Known)
        assert queries.count_contacts(db, 1234) == 2


@both_databases
def test_a_contact_of_another_platform_is_not_there(house: House) -> None:
    anna, bruno = house.person("m1234"), house.person("m5678")
    add(house, anna)
    (made,) = contacts(house)
    assert isinstance(change(house, bruno, made.id, Entry(Kind.PRIVACY, "Bruno", "b@example.com")), Missing)
    assert isinstance(remove(house, bruno, made.id), Missing)
    assert contacts(house) == [made]
    with house.parts.database.read() as db:
        assert queries.find_contact(db, 5678, made.id) is None
        assert queries.find_contact(db, 1234, made.id) == made
    assert [tag for tag, platform_id, _ in tags(house) if platform_id == 5678] == []


@pytest.mark.parametrize(("there", "allowed"), [(terms.CONTACTS_MAX - 1, True), (terms.CONTACTS_MAX, False)])
def test_a_platform_has_fifty_contacts_at_most(house: House, there: int, allowed: bool) -> None:
    anna = house.person("m1234")
    for number in range(there):
        add(house, anna, Entry(list(Kind)[number % 4], f"Person {number}", f"p{number}@example.com"))
    assert len(contacts(house)) == there
    assert (add(house, anna) is None) is allowed
    assert len(contacts(house)) == terms.CONTACTS_MAX


@both_databases
def test_of_many_at_once_no_more_than_fifty_are_written(house: House) -> None:
    anna = house.person("m1234")
    for number in range(terms.CONTACTS_MAX - 3):
        add(house, anna, Entry(Kind.CAMPAIGN, "Person", f"p{number}@example.com"))
    found = together(lambda n: add(house, anna, Entry(Kind.PRIVACY, "Person", f"q{n}@example.com")), 8)
    assert found.count(None) == 3
    assert len(contacts(house)) == terms.CONTACTS_MAX


@both_databases
def test_of_two_at_once_the_same_address_is_added_once(house: House) -> None:
    anna = house.person("m1234")
    found = together(lambda _: add(house, anna), 6)
    assert found.count(None) == 1
    assert len(contacts(house)) == 1
