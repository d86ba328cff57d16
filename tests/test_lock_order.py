"""Two who hold rows of the same customer wait for each other in a queue, never in a ring.

Each story has two transactions that took the same two rows in opposite order once. The first one holds a row; the
second one comes as far as it can, until it waits; then the first one goes on and has to come through, and the second
one after it. Where the order (`subscription.queries.lock_platform`) is broken, PostgreSQL ends one of the two after a
second, and says "deadlock detected". On SQLite there is one writer, who waits for nobody.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from portal import seats
from portal.accounts import limits, queries, recovery, second_factor, sessions, sign_in
from portal.accounts.queries import Administrator
from portal.accounts.second_factor import Checks
from portal.accounts.sessions import EndReason
from portal.desk import platforms as desk
from portal.desk.platforms import Hand
from portal.jobs.post import work_once
from portal.rules.access import Block
from portal.rules.dates import business_date
from portal.rules.staff import StaffRole
from portal.staff import members as staff_members
from portal.staff import queries as staff
from portal.staff import sign_in as staff_sign_in
from portal.subscription import actions, seating
from portal.subscription.queries import find_platform, lock_platform
from portal.support import actions as support
from portal.support.actions import Entry
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.rules.instants import ROME

pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
Act = Callable[[Connection], Any]
SECONDS = 60  # for the second one, once nobody is in its way


def queue(house: House, first: Act, second: Act, then: Act) -> None:
    """`first` and `then` are one transaction; between them `second` comes as far as it can in another one."""
    faults: list[BaseException] = []

    def another() -> None:
        try:
            with house.parts.database.write() as db:
                second(db)
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=another)
    with house.parts.database.write() as db:
        first(db)
        thread.start()
        while thread.is_alive() and not somebody_waits(house):
            thread.join(0.01)
        assert thread.is_alive(), f"nobody was in the way of the second one: {faults}"
        then(db)
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert faults == []


def somebody_waits(house: House) -> bool:
    with house.parts.database.read() as db:
        return bool(db.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())


def password_of(house: House, person: Administrator) -> str:
    with house.parts.database.read() as db:
        found = queries.find_credential(db, person.username)
    assert found
    assert found.password_hash
    return found.password_hash


def unchanged(house: House, person: Administrator) -> Act:
    """What each sign-in begins with: the person is held."""
    known = password_of(house, person)
    return lambda db: sign_in.unchanged(db, person.id, known)


def start(house: House, person: Administrator) -> Act:
    return lambda db: sessions.start(db, person, at=house.clock.now(), network="", device="")


def too_many(house: House) -> tuple[Administrator, Administrator]:
    """Two people more than there are seats; a plan says that they go today, the newer one first."""
    house.platform(1234)
    house.person("m1234")
    anna, luca = house.person("m1234-anna"), house.person("m1234-luca")
    with house.parts.database.write() as db:
        today = business_date(house.clock.now(), ROME)
        seating.plan_reduction(db, 1234, due_on=today, picked=("m1234-luca", "m1234-anna"))
    return anna, luca


def reduce(house: House) -> Act:
    """Holds the platform, and then the people who go."""

    def act(db: Connection) -> None:
        plan = seating.find_reduction(db, 1234)
        assert plan
        assert len(seats.apply_reduction(db, plan, ROME, at=house.clock.now())) == 2

    return act


def test_a_sign_in_that_leads_to_a_reset_and_a_reset_that_was_asked_for(house: House) -> None:
    """Both hold the person, and count the same limit of recovery mails."""
    person, maker, at = house.person("m1234"), house.parts.links, house.clock.now()
    asked = {"username": "m1234", "email": person.email.lower(), "allowed": True}
    queue(
        house,
        unchanged(house, person),
        lambda db: recovery.answer_reset(db, maker, asked, lambda _: "active", at=at),
        lambda db: recovery.send_limited_reset_link(db, maker, person, at=at),
    )


def test_the_first_sign_in_of_a_day_and_a_term_that_begins_with_fewer_seats(house: House) -> None:
    """The one holds a person and notes the day on the platform, the other holds the platform and disables people."""
    anna, _ = too_many(house)
    at = house.clock.now()
    queue(house, start(house, anna), reduce(house), lambda db: actions.note_sign_in(db, 1234, at=at, zone=ROME))


def test_the_day_of_a_sign_in_is_noted_though_the_platform_was_held(house: House) -> None:
    house.person("m1234")
    at = house.clock.now()
    with house.parts.database.write() as holder:
        lock_platform(holder, 1234)
        with house.parts.database.write() as db:
            actions.note_sign_in(db, 1234, at=at, zone=ROME)
    assert noted(house) is None
    while work_once(house.app):
        pass
    assert noted(house) == business_date(at, ROME)


def noted(house: House) -> Any:
    with house.parts.database.read() as db:
        found = find_platform(db, 1234)
    assert found
    return found.last_sign_in_on


def test_a_code_that_is_judged_and_a_password_that_is_set(house: House) -> None:
    """Both hold the person, and the setting of a password forgets what was counted of codes."""
    person, parts, at = house.person("m1234"), house.parts, house.clock.now()
    checks = Checks(parts.database, parts.hasher, parts.vault)
    second_factor.prove(checks, person, "123456", at=at)  # a first wrong one, so that there is something to forget
    queue(
        house,
        lambda db: queries.lock_administrator(db, person.id),
        lambda _: second_factor.prove(checks, person, "123456", at=at),
        lambda db: recovery.store_password(db, person, "hash", EndReason.PASSWORD_RESET, at=at),
    )


def test_a_code_of_the_staff_and_a_password_that_is_set(house: House) -> None:
    at_the_desk(house, StaffRole.BILLING, "bea")
    with house.parts.database.read() as db:
        member = staff.find_member(db, "bea")
    assert member
    name, at = staff_members.throttle_name("bea"), house.clock.now()
    with house.parts.database.write() as db:  # a first wrong one, so that there is something to forget
        staff_sign_in.use_code(db, house.parts.vault, member, "123456", at=at)
    queue(
        house,
        lambda db: staff.lock_member(db, member.id),
        lambda db: staff_sign_in.use_code(db, house.parts.vault, member, "123456", at=at),
        lambda db: limits.clear_sign_in(db, name),
    )


def test_who_comes_in_while_the_platform_is_blocked_as_compromised(house: House) -> None:
    """Both end the session there is, and hold the person."""
    person = house.person("m1234")
    house.browser().sign_in()
    hand = Hand("staff", house.clock.now(), "T-1", "sara")
    queue(
        house,
        unchanged(house, person),
        lambda db: desk.block(db, 1234, Block.COMPROMISED, hand, note=""),
        start(house, person),
    )


def test_everybody_is_signed_out_while_some_are_disabled(house: House) -> None:
    """Both hold several people: the lower id first, also where the newest go first."""
    anna, luca = too_many(house)
    at = house.clock.now()
    queue(
        house,
        lambda db: sessions.end_by_staff(db, anna, "leak", at=at, by="command line"),
        reduce(house),
        lambda db: sessions.end_by_staff(db, luca, "leak", at=at, by="command line"),
    )


def test_what_only_points_to_a_platform_does_not_wait_for_it(house: House) -> None:
    """A contact is written by somebody who is held, on a platform that another one holds who waits for them."""
    anna, _ = too_many(house)
    entry = Entry("technical", "Ada Bianchi", "ada@example.com")
    queue(
        house,
        lambda db: queries.lock_administrator(db, anna.id),
        reduce(house),
        lambda db: support.add(db, anna, entry, at=house.clock.now()),
    )
