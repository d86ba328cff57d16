"""Administrators come and go; a name is given once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import NoResultFound

from portal.accounts import administrators, queries
from portal.accounts.administrators import HasFirst, Newcomer, Taken
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators as people
from portal.kit import links, outbox
from portal.kit.audit import events
from portal.rules import names
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def create(house: House, username: str, *, password_hash: str | None = "hash", **facts: Any) -> Any:
    name = names.parse(username)
    assert isinstance(name, names.UserName)
    given = {"email": "Anna@Example.com", "full_name": "Anna", "language": "it"} | facts
    with house.parts.database.write() as db:
        return administrators.create(
            db, house.parts.links, Newcomer(name, **given), at=START, password_hash=password_hash
        )


def tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return list(db.execute(select(events.c.tag).order_by(events.c.id)).scalars())


@both_databases
def test_a_newcomer_is_stored_folded_and_written_to_as_given(house: House) -> None:
    house.platform(1234)
    made = create(house, " M1234 ")
    assert isinstance(made, Administrator)
    assert (made.username, made.role, made.email, made.enabled) == ("m1234", "first", "Anna@Example.com", True)
    with house.parts.database.read() as db:
        assert queries.administrators_of_email(db, "anna@example.com") == [made]
    assert tags(house)[-1] == "accounts.administrator_created"


def test_what_stands_after_the_dash_makes_an_additional_administrator(house: House) -> None:
    house.platform(1234)
    assert create(house, "m1234-anna").role == "additional"
    assert create(house, "m01234-anna").role == "additional"


@both_databases
def test_a_name_is_given_once_whatever_its_case_and_even_after_disabling(house: House) -> None:
    house.platform(1234)
    first = create(house, "m1234-anna")
    assert isinstance(create(house, "M1234-ANNA"), Taken)
    with house.parts.database.write() as db:
        administrators.disable(db, first, at=START)
    assert isinstance(create(house, "m1234-anna"), Taken)


@both_databases
def test_a_second_first_administrator_is_refused_by_name_and_not_by_a_fault(house: House) -> None:
    house.platform(7)
    assert isinstance(create(house, "m0000007"), Administrator)
    assert isinstance(create(house, "m7"), HasFirst)
    assert isinstance(create(house, "m0000007"), Taken)
    assert isinstance(create(house, "m7-anna"), Administrator)


def test_a_refused_newcomer_leaves_nothing(house: House) -> None:
    house.platform(7)
    create(house, "m7")
    before = tags(house)
    create(house, "m7", password_hash=None)
    create(house, "m07", password_hash=None)
    assert tags(house) == before
    with house.parts.database.read() as db:
        assert db.execute(select(links.links)).all() == []
        assert db.execute(select(outbox.outbox)).all() == []


@both_databases
def test_of_many_simultaneous_newcomers_one_gets_the_name(house: House) -> None:
    house.platform(1234)
    results = together(lambda number: create(house, "m1234" if number % 2 else "m01234"), 6)
    assert sum(isinstance(result, Administrator) for result in results) == 1


def test_without_a_password_an_invitation_is_mailed(house: House) -> None:
    house.platform(1234)
    made = create(house, "m1234", password_hash=None)
    with house.parts.database.read() as db:
        row = db.execute(select(outbox.outbox)).one()
        link = db.execute(select(links.links)).one()
    assert (row.name, row.recipient, row.language) == ("invitation", "Anna@Example.com", "it")
    assert (link.purpose, link.subject_id) == (Purpose.INVITATION, made.id)


@both_databases
def test_disabling_is_told_written_down_and_done_once(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=START)
        assert not administrators.disable(db, person, at=START)
        assert queries.get_administrator(db, person.id).disabled_at == START
    assert tags(house).count("accounts.administrator_disabled") == 1
    with house.parts.database.read() as db:
        assert [row.name for row in db.execute(select(outbox.outbox))] == ["administrator_disabled"]


def test_a_disabled_person_takes_no_seat_and_is_not_listed_under_the_address(house: House) -> None:
    anna, marco = house.person("m1234", email="a@example.com"), house.person("m1234-marco", email="a@example.com")
    with house.parts.database.write() as db:
        administrators.disable(db, marco, at=START)
        assert queries.count_enabled(db, 1234) == 1
        assert queries.administrators_of_email(db, "a@example.com") == [anna]
        assert [person.username for person in queries.administrators_of_platform(db, 1234)] == ["m1234", "m1234-marco"]


def test_a_person_may_be_called_otherwise_and_read_another_language(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        administrators.rename(db, person, "Anna Maria", "it", at=START)
        found = queries.get_administrator(db, person.id)
    assert (found.full_name, found.language) == ("Anna Maria", "it")
    assert tags(house)[-1] == "accounts.profile_changed"


@pytest.mark.parametrize("look_alike", ["m1234-kim\u212a", "m\u0661234", "m1234\u200b", "\uff4d1234"])
def test_a_name_that_only_looks_like_another_is_no_name(look_alike: str) -> None:
    assert isinstance(names.parse(look_alike), names.BadName)


def test_nobody_is_found_by_a_name_that_only_looks_alike(house: House) -> None:
    house.person("m1234")
    with house.parts.database.read() as db:
        for username in ("M1234", "m01234", "m1234 ", "m_234", "m%", ""):
            assert queries.find_administrator(db, username) is None, username


def test_addresses_that_differ_beyond_ascii_are_two(house: House) -> None:
    house.person("m1234", email="mike@example.com")
    with house.parts.database.write() as db:
        db.execute(update(people).values(email_folded=names.fold_email("MIKE@example.com")))
        assert len(queries.administrators_of_email(db, names.fold_email("Mike@EXAMPLE.com"))) == 1
        assert queries.administrators_of_email(db, names.fold_email("mi\u212ae@example.com")) == []


@both_databases
def test_a_person_that_nobody_is_cannot_be_got(house: House) -> None:
    with house.parts.database.read() as db, pytest.raises(NoResultFound):
        queries.get_administrator(db, 404)


# --- invited again, let in again, listed -----------------------------------------------------------------------------


def act(house: House, done: Any, person: Administrator) -> bool:
    with house.parts.database.write() as db:
        return bool(done(db, house.parts.links, person, at=house.clock.now(), by="m1234"))


@both_databases
def test_an_invitation_is_sent_again_only_while_nobody_has_accepted_it(house: House) -> None:
    marco, anna = house.person("m1234-marco", password=None), house.person("m1234-anna")
    assert act(house, administrators.invite_again, marco)
    assert not act(house, administrators.invite_again, anna)
    with house.parts.database.read() as db:
        invitations = [row.ended_because for row in db.execute(select(links.links).order_by(links.links.c.id))]
    assert invitations == ["withdrawn", None]
    assert tags(house).count("accounts.administrator_invited_again") == 1
    with house.parts.database.write() as db:
        administrators.disable(db, marco, at=START)
    assert not act(house, administrators.invite_again, marco)


@both_databases
def test_whoever_is_enabled_again_starts_without_a_password_and_once(house: House) -> None:
    marco = house.person("m1234-marco")
    assert not act(house, administrators.enable, marco)
    with house.parts.database.write() as db:
        administrators.disable(db, marco, at=START, by="m1234")
        db.execute(update(people).values(must_reset=True))
    assert sorted(together(lambda _: act(house, administrators.enable, marco), 3)) == [False, False, True]
    with house.parts.database.read() as db:
        found = queries.find_credential(db, "m1234-marco")
        details = db.execute(select(events.c.tag, events.c.details).order_by(events.c.id)).all()[-2:]
    assert found is not None
    assert (found.password_hash, found.administrator.must_reset, found.administrator.enabled) == (None, False, True)
    assert [tuple(row) for row in details] == [
        ("accounts.administrator_disabled", {"by": "m1234"}),
        ("accounts.administrator_enabled", {"by": "m1234"}),
    ]


@both_databases
def test_the_list_has_the_first_administrator_first_and_how_far_the_others_are(house: House) -> None:
    marco, luca = house.person("m1234-marco", password=None), house.person("m1234-luca", password=None)
    house.person("m1234")
    house.person("m5678")
    with house.parts.database.write() as db:
        administrators.disable(db, luca, at=START)
        administrators.invite(db, house.parts.links, marco, at=START + timedelta(days=1))
        found = queries.members_of(db, 1234)
    assert [(one.administrator.username, one.accepted, one.invited_until) for one in found] == [
        ("m1234", True, None),
        ("m1234-marco", False, START + timedelta(days=8)),
        ("m1234-luca", False, None),
    ]
    assert [one.created_at for one in found] == [START] * 3
