"""The trial: asked for in the same way by everybody, confirmed once, and begun with a number that is nobody's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts import queries as accounts
from portal.accounts.links import Purpose
from portal.accounts.queries import Administrator
from portal.kit import links, outbox
from portal.kit.audit import events
from portal.kit.links import Fault, Link
from portal.rules import lifecycle, terms
from portal.subscription import queries, trials
from portal.subscription.tables import platforms, trial_requests
from portal.subscription.trials import Asked, Begun
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

NETWORK = "198.51.100.0/24"
TODAY = date(2026, 11, 20)  # where the house's clock stands
TICK = timedelta(microseconds=1)


def ask(house: House, email: str = "anna@example.com", *, network: str = NETWORK, **facts: Any) -> None:
    asked = Asked("Anna Bianchi", "Bianchi srl", email, "it", network, house.clock.now())
    with house.parts.database.write() as db:
        trials.ask(db, asked, **facts)


def answer(house: House, email: str = "anna@example.com", *, last_day: date | None = None, **changed: Any) -> None:
    """What the worker does with a request; `last_day` is that of the trial which everybody asked about has."""
    payload = {"full_name": "Anna Bianchi", "company": "Bianchi srl", "email": email, "language": "it"}
    with house.parts.database.write() as db:
        at, given = house.clock.now(), payload | {"allowed": True} | changed
        trials.answer(db, house.parts.links, given, lambda _: last_day, today=TODAY, at=at)


def token(house: House, number: int = -1) -> str:
    """The token of the number-th link for a trial, as the mail would have it."""
    with house.parts.database.read() as db:
        mine = select(links.links.c.id).where(links.links.c.purpose == Purpose.TRIAL).order_by("id")
        return house.parts.links.token(db, list(db.execute(mine).scalars())[number])


def find(house: House, found: str) -> Link | Fault:
    with house.parts.database.read() as db:
        return house.parts.links.find(db, found, Purpose.TRIAL, at=house.clock.now())


def opened(house: House, number: int = -1) -> Link:
    link = find(house, token(house, number))
    assert isinstance(link, Link), link
    return link


def start(house: House, link: Link) -> Begun | None:
    with house.parts.database.write() as db:
        at = house.clock.now()
        return trials.start(db, house.parts.links, link, "a hash", edition="pro", today=TODAY, at=at)


def rows(house: House, topic: str = outbox.MAIL) -> list[Any]:
    with house.parts.database.read() as db:
        return list(db.execute(select(outbox.outbox).where(outbox.outbox.c.topic == topic).order_by("id")))


def mails(house: House) -> list[tuple[str, str | None]]:
    return [(row.name, row.recipient) for row in rows(house)]


def requests(house: House) -> list[Any]:
    with house.parts.database.read() as db:
        return list(db.execute(select(trial_requests).order_by(trial_requests.c.id)))


def platform_ids(house: House) -> list[int]:
    with house.parts.database.read() as db:
        return list(db.execute(select(platforms.c.id).order_by(platforms.c.id)).scalars())


@both_databases
def test_asking_leaves_the_same_row_whatever_is_true(house: House) -> None:
    house.platform(1234, trial=True)
    house.person("m1234", email="anna@example.com")
    for email in ("anna@example.com", "nobody@example.com"):
        ask(house, email)
    known, unknown = [row.payload for row in rows(house, outbox.TASK)]
    assert known | {"email": "nobody@example.com"} == unknown
    assert mails(house) == []
    assert requests(house) == []


@pytest.mark.parametrize(
    ("waited", "allowed"), [(terms.TRIAL_NETWORK_WINDOW - TICK, False), (terms.TRIAL_NETWORK_WINDOW, True)]
)
def test_a_network_asks_ten_times_an_hour_and_then_in_vain(house: House, waited: timedelta, allowed: bool) -> None:
    for _ in range(terms.TRIAL_REQUESTS_PER_NETWORK + 1):
        ask(house)
    ask(house, network="203.0.113.0/24")
    verdicts = [row.payload["allowed"] for row in rows(house, outbox.TASK)]
    assert verdicts == [True] * terms.TRIAL_REQUESTS_PER_NETWORK + [False, True]
    house.clock.set(house.clock.now() + waited)
    ask(house)
    assert rows(house, outbox.TASK)[-1].payload["allowed"] is allowed


@both_databases
def test_of_many_at_once_exactly_ten_of_a_network_count(house: House) -> None:
    together(lambda _: ask(house), 14)
    verdicts = [row.payload["allowed"] for row in rows(house, outbox.TASK)]
    assert verdicts.count(True) == terms.TRIAL_REQUESTS_PER_NETWORK


def test_without_throttle_every_request_counts(house: House) -> None:
    for _ in range(terms.TRIAL_REQUESTS_PER_NETWORK + 3):
        ask(house, throttled=False)
    assert all(row.payload["allowed"] for row in rows(house, outbox.TASK))


@pytest.mark.parametrize(
    ("waited", "sent"), [(terms.TRIAL_ADDRESS_WINDOW - TICK, False), (terms.TRIAL_ADDRESS_WINDOW, True)]
)
def test_an_address_gets_three_mails_a_day_and_then_none(house: House, waited: timedelta, sent: bool) -> None:
    for _ in range(terms.TRIAL_MAILS_PER_ADDRESS + 2):
        answer(house)
    answer(house, "Anna@Example.com")  # the same address
    answer(house, "bruno@example.com")
    assert len(mails(house)) == terms.TRIAL_MAILS_PER_ADDRESS + 1
    assert len(requests(house)) == terms.TRIAL_MAILS_PER_ADDRESS + 1
    house.clock.set(house.clock.now() + waited)
    answer(house)
    assert (len(mails(house)) == terms.TRIAL_MAILS_PER_ADDRESS + 2) is sent


def test_a_request_past_the_limit_of_its_network_is_answered_by_nothing(house: House) -> None:
    answer(house, allowed=False)
    assert mails(house) == []
    assert requests(house) == []


@both_databases
def test_an_unknown_address_gets_a_link_and_nothing_is_created_yet(house: House) -> None:
    answer(house, "Anna@Example.com")
    assert mails(house) == [("trial_confirm", "Anna@Example.com")]
    (row,) = requests(house)
    assert (row.email, row.email_folded, row.full_name) == ("Anna@Example.com", "anna@example.com", "Anna Bianchi")
    assert (row.company, row.language, row.confirmed_at, row.platform_id) == ("Bianchi srl", "it", None, None)
    assert platform_ids(house) == []


def test_an_address_known_from_a_platform_that_is_no_trial_gets_a_link_too(house: House) -> None:
    house.person("m1234", email="anna@example.com")
    answer(house, last_day=None)
    assert mails(house) == [("trial_confirm", "anna@example.com")]


@pytest.mark.parametrize("days", [0, -1])
def test_who_has_a_trial_is_told_of_it_at_the_stored_address(house: House, days: int) -> None:
    house.platform(1234, trial=True)
    person = house.person("m1234", email="Anna@Example.com")
    last_day = TODAY + timedelta(days=days)
    answer(house, " ANNA@example.com ", last_day=last_day)
    (row,) = rows(house)
    assert (row.name, row.recipient, row.language) == ("trial_known", "Anna@Example.com", person.language)
    assert row.payload["over"] is (days < 0)
    assert row.payload["last_on"] == lifecycle.grace_last_day(last_day).isoformat()
    assert requests(house) == []
    with house.parts.database.read() as db:
        found = db.execute(select(events).where(events.c.tag == "subscription.trial_asked_again")).one()
    assert (found.platform_id, found.administrator_id) == (1234, person.id)


@both_databases
def test_a_newer_request_makes_the_older_link_dead_and_leaves_those_of_others(house: House) -> None:
    answer(house)
    answer(house, "bruno@example.com")
    answer(house, "ANNA@example.com")
    assert [find(house, token(house, number)) for number in range(1)] == [Fault.WITHDRAWN]
    assert isinstance(find(house, token(house, 1)), Link)
    assert isinstance(find(house, token(house, 2)), Link)


@both_databases
def test_two_requests_answered_at_once_leave_one_open_link(house: House) -> None:
    together(lambda _: answer(house), 3)
    found = [find(house, token(house, number)) for number in range(3)]
    assert len([link for link in found if isinstance(link, Link)]) == 1


@pytest.mark.parametrize(("waited", "open_"), [(terms.TRIAL_LINK_LIFE - TICK, True), (terms.TRIAL_LINK_LIFE, False)])
def test_a_link_lives_a_day(house: House, waited: timedelta, open_: bool) -> None:
    answer(house)
    link = opened(house)
    house.clock.set(house.clock.now() + waited)
    assert isinstance(find(house, token(house)), Link) is open_
    assert (start(house, link) is not None) is open_


@both_databases
def test_a_link_that_is_used_begins_platform_term_and_person_together(house: House) -> None:
    house.platform(1234)
    answer(house)
    begun = start(house, opened(house))
    assert begun is not None
    assert begun.expires_on == date(2026, 12, 19)
    person = begun.administrator
    assert (person.username, person.role, person.email) == ("m1235", "first", "anna@example.com")
    assert (person.full_name, person.language, person.enabled) == ("Anna Bianchi", "it", True)
    with house.parts.database.read() as db:
        platform = queries.find_platform(db, 1235)
        (paid,) = queries.terms_of(db, 1235)
        tags = db.execute(select(events.c.tag).where(events.c.platform_id == 1235).order_by(events.c.id)).scalars()
        assert list(tags) == [
            "subscription.platform_created",
            "accounts.administrator_created",
            "subscription.trial_started",
        ]
    assert platform is not None
    assert (platform.trial, platform.company) == (True, "Bianchi srl")
    assert (platform.email_channel, platform.sms_channel) == (True, True)
    assert (paid.edition, paid.term.starts_on, paid.term.ends_on) == ("pro", TODAY, date(2026, 12, 19))
    assert (paid.term.ends_on - paid.term.starts_on).days + 1 == terms.TRIAL_DAYS
    (row,) = requests(house)
    assert (row.confirmed_at, row.platform_id) == (house.clock.now(), 1235)
    assert mails(house)[-1] == ("trial_ready", "anna@example.com")


@both_databases
def test_two_at_once_with_one_link_begin_one_trial(house: House) -> None:
    answer(house)
    link = opened(house)
    found = together(lambda _: start(house, link), 4)
    assert len([begun for begun in found if begun]) == 1
    assert platform_ids(house) == [1]
    assert [name for name, _ in mails(house)].count("trial_ready") == 1


@both_databases
def test_twenty_at_once_get_twenty_numbers_in_a_row(house: House) -> None:
    house.platform(1234)
    for number in range(20):
        answer(house, f"person{number}@example.com")
    opened_links = [opened(house, number) for number in range(20)]
    found = together(lambda number: start(house, opened_links[number]), 20)
    assert sorted(begun.administrator.platform_id for begun in found if begun) == list(range(1235, 1255))
    assert platform_ids(house) == [1234, *range(1235, 1255)]


def test_the_number_of_a_deleted_platform_is_not_given_again(house: House) -> None:
    house.platform(7)
    with house.parts.database.write() as db:
        deleted_at = datetime(2026, 11, 1, tzinfo=UTC)
        db.execute(platforms.update().values(deleted_at=deleted_at))
    answer(house)
    begun = start(house, opened(house))
    assert begun is not None
    assert begun.administrator.username == "m8"


@both_databases
def test_a_link_is_used_or_replaced_but_never_both(house: House) -> None:
    """While the person presses the button, the worker answers a second request of the same address."""

    def last_day_of(person: Administrator) -> date | None:
        return date(2026, 12, 19)

    def ask_again() -> None:
        payload = {"full_name": "A", "company": "", "email": "anna@example.com", "language": "it", "allowed": True}
        with house.parts.database.write() as db:
            trials.answer(db, house.parts.links, payload, last_day_of, today=TODAY, at=house.clock.now())

    answer(house)
    link = opened(house)
    begun, _ = together(lambda number: ask_again() if number else start(house, link), 2)
    names = [name for name, _ in mails(house)]
    assert names.count("trial_confirm") == (1 if begun else 2)
    with house.parts.database.read() as db:
        people = accounts.administrators_of_email(db, "anna@example.com")
    assert len(people) == (1 if begun else 0)
    assert names.count("trial_known") == len(people)
