""" "This was not me": what is taken back, from when on, and what is left alone."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, select, update

from portal.accounts import administrators, devices, email_changes, factors, not_me, past_sessions, queries, recovery
from portal.accounts import sessions as live_sessions
from portal.accounts.devices import Remembered
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import authenticator_apps, sessions
from portal.kit import links, outbox
from portal.kit.audit import events
from portal.kit.links import Fault, Link
from portal.rules import terms
from portal.rules.factors import Factor
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers import known_devices
from tests.helpers.house import House
from tests.helpers.together import together

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
EVIL = "eve@example.net"
NEW = Remembered("x", known=False, others=True)


def enter(house: House, person: Administrator, seen: Remembered = NEW, failures: int = 0) -> int:
    """Somebody comes in; returns the id of the session."""
    at = house.clock.now()
    with house.parts.database.write() as db:
        started = live_sessions.start(db, person, at=at, network="192.0.2.0/24", device="Evil · ?", factor=Factor.APP)
        not_me.notify(db, house.parts.links, person, started.id, seen, failures=failures)
    return started.id


def find(house: House, session_id: int) -> Link | Fault:
    """The link that says of this sign-in that it was not me."""
    with house.parts.database.read() as db:
        mine = (links.links.c.purpose == Purpose.NOT_ME) & (links.links.c.subject_id == session_id)
        link_id = db.execute(select(links.links.c.id).where(mine)).scalar_one()
        token = house.parts.links.token(db, link_id)
        return house.parts.links.find(db, token, Purpose.NOT_ME, at=house.clock.now())


def press(house: House, session_id: int) -> bool:
    found = find(house, session_id)
    assert isinstance(found, Link), found
    with house.parts.database.write() as db:
        return not_me.take_back(db, house.parts.links, found, at=house.clock.now())


def change_address(house: House, email: str = EVIL) -> int:
    """Somebody who is signed in changes the address; returns the id of the change."""
    at, maker = house.clock.now(), house.parts.links
    with house.parts.database.write() as db:
        assert email_changes.ask(db, maker, present(house), email, at=at)
        link = newest(house, db, Purpose.EMAIL_CHANGE)
        assert email_changes.confirm(db, maker, link, at=at)
    return link.subject_id


def newest(house: House, db: Connection, purpose: Purpose) -> Link:
    query = select(links.links.c.id).where(links.links.c.purpose == purpose).order_by(links.links.c.id.desc()).limit(1)
    token = house.parts.links.token(db, db.execute(query).scalar_one())
    found = house.parts.links.find(db, token, purpose, at=house.clock.now())
    assert isinstance(found, Link)
    return found


def present(house: House) -> Administrator:
    found = house.administrator("m1234")
    assert found is not None
    return found


def mails(house: House) -> list[tuple[str, str]]:
    with house.parts.database.read() as db:
        rows = db.execute(
            select(outbox.outbox).where(outbox.outbox.c.topic == outbox.MAIL).order_by(outbox.outbox.c.id)
        )
        return [(row.name, row.recipient) for row in rows]


def reasons(house: House) -> list[str | None]:
    with house.parts.database.read() as db:
        return list(db.execute(select(sessions.c.ended_because).order_by(sessions.c.id)).scalars())


@pytest.mark.parametrize(
    ("known", "others", "failures", "told"),
    [
        (False, True, 0, True),
        (False, False, 0, False),
        (True, True, 0, False),
        (True, True, 5, True),
        (False, False, 5, True),
    ],
)
def test_what_is_told_by_mail(house: House, known: bool, others: bool, failures: int, told: bool) -> None:
    anna = house.person("m1234")
    enter(house, anna, Remembered("x", known=known, others=others), failures)
    assert mails(house) == ([("new_device", anna.email)] if told else [])


@both_databases
def test_everybody_is_thrown_out_and_the_owner_gets_the_way_to_a_new_password(house: House) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    with house.parts.database.write() as db:
        recovery.send_reset_link(db, house.parts.links, anna, Purpose.RESET, at=house.clock.now())
        earlier = newest(house, db, Purpose.RESET)
        open_ones = [
            house.parts.links.issue(db, purpose, anna.id, at=house.clock.now(), expires_at=house.clock.now() + 2 * DAY)
            for purpose in (Purpose.TAKE_OVER, Purpose.SECOND_FACTOR, Purpose.INVITATION)
        ]
        queries.lock_administrator(db, anna.id)
        known = devices.remember(db, anna, "", "Firefox · Linux", at=house.clock.now()).token
    assert press(house, session)
    assert reasons(house) == [EndReason.NOT_ME]
    assert present(house).must_reset
    with house.parts.database.write() as db:
        assert not links.consume(db, earlier, at=house.clock.now())
        ended = select(links.links.c.ended_because).where(links.links.c.id.in_(open_ones))
        assert list(db.execute(ended).scalars()) == [Fault.WITHDRAWN] * len(open_ones)
        assert not known_devices.is_known(db, "m1234", known, at=house.clock.now())
        assert newest(house, db, Purpose.RESET).id != earlier.id
        tags = list(db.execute(select(events.c.tag).order_by(events.c.id)).scalars())
    assert mails(house)[-1] == ("taken_back", anna.email)
    assert tags[-1] == "accounts.not_me"


@both_databases
def test_factors_and_addresses_that_came_since_are_gone_and_earlier_ones_stay(house: House) -> None:
    anna = house.person("m1234")
    house.add_app(anna)
    house.clock.move(days=1)
    session = enter(house, anna)
    house.clock.move(minutes=1)
    house.add_codes(anna)
    change_address(house)
    change_address(house, "eve2@example.net")
    assert press(house, session)
    assert present(house).email == anna.email
    with house.parts.database.read() as db:
        has = factors.of(db, anna.id)
    assert (has.app, has.codes) == (True, 0)
    assert mails(house)[-2:] == [("email_taken_off", "eve2@example.net"), ("taken_back", anna.email)]


@pytest.mark.parametrize(("added", "kept"), [(-TICK, True), (timedelta(), False), (TICK, False)])
def test_what_was_added_exactly_when_the_sign_in_began_came_with_it(house: House, added: timedelta, kept: bool) -> None:
    anna = house.person("m1234")
    house.add_app(anna)
    session = enter(house, anna)
    with house.parts.database.write() as db:
        db.execute(update(authenticator_apps).values(confirmed_at=house.clock.now() + added))
    assert press(house, session)
    with house.parts.database.read() as db:
        assert factors.of(db, anna.id).app is kept


@pytest.mark.parametrize(("asked", "kept"), [(-TICK, True), (timedelta(), False), (TICK, False)])
def test_an_address_asked_for_before_the_sign_in_stays(house: House, asked: timedelta, kept: bool) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    change_address(house, "anna.new@example.com")
    with house.parts.database.write() as db:
        db.execute(update(email_changes.email_changes).values(asked_at=house.clock.now() + asked))
    assert press(house, session)
    address = "anna.new@example.com" if kept else anna.email
    assert present(house).email == address
    assert mails(house)[-1] == ("taken_back", address)


def test_an_address_that_waits_to_be_confirmed_waits_no_more(house: House) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    with house.parts.database.write() as db:
        assert email_changes.ask(db, house.parts.links, anna, EVIL, at=house.clock.now())
        waiting = newest(house, db, Purpose.EMAIL_CHANGE)
    assert press(house, session)
    with house.parts.database.write() as db:
        assert not email_changes.confirm(db, house.parts.links, waiting, at=house.clock.now())
    assert present(house).email == anna.email


def test_a_change_that_was_undone_already_is_not_undone_again(house: House) -> None:
    """The owner has changed the address since, of her own will."""
    anna = house.person("m1234")
    session = enter(house, anna)
    house.clock.move(minutes=1)
    change_address(house)
    with house.parts.database.write() as db:
        undo = newest(house, db, Purpose.EMAIL_UNDO)
        assert email_changes.undo(db, house.parts.links, undo, at=house.clock.now())
    assert press(house, session)
    assert present(house).email == anna.email


def test_of_two_sign_ins_the_link_of_the_earlier_one_stays_and_of_the_later_one_dies(house: House) -> None:
    anna = house.person("m1234")
    first = enter(house, anna)
    house.clock.move(minutes=1)
    second = enter(house, anna)
    house.clock.move(minutes=1)
    third = enter(house, anna)
    assert press(house, second)
    assert isinstance(find(house, first), Link)
    assert [find(house, one) for one in (second, third)] == [Fault.USED, Fault.WITHDRAWN]
    assert press(house, first)


@both_databases
def test_who_is_thrown_out_cannot_throw_the_owner_out_in_turn(house: House) -> None:
    """Notices of sign-ins after a hostile change went to the hostile address: an undo kills their links."""
    anna = house.person("m1234")
    before = enter(house, anna)
    house.clock.move(minutes=1)
    change_address(house)
    hers = enter(house, present(house))
    with house.parts.database.write() as db:
        undo = newest(house, db, Purpose.EMAIL_UNDO)
        assert email_changes.undo(db, house.parts.links, undo, at=house.clock.now())
    assert find(house, hers) is Fault.WITHDRAWN
    assert isinstance(find(house, before), Link)


def test_once_it_was_not_me_the_link_to_undo_has_nothing_left_to_do(house: House) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    change_address(house)
    with house.parts.database.read() as db:
        undo = newest(house, db, Purpose.EMAIL_UNDO)
    assert press(house, session)
    with house.parts.database.write() as db:
        assert not email_changes.undo(db, house.parts.links, undo, at=house.clock.now())


@pytest.mark.parametrize(
    ("waited", "found"),
    [(terms.NOT_ME_LIFE - TICK, Link), (terms.NOT_ME_LIFE, Fault), (terms.NOT_ME_LIFE + TICK, Fault)],
)
def test_it_can_be_said_for_seven_days(house: House, waited: timedelta, found: type) -> None:
    session = enter(house, house.person("m1234"))
    assert timedelta(days=7) == terms.NOT_ME_LIFE
    house.clock.instant += waited
    assert isinstance(find(house, session), found)


def test_a_new_password_does_not_take_it_away(house: House) -> None:
    """An intruder would begin with that."""
    anna = house.person("m1234")
    session = enter(house, anna)
    with house.parts.database.write() as db:
        recovery.store_password(db, anna, "a hash", EndReason.PASSWORD_CHANGED, at=house.clock.now())
    assert press(house, session)


@both_databases
def test_of_two_clicks_at_once_one_counts(house: House) -> None:
    session = enter(house, house.person("m1234"))
    link = find(house, session)
    assert isinstance(link, Link)

    def click(_number: int) -> bool:
        with house.parts.database.write() as db:
            return not_me.take_back(db, house.parts.links, link, at=house.clock.now())

    assert sorted(together(click, 4)) == [False, False, False, True]
    assert [name for name, _ in mails(house)].count("taken_back") == 1


def test_somebody_disabled_takes_nothing_back(house: House) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    link = find(house, session)
    with house.parts.database.write() as db:
        assert administrators.disable(db, anna, at=house.clock.now())
        assert isinstance(link, Link)
        assert not not_me.take_back(db, house.parts.links, link, at=house.clock.now())


def test_of_a_sign_in_that_nothing_is_known_of_any_more_nothing_is_taken_back(house: House) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    link = find(house, session)
    assert isinstance(link, Link)
    with house.parts.database.write() as db:
        db.execute(delete(sessions))
        assert not_me.find(db, session) is None
        assert not not_me.take_back(db, house.parts.links, link, at=house.clock.now())
        assert not not_me.notify(db, house.parts.links, anna, session, NEW, failures=0)
    assert not present(house).must_reset


def test_nobody_else_is_touched(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    session, his = enter(house, anna), enter(house, marco)
    house.add_app(marco)
    assert press(house, session)
    assert reasons(house) == [EndReason.NOT_ME, None]
    with house.parts.database.read() as db:
        assert factors.of(db, marco.id).app
        assert past_sessions.get(db, his).reason is None
        assert not queries.get_administrator(db, marco.id).must_reset
    assert isinstance(find(house, his), Link)


def test_the_activity_says_what_was_done(house: House) -> None:
    anna = house.person("m1234")
    session = enter(house, anna)
    house.clock.move(minutes=1)
    house.add_app(anna)
    house.clock.move(minutes=1)
    change_address(house)
    begun: datetime = house.clock.now()
    assert press(house, session)
    with house.parts.database.read() as db:
        rows = db.execute(select(events.c.tag, events.c.details).where(events.c.at == begun)).all()
    tags = [row.tag for row in rows]
    assert tags[-3:] == ["accounts.email_change_undone", "accounts.factors_taken_back", "accounts.not_me"]
    assert "@" not in str([row.details for row in rows])
