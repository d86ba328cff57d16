"""Lost second factors: who is told, what stops it, when it is done and with what, and one winner of each race."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from portal.accounts import (
    administrators,
    devices,
    email_changes,
    factor_removals,
    factors,
    lost_factors,
    not_me,
    queries,
    recovery,
    sessions,
)
from portal.accounts.events import Event
from portal.accounts.factor_removals import Removal, Stop
from portal.accounts.links import Purpose
from portal.accounts.lost_factors import NotAsked
from portal.accounts.queries import Administrator
from portal.accounts.tables import administrators as people
from portal.accounts.tables import authenticator_apps, known_devices, recovery_codes
from portal.accounts.tables import factor_removals as removals
from portal.accounts.tables import sessions as session_table
from portal.jobs.rounds import make_round
from portal.kit import links
from portal.kit.audit import events
from portal.kit.links import Fault, Link
from portal.outside.post import Letter, Undelivered
from portal.rules import terms
from portal.rules.factors import Factors
from portal.rules.sessions import EndReason
from portal.subscription.tables import platforms
from tests.accounts.test_email_changes import change
from tests.conftest import both_databases
from tests.helpers.house import House, Mailbox
from tests.helpers.together import together

TICK = timedelta(microseconds=1)
FIRST, ANNA = "m1234@example.com", "m1234-anna@example.com"
NEW = "anna.new@example.com"


def with_app(house: House, username: str = "m1234-anna") -> Administrator:
    """Somebody with an app and recovery codes, on a platform with its first administrator."""
    if house.administrator("m1234") is None and username != "m1234":
        house.person("m1234")
    person = house.person(username)
    house.add_app(person)
    house.add_codes(person)
    return person


def asked(house: House, person: Administrator, reason: str = "ticket 7") -> Removal | NotAsked:
    with house.parts.database.write() as db:
        at, maker = house.clock.now(), house.parts.links
        return lost_factors.ask(db, maker, person, reason=reason, by="giulia", at=at)


def ask(house: House, person: Administrator) -> Removal:
    """Staff ask, and the notices leave."""
    found = asked(house, person)
    assert isinstance(found, Removal)
    house.work()
    return found


def stop(house: House, person: Administrator, why: Stop = Stop.BUTTON) -> bool:
    with house.parts.database.write() as db:
        return factor_removals.stop(db, person.id, why, at=house.clock.now())


def carry_out(house: House, removal: Removal, *, closed: bool = False) -> bool:
    with house.parts.database.write() as db:
        at, maker = house.clock.now(), house.parts.links
        return lost_factors.carry_out(db, maker, removal, closed=closed, at=at)


def is_open(house: House, person: Administrator) -> bool:
    with house.parts.database.read() as db:
        return lost_factors.find_open(db, person.id) is not None


def has(house: House, person: Administrator) -> Factors:
    with house.parts.database.read() as db:
        return factors.of(db, person.id)


def wait(house: House, by: timedelta = terms.FACTOR_REMOVAL_WAIT) -> None:
    house.clock.set(house.clock.now() + by)


def addresses(letters: list[Letter], words: str = "") -> list[str]:
    return sorted(letter.recipient for letter in letters if words in letter.subject)


def link(house: House, purpose: Purpose = Purpose.STOP_REMOVAL) -> Link | Fault:
    """The newest link of this purpose."""
    with house.parts.database.read() as db:
        mine = select(links.links.c.id).where(links.links.c.purpose == purpose).order_by(links.links.c.id.desc())
        token = house.parts.links.token(db, db.execute(mine).scalars().first())
        return house.parts.links.find(db, token, purpose, at=house.clock.now())


def use(house: House, found: Link | Fault) -> bool:
    """Press the button behind the link."""
    assert isinstance(found, Link), found
    with house.parts.database.write() as db:
        return factor_removals.stop_by_link(db, found, at=house.clock.now())


def told(house: House) -> list[tuple[str, dict[str, str]]]:
    """What the activity says of removals."""
    tags = (Event.FACTOR_REMOVAL_ASKED, Event.FACTOR_REMOVAL_STOPPED, Event.FACTORS_REMOVED, Event.RESET_LINK_SENT)
    with house.parts.database.read() as db:
        rows = db.execute(select(events).where(events.c.tag.in_(tags)).order_by(events.c.id)).all()
        return [(row.tag.partition(".")[2], row.details) for row in rows]


# --- asking


@both_databases
def test_all_concerned_are_told_at_once(house: House) -> None:
    """The stored address, the one from which the change can still be undone, and the first administrator."""
    person = with_app(house)
    change(house, person, NEW)
    house.work()
    assert isinstance(asked(house, person), Removal)
    letters = house.work()
    assert addresses(letters) == sorted([NEW, ANNA, FIRST])
    for letter in letters:
        assert "ticket 7" in letter.text
        assert "23 November 2026, 10:00 (Europe/Rome)" in letter.text
        assert "/lost-factor/" in letter.text
    assert has(house, person) == Factors(app=True, codes=terms.RECOVERY_CODES)


def test_each_is_told_in_the_language_of_the_one_it_is_for(house: House) -> None:
    house.person("m1234", language="it")
    person = with_app(house)
    assert isinstance(asked(house, person), Removal)
    subjects = {letter.recipient: letter.subject for letter in house.work()}
    assert subjects == {
        ANNA: "The second factor of m1234-anna is to be taken off",
        FIRST: "Il secondo fattore di m1234-anna sta per essere tolto",
    }


@pytest.mark.parametrize(
    ("ago", "is_told"),
    [
        (terms.EMAIL_CHANGE_UNDO - TICK, True),
        (terms.EMAIL_CHANGE_UNDO, False),
        (terms.EMAIL_CHANGE_UNDO + TICK, False),
    ],
)
def test_an_earlier_address_is_told_as_long_as_it_can_undo_the_change(
    house: House, ago: timedelta, is_told: bool
) -> None:
    person = with_app(house)
    change(house, person, NEW)
    house.work()
    wait(house, ago)
    assert isinstance(asked(house, person), Removal)
    assert addresses(house.work()) == sorted([NEW, FIRST, *([ANNA] if is_told else [])])


def test_every_address_of_several_changes_is_told_and_none_twice(house: House) -> None:
    person = with_app(house)
    for email in (NEW, "third@example.com", FIRST.upper()):
        change(house, person, email)
    house.work()
    assert isinstance(asked(house, person), Removal)
    letters = house.work()
    assert addresses(letters) == sorted([FIRST.upper(), NEW, "third@example.com", ANNA])


def test_a_change_that_was_asked_for_or_undone_concerns_nobody(house: House) -> None:
    """Whoever had the account for a while, and is thrown out, hears nothing of it."""
    person = with_app(house)
    house.clock.move(seconds=1)
    change(house, person, "eve@example.net")
    found = link(house, Purpose.EMAIL_UNDO)
    change(house, person, "eve2@example.net")
    assert isinstance(found, Link)
    with house.parts.database.write() as db:
        assert email_changes.undo(db, house.parts.links, found, at=house.clock.now())
        restored = queries.get_administrator(db, person.id)
        assert email_changes.ask(db, house.parts.links, restored, "eve3@example.net", at=house.clock.now())
    house.work()
    assert isinstance(asked(house, person), Removal)
    assert addresses(house.work()) == [ANNA, FIRST]


def test_a_first_administrator_who_cannot_sign_in_is_not_told(house: House) -> None:
    first = house.person("m1234")
    person = with_app(house)
    disable(house, first)
    house.work()
    assert isinstance(asked(house, person), Removal)
    assert addresses(house.work()) == [ANNA]


def test_of_the_first_administrator_only_the_own_address_is_told(house: House) -> None:
    person = with_app(house, "m1234")
    house.person("m1234-anna")
    assert isinstance(asked(house, person), Removal)
    assert addresses(house.work()) == [FIRST]


def test_there_is_nothing_to_ask_for_without_a_factor_or_for_somebody_disabled(house: House) -> None:
    person = house.person("m1234")
    assert asked(house, person) is NotAsked.NO_FACTOR
    house.add_codes(person)  # alone they stand in for nothing
    assert asked(house, person) is NotAsked.NO_FACTOR
    house.add_app(person)
    disable(house, person)
    assert asked(house, person) is NotAsked.DISABLED
    assert told(house) == []


@both_databases
def test_of_many_who_ask_at_once_one_does(house: House) -> None:
    person = with_app(house)
    found = together(lambda _: asked(house, person), 3)
    assert sorted(isinstance(one, Removal) for one in found) == [False, False, True]
    assert found.count(NotAsked.OPEN) == 2
    assert addresses(house.work()) == [ANNA, FIRST]


def test_after_a_stop_it_can_be_asked_for_again_and_the_wait_begins_anew(house: House) -> None:
    person = with_app(house)
    ask(house, person)
    house.clock.move(hours=71)
    assert stop(house, person)
    again = ask(house, person)
    assert again.due_at == house.clock.now() + terms.FACTOR_REMOVAL_WAIT
    house.clock.move(hours=71)
    house.work()
    assert has(house, person).app


def test_the_activity_says_that_staff_asked_and_names_no_address(house: House) -> None:
    person = with_app(house)
    ask(house, person)
    assert told(house) == [("factor_removal_asked", {"by": "staff", "reason": "ticket 7"})]
    with house.parts.database.read() as db:
        (row,) = db.execute(select(removals)).all()
    assert (row.asked_by, row.reason) == ("giulia", "ticket 7")


# --- doing it


@pytest.mark.parametrize(
    ("waited", "done"),
    [
        (terms.FACTOR_REMOVAL_WAIT - TICK, False),
        (terms.FACTOR_REMOVAL_WAIT, True),
        (terms.FACTOR_REMOVAL_WAIT + TICK, True),
    ],
)
def test_it_is_done_after_the_whole_wait_and_not_before(house: House, waited: timedelta, done: bool) -> None:
    person = with_app(house)
    removal = ask(house, person)
    wait(house, waited)
    with house.parts.database.read() as db:
        assert (removal in factor_removals.due(db, house.clock.now())) is done
    assert carry_out(house, removal) is done
    assert has(house, person).any is not done


@both_databases
def test_everything_goes_and_the_way_in_leads_through_the_stored_mailbox_alone(house: House) -> None:
    person = with_app(house)
    change(house, person, NEW)
    with house.parts.database.write() as db:
        sessions.start(db, person, at=house.clock.now(), network="192.0.2.0/24", device="Evil")
        recovery.send_reset_link(db, house.parts.links, person, Purpose.RESET, at=house.clock.now())
        devices.remember(db, person, "", "Firefox · Linux", at=house.clock.now())
    hers = link(house, Purpose.RESET)
    ask(house, person)
    wait(house)
    letters = house.work()
    assert has(house, person) == Factors()
    with house.parts.database.read() as db:
        for table in (authenticator_apps, recovery_codes, known_devices):
            assert db.execute(select(table)).all() == []
        assert db.execute(select(session_table.c.ended_because)).scalars().all() == [EndReason.SECOND_FACTOR_CHANGED]
        assert queries.get_administrator(db, person.id).must_reset
    assert addresses(letters, "was taken off") == addresses(letters) == sorted([NEW, ANNA, FIRST])
    assert [letter.recipient for letter in letters if "/reset-password/" in letter.text] == [NEW]
    assert isinstance(hers, Link)
    fresh = link(house, Purpose.SUPPORT_RESET)
    assert isinstance(fresh, Link)
    assert fresh.expires_at == house.clock.now() + terms.SUPPORT_LINK_LIFE
    assert link(house, Purpose.RESET) is Fault.WITHDRAWN
    assert link(house) is Fault.WITHDRAWN
    assert told(house) == [
        ("reset_link_sent", {"by": "person"}),
        ("factor_removal_asked", {"by": "staff", "reason": "ticket 7"}),
        ("factors_removed", {}),
        ("reset_link_sent", {"by": "staff"}),
    ]


def test_one_removal_touches_nobody_else(house: House) -> None:
    first, anna = with_app(house, "m1234"), with_app(house)
    ask(house, first)
    ask(house, anna)
    assert stop(house, first)
    wait(house)
    house.work()
    assert has(house, first) == Factors(app=True, codes=terms.RECOVERY_CODES)
    assert has(house, anna) == Factors()


# --- what stops it


def disable(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=house.clock.now(), by="m1234")


def add_a_factor(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        factors.changed(db, person, Event.PASSKEY_ADDED, at=house.clock.now())


def make_codes(house: House, person: Administrator) -> None:
    house.add_codes(person)
    with house.parts.database.write() as db:
        factors.changed(db, person, Event.RECOVERY_CODES_MADE, at=house.clock.now())


def take_the_last_one_off(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        db.execute(authenticator_apps.delete())
        factors.changed(db, person, Event.APP_REMOVED, at=house.clock.now())


def press(house: House, person: Administrator) -> None:
    assert stop(house, person)


def staff_stop(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        assert factor_removals.stop(db, person.id, Stop.STAFF, at=house.clock.now(), by="staff")


def follow_the_link(house: House, person: Administrator) -> None:
    assert use(house, link(house))


Act = Callable[[House, Administrator], None]


@both_databases
@pytest.mark.parametrize(
    ("act", "why", "by"),
    [
        (disable, Stop.DISABLED, "m1234"),
        (add_a_factor, Stop.NEW_FACTOR, None),
        (make_codes, Stop.NEW_FACTOR, None),
        (take_the_last_one_off, Stop.NONE_LEFT, None),
        (press, Stop.BUTTON, None),
        (staff_stop, Stop.STAFF, "staff"),
        (follow_the_link, Stop.LINK, "person"),
    ],
)
def test_it_is_stopped_for_good_and_all_who_were_told_are_told(
    house: House, act: Act, why: Stop, by: str | None
) -> None:
    person = with_app(house)
    change(house, person, NEW)
    house.work()
    ask(house, person)
    act(house, person)
    assert not is_open(house, person)
    assert addresses(house.work(), "stays") == sorted([NEW, ANNA, FIRST])
    assert link(house) in (Fault.WITHDRAWN, Fault.USED)
    assert told(house)[-1] == ("factor_removal_stopped", {"why": why} | ({"by": by} if by else {}))
    before = has(house, person)
    wait(house)
    assert house.work() == []
    assert has(house, person) == before
    assert not stop(house, person)


def test_what_leaves_somebody_locked_out_does_not_stop_it(house: House) -> None:
    """A new password, one of two factors taken off, a change of the address that waits: the other is lost as before."""
    person = with_app(house)
    ask(house, person)
    with house.parts.database.write() as db:
        recovery.store_password(db, person, "a hash", EndReason.PASSWORD_RESET, at=house.clock.now())
        factors.changed(db, person, Event.PASSKEY_REMOVED, at=house.clock.now())
        assert email_changes.ask(db, house.parts.links, person, NEW, at=house.clock.now())
    assert is_open(house, person)


def test_a_changed_address_stops_it_because_the_way_in_goes_where_somebody_was_warned(house: House) -> None:
    person = with_app(house)
    ask(house, person)
    change(house, person, NEW)
    assert not is_open(house, person)
    assert addresses(house.work(), "stays") == sorted([NEW, ANNA, FIRST])
    assert told(house)[-1] == ("factor_removal_stopped", {"why": Stop.ADDRESS_CHANGED})


def test_taking_a_change_of_the_address_back_stops_it_and_tells_the_owner_alone(house: House) -> None:
    """Whoever undoes says that the account was somebody else's: so was, perhaps, the request."""
    person = with_app(house)
    house.clock.move(seconds=1)
    change(house, person, "eve@example.net")
    house.work()
    ask(house, person)
    found = link(house, Purpose.EMAIL_UNDO)
    assert isinstance(found, Link)
    with house.parts.database.write() as db:
        assert email_changes.undo(db, house.parts.links, found, at=house.clock.now())
    assert not is_open(house, person)
    assert addresses(house.work(), "stays") == [ANNA, FIRST]
    assert ("factor_removal_stopped", {"why": Stop.ADDRESS_RESTORED, "by": "person"}) in told(house)


def test_a_sign_in_that_was_somebody_elses_stops_it(house: House) -> None:
    person = with_app(house)
    house.clock.move(seconds=1)
    at, maker = house.clock.now(), house.parts.links
    with house.parts.database.write() as db:
        entered = sessions.start(db, person, at=at, network="192.0.2.0/24", device="Evil")
        maker.issue(db, Purpose.NOT_ME, entered.id, at=at, expires_at=at + terms.NOT_ME_LIFE)
    ask(house, person)
    found = link(house, Purpose.NOT_ME)
    assert isinstance(found, Link)
    with house.parts.database.write() as db:
        assert not_me.take_back(db, maker, found, at=at)
    assert not is_open(house, person)
    assert ("factor_removal_stopped", {"why": Stop.NOT_ME, "by": "person"}) in told(house)
    assert has(house, person).any


def test_who_was_told_of_it_is_told_of_the_stop_though_the_change_can_be_undone_no_more(house: House) -> None:
    person = with_app(house)
    change(house, person, NEW)
    house.work()
    wait(house, terms.EMAIL_CHANGE_UNDO - TICK)
    ask(house, person)
    house.clock.move(hours=1)
    assert stop(house, person)
    assert addresses(house.work()) == sorted([NEW, ANNA, FIRST])


def test_a_link_stops_what_it_was_made_for_and_no_later_one(house: House) -> None:
    person = with_app(house)
    ask(house, person)
    earlier = link(house)
    assert stop(house, person)
    ask(house, person)
    assert not use(house, earlier)
    assert is_open(house, person)
    assert use(house, link(house))


@pytest.mark.parametrize(
    ("waited", "found"),
    [
        (terms.FACTOR_REMOVAL_WAIT - TICK, Link),
        (terms.FACTOR_REMOVAL_WAIT, Fault),
        (terms.FACTOR_REMOVAL_WAIT + TICK, Fault),
    ],
)
def test_the_link_stops_it_until_it_is_due(house: House, waited: timedelta, found: type) -> None:
    ask(house, with_app(house))
    wait(house, waited)
    assert isinstance(link(house), found)


def test_when_the_workers_are_late_the_person_and_staff_can_still_stop_it(house: House) -> None:
    person = with_app(house)
    ask(house, person)
    wait(house)
    assert stop(house, person)
    house.work()
    assert has(house, person).any


# --- what stands in its way when it is due


@dataclass
class Picky(Mailbox):
    """A mail server that does not take everything."""

    refused: dict[str, Undelivered] = field(default_factory=dict)

    def send(self, letter: Letter) -> None:
        if fault := self.refused.get(letter.recipient):
            raise fault
        super().send(letter)


AWAY, UNKNOWN = Undelivered("away"), Undelivered("nobody here", permanent=True)


@pytest.mark.parametrize(
    ("refused", "done"),
    [
        ({}, True),
        ({FIRST: AWAY}, False),
        ({ANNA: AWAY}, False),
        ({FIRST: UNKNOWN}, True),
        ({ANNA: UNKNOWN}, True),
        ({ANNA: UNKNOWN, FIRST: UNKNOWN}, False),
    ],
)
def test_it_is_not_done_where_a_notice_has_not_left_or_none_was_accepted(
    house: House, refused: dict[str, Undelivered], done: bool
) -> None:
    picky = Picky(refused=refused)
    house.app.extensions["portal"] = replace(house.parts, post=picky)
    person = with_app(house)
    ask(house, person)
    wait(house)
    picky.refused = {}
    house.work()
    assert has(house, person).any is not done
    assert not is_open(house, person)
    if not done:
        assert addresses(picky.letters[-2:], "stays") == [ANNA, FIRST]
        assert told(house)[-1] == ("factor_removal_stopped", {"why": Stop.NOT_TOLD, "by": "portal"})


def test_workers_that_were_away_all_the_time_take_nothing_off(house: House) -> None:
    person = with_app(house)
    asked(house, person)
    wait(house)
    assert addresses(house.work()) == [ANNA, FIRST]  # that it is stopped
    assert has(house, person).any


@pytest.mark.parametrize("ends_in", [2, None])
def test_where_nobody_signs_in_any_more_it_ends_and_nobody_is_told(house: House, ends_in: int | None) -> None:
    """The last day of grace is over; and a platform that is deleted."""
    house.platform(1234, ends_in=-8)
    person = with_app(house)
    ask(house, person)
    if ends_in is None:
        mark_deleted(house)
    wait(house)
    assert not house.place().state.may_sign_in
    assert house.work() == []
    assert has(house, person).any
    assert not is_open(house, person)


def mark_deleted(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(update(platforms).values(deleted_at=house.clock.now()))


def vanish(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        db.execute(authenticator_apps.delete())


def be_disabled(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        db.execute(update(people).where(people.c.id == person.id).values(disabled_at=house.clock.now()))


@pytest.mark.parametrize("act", [vanish, be_disabled])
def test_whatever_way_the_factors_or_the_right_to_sign_in_have_gone_the_password_stays(house: House, act: Act) -> None:
    person = with_app(house)
    ask(house, person)
    act(house, person)
    wait(house)
    house.work()
    found = house.administrator("m1234-anna")
    assert found is not None
    assert not found.must_reset
    assert not is_open(house, person)


# --- races


@both_databases
def test_of_two_rounds_at_once_one_does_it(house: House) -> None:
    person = with_app(house)
    removal = ask(house, person)
    wait(house)
    assert sorted(together(lambda _: carry_out(house, removal), 3)) == [False, False, True]
    assert addresses(house.work(), "was taken off") == [ANNA, FIRST]


@both_databases
def test_a_stop_between_the_claim_and_the_removal_wins(house: House) -> None:
    """A round has found it due; before it holds the person's row, somebody stops it."""
    person = with_app(house)
    removal = ask(house, person)
    wait(house)
    assert stop(house, person)
    assert not carry_out(house, removal)
    assert has(house, person).any
    assert addresses(house.work()) == [ANNA, FIRST]


@both_databases
def test_what_is_done_between_the_look_and_the_lock_cannot_be_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = with_app(house)
    ask(house, person)
    lock = queries.lock_administrator

    def after_a_round(db: Connection, administrator_id: int) -> Administrator:
        db.execute(update(removals).values(done_at=house.clock.now()))
        return lock(db, administrator_id)

    monkeypatch.setattr(queries, "lock_administrator", after_a_round)
    assert not stop(house, person)
    assert not is_open(house, person)
    assert house.work() == []


@both_databases
def test_a_stop_and_the_removal_at_once_are_never_both(house: House) -> None:
    person = with_app(house)
    removal = ask(house, person)
    wait(house)
    stopped, done = together(lambda number: carry_out(house, removal) if number else stop(house, person), 2)
    assert stopped is not done
    assert has(house, person).any is stopped
    subjects = {letter.subject.rpartition(" ")[2] for letter in house.work()}
    assert subjects == ({"stays"} if stopped else {"off"})


@both_databases
def test_of_many_who_follow_the_link_at_once_one_stops_it(house: House) -> None:
    ask(house, with_app(house))
    found = link(house)
    assert sorted(together(lambda _: use(house, found), 3)) == [False, False, True]
    assert addresses(house.work()) == [ANNA, FIRST]


def test_a_round_that_is_too_early_for_a_clock_put_back_does_nothing(house: House) -> None:
    person = with_app(house)
    removal = ask(house, person)
    assert not carry_out(house, removal, closed=True)
    make_round(house.parts)
    assert is_open(house, person)
