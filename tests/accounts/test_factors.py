"""What somebody has beside the password, and what dies with any change of it."""

from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from portal.accounts import authenticator_apps, factors, recovery, sessions
from portal.accounts.events import Event
from portal.accounts.links import HALFWAY_PURPOSES, PASSWORD_PURPOSES, Purpose
from portal.accounts.queries import Administrator
from portal.accounts.tables import passkeys, recovery_codes
from portal.accounts.tables import sessions as session_table
from portal.kit import audit, outbox
from portal.kit.links import Fault, Link
from portal.rules.factors import Factors
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers.house import House

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


def add_passkey(house: House, person: Administrator, name: str = "Laptop", *, at: datetime | None = None) -> None:
    """The row of a key; that it answers for nobody is no matter here."""
    row = {"administrator_id": person.id, "credential_id": f"{person.id} {name}", "user_handle": "h", "name": name}
    row |= {"public_key": "k", "sign_count": 0, "transports": [], "added_at": at or house.clock.now()}
    with house.parts.database.write() as db:
        db.execute(passkeys.insert().values(row))


def has(house: House, person: Administrator) -> Factors:
    with house.parts.database.read() as db:
        return factors.of(db, person.id)


def change(house: House, person: Administrator, event: Event = Event.APP_ADDED, **facts: Any) -> None:
    with house.parts.database.write() as db:
        factors.changed(db, person, event, at=house.clock.now(), **facts)


def remove(house: House, person: Administrator, **facts: Any) -> bool:
    with house.parts.database.write() as db:
        return factors.remove(db, person, Event.NEW_FACTORS_REMOVED, at=house.clock.now(), **facts)


def token(house: House, person: Administrator, purpose: Purpose) -> str:
    """A fresh link of this purpose, as a mail or a cookie carries it."""
    at = house.clock.now()
    with house.parts.database.write() as db:
        link_id = house.parts.links.issue(db, purpose, person.id, at=at, expires_at=at + 5 * MINUTE)
        return house.parts.links.token(db, link_id)


def opens(house: House, found: str, purpose: Purpose) -> bool:
    with house.parts.database.read() as db:
        link = house.parts.links.find(db, found, purpose, at=house.clock.now())
    assert isinstance(link, Link) or link is Fault.WITHDRAWN
    return isinstance(link, Link)


def told(house: House) -> list[tuple[str, str]]:
    """(to whom, of what) each notice of a changed factor is."""
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.name == "factor_changed")).all()
    return [(row.recipient, row.payload["change"]) for row in rows]


def session(house: House, person: Administrator) -> int:
    with house.parts.database.write() as db:
        sessions.start(db, person, at=house.clock.now(), network="192.0.2.0/24", device="Firefox")
        return int(db.execute(select(func.max(session_table.c.id))).scalar_one())


def ends(house: House) -> list[str | None]:
    with house.parts.database.read() as db:
        return list(db.execute(select(session_table.c.ended_because).order_by(session_table.c.id)).scalars())


@both_databases
def test_what_somebody_has_is_counted_without_what_waits_or_was_used(house: House) -> None:
    person, other = house.person("m1234"), house.person("m1235")
    assert has(house, person) == Factors()
    with house.parts.database.write() as db:
        authenticator_apps.begin(db, house.parts.vault, person, at=house.clock.now())
    assert has(house, person) == Factors()
    house.add_app(other)
    add_passkey(house, person)
    add_passkey(house, person, "Phone")
    house.add_codes(person)
    with house.parts.database.write() as db:
        first = select(func.min(recovery_codes.c.id)).scalar_subquery()
        db.execute(recovery_codes.update().where(recovery_codes.c.id == first).values(used_at=house.clock.now()))
    assert has(house, person) == Factors(passkeys=2, codes=9)
    assert has(house, other) == Factors(app=True)


@pytest.mark.parametrize("purpose", [*PASSWORD_PURPOSES, *HALFWAY_PURPOSES])
def test_links_to_a_new_password_and_what_stands_halfway_die_with_a_change(house: House, purpose: Purpose) -> None:
    person, other = house.person("m1234"), house.person("m1235")
    mine, theirs = token(house, person, purpose), token(house, other, purpose)
    house.add_app(person)
    change(house, person)
    assert not opens(house, mine, purpose)
    assert opens(house, theirs, purpose)


def test_other_sessions_end_and_the_one_where_it_was_done_goes_on(house: House) -> None:
    person = house.person()
    house.add_app(person)
    own = session(house, person)
    change(house, person, but=own)
    assert ends(house) == [None]
    change(house, person)
    assert ends(house) == [EndReason.SECOND_FACTOR_CHANGED]


def test_a_change_is_told_by_mail_and_in_the_activity(house: House) -> None:
    person = house.person()
    house.add_app(person)
    change(house, person, Event.APP_ADDED)
    assert told(house) == [(person.email, Event.APP_ADDED)]
    with house.parts.database.read() as db:
        last = audit.of_platform(db, person.platform_id, limit=1)[0]
    assert (last.tag, last.administrator_id) == (Event.APP_ADDED, person.id)


def test_recovery_codes_go_with_the_last_factor_and_no_earlier(house: House) -> None:
    person = house.person()
    house.add_app(person)
    add_passkey(house, person)
    house.add_codes(person)
    with house.parts.database.write() as db:
        authenticator_apps.remove(db, person)
    change(house, person, Event.APP_REMOVED)
    assert has(house, person) == Factors(passkeys=1, codes=10)
    with house.parts.database.write() as db:
        db.execute(passkeys.delete())
    change(house, person, Event.PASSKEY_REMOVED)
    assert has(house, person) == Factors()


# --- all of them at once ---------------------------------------------------------------------------------------------


def equipped(house: House, username: str = "m1234") -> Administrator:
    person = house.person(username)
    house.add_app(person)
    house.add_codes(person)
    add_passkey(house, person)
    return person


@both_databases
def test_removing_takes_everything_off_of_one_person_and_tells_it_once(house: House) -> None:
    person, other = equipped(house, "m1234"), equipped(house, "m1235")
    session(house, person)
    reset = token(house, person, Purpose.RESET)
    assert remove(house, person)
    assert has(house, person) == Factors()
    assert has(house, other) == Factors(app=True, passkeys=1, codes=10)
    assert told(house) == [(person.email, Event.NEW_FACTORS_REMOVED)]
    assert ends(house) == [EndReason.SECOND_FACTOR_CHANGED]
    assert not opens(house, reset, Purpose.RESET)


def test_removing_nothing_changes_nothing(house: House) -> None:
    person = house.person()
    session(house, person)
    assert not remove(house, person)
    assert told(house) == []
    assert ends(house) == [None]


@pytest.mark.parametrize(
    ("added", "stays"), [(-TICK, True), (timedelta(0), False), (TICK, False)], ids=["before", "at", "after"]
)
def test_removing_what_came_since_leaves_what_was_there_before(house: House, added: timedelta, stays: bool) -> None:
    since = house.clock.now()
    house.clock.set(since + added)
    person = equipped(house)
    house.clock.set(since + MINUTE)
    assert remove(house, person, since=since) is not stays
    assert has(house, person) == (Factors(app=True, passkeys=1, codes=10) if stays else Factors())


def test_what_came_since_goes_and_what_was_there_before_stays(house: House) -> None:
    person = house.person()
    house.add_app(person)
    add_passkey(house, person, "Laptop")
    house.clock.move(hours=1)
    since = house.clock.now()
    add_passkey(house, person, "Intruder")
    house.add_codes(person)
    assert remove(house, person, since=since)
    assert has(house, person) == Factors(app=True, passkeys=1)
    with house.parts.database.read() as db:
        assert db.execute(select(passkeys.c.name)).scalars().all() == ["Laptop"]


def test_an_app_counts_as_added_when_it_was_confirmed_and_not_when_it_was_begun(house: House) -> None:
    """Whoever began it before and confirms it after knows its secret all the same."""
    person = house.person()
    with house.parts.database.write() as db:
        authenticator_apps.begin(db, house.parts.vault, person, at=house.clock.now())
        secret = authenticator_apps.find_waiting(db, house.parts.vault, person)
    house.clock.move(minutes=1)
    since = house.clock.now()
    with house.parts.database.write() as db:
        code = pyotp.TOTP(str(secret)).at(since)
        assert authenticator_apps.confirm(db, house.parts.vault, person, code, at=since)
    assert remove(house, person, since=since)
    assert has(house, person) == Factors()


@pytest.mark.parametrize("since", [None, MINUTE])
def test_an_app_that_waits_goes_in_any_case_and_nobody_is_told(house: House, since: timedelta | None) -> None:
    """Somebody else has seen its secret; shown again to the owner, it would be theirs as well."""
    person = house.person()
    with house.parts.database.write() as db:
        authenticator_apps.begin(db, house.parts.vault, person, at=house.clock.now())
    assert not remove(house, person, since=house.clock.now() + since if since else None)
    with house.parts.database.read() as db:
        assert authenticator_apps.find_waiting(db, house.parts.vault, person) is None
    assert told(house) == []


def test_a_new_password_takes_no_factor_off(house: House) -> None:
    person = equipped(house)
    with house.parts.database.write() as db:
        recovery.store_password(db, person, "a hash", EndReason.PASSWORD_RESET, at=house.clock.now())
    assert has(house, person) == Factors(app=True, passkeys=1, codes=10)
