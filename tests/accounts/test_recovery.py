"""Recovery: the same work whatever is true, links that die when they should, and one password for two clicks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts import administrators, limits, queries, recovery, sessions, sign_in
from portal.accounts.administrators import Newcomer
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.accounts.recovery import RESET_TASK, USER_NAMES_TASK, Asked
from portal.accounts.sign_in import Attempt, Proven
from portal.accounts.tables import sessions as session_table
from portal.kit import links, outbox
from portal.kit.audit import events
from portal.kit.links import Fault, Link
from portal.rules import names, terms
from portal.rules.sessions import EndReason
from tests.conftest import both_databases
from tests.helpers.house import PASSWORD, House
from tests.helpers.together import together

START = datetime(2026, 11, 20, 9, tzinfo=UTC)  # where the house's clock stands
TICK = timedelta(microseconds=1)
NETWORK = "198.51.100.0/24"


def send(house: House, person: Administrator, purpose: Purpose = Purpose.RESET, **facts: Any) -> str:
    """A link sent to the person; returns its token."""
    with house.parts.database.write() as db:
        recovery.send_reset_link(db, house.parts.links, person, purpose, at=house.clock.now(), **facts)
        newest = db.execute(select(links.links.c.id).order_by(links.links.c.id.desc())).scalars().first()
        return house.parts.links.token(db, newest)


def invite(house: House, username: str = "m2000") -> tuple[Administrator, str]:
    person = house.person(username, password=None)
    with house.parts.database.read() as db:
        newest = db.execute(select(links.links.c.id).order_by(links.links.c.id.desc())).scalars().first()
        return person, house.parts.links.token(db, newest)


def find(house: House, token: str, purpose: Purpose = Purpose.RESET) -> Link | Fault:
    with house.parts.database.read() as db:
        return house.parts.links.find(db, token, purpose, at=house.clock.now())


def opened(house: House, token: str, purpose: Purpose = Purpose.RESET) -> Link:
    link = find(house, token, purpose)
    assert isinstance(link, Link)
    return link


def set_password(house: House, link: Link, password: str = "a new sentence for m1234") -> bool:
    with house.parts.hasher.turn() as turn:
        hashed = turn.hash(password)
    with house.parts.database.write() as db:
        return recovery.set_password(db, link, hashed, at=house.clock.now())


def comes_in(house: House, password: str, username: str = "m1234") -> bool:
    attempt = Attempt(username, password, NETWORK, house.clock.now())
    return isinstance(sign_in.prove(house.parts.database, house.parts.hasher, attempt), Proven)


def mails(house: House) -> list[tuple[str, str | None]]:
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.topic == outbox.MAIL).order_by("id"))
        return [(row.name, row.recipient) for row in rows]


def ask(house: House, task: str, username: str = "m1234", email: str = "m1234@example.com", **facts: Any) -> None:
    asked = Asked(username, email, facts.pop("network", NETWORK), house.clock.now())
    with house.parts.database.write() as db:
        recovery.ask(db, task, asked, **facts)


def payloads(house: House) -> list[dict[str, Any]]:
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox).where(outbox.outbox.c.topic == outbox.TASK).order_by("id"))
        return [row.payload for row in rows]


def answer(house: House, *, state: str | None = "active", **payload: Any) -> None:
    given = {"username": "m1234", "email": "m1234@example.com", "allowed": True} | payload
    with house.parts.database.write() as db:
        recovery.answer_reset(db, house.parts.links, given, lambda _: state, at=house.clock.now())


@both_databases
def test_asking_leaves_the_same_row_whatever_is_true(house: House) -> None:
    house.person("m1234")
    for username in ("m1234", "m9999", "not a name", "", "\x00", "\ud800", "x" * 10_000):
        ask(house, RESET_TASK, username, network=username[:30])
    found = payloads(house)
    assert len(found) == 7
    assert {tuple(sorted(payload)) for payload in found} == {("allowed", "email", "username")}
    assert [payload["username"] for payload in found] == ["m1234", "m9999", "", "", "", "", ""]
    assert mails(house) == []


def test_a_long_address_is_cut_before_it_is_kept(house: House) -> None:
    ask(house, USER_NAMES_TASK, email="x" * 100_000)
    assert len(payloads(house)[0]["email"]) == 320


@pytest.mark.parametrize(("waited", "allowed"), [(3600 - 0.000001, False), (3600, True)])
def test_a_network_asks_twenty_times_an_hour_and_then_in_vain(house: House, waited: float, allowed: bool) -> None:
    for _ in range(terms.RECOVERY_REQUESTS_PER_NETWORK + 1):
        ask(house, RESET_TASK)
    ask(house, RESET_TASK, network="203.0.113.0/24")
    assert [payload["allowed"] for payload in payloads(house)] == [True] * 20 + [False, True]
    house.clock.move(seconds=waited)
    ask(house, RESET_TASK)
    assert payloads(house)[-1]["allowed"] is allowed


@both_databases
def test_of_many_simultaneous_requests_of_a_network_exactly_twenty_count(house: House) -> None:
    together(lambda _: ask(house, RESET_TASK), 24)
    assert [payload["allowed"] for payload in payloads(house)].count(True) == terms.RECOVERY_REQUESTS_PER_NETWORK


def test_without_throttle_every_request_counts(house: House) -> None:
    for _ in range(terms.RECOVERY_REQUESTS_PER_NETWORK + 5):
        ask(house, RESET_TASK, throttled=False)
    assert all(payload["allowed"] for payload in payloads(house))


@both_databases
def test_a_name_and_its_address_get_a_link_at_the_stored_address(house: House) -> None:
    house.person("m1234", email="Anna@Example.com")
    answer(house, email="anna@example.com")
    assert mails(house) == [("reset_link", "Anna@Example.com")]


@pytest.mark.parametrize(
    "payload",
    [
        {"email": "another@example.com"},
        {"username": "m9999"},
        {"username": ""},
        {"username": "m01234"},
        {"email": ""},
        {"allowed": False},
    ],
)
def test_what_does_not_belong_together_gets_nothing(house: House, payload: dict[str, Any]) -> None:
    house.person("m1234")
    house.person("m2000", email="another@example.com")
    answer(house, **payload)
    assert mails(house) == []


def test_a_disabled_person_gets_no_link(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        administrators.disable(db, person, at=START)
    answer(house)
    assert [name for name, _ in mails(house)] == ["administrator_disabled"]


def test_nobody_gets_a_link_for_a_deleted_platform(house: House) -> None:
    house.person("m1234")
    answer(house, state=None)
    assert house.work() == []


@pytest.mark.parametrize(("waited", "mailed"), [(86_400 - 0.000001, 5), (86_400, 6)])
def test_an_account_gets_five_mails_a_day(house: House, waited: float, mailed: int) -> None:
    house.person("m1234")
    for _ in range(terms.RECOVERY_MAILS_PER_ACCOUNT + 3):
        answer(house)
    assert len(mails(house)) == terms.RECOVERY_MAILS_PER_ACCOUNT
    house.clock.move(seconds=waited)
    answer(house)
    assert len(mails(house)) == mailed


def test_all_names_of_an_address_come_in_one_mail_but_those_of_the_deleted(house: House) -> None:
    for name in ("m1234", "m1235", "m1236", "m1237"):
        house.person(name, email="anna@example.com")
    house.person("m2000", email="marco@example.com")
    with house.parts.database.write() as db:
        gone = queries.find_administrator(db, "m1237")
        assert gone is not None
        administrators.disable(db, gone, at=START)
        payload = {"email": "anna@example.com", "allowed": True}

        def describe(person: Administrator) -> str | None:
            return None if person.username == "m1235" else "active"

        recovery.answer_user_names(db, payload, describe, at=START)
    with house.parts.database.read() as db:
        row = db.execute(select(outbox.outbox).where(outbox.outbox.c.name == "user_names")).one()
    assert (row.recipient, row.payload["names"]) == ("anna@example.com", [["m1234", "active"], ["m1236", "active"]])


def test_an_address_without_any_name_gets_nothing(house: House) -> None:
    house.person("m1234", email="anna@example.com")
    with house.parts.database.write() as db:
        for email, allowed in (("bruno@example.com", True), ("anna@example.com", False), ("", True)):
            recovery.answer_user_names(db, {"email": email, "allowed": allowed}, lambda _: "active", at=START)
        recovery.answer_user_names(db, {"email": "anna@example.com", "allowed": True}, lambda _: None, at=START)
    assert mails(house) == []


@pytest.mark.parametrize(
    ("purpose", "life"),
    [(Purpose.RESET, terms.RESET_LINK_LIFE), (Purpose.SUPPORT_RESET, terms.SUPPORT_LINK_LIFE)],
)
def test_a_link_lives_as_long_as_its_purpose_says(house: House, purpose: Purpose, life: timedelta) -> None:
    token = send(house, house.person("m1234"), purpose, reason="ticket 7")
    house.clock.set(START + life - TICK)
    link = opened(house, token, purpose)
    house.clock.set(START + life)
    assert find(house, token, purpose) is Fault.EXPIRED
    assert not set_password(house, link)
    assert comes_in(house, PASSWORD)


def test_an_invitation_lives_seven_days_and_sets_the_first_password(house: House) -> None:
    _, token = invite(house)
    house.clock.set(START + terms.INVITATION_LIFE - TICK)
    assert set_password(house, opened(house, token, Purpose.INVITATION), "the first sentence of all")
    assert comes_in(house, "the first sentence of all", "m2000")
    _, late = invite(house, "m3000")
    house.clock.move(days=7)
    assert find(house, late, Purpose.INVITATION) is Fault.EXPIRED


@both_databases
def test_a_new_password_ends_sessions_and_links_and_waits_and_is_told_by_mail(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        sessions.start(db, person, at=START, network=NETWORK, device="")
        recovery.force_reset(db, person, at=START)
    for _ in range(10):
        assert not comes_in(house, "a sentence that is wrong")
    token = send(house, person)
    assert set_password(house, opened(house, token), "a new sentence for m1234")
    assert comes_in(house, "a new sentence for m1234")
    assert not comes_in(house, PASSWORD)
    with house.parts.database.read() as db:
        row = db.execute(select(session_table)).one()
        assert (row.ended_at, row.ended_because) == (START, EndReason.PASSWORD_RESET)
        found = queries.get_administrator(db, person.id)
        assert not found.must_reset
    assert mails(house)[-1] == ("password_set", "m1234@example.com")


def test_a_used_link_sets_no_second_password(house: House) -> None:
    token = send(house, house.person("m1234"))
    link = opened(house, token)
    assert set_password(house, link, "a first new sentence")
    assert not set_password(house, link, "a second new sentence")
    assert find(house, token) is Fault.USED
    assert comes_in(house, "a first new sentence")


@both_databases
def test_of_two_simultaneous_clicks_one_sets_the_password(house: House) -> None:
    for _ in range(3):
        person = house.person(f"m{1000 + _}")
        link = opened(house, send(house, person))
        words = ["the first of two sentences", "the second of two sentences"]

        def click(number: int, link: Link = link, words: list[str] = words) -> bool:
            return set_password(house, link, words[number])

        results = together(click, 2)
        assert sorted(results) == [False, True]
        assert comes_in(house, words[results.index(True)], person.username)
        assert not comes_in(house, words[results.index(False)], person.username)


def _newer(house: House, person: Administrator) -> None:
    send(house, person)


def _newer_from_support(house: House, person: Administrator) -> None:
    send(house, person, Purpose.SUPPORT_RESET, reason="ticket 7")


def _other_password(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        recovery.store_password(db, person, "hash", EndReason.PASSWORD_CHANGED, at=START)


def _disabled(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        administrators.disable(db, person, at=START)


def _disowned(house: House, person: Administrator) -> None:
    with house.parts.database.write() as db:
        link = Link(1, Purpose.RESET, person.id, START + timedelta(hours=1))
        recovery.disown(db, link, at=START)


@pytest.mark.parametrize("happens", [_newer, _newer_from_support, _other_password, _disabled, _disowned])
@pytest.mark.parametrize("purpose", [Purpose.RESET, Purpose.SUPPORT_RESET])
def test_a_link_dies_of(house: House, happens: Any, purpose: Purpose) -> None:
    person = house.person("m1234")
    token = send(house, person, purpose)
    link = opened(house, token, purpose)
    happens(house, person)
    assert find(house, token, purpose) is Fault.WITHDRAWN
    assert not set_password(house, link)


def test_the_links_of_other_people_live_on(house: House) -> None:
    anna, marco = house.person("m1234"), house.person("m1234-marco")
    token = send(house, marco)
    for happens in (_newer, _other_password, _disabled):
        happens(house, anna)
    assert opened(house, token).subject_id == marco.id


def test_a_reset_is_no_invitation_and_an_invitation_no_reset(house: House) -> None:
    token = send(house, house.person("m1234"))
    _, invitation = invite(house)
    for purpose in Purpose:
        assert isinstance(find(house, token, purpose), Link) is (purpose is Purpose.RESET)
        assert isinstance(find(house, invitation, purpose), Link) is (purpose is Purpose.INVITATION)


def test_a_newer_invitation_kills_the_earlier_one_and_a_reset_does_not(house: House) -> None:
    person, first = invite(house)
    send(house, person)
    assert opened(house, first, Purpose.INVITATION)
    with house.parts.database.write() as db:
        administrators.invite(db, house.parts.links, person, at=START)
    assert find(house, first, Purpose.INVITATION) is Fault.WITHDRAWN


def test_disowning_keeps_the_password_and_is_written_down(house: House) -> None:
    person = house.person("m1234")
    send(house, person)
    _disowned(house, person)
    assert comes_in(house, PASSWORD)
    assert "accounts.reset_disowned" in _tags(house)


def test_a_link_of_somebody_disabled_meanwhile_sets_nothing(house: House) -> None:
    person = house.person("m1234")
    link = opened(house, send(house, person))
    with house.parts.database.write() as db:
        administrators.disable(db, person, at=START)
        db.execute(links.links.update().values(ended_at=None, ended_because=None))
    assert not set_password(house, link)


@both_databases
def test_of_many_links_sent_at_once_one_is_alive(house: House) -> None:
    person = house.person("m1234")
    together(lambda _: send(house, person), 4)
    with house.parts.database.read() as db:
        alive = db.execute(select(links.links).where(links.links.c.ended_at.is_(None))).all()
    assert len(alive) == 1


@both_databases
def test_a_new_password_meets_a_new_link_and_a_disabling_and_nobody_fails(house: House) -> None:
    """All three change links and sessions of one person, in their own order, after holding the person's row."""
    for number in range(3):
        person = house.person(f"m{3000 + number}")
        with house.parts.database.write() as db:
            sessions.start(db, person, at=START, network=NETWORK, device="")
        link = opened(house, send(house, person))

        def act(which: int, person: Administrator = person, link: Link = link) -> None:
            if which == 0:
                set_password(house, link)
            elif which == 1:
                send(house, person)
            else:
                _disabled(house, person)

        together(act, 3)


def test_whoever_stands_at_the_take_over_question_does_not_come_in_once_a_reset_is_forced(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        link_id = house.parts.links.issue(
            db, Purpose.TAKE_OVER, person.id, at=START, expires_at=START + terms.TAKE_OVER_LIFE
        )
        token = house.parts.links.token(db, link_id)
        recovery.force_reset(db, person, at=START)
        assert queries.get_administrator(db, person.id).must_reset
    assert find(house, token, Purpose.TAKE_OVER) is Fault.WITHDRAWN


def test_a_changed_password_spares_the_session_it_was_changed_in(house: House) -> None:
    person = house.person("m1234")
    with house.parts.database.write() as db:
        token = sessions.start(db, person, at=START, network=NETWORK, device="").token
        recovery.store_password(db, person, "hash", EndReason.PASSWORD_CHANGED, at=START, but=1)
        ended = select(session_table.c.ended_at).where(session_table.c.token_hash == sessions.token_hash(token))
        assert db.execute(ended).scalar_one() is None


def test_a_link_sent_by_staff_is_in_the_activity_list_as_theirs(house: House) -> None:
    person = house.person("m1234")
    send(house, person)
    send(house, person, Purpose.SUPPORT_RESET, reason="ticket 7")
    with house.parts.database.read() as db:
        rows = db.execute(select(events).where(events.c.tag == "accounts.reset_link_sent").order_by(events.c.id)).all()
    assert [row.details["by"] for row in rows] == ["person", "staff"]
    assert [row.platform_id for row in rows] == [1234, 1234]


def test_no_password_hash_or_token_reaches_the_outbox_or_the_activity_list(house: House) -> None:
    person = house.person("m1234")
    token = send(house, person)
    set_password(house, opened(house, token))
    with house.parts.database.read() as db:
        mailed, listed = str(db.execute(select(outbox.outbox)).all()), str(db.execute(select(events)).all())
    assert "argon2" not in mailed + listed
    assert token not in mailed + listed
    assert "@" not in listed


def _tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return list(db.execute(select(events.c.tag).order_by(events.c.id)).scalars())


def test_a_first_password_by_invitation_is_for_the_invited_person_only(house: House) -> None:
    name = names.parse("m1234-marco")
    assert isinstance(name, names.UserName)
    house.person("m1234")
    with house.parts.database.write() as db:
        newcomer = Newcomer(name, "marco@example.com", "Marco", "it")
        made = administrators.create(db, house.parts.links, newcomer, at=START)
        assert isinstance(made, Administrator)
    with house.parts.database.read() as db:
        newest = db.execute(select(links.links.c.id)).scalar_one()
        token = house.parts.links.token(db, newest)
    assert set_password(house, opened(house, token, Purpose.INVITATION), "a sentence for Marco only")
    assert comes_in(house, "a sentence for Marco only", "m1234-marco")
    assert comes_in(house, PASSWORD, "m1234")


def test_a_cleared_name_may_try_again_at_once(house: House) -> None:
    house.person("m1234")
    for _ in range(terms.SIGN_IN_FAILURES):
        comes_in(house, "a sentence that is wrong")
    with house.parts.database.write() as db:
        limits.clear_sign_in(db, "m1234")
    assert comes_in(house, PASSWORD)
