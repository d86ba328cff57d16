"""Sessions: the row is the judge, to the microsecond, and a person has one."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal import glance
from portal.accounts import administrators, sessions
from portal.accounts.queries import Administrator
from portal.accounts.sessions import Live, Over
from portal.accounts.tables import sessions as table
from portal.kit.audit import events
from portal.rules import terms
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

START = datetime(2026, 11, 20, 9, tzinfo=UTC)  # where the house's clock stands
TICK = timedelta(microseconds=1)
IDLE, LIFE = terms.IDLE_TIMEOUT, terms.SESSION_LIFE


def started(house: House, person: Administrator, at: datetime = START, device: str = "Firefox on Linux") -> str:
    with house.parts.database.write() as db:
        return sessions.start(db, person, at=at, network="198.51.100.0/24", device=device).token


def found(
    house: House, token: str, at: datetime, cookie_at: datetime | None = None, idle: timedelta = IDLE
) -> Live | Over | None:
    with house.parts.database.read() as db:
        read = glance.of_session(db, token, at=at, cookie_at=cookie_at, idle=idle, zone=terms.BUSINESS_ZONE)
    return read and read[0]


def over(house: House, token: str, at: datetime, cookie_at: datetime | None = None) -> EndReason:
    session = found(house, token, at, cookie_at)
    assert isinstance(session, Over)
    return session.reason


def live_rows(house: House) -> int:
    with house.parts.database.read() as db:
        return db.execute(select(func.count()).where(table.c.ended_at.is_(None))).scalar_one()


@both_databases
def test_a_session_is_found_by_its_token_with_its_person(house: House) -> None:
    person = house.person("m1234")
    session = found(house, started(house, person), START)
    assert isinstance(session, Live)
    assert session.administrator == person
    assert (session.started_at, session.last_active_at) == (START, START)
    assert session.life.ends_at == START + IDLE


def test_a_token_that_nobody_has_is_no_session(house: House) -> None:
    token = started(house, house.person("m1234"))
    for other in ("", token[:-1], token.swapcase(), token + " ", "\x00", "\ud800", "x" * 100_000):
        assert found(house, other, START) is None


def test_a_stolen_database_holds_no_token(house: House) -> None:
    token = started(house, house.person("m1234"))
    with house.parts.database.read() as db:
        row = db.execute(select(table)).one()
    assert token not in str(tuple(row))
    assert found(house, row.token_hash, START) is None
    assert len(token) >= 43  # 256 bits


@pytest.mark.parametrize(
    ("cookie_after", "asked_after", "alive"),
    [
        (None, IDLE - TICK, True),
        (None, IDLE, False),
        (timedelta(seconds=50), IDLE, True),  # the cookie knows of activity that the row has not caught up with
        (timedelta(seconds=50), timedelta(seconds=50) + IDLE - TICK, True),
        (timedelta(seconds=50), timedelta(seconds=50) + IDLE, False),
        (timedelta(minutes=-20), IDLE - TICK, True),  # an old copy of the cookie takes nothing away
        (timedelta(minutes=-20), IDLE, False),
        (timedelta(days=1), IDLE, True),  # a cookie of a node whose clock runs ahead: counted as now, no further
    ],
)
def test_thirty_minutes_without_activity_end_it(
    house: House, cookie_after: timedelta | None, asked_after: timedelta, alive: bool
) -> None:
    token = started(house, house.person("m1234"))
    cookie_at = None if cookie_after is None else START + cookie_after
    session = found(house, token, START + asked_after, cookie_at)
    assert isinstance(session, Live) is alive
    if isinstance(session, Over):
        assert (session.reason, session.noted) == (EndReason.IDLE, False)


def test_a_shorter_idle_setting_is_kept_to_the_microsecond(house: House) -> None:
    token, idle = started(house, house.person("m1234")), timedelta(seconds=5)
    assert isinstance(found(house, token, START + idle - TICK, idle=idle), Live)
    assert isinstance(found(house, token, START + idle, idle=idle), Over)


@pytest.mark.parametrize(("asked_after", "alive"), [(LIFE - TICK, True), (LIFE, False)])
def test_twelve_hours_end_it_whatever_the_activity(house: House, asked_after: timedelta, alive: bool) -> None:
    token = started(house, house.person("m1234"))
    just_now = START + asked_after
    assert isinstance(found(house, token, just_now, cookie_at=just_now), Live) is alive
    if not alive:
        assert over(house, token, just_now, cookie_at=just_now) is EndReason.ABSOLUTE


@both_databases
def test_a_disabled_person_has_no_session_from_that_moment(house: House) -> None:
    person = house.person("m1234")
    token = started(house, person)
    with house.parts.database.write() as db:
        assert administrators.disable(db, person, at=START)
    assert over(house, token, START) is EndReason.DISABLED


def test_a_disabled_person_has_no_session_even_where_its_row_was_forgotten(house: House) -> None:
    person = house.person("m1234")
    token = started(house, person)
    with house.parts.database.write() as db:
        administrators.disable(db, person, at=START)
        db.execute(update(table).values(ended_at=None, ended_because=None))
    assert over(house, token, START) is EndReason.DISABLED


@pytest.mark.parametrize("reason", list(EndReason))
def test_an_ended_session_tells_why_for_ever(house: House, reason: EndReason) -> None:
    person = house.person("m1234")
    token = started(house, person)
    with house.parts.database.write() as db:
        assert sessions.end(db, 1, reason, at=START)
        assert not sessions.end(db, 1, EndReason.BY_STAFF, at=START)
    for at in (START, START + 10 * LIFE):
        assert found(house, token, at, cookie_at=at) == Over(1, person, reason, noted=True)


def test_the_end_of_a_session_is_written_with_its_instant(house: House) -> None:
    started(house, house.person("m1234"))
    with house.parts.database.write() as db:
        sessions.end(db, 1, EndReason.SIGNED_OUT, at=START + TICK)
    with house.parts.database.read() as db:
        assert db.execute(select(table.c.ended_at, table.c.ended_because)).one() == (START + TICK, "signed-out")


@pytest.mark.parametrize(
    ("after", "due"),
    [(terms.ACTIVITY_WRITE_INTERVAL - TICK, False), (terms.ACTIVITY_WRITE_INTERVAL, True)],
)
def test_the_row_has_to_catch_up_once_a_minute(house: House, after: timedelta, due: bool) -> None:
    token = started(house, house.person("m1234"))
    session = found(house, token, START + after, cookie_at=START + after)
    assert isinstance(session, Live)
    assert session.write_due is due


@both_databases
def test_touching_moves_the_row_forward_and_never_back(house: House) -> None:
    token = started(house, house.person("m1234"))
    later = START + timedelta(minutes=20)
    with house.parts.database.write() as db:
        sessions.touch(db, 1, at=later)
        sessions.touch(db, 1, at=START)
    session = found(house, token, later + IDLE - TICK)
    assert isinstance(session, Live)
    assert session.last_active_at == later


def test_touching_wakes_no_ended_session(house: House) -> None:
    token = started(house, house.person("m1234"))
    with house.parts.database.write() as db:
        sessions.end(db, 1, EndReason.SIGNED_OUT, at=START)
        sessions.touch(db, 1, at=START + TICK)
    with house.parts.database.read() as db:
        assert db.execute(select(table.c.last_active_at)).scalar_one() == START
    assert over(house, token, START) is EndReason.SIGNED_OUT


@both_databases
def test_a_new_session_takes_over_the_one_that_is_alive(house: House) -> None:
    person = house.person("m1234")
    first, second = started(house, person), started(house, person, START + timedelta(minutes=5))
    at = START + timedelta(minutes=5)
    assert over(house, first, at) is EndReason.TAKEN_OVER
    assert isinstance(found(house, second, at), Live)
    assert _tags(house)[-2:] == ["accounts.signed_in", "accounts.taken_over"]


@pytest.mark.parametrize(
    ("after", "reason", "tag"),
    [
        (timedelta(hours=1), EndReason.IDLE, "accounts.signed_in"),
        (timedelta(days=1), EndReason.IDLE, "accounts.signed_in"),
        (IDLE + terms.ACTIVITY_WRITE_INTERVAL - TICK, EndReason.TAKEN_OVER, "accounts.taken_over"),
        (IDLE + terms.ACTIVITY_WRITE_INTERVAL, EndReason.IDLE, "accounts.signed_in"),
    ],
)
def test_coming_back_the_next_day_takes_over_nothing(
    house: House, after: timedelta, reason: EndReason, tag: str
) -> None:
    """A session that died of idleness without a request to notice it ended of that, and of nothing else."""
    person = house.person("m1234")
    first = started(house, person)
    started(house, person, START + after)
    assert over(house, first, START + after) is reason
    assert _tags(house)[-1] == tag


def test_a_session_that_grew_too_old_unnoticed_ended_of_that(house: House) -> None:
    person = house.person("m1234")
    first = started(house, person)
    with house.parts.database.write() as db:
        sessions.touch(db, 1, at=START + LIFE - timedelta(minutes=1))
    started(house, person, START + LIFE)
    assert over(house, first, START + LIFE) is EndReason.ABSOLUTE


def _tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return list(db.execute(select(events.c.tag).order_by(events.c.id)).scalars())


@both_databases
def test_the_database_itself_refuses_a_second_live_session(house: House) -> None:
    person = house.person("m1234")
    started(house, person)
    row = {"token_hash": "x", "administrator_id": person.id, "device": "", "network": ""}
    with pytest.raises(IntegrityError), house.parts.database.write() as db:
        db.execute(table.insert().values(row | {"started_at": START, "last_active_at": START}))


@both_databases
@pytest.mark.parametrize("before", [0, 1], ids=["signed out", "signed in"])
def test_of_many_simultaneous_starts_the_last_one_lives_and_none_fails(house: House, before: int) -> None:
    person = house.person("m1234")
    for _ in range(before):
        started(house, person)
    for _ in range(3):
        tokens = together(lambda number: started(house, person, device=str(number)), 5)
        assert live_rows(house) == 1
        assert sum(isinstance(found(house, token, START), Live) for token in tokens) == 1


@both_databases
def test_two_people_have_a_session_each(house: House) -> None:
    tokens = [started(house, house.person(name)) for name in ("m1234", "m1234-anna", "m2000")]
    assert all(isinstance(found(house, token, START), Live) for token in tokens)


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (timedelta(0), True),
        (IDLE, True),  # the row lags behind the cookie by up to a minute: in doubt the person is asked
        (IDLE + terms.ACTIVITY_WRITE_INTERVAL - TICK, True),
        (IDLE + terms.ACTIVITY_WRITE_INTERVAL, False),
    ],
)
def test_somebody_who_may_be_signed_in_elsewhere_is_asked_about(house: House, after: timedelta, asked: bool) -> None:
    person = house.person("m1234")
    started(house, person)
    with house.parts.database.read() as db:
        elsewhere = sessions.find_elsewhere(db, person.id, at=START + after, idle=IDLE)
    assert (elsewhere is not None) is asked
    if elsewhere:
        assert elsewhere == sessions.Elsewhere(START, START, "Firefox on Linux")


def test_nobody_is_elsewhere_after_signing_out(house: House) -> None:
    person = house.person("m1234")
    started(house, person)
    with house.parts.database.write() as db:
        assert sessions.end_all(db, person.id, EndReason.SIGNED_OUT, at=START) == 1
        assert sessions.end_all(db, person.id, EndReason.SIGNED_OUT, at=START) == 0
        assert sessions.find_elsewhere(db, person.id, at=START, idle=IDLE) is None


def test_all_sessions_but_the_present_one_end_and_nobody_elses(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    mine, his = started(house, anna), started(house, marco)
    with house.parts.database.write() as db:
        assert sessions.end_all(db, anna.id, EndReason.PASSWORD_CHANGED, at=START, but=1) == 0
    assert isinstance(found(house, mine, START), Live)
    with house.parts.database.write() as db:
        assert sessions.end_all(db, anna.id, EndReason.PASSWORD_CHANGED, at=START) == 1
    assert isinstance(found(house, his, START), Live)


@both_databases
def test_a_long_device_is_cut_and_never_an_error(house: House) -> None:
    person = house.person("m1234")
    started(house, person, device="\u00e8" * 500)
    with house.parts.database.read() as db:
        assert len(db.execute(select(table.c.device)).scalar_one()) == 120
