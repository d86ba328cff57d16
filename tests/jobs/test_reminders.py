"""Reminders: on their day, once to everybody whom they concern, and never one that is not true any more."""

import random
import threading
import time
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.accounts import administrators
from portal.credits import actions as credits
from portal.jobs import reminders
from portal.jobs.night import Night
from portal.kit.nights import LEASE
from portal.kit.outbox import Outcome
from portal.outside.post import Undelivered
from portal.rules import dates
from portal.rules.access import Block
from portal.rules.lifecycle import dormant_last_day
from portal.subscription import actions as subscription
from portal.subscription.actions import NewPlatform
from portal.subscription.tables import notices, platforms, terms
from tests.conftest import both_databases
from tests.helpers.credits import overdraw
from tests.helpers.house import House
from tests.helpers.together import together
from tests.jobs.nights import (
    careless,
    cut,
    keys,
    morning,
    powered,
    remind,
    rows,
    sent,
    today,
    work,
)

TODAY = date(2026, 11, 20)  # of the house's clock
E = date(2027, 11, 19)


def a_platform(house: House, number: int = 1234, *, days: int = 365, **facts: Any) -> date:
    """A platform whose term began today and is so many days long, with its first administrator; returns E."""
    ends_on = TODAY + timedelta(days=days - 1)
    new = {"edition": "pro", "email_channel": True, "sms_channel": True}
    with house.parts.database.write() as db:
        subscription.create(db, NewPlatform(number, term=(TODAY, ends_on), **new, **facts), at=house.clock.now())
    house.person(f"m{number}")
    return ends_on


def walk(house: House, days: int) -> dict[int, list[str]]:
    """The mails of every day from today on, by how many days from today: the nights worked each morning."""
    first, found = today(house), {}
    for number in range(days):
        morning(house, first + timedelta(days=number))
        left = [row.name for row in rows(house)]
        remind(house)
        if more := [row.name for row in rows(house)][len(left) :]:
            found[number] = more
    assert all(row.outcome == Outcome.SENT for row in rows(house))
    return found


# --- the table of the rules, day by day


def test_a_year_of_a_platform_is_told_as_the_rules_have_it(house: House) -> None:
    careless(house)
    assert a_platform(house) == E
    last = 364
    assert walk(house, 385) == {last + offset: ["term_reminder"] for offset in (-90, -30, -15, -7, -1, 0, 1, 5, 8, 10)}
    assert sent(house) == [f"expiry:1234:{E}:{n:+d}:1" for n in (-90, -30, -15, -7, -1, 0, 1, 5, 8, 10)]


@pytest.mark.parametrize(
    ("days", "offsets"), [(364, (-30, -15, -7, -1, 0, 1, 5, 8, 10)), (30, (-15, -7, -1, 0, 1, 5, 8, 10))]
)
def test_what_is_shorter_than_a_year_is_not_told_ninety_days_before(
    house: House, days: int, offsets: tuple[int, ...]
) -> None:
    a_platform(house, days=days)
    morning(house, TODAY + timedelta(days=max(0, days - 95)))
    begun = (today(house) - TODAY).days
    assert list(walk(house, days + 20 - begun)) == [days - 1 - begun + offset for offset in offsets]


def test_a_trial_is_told_of_purchasing(house: House) -> None:
    a_platform(house, days=30, trial=True)
    found = walk(house, 45)
    assert found == {29 + offset: ["trial_reminder"] for offset in (-15, -7, -1, 0, 1, 5, 8, 10)}


def test_a_cancelled_platform_is_told_what_ends(house: House) -> None:
    a_platform(house)
    with house.parts.database.write() as db:
        subscription.cancel(db, 1234, by="m1234", at=house.clock.now())
    morning(house, E - timedelta(days=95))
    found = walk(house, 110)
    assert found == {95 + offset: ["cancelled_reminder"] for offset in (-30, -15, -7, -1, 0, 1, 5, 8, 10)}


def test_credits_are_told_of_before_they_freeze_with_the_subscription(house: House) -> None:
    a_platform(house)
    house.lot(1234, 500, bought_on=TODAY, expires_on=E)
    morning(house, E - timedelta(days=70))
    found = {day: names for day, names in walk(house, 85).items() if "credits_reminder" in names}
    assert list(found) == [10, 40, 63, 69]


def test_credits_of_an_sms_only_platform_are_told_of_before_their_own_last_day(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    house.lot(1234, 500, bought_on=dates.add_months(TODAY, -23), expires_on=None)
    last = dates.add_months(TODAY, -23 + 24)
    found = walk(house, 40)
    assert found == {(last - TODAY).days + offset: ["credits_reminder"] for offset in (-30, -7, -1)} | {
        0: ["credits_reminder"]  # 60 days before was missed
    }


def test_credits_that_are_spent_are_told_of_to_nobody(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    house.lot(1234, 500, bought_on=dates.add_months(TODAY, -23), expires_on=None)
    spend(house, 500)
    assert walk(house, 35) == {}


def spend(house: House, quantity: int, expires_on: date | None = None) -> None:
    zone, at = house.parts.settings.timezone, house.clock.now()
    with house.parts.database.write() as db:
        done = credits.spend(db, 1234, quantity, key="a campaign", at=at, zone=zone, expires_on=expires_on)
    assert isinstance(done, credits.Spent)


def test_an_sms_only_platform_that_nobody_uses_is_warned(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    due_on = dormant_last_day(TODAY) + timedelta(days=1)
    morning(house, due_on - timedelta(days=65))
    assert walk(house, 80) == {65 - offset: ["dormant_reminder"] for offset in (60, 30, 7, 1)}


def test_a_sign_in_ends_the_warnings_of_an_unused_platform(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    morning(house, dormant_last_day(TODAY) - timedelta(days=29))
    assert [letter.subject for letter in remind(house)] == [
        "Platform 1234: not used, deleted from Sunday 21 November 2027"
    ]
    house.browser().sign_in("m1234")
    assert [name for names in walk(house, 40).values() for name in names] == []


# --- to whom


def test_every_enabled_administrator_gets_it_in_their_own_language(house: House) -> None:
    a_platform(house)
    house.person("m1234-marco", language="it")
    gone = house.person("m1234-eva")
    with house.parts.database.write() as db:
        administrators.disable(db, gone, at=house.clock.now())
    morning(house, E)
    house.work()
    assert [(letter.recipient, letter.subject) for letter in remind(house)] == [
        ("m1234@example.com", "Platform 1234: paid until Friday 19 November 2027"),
        ("m1234-marco@example.com", "Piattaforma 1234: pagata fino a venerdì 19 novembre 2027"),
    ]


def test_two_administrators_with_one_address_get_one_each(house: House) -> None:
    a_platform(house)
    house.person("m1234-marco", email="m1234@example.com")
    morning(house, E)
    assert [letter.recipient for letter in remind(house)] == ["m1234@example.com"] * 2
    assert remind(house) == []


def test_whoever_is_invited_later_gets_the_next_one(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=7))
    assert len(remind(house)) == 1
    house.person("m1234-marco")
    assert remind(house) == []
    morning(house, E - timedelta(days=1))
    assert len(remind(house)) == 2


def test_a_blocked_platform_is_reminded_and_told_that_the_block_stops_no_date(house: House) -> None:
    a_platform(house)
    with house.parts.database.write() as db:
        subscription.block(db, 1234, Block.ABUSE, by="test", note="", at=house.clock.now())
    morning(house, E)
    (letter,) = remind(house)
    assert "a block does not stop these dates" in letter.text
    assert "everything works" not in letter.text


@pytest.mark.parametrize("after", [0, 1, 11])
def test_a_deleted_platform_hears_nothing(house: House, after: int) -> None:
    a_platform(house)
    with house.parts.database.write() as db:
        db.execute(update(platforms).values(deleted_at=house.clock.now()))
    morning(house, E + timedelta(days=after))
    assert remind(house) == []
    assert keys(house) == []


def test_nothing_is_told_once_the_deletion_is_due(house: House) -> None:
    a_platform(house)
    morning(house, E + timedelta(days=11))
    assert remind(house) == []


# --- once


def test_a_night_that_is_worked_again_sends_nothing_more(house: House) -> None:
    a_platform(house)
    morning(house, E)
    assert len(remind(house)) == 1
    for _ in range(3):
        assert remind(house) == []
    assert keys(house) == [f"expiry:1234:{E}:+0"]


def test_days_that_were_missed_send_only_the_newest(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=16))
    remind(house)
    assert keys(house) == [f"expiry:1234:{E}:-30"]
    morning(house, E)
    for missed in range(-15, 1):
        remind(house, E + timedelta(days=missed))
    assert keys(house) == [f"expiry:1234:{E}:-30", f"expiry:1234:{E}:+0"]


@pytest.mark.parametrize(("night", "told"), [(-7, False), (-2, False), (-1, True), (0, True)])
def test_a_night_worked_late_tells_what_is_still_the_newest(house: House, night: int, told: bool) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=1) if night < 0 else E)
    assert bool(remind(house, E + timedelta(days=night))) is told


def test_a_last_day_is_not_told_of_when_it_is_over(house: House) -> None:
    a_platform(house)
    morning(house, E + timedelta(days=11))
    assert remind(house, E + timedelta(days=10)) == []


def test_the_text_counts_the_days_that_are_left_on_the_day_it_is_written(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=5))
    (letter,) = remind(house)
    assert "Counting today, Sunday 14 November 2027, 6 days are left." in letter.text
    assert keys(house) == [f"expiry:1234:{E}:-7"]


@both_databases
def test_wherever_the_power_is_cut_no_mail_is_lost_or_sent_twice(house: House) -> None:
    """A night with three platforms, cut before its first statement, its second, …, each time worked again after it."""
    for number in (1234, 1235, 1236):
        a_platform(house, number)
    house.person("m1234-marco")
    morning(house, E)
    with powered(house) as power:
        fuse = 0
        while not cut(power, lambda: work(house), fuse):
            assert_whole(house)
            house.clock.instant += LEASE
            fuse += 1
    assert fuse > 10
    expected = [f"expiry:{n}:{E}:+0" for n in (1234, 1235, 1236)]
    assert sorted(keys(house)) == expected
    assert len(remind(house)) == 4
    assert len(sent(house)) == len(set(sent(house))) == 4


def assert_whole(house: House) -> None:
    """A key and its mails are there together, or none of them."""
    written = keys(house)
    people = {1234: 2, 1235: 1, 1236: 1}
    mails = [row.deduplication_key.rpartition(":")[0] for row in rows(house)]
    assert sorted(set(mails)) == sorted(written)
    assert all(mails.count(key) == people[int(key.split(":")[1])] for key in written)


@both_databases
def test_fifty_runs_a_day_in_any_order_with_cuts_anywhere_send_each_notice_once(
    house: House, request: pytest.FixtureRequest
) -> None:
    """Five platforms over the days from E - 16 to E + 11: any of the last nights, again and again, cut at random."""
    runs = 50 if "sqlite" in request.node.callspec.id else 12
    careless(house)
    a_zoo(house)
    dice = random.Random(20261122)
    for number in range(-16, 12):
        morning(house, E + timedelta(days=number))
        with powered(house) as power:
            for _ in range(runs):
                night = today(house) - timedelta(days=dice.choice((0, 0, 0, 1, 2, 7)))
                cut(power, lambda: work(house, day=night), dice.choice((None, None, dice.randrange(30))))  # noqa: B023
                house.clock.instant += timedelta(hours=17) / runs  # until ten in the evening
                if dice.random() < 0.2:
                    cut(power, house.work, dice.randrange(40))
        morning(house, today(house))
        house.clock.instant += timedelta(hours=18)
        remind(house)
        assert_newest_is_written(house)
    assert len(sent(house)) == len(set(sent(house)))
    assert {row.outcome for row in rows(house)} == {Outcome.SENT}
    assert sorted(sent(house)) == sorted(expected_of_the_zoo())


def a_zoo(house: House) -> None:
    """Five platforms with E on five days, of every kind; two people on the first."""
    for number in range(5):
        a_platform(house, 1001 + number, days=365 - number, trial=number == 3)
    house.person("m1001-marco")
    with house.parts.database.write() as db:
        subscription.cancel(db, 1002, by="test", at=house.clock.now())


OF_THE_ZOO = {1001: (1, 6), 1002: (2,), 1003: (3,), 1004: (4,), 1005: (5,)}  # platforms, and who is on them


def expected_of_the_zoo() -> list[str]:
    """What the rules have: each notice since the first morning, the newest one of those that were missed before it."""
    found = []
    for number, people in OF_THE_ZOO.items():
        ends_on = E - timedelta(days=number - 1001)
        first = (E - timedelta(days=16) - ends_on).days
        reached = [offset for offset in (-30, -15, -7, -1, 0, 1, 5, 8, 10) if offset <= first]
        offsets = [*reached[-1:], *(o for o in (-15, -7, -1, 0, 1, 5, 8, 10) if o > first)]
        found += [f"expiry:{number}:{ends_on}:{offset:+d}:{person}" for offset in offsets for person in people]
    return found


def assert_newest_is_written(house: House) -> None:
    for number in OF_THE_ZOO:
        ends_on = E - timedelta(days=number - 1001)
        reached = [o for o in (-30, -15, -7, -1, 0, 1, 5, 8, 10) if ends_on + timedelta(days=o) <= today(house)]
        if today(house) <= ends_on + timedelta(days=10):
            assert f"expiry:{number}:{ends_on}:{reached[-1]:+d}" in keys(house)


@both_databases
def test_of_four_workers_that_send_at_once_each_notice_leaves_once(house: House) -> None:
    """Past the claim of the step, which lets one of them in: even if all were let in."""
    for number in range(1001, 1013):
        a_platform(house, number)
    morning(house, E)
    night = Night(house.parts, today(house), house.clock.now())
    tallies = together(lambda _: reminders.send(night), 4)
    assert sum(tally.done for tally in tallies) == 12
    assert all(tally.failed == 0 for tally in tallies)
    house.work()
    assert len(sent(house)) == len(set(sent(house))) == 12


# --- stops when it is renewed


@both_databases
def test_whoever_renews_between_the_look_and_the_write_gets_no_reminder(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=7))
    night = Night(house.parts, today(house), house.clock.now())
    assert list(reminders.judge(night, [house.place()])) == [1234]
    house.pay(house.order())
    with house.parts.database.write() as db:
        assert reminders.tell(db, night, 1234) == 0
    assert keys(house) == []


@both_databases
def test_a_reminder_waits_for_a_renewal_that_is_just_being_written(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=7))
    night = Night(house.parts, today(house), house.clock.now())
    found: list[int] = []

    def tell() -> None:
        with house.parts.database.write() as db:
            found.append(reminders.tell(db, night, 1234))

    telling = threading.Thread(target=tell)
    with house.parts.database.write() as db:
        db.execute(select(platforms.c.id).where(platforms.c.id == 1234).with_for_update())
        telling.start()
        time.sleep(0.3)
        assert found == []
        days = {"starts_on": E + timedelta(days=1), "ends_on": E + timedelta(days=365)}
        row = {"platform_id": 1234, "anchor_on": TODAY, "edition": "pro", "trial": False}
        db.execute(terms.insert().values(row | days))
    telling.join()
    assert found == [0]


@both_databases
def test_a_renewal_and_a_reminder_at_the_same_moment_leave_no_stale_mail(house: House) -> None:
    for number in range(1001, 1007):
        a_platform(house, number)
    morning(house, E - timedelta(days=7))
    orders = [house.order(by=house.administrator(f"m{number}")) for number in range(1001, 1007)]
    night = Night(house.parts, today(house), house.clock.now())
    acts = [lambda: reminders.send(night), lambda: [house.pay(order) for order in orders]]
    together(lambda number: acts[number](), 2)
    names = [letter.subject for letter in house.work()]
    assert not [name for name in names if "paid until" in name]
    assert sent(house) == []


def test_a_mail_that_waits_is_not_sent_once_it_is_renewed(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=7))
    work(house)
    house.pay(house.order())
    assert not [letter for letter in house.work() if "paid until" in letter.subject]
    assert [row.outcome for row in rows(house)] == [Outcome.EXPIRED]


def test_nor_once_it_is_cancelled_and_the_other_one_is_not_written_twice(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=7))
    work(house)
    with house.parts.database.write() as db:
        subscription.cancel(db, 1234, by="m1234", at=house.clock.now())
    assert remind(house) == []
    assert [row.outcome for row in rows(house)] == [Outcome.EXPIRED]


def test_nor_once_the_platform_is_deleted(house: House) -> None:
    a_platform(house)
    morning(house, E - timedelta(days=7))
    work(house)
    with house.parts.database.write() as db:
        db.execute(update(platforms).values(deleted_at=house.clock.now()))
    assert house.work() == []


def test_nor_once_its_credits_are_spent(house: House) -> None:
    house.platform(1234, ends_in=None)
    house.person("m1234")
    house.lot(1234, 500, bought_on=dates.add_months(TODAY, -23), expires_on=None)
    work(house)
    spend(house, 500)
    assert house.work() == []


def test_nor_once_there_is_a_newer_one(house: House) -> None:
    """The mail server was away for a day."""
    a_platform(house)
    morning(house, E - timedelta(days=1))
    house.mailbox.fault = Undelivered("away", permanent=False)
    assert remind(house) == []
    house.mailbox.fault = None
    morning(house, E)
    house.clock.move(hours=4)
    assert [letter.subject for letter in remind(house)] == ["Platform 1234: paid until Friday 19 November 2027"]
    assert sent(house) == [f"expiry:1234:{E}:+0:1"]


def test_but_a_mail_that_leaves_late_on_its_day_is_sent(house: House) -> None:
    a_platform(house)
    morning(house, E)
    house.mailbox.fault = Undelivered("away", permanent=False)
    remind(house)
    house.mailbox.fault = None
    house.clock.move(hours=4)
    assert len(house.work()) == 1


def test_the_next_year_is_reminded_of_anew(house: House) -> None:
    a_platform(house)
    morning(house, E)
    remind(house)
    house.pay(house.order())
    house.work()
    later = E + timedelta(days=366)  # 2028 is a leap year
    assert house.place().expires_on == later
    morning(house, later - timedelta(days=30))
    assert [letter.subject for letter in remind(house)] == ["Platform 1234: paid until Sunday 19 November 2028"]


# --- a platform with a fault


def test_one_platform_that_cannot_be_judged_does_not_stop_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Its ledger is below zero: reading it together with the others fails for all of them."""
    for number in (1001, 1002, 1003):
        a_platform(house, number)
    lot = house.lot(1002, 5, bought_on=TODAY, expires_on=E)
    overdraw(house, lot)
    morning(house, E)
    done = work(house)
    assert done.tally is not None
    assert (done.tally.done, done.tally.failed, done.complete) == (2, 1, False)
    assert keys(house) == [f"expiry:{number}:{E}:+0" for number in (1001, 1003)]
    overdraw(house, lot, -10)
    house.clock.move(minutes=1)
    assert work(house).complete
    assert f"expiry:1002:{E}:+0" in keys(house)


def test_the_keys_of_one_platform_are_not_those_of_another(house: House) -> None:
    for number in (1, 11):
        a_platform(house, number)
    morning(house, E)
    assert len(remind(house)) == 2
    with house.parts.database.read() as db:
        found = dict(db.execute(select(notices.c.key, notices.c.platform_id)).tuples().all())
    assert found == {f"expiry:1:{E}:+0": 1, f"expiry:11:{E}:+0": 11}
