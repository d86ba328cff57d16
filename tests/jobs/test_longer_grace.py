"""A platform that got more time to renew: page, mail, money, sending service and deletion all know the same day."""

import ast
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import portal
from portal import office
from portal.billing import orders as placed
from portal.billing import profiles
from portal.billing.deadlines import deadline
from portal.billing.settle import Result
from portal.desk import graces
from portal.desk.platforms import Hand
from portal.jobs import nightly, purge, switches
from portal.kit import audit, outbox
from portal.outside.post import Undelivered
from portal.rules import dates
from portal.rules.lifecycle import ExtensionRefusal, State
from portal.subscription import trials
from portal.subscription.tables import grace_extensions, purges
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.shop import COMPANY
from tests.helpers.together import together
from tests.jobs.test_purge import E, marked, over, to_the_end, warn
from tests.rules.instants import rome

__all__ = ["over"]  # a fixture: E = 22 November, and now is the first instant of 3 December
L = date(2026, 12, 18)
CODE = Path(portal.__file__).parent


def extend(house: House, until: date = L, platform_id: int = 1234) -> ExtensionRefusal | None:
    hand = Hand("staff", house.clock.now(), "T-77, a bereavement", "leo")
    with house.parts.database.write() as db:
        return graces.extend(db, platform_id, until, hand, zone=house.parts.settings.timezone)


def given(house: House) -> list[date]:
    with house.parts.database.read() as db:
        return list(db.execute(select(grace_extensions.c.last_day).order_by(grace_extensions.c.id)).scalars())


def events(house: House) -> list[str]:
    with house.parts.database.read() as db:
        return [event.tag.rpartition(".")[2] for event in audit.of_platform(db, 1234, limit=50)]


# --- what it changes --------------------------------------------------------------------------------------------------


@both_databases
def test_a_platform_that_was_due_for_deletion_can_be_renewed_again(over: House) -> None:
    assert over.place().state is State.DUE_FOR_DELETION
    assert extend(over) is None
    place = over.place()
    assert (place.state, place.renewable_until, place.deleted_from) == (State.GRACE, L, date(2026, 12, 19))
    assert place.days_left == 16
    assert given(over) == [L]


def test_the_first_page_names_the_new_day(over: House) -> None:
    extend(over)
    browser = over.browser()
    browser.sign_in()
    page = browser.get("/subscription")
    for text in (
        "Renew by Friday 18 December 2026 to keep your platform",
        "Sending is off. 16 days left, today included. You can renew until Friday 18 December 2026, 23:59 .",
        "From Saturday 19 December 2026 the platform and all its data are deleted for good.",
        "26 days to renew 19 December: deleted",
        "Friday 18 December 2026 Last day to renew",
    ):
        assert text in page.text
    assert "renewable until 18 December 2026; data deleted from 19 December 2026" in page.html
    assert " 2 December" not in page.text
    activity = browser.get("/subscription/activity").text
    assert "was moved to 18 December 2026. Reason: T-77, a bereavement" in activity
    assert "leo" not in activity


def test_everybody_is_told_by_mail_with_the_new_day(over: House) -> None:
    over.person("m1234-marco")
    over.work()
    extend(over)
    letters = over.work()
    assert sorted(letter.recipient for letter in letters) == ["m1234-marco@example.com", "zeffirina@example.com"]
    assert {letter.subject for letter in letters} == {"Platform 1234: renewable until Friday 18 December 2026"}


def test_nobody_is_told_of_a_day_that_is_over(over: House) -> None:
    over.work()
    extend(over)
    over.clock.set(rome("2026-12-19 00:00"))
    assert over.work() == []


@pytest.mark.parametrize(
    ("at", "result", "expires_on"),
    [
        ("2026-12-18 23:59:59.999999", Result.DELIVERED, date(2027, 11, 22)),  # E + 1 to a year later: no day is gained
        ("2026-12-19 00:00:00", Result.STAFF, E),
    ],
)
def test_money_counts_until_the_new_day_is_over(over: House, at: str, result: Result, expires_on: date) -> None:
    extend(over)
    over.clock.set(rome("2026-12-18 10:00:00"))
    order = over.order(by=over.administrator("m1234"))
    over.clock.set(rome(at))
    assert over.pay(order) is result
    assert over.place().expires_on == expires_on


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-12-22 23:59:59", "Continue to payment"),  # a month from E + 1 ends today
        ("2026-12-23 00:00:00", "There is no paid day left for which this could be bought."),
    ],
)
def test_the_page_sells_no_term_that_would_be_over_before_it_is_bought(over: House, at: str, says: str) -> None:
    extend(over, date(2027, 1, 1))
    with over.parts.database.write() as db:
        profiles.store(db, 1234, COMPANY, at=over.clock.now())
    over.clock.set(rome(at))
    browser = over.browser()
    browser.sign_in()
    browser.get("/subscription/renew")
    assert says in browser.submit({"edition": "pro", "months": "1", "additional": "0", "look": "1"}).text


def test_after_a_renewal_it_is_without_effect(over: House) -> None:
    extend(over)
    over.pay(over.order(by=over.administrator("m1234")))
    place = over.place()
    assert (place.life.grace_until, place.renewable_until) == (None, date(2027, 12, 2))
    over.clock.set(rome("2027-12-03 00:00"))
    assert over.place().state is State.DUE_FOR_DELETION


def test_the_deadline_of_a_transfer_counts_from_the_new_day(over: House) -> None:
    extend(over)
    buyer = over.administrator("m1234")
    assert buyer
    order = over.order(by=buyer)
    zone = over.parts.settings.timezone
    with over.parts.database.write() as db:
        placed.choose_transfer(db, order, to=buyer, at=over.clock.now(), zone=zone)
    [found] = over.orders()
    assert (deadline(found, zone).value_on, deadline(found, zone).confirmed_on) == (L, date(2026, 12, 28))
    [letter] = [letter for letter in over.work() if "transfer" in letter.text]
    assert "18 December 2026" in letter.text
    over.clock.set(rome("2026-12-28 23:59:59"))
    warn(over)
    assert purge.mark_due(over.parts) == 0  # it may still be confirmed
    over.clock.set(rome("2026-12-29 00:00:00"))
    assert purge.mark_due(over.parts) == 1


def test_credits_stay_frozen_and_come_back_with_the_renewal(over: House) -> None:
    over.lot(1234, 500, bought_on=date(2026, 3, 1), expires_on=E)
    with over.parts.database.read() as db:
        from portal import standing

        assert standing.credits_of(db, over.place()).balance.frozen == 0
    extend(over)
    with over.parts.database.read() as db:
        assert standing.credits_of(db, over.place()).balance.frozen == 500


def test_the_sending_service_hears_of_it(over: House) -> None:
    over.work()
    extend(over)
    with over.parts.database.read() as db:
        waiting = db.execute(select(outbox.outbox.c.name).where(outbox.outbox.c.done_at.is_(None))).scalars().all()
        told = switches.snapshot(db, over.place())
    assert "switch_on" in waiting
    assert (told.renewable_until, told.deleted_from, told.sending) == (L, date(2026, 12, 19), False)


def test_whoever_asks_for_a_second_trial_is_told_the_new_day_of_the_first(house: House) -> None:
    house.clock.set(rome("2026-12-03 10:00"))
    house.platform(1234, trial=True, ends_in=-11)
    house.person("m1234", email="anna@example.com")
    house.work()
    assert extend(house) is None
    house.work()
    asked = trials.Asked("Anna", "", "anna@example.com", "en", "198.51.100.0/24", house.clock.now())
    with house.parts.database.write() as db:
        trials.ask(db, asked)
    [letter] = house.work()
    assert "Until Friday 18 December 2026, 23:59 you can still purchase" in letter.text


# --- reminders --------------------------------------------------------------------------------------------------------


def night(house: House, day: date) -> list[str]:
    """The subjects of the mails of a night."""
    house.clock.set(dates.start_of(day, house.parts.settings.timezone) + timedelta(hours=6))
    assert nightly.work(house.parts, day, "reminders").complete
    return [letter.subject for letter in house.work()]


def test_the_reminders_tell_the_new_day_and_speak_of_it_twice_more(house: House) -> None:
    house.clock.set(rome("2026-11-20 10:00:00"))
    house.platform(1234, ends_in=2)
    house.person("m1234")
    house.work()
    house.clock.set(rome("2026-11-24 10:00:00"))
    night(house, date(2026, 11, 24))
    extend(house)
    house.work()
    days = [date(2026, 11, 25) + timedelta(days=number) for number in range(30)]
    sent = {day: subjects for day in days if (subjects := night(house, day))}
    new = "Platform 1234: expired, renewable until Friday 18 December 2026"
    told = [date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 2), date(2026, 12, 16), L]
    assert sent == {day: [new] for day in told}


def test_a_reminder_that_waits_with_the_old_day_is_not_sent_any_more(house: House) -> None:
    house.clock.set(rome("2026-11-20 10:00:00"))
    house.platform(1234, ends_in=2)
    house.person("m1234")
    house.work()
    house.mailbox.fault = Undelivered("down")
    night(house, date(2026, 12, 2))
    house.mailbox.fault = None
    extend(house)
    house.clock.move(hours=1)
    subjects = [letter.subject for letter in house.work()]
    assert subjects == ["Platform 1234: renewable until Friday 18 December 2026"]


# --- the deletion -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "goes"), [("2026-12-18 23:59:59.999999", False), ("2026-12-19 00:00:00", True), ("2027-06-01 12:00", True)]
)
def test_nothing_is_deleted_before_the_new_day_is_over(over: House, at: str, goes: bool) -> None:
    extend(over)
    over.clock.set(rome(at))
    assert purge.mark_due(over.parts) == (1 if goes else 0)


@pytest.mark.parametrize(("accepted", "goes"), [(True, 1), (False, 0)])
def test_the_warning_of_the_new_day_has_to_have_arrived(over: House, accepted: bool, goes: int) -> None:
    """That of the tenth day was accepted; the one after it is what counts now."""
    extend(over)
    over.clock.set(rome("2026-12-18 10:00:00"))
    assert nightly.work(over.parts, L, "reminders").complete
    over.mailbox.fault = None if accepted else Undelivered("no such address", permanent=True)
    over.work()
    over.clock.set(rome("2026-12-19 10:00:00"))
    assert purge.mark_due(over.parts) == goes


def test_a_deletion_that_was_announced_is_taken_back(over: House) -> None:
    purge.mark_due(over.parts)
    assert extend(over) is None
    assert marked(over) is None
    assert events(over)[:3] == ["purge_stopped", "grace_extended", "purge_marked"]
    over.clock.move(hours=24)
    purge.go_on(over.parts)
    assert over.place().state is State.GRACE
    over.clock.set(rome("2026-12-19 00:00"))
    to_the_end(over)
    assert over.administrator("m1234") is None
    assert given(over) == []  # the exception has gone with the rest


def test_once_the_erasing_has_begun_there_is_no_exception(over: House) -> None:
    purge.mark_due(over.parts)
    over.clock.move(hours=24)
    purge.go_on(over.parts)
    assert extend(over) is ExtensionRefusal.DELETED
    assert given(over) == []


@both_databases
def test_an_exception_and_the_mark_at_the_same_moment_never_stand_side_by_side(over: House) -> None:
    acts: list[Callable[[], object]] = [lambda: extend(over), lambda: purge.mark_due(over.parts)]
    together(lambda number: acts[number](), 2)
    assert given(over) == [L]
    assert marked(over) is None
    assert over.place().state is State.GRACE


@both_databases
def test_of_an_exception_and_the_erasing_at_the_same_moment_one_loses(over: House) -> None:
    purge.mark_due(over.parts)
    over.clock.move(hours=24)
    acts: list[Callable[[], object]] = [lambda: extend(over), lambda: purge.go_on(over.parts)]
    refused, _ = together(lambda number: acts[number](), 2)
    if refused is None:
        assert (given(over), over.place().state, marked(over)) == ([L], State.GRACE, None)
        assert over.administrator("m1234")
    else:
        assert refused is ExtensionRefusal.DELETED
        assert (given(over), over.place().state) == ([], State.DELETED)


@both_databases
def test_of_two_equal_exceptions_at_once_one_is_written(over: House) -> None:
    found = together(lambda _number: extend(over), 2)
    assert sorted(map(str, found)) == ["None", "not-longer"]
    assert given(over) == [L]
    with over.parts.database.read() as db:
        names = db.execute(select(outbox.outbox.c.name)).scalars().all()
    assert names.count("grace_extended") == 1


def test_a_later_one_replaces_an_earlier_one_only_by_being_longer(over: House) -> None:
    assert extend(over) is None
    assert extend(over, L - timedelta(days=1)) is ExtensionRefusal.NOT_LONGER
    assert extend(over, L + timedelta(days=1)) is None
    assert over.place().renewable_until == L + timedelta(days=1)
    assert given(over) == [L, L + timedelta(days=1)]


def test_the_neighbour_gets_no_day_more(over: House) -> None:
    over.platform(1235, ends_in=-11)
    extend(over)
    assert over.place(1235).state is State.DUE_FOR_DELETION
    with over.parts.database.read() as db:
        assert db.execute(select(purges)).all() == []


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_gives_an_exception_too(over: House) -> None:
    office.extend(over.parts, 1234, L, "letter of 2 December")
    assert over.place().renewable_until == L


@pytest.mark.parametrize(
    ("number", "until", "reason", "says"),
    [
        (1234, date(2027, 1, 2), "T-77", "until 2027-01-01 at most"),
        (1234, date(2026, 12, 2), "T-77", "already"),
        (1234, L, "  ", "--reason"),
        (9999, L, "T-77", "no platform 9999"),
    ],
)
def test_the_command_says_why_not(over: House, number: int, until: date, reason: str, says: str) -> None:
    with pytest.raises(office.Refused, match=says):
        office.extend(over.parts, number, until, reason)
    assert given(over) == []


# --- the law ----------------------------------------------------------------------------------------------------------

BY_E = {  # what counts from the end of a grace, and how many arguments make it count from the longer one
    "grace_last_day": 2,
    "end_of_grace": 3,
    "card_counts": 5,
    "transfer_counts": 5,
    "transfer_deadline": 3,
    "lot_state": 5,
    "balance": 5,
}
OF_NO_EXCEPTION = {  # where there can be none
    ("rules/lifecycle.py", "grace_last_day"): "the longest that may be given",
    ("rules/credits.py", "lot_state"): "credits that can be spent, or without E",
    ("subscription/trials.py", "grace_last_day"): "a trial that begins",
    ("web/trial.py", "grace_last_day"): "a trial that begins",
    ("moving_in/platforms.py", "grace_last_day"): "a platform that moves in",
}
REMEDY = "give it grace_until too (of the life, the order, or the paid days): an exception moves the last day to renew"


def forgetful(source: str) -> list[str]:
    """The functions that are called without the exception there may be."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [(getattr(call.func, "attr", getattr(call.func, "id", "")), call) for call in calls]
    return [name for name, call in named if name in BY_E and not _is_whole(name, call)]


def _is_whole(name: str, call: ast.Call) -> bool:
    return len(call.args) >= BY_E[name] or any(isinstance(argument, ast.Starred) for argument in call.args)


def test_nothing_counts_from_e_alone_what_an_exception_may_move() -> None:
    paths = {path: path.relative_to(CODE).as_posix() for path in sorted(CODE.rglob("*.py"))}
    found = {(name, call) for path, name in paths.items() for call in forgetful(path.read_text("utf-8"))}
    assert not found - set(OF_NO_EXCEPTION), REMEDY


def test_the_law_sees_what_it_forbids() -> None:
    assert forgetful("lifecycle.grace_last_day(e)\ngrace_last_day(e, until)") == ["grace_last_day"]
