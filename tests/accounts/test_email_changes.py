"""The address changed and changed back: boundaries, links that die when they should, and one change for two clicks."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts import administrators, email_changes, factors, queries, recovery, sessions
from portal.accounts.events import Event
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import email_changes as table
from portal.accounts.tables import sessions as session_table
from portal.kit import links, outbox
from portal.kit.audit import events
from portal.kit.links import Fault, Link
from portal.rules import terms
from portal.rules.factors import Factors
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

TICK = timedelta(microseconds=1)
OLD, NEW, EVIL = "m1234@example.com", "anna.new@example.com", "eve@example.net"


def newest(house: House, purpose: Purpose) -> str:
    """The token of the last link of this purpose."""
    with house.parts.database.read() as db:
        query = select(links.links.c.id).where(links.links.c.purpose == purpose).order_by(links.links.c.id.desc())
        return house.parts.links.token(db, db.execute(query).scalars().first())


def ask(house: House, person: Administrator, email: str = NEW) -> str:
    with house.parts.database.write() as db:
        fresh = queries.get_administrator(db, person.id)
        assert email_changes.ask(db, house.parts.links, fresh, email, at=house.clock.now())
    return newest(house, Purpose.EMAIL_CHANGE)


def find(house: House, token: str, purpose: Purpose) -> Link | Fault:
    with house.parts.database.read() as db:
        return house.parts.links.find(db, token, purpose, at=house.clock.now())


def use(house: House, token: str, purpose: Purpose) -> bool:
    """Press the button behind the link."""
    link = find(house, token, purpose)
    assert isinstance(link, Link), link
    act = email_changes.confirm if purpose is Purpose.EMAIL_CHANGE else email_changes.undo
    with house.parts.database.write() as db:
        return act(db, house.parts.links, link, at=house.clock.now())


def change(house: House, person: Administrator, email: str = NEW) -> str:
    """Ask and confirm; returns the token that undoes it."""
    assert use(house, ask(house, person, email), Purpose.EMAIL_CHANGE)
    return newest(house, Purpose.EMAIL_UNDO)


def address(house: House) -> str:
    found = house.administrator("m1234")
    assert found is not None
    return found.email


def mails(house: House) -> list[tuple[str, str]]:
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.topic == outbox.MAIL)).all()
        return [(row.name, row.recipient) for row in rows]


@both_databases
def test_the_address_changes_when_the_new_one_confirms_and_both_are_told(house: House) -> None:
    person = house.person("m1234")
    token = ask(house, person)
    assert address(house) == OLD
    assert use(house, token, Purpose.EMAIL_CHANGE)
    assert address(house) == NEW
    assert mails(house) == [("email_confirm", NEW), ("email_changed", OLD), ("email_confirmed", NEW)]


@pytest.mark.parametrize(
    ("waited", "found"),
    [
        (terms.EMAIL_CHANGE_LIFE - TICK, Link),
        (terms.EMAIL_CHANGE_LIFE, Fault),
        (terms.EMAIL_CHANGE_LIFE + TICK, Fault),
    ],
)
def test_a_new_address_can_be_confirmed_for_a_day(house: House, waited: timedelta, found: type) -> None:
    token = ask(house, house.person("m1234"))
    house.clock.move(seconds=waited.total_seconds())
    assert isinstance(find(house, token, Purpose.EMAIL_CHANGE), found)


@pytest.mark.parametrize(
    ("waited", "found"),
    [
        (terms.EMAIL_CHANGE_UNDO - TICK, Link),
        (terms.EMAIL_CHANGE_UNDO, Fault),
        (terms.EMAIL_CHANGE_UNDO + TICK, Fault),
    ],
)
def test_a_change_can_be_undone_for_a_week_from_its_confirmation(house: House, waited: timedelta, found: type) -> None:
    person = house.person("m1234")
    token = ask(house, person)
    house.clock.move(hours=23)
    assert use(house, token, Purpose.EMAIL_CHANGE)
    undo = newest(house, Purpose.EMAIL_UNDO)
    house.clock.move(seconds=waited.total_seconds())
    assert isinstance(find(house, undo, Purpose.EMAIL_UNDO), found)


def test_what_waits_is_known_until_it_is_confirmed_or_too_old(house: House) -> None:
    def pending() -> str | None:
        with house.parts.database.read() as db:
            found = email_changes.find_pending(db, person.id, at=house.clock.now())
        return found.new_email if found else None

    person = house.person("m1234")
    assert pending() is None
    ask(house, person, EVIL)
    token = ask(house, person)
    assert pending() == NEW
    house.clock.move(seconds=(terms.EMAIL_CHANGE_LIFE - TICK).total_seconds())
    assert pending() == NEW
    assert use(house, token, Purpose.EMAIL_CHANGE)
    assert pending() is None
    ask(house, person, EVIL)
    house.clock.move(seconds=terms.EMAIL_CHANGE_LIFE.total_seconds())
    assert pending() is None


def test_a_newer_request_kills_the_earlier_one(house: House) -> None:
    person = house.person("m1234")
    first, second = ask(house, person, EVIL), ask(house, person)
    assert find(house, first, Purpose.EMAIL_CHANGE) is Fault.WITHDRAWN
    assert use(house, second, Purpose.EMAIL_CHANGE)


def test_each_link_works_once_and_for_its_own_purpose(house: House) -> None:
    person = house.person("m1234")
    token = ask(house, person)
    for purpose in set(Purpose) - {Purpose.EMAIL_CHANGE}:
        assert find(house, token, purpose) is Fault.BROKEN
    assert use(house, token, Purpose.EMAIL_CHANGE)
    assert find(house, token, Purpose.EMAIL_CHANGE) is Fault.USED
    undo = newest(house, Purpose.EMAIL_UNDO)
    assert find(house, undo, Purpose.EMAIL_CHANGE) is Fault.BROKEN
    assert use(house, undo, Purpose.EMAIL_UNDO)
    assert find(house, undo, Purpose.EMAIL_UNDO) is Fault.USED


def test_an_address_that_others_have_is_as_good_as_any(house: House) -> None:
    """One address may have many administrators, so its use elsewhere is neither refused nor shown."""
    house.person("m2000", email=NEW)
    change(house, house.person("m1234"))
    with house.parts.database.read() as db:
        found = [person.username for person in queries.administrators_of_email(db, NEW)]
    assert found == ["m2000", "m1234"]


def test_the_address_is_found_whatever_the_case_it_was_typed_in(house: House) -> None:
    change(house, house.person("m1234"), "Anna.New@Example.com")
    assert address(house) == "Anna.New@Example.com"
    with house.parts.database.read() as db:
        assert len(queries.administrators_of_email(db, NEW)) == 1


@pytest.mark.parametrize(("waited", "allowed"), [(86_400 - 0.000001, False), (86_400, True)])
def test_an_account_writes_to_five_new_addresses_a_day(house: House, waited: float, allowed: bool) -> None:
    person = house.person("m1234")
    for number in range(terms.RECOVERY_MAILS_PER_ACCOUNT):
        last = ask(house, person, f"{number}@example.com")
    house.clock.move(seconds=waited)
    with house.parts.database.write() as db:
        assert email_changes.ask(db, house.parts.links, person, NEW, at=house.clock.now()) is allowed
    if not allowed:  # and what was asked for before still waits
        assert isinstance(find(house, last, Purpose.EMAIL_CHANGE), Link)


def test_reset_links_die_with_the_address_they_were_sent_to(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        recovery.send_reset_link(db, house.parts.links, person, Purpose.RESET, at=house.clock.now())
    reset = newest(house, Purpose.RESET)
    change(house, person)
    assert find(house, reset, Purpose.RESET) is Fault.WITHDRAWN


def set_password(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        recovery.store_password(db, person, "a hash", EndReason.PASSWORD_CHANGED, at=house.clock.now())


def force_reset(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        recovery.force_reset(db, person, at=house.clock.now())


def disable(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=house.clock.now())


@pytest.mark.parametrize("act", [set_password, force_reset, disable])
def test_what_waits_to_be_confirmed_dies_with_the_right_to_ask_for_it(house: House, act: Any) -> None:
    person = house.person("m1234")
    token = ask(house, person, EVIL)
    act(house, person)
    assert find(house, token, Purpose.EMAIL_CHANGE) is Fault.WITHDRAWN
    assert address(house) == OLD


def test_a_new_password_does_not_take_the_undo_away(house: House) -> None:
    """An intruder would begin with it."""
    person = house.person("m1234")
    undo = change(house, person, EVIL)
    set_password(house, person)
    assert use(house, undo, Purpose.EMAIL_UNDO)


def test_somebody_disabled_undoes_nothing(house: House) -> None:
    person = house.person("m1234")
    undo = change(house, person)
    disable(house, person)
    assert not use(house, undo, Purpose.EMAIL_UNDO)
    assert address(house) == NEW


@both_databases
def test_an_undo_throws_the_intruder_out(house: House) -> None:
    """Her session, her reset link, her next change and the undo of her second one: all dead."""
    person = house.person("m1234")
    first = change(house, person, EVIL)
    second = change(house, person, "eve2@example.net")
    third = ask(house, person, "eve3@example.net")
    now, parts = house.clock.now(), house.parts
    with parts.database.write() as db:
        sessions.start(db, person, at=now, network="192.0.2.0/24", device="Evil")
        recovery.send_reset_link(db, parts.links, person, Purpose.RESET, at=now)
    hers = newest(house, Purpose.RESET)
    assert use(house, first, Purpose.EMAIL_UNDO)
    assert address(house) == OLD
    assert find(house, second, Purpose.EMAIL_UNDO) is Fault.WITHDRAWN
    assert find(house, third, Purpose.EMAIL_CHANGE) is Fault.WITHDRAWN
    assert find(house, hers, Purpose.RESET) is Fault.WITHDRAWN
    assert isinstance(find(house, newest(house, Purpose.RESET), Purpose.RESET), Link)
    restored = house.administrator("m1234")
    assert restored is not None
    assert restored.must_reset
    assert mails(house)[-2:] == [("email_restored", OLD), ("email_taken_off", "eve2@example.net")]
    with parts.database.read() as db:
        ends = db.execute(select(session_table.c.ended_because)).scalars().all()
        undone = db.execute(select(table.c.undone_at).order_by(table.c.id)).scalars().all()
    assert ends == [EndReason.EMAIL_CHANGED]
    assert undone == [now, now, None]  # the third was never confirmed


def test_the_earlier_of_two_addresses_is_believed(house: House) -> None:
    """Whoever undoes the second change does not keep the one who had the account before from undoing the first."""
    person = house.person("m1234")
    first = change(house, person, EVIL)
    second = change(house, person, NEW)
    assert use(house, second, Purpose.EMAIL_UNDO)
    assert address(house) == EVIL
    assert use(house, first, Purpose.EMAIL_UNDO)
    assert address(house) == OLD


def test_the_undo_of_one_person_touches_nobody_else(house: House) -> None:
    mine = change(house, house.person("m1234"))
    other = house.person("m2000")
    theirs, waiting = change(house, other, EVIL), ask(house, other, NEW)
    assert use(house, mine, Purpose.EMAIL_UNDO)
    assert isinstance(find(house, theirs, Purpose.EMAIL_UNDO), Link)
    assert isinstance(find(house, waiting, Purpose.EMAIL_CHANGE), Link)


def test_the_activity_list_names_no_address(house: House) -> None:
    person = house.person("m1234")
    assert use(house, change(house, person), Purpose.EMAIL_UNDO)
    with house.parts.database.read() as db:
        rows = db.execute(select(events).order_by(events.c.id)).all()
    assert [row.tag for row in rows][-3:] == [
        "accounts.email_change_asked",
        "accounts.email_changed",
        "accounts.email_change_undone",
    ]
    assert "@" not in "".join(str(row.details) for row in rows)


def has(house: House, person: Administrator) -> Factors:
    with house.parts.database.read() as db:
        return factors.of(db, person.id)


def told_of_factors(house: House) -> list[tuple[str, str]]:
    """(to whom, of what) the notices about second factors are."""
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.name == "factor_changed")).all()
    return [(row.recipient, row.payload["change"]) for row in rows]


@both_databases
def test_an_undo_takes_off_the_second_factors_that_were_added_since_the_change_was_asked_for(house: House) -> None:
    """Or the intruder's own app would keep the owner out; the link to a new password, made after it, still opens."""
    person = house.person("m1234")
    undo = change(house, person, EVIL)
    house.clock.move(hours=1)
    house.add_app(person)
    house.add_codes(person)
    assert use(house, undo, Purpose.EMAIL_UNDO)
    assert has(house, person) == Factors()
    assert told_of_factors(house) == [(OLD, Event.NEW_FACTORS_REMOVED)]
    assert isinstance(find(house, newest(house, Purpose.RESET), Purpose.RESET), Link)
    restored = house.administrator("m1234")
    assert restored is not None
    assert restored.must_reset  # so that the password that the intruder knows does not suffice in their place


@both_databases
def test_an_undo_leaves_the_second_factors_that_were_there_before(house: House) -> None:
    """Or whoever has got at the old mailbox would come in without the app."""
    person = house.person("m1234")
    house.add_app(person)
    house.add_codes(person)
    house.clock.move(hours=1)
    assert use(house, change(house, person, EVIL), Purpose.EMAIL_UNDO)
    assert has(house, person) == Factors(app=True, codes=10)
    assert told_of_factors(house) == []


@pytest.mark.parametrize(("added", "stays"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
def test_what_is_taken_off_was_added_at_the_asking_or_later_and_not_at_the_confirming(
    house: House, added: timedelta, stays: bool
) -> None:
    person, asked_at = house.person("m1234"), house.clock.now()
    token = ask(house, person, EVIL)
    house.clock.set(asked_at + added)
    house.add_app(person)
    house.clock.set(asked_at + timedelta(hours=1))
    assert use(house, token, Purpose.EMAIL_CHANGE)
    assert use(house, newest(house, Purpose.EMAIL_UNDO), Purpose.EMAIL_UNDO)
    assert has(house, person).app is stays


def test_undoing_an_earlier_change_takes_off_what_came_since_that_one(house: House) -> None:
    person = house.person("m1234")
    first = change(house, person, EVIL)
    house.clock.move(minutes=1)
    house.add_app(person)
    house.clock.move(minutes=1)
    second = change(house, person, "eve2@example.net")
    assert use(house, second, Purpose.EMAIL_UNDO)
    assert has(house, person).app
    assert use(house, first, Purpose.EMAIL_UNDO)
    assert not has(house, person).app


def test_an_undo_takes_off_new_recovery_codes_and_leaves_the_app_they_were_made_for(house: House) -> None:
    person = house.person("m1234")
    house.add_app(person)
    house.clock.move(minutes=1)
    undo = change(house, person, EVIL)
    house.add_codes(person)
    assert use(house, undo, Purpose.EMAIL_UNDO)
    assert has(house, person) == Factors(app=True)


def test_an_undo_touches_the_second_factors_of_nobody_else(house: House) -> None:
    undo = change(house, house.person("m1234"), EVIL)
    other = house.person("m2000")
    house.add_app(other)
    assert use(house, undo, Purpose.EMAIL_UNDO)
    assert has(house, other).app


@both_databases
@pytest.mark.parametrize("purpose", [Purpose.EMAIL_CHANGE, Purpose.EMAIL_UNDO])
def test_of_two_clicks_at_once_one_wins(house: House, purpose: Purpose) -> None:
    person = house.person("m1234")
    token = ask(house, person) if purpose is Purpose.EMAIL_CHANGE else change(house, person)
    before = len(mails(house))
    link = find(house, token, purpose)
    assert isinstance(link, Link)
    act = email_changes.confirm if purpose is Purpose.EMAIL_CHANGE else email_changes.undo

    def click(_number: int) -> bool:
        with house.parts.database.write() as db:
            return act(db, house.parts.links, link, at=house.clock.now())

    assert sorted(together(click, 3)) == [False, False, True]
    assert len(mails(house)) == before + 2


@both_databases
def test_of_many_requests_at_once_one_waits_and_no_more_than_five_are_mailed(house: House) -> None:
    person = house.person("m1234")

    def send(number: int) -> bool:
        with house.parts.database.write() as db:
            return email_changes.ask(db, house.parts.links, person, f"{number}@example.com", at=house.clock.now())

    assert together(send, 8).count(True) == terms.RECOVERY_MAILS_PER_ACCOUNT
    with house.parts.database.read() as db:
        alive = select(links.links.c.id).where(links.links.c.ended_at.is_(None))
        assert len(db.execute(alive).all()) == 1
