"""The nights: begun at four, each step by one of many workers, made up for when missed, and by hand when wanted."""

import logging
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from portal import cli
from portal.jobs import nightly
from portal.jobs.night import Interrupted, Night, Tally
from portal.jobs.night_report import REPORTS
from portal.jobs.nightly import STEPS, Done
from portal.jobs.rounds import Rounds
from portal.kit import nights
from portal.kit.clock import MovableClock
from portal.kit.db import metadata
from portal.kit.nights import AGAIN_AFTER, LEASE
from portal.kit.outbox import outbox
from portal.rules.terms import NIGHTS_MADE_UP
from portal.subscription.tables import notices
from tests.conftest import both_databases
from tests.helpers.credits import overdraw
from tests.helpers.house import House, build
from tests.helpers.together import together
from tests.jobs.nights import REMINDERS, careless, keys, morning, powered, remind, rows, steps, today, work
from tests.rules.instants import ROME, TICK, rome

TODAY = date(2026, 11, 20)
KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"


def days(house: House) -> list[date]:
    """The nights of which every step is done."""
    found = steps(house)
    done = {day for day, _step in found}
    return sorted(day for day in done if all((day, step) in found and found[day, step].done_at for step in STEPS))


def worked(house: House) -> list[tuple[date, str]]:
    """What a round of a worker finds to do."""
    before = {key: row.attempts for key, row in steps(house).items()}
    nightly.work_due(house.parts)
    return [key for key, row in steps(house).items() if row.attempts != before.get(key)]


# --- when


@pytest.mark.parametrize(
    ("at", "night"),
    [
        ("2026-11-21 03:59:59.999999", []),
        ("2026-11-21 04:00:00", [date(2026, 11, 21)]),
        ("2026-11-21 04:00:00.000001", [date(2026, 11, 21)]),
        ("2026-11-21 22:00:00", [date(2026, 11, 21)]),  # nobody had been there before
    ],
)
def test_a_worker_works_the_night_from_four_on_and_later_if_it_was_not_there(
    house: House, at: str, night: list[date]
) -> None:
    nightly.work_due(house.parts)  # yesterday's, so that there was a first one
    house.clock.set(rome(at))
    rounds = Rounds(house.parts)
    assert rounds.make_if_due()
    assert days(house) == [TODAY, *night]


def test_a_night_is_worked_once_however_many_rounds_are_made(house: House) -> None:
    assert worked(house) == [(TODAY, step) for step in STEPS]
    for _ in range(5):
        house.clock.move(minutes=1)
        assert worked(house) == []


def test_every_missed_day_has_its_night_made_up_for_and_the_notices_collapse(house: House) -> None:
    """As the clock of the demonstration is moved by ten days."""
    house.platform(1234, ends_in=16)
    house.person("m1234")
    nightly.work_due(house.parts)
    assert keys(house) == ["expiry:1234:2026-12-06:-30"]
    house.clock.move(days=10)
    nightly.work_due(house.parts)
    assert days(house) == [TODAY + timedelta(days=number) for number in range(11)]
    assert keys(house)[1:] == ["expiry:1234:2026-12-06:-7"]  # -15 was missed


def test_no_more_nights_are_made_up_for_than_a_month(house: House) -> None:
    nightly.work_due(house.parts)
    house.clock.move(days=NIGHTS_MADE_UP + 5)
    nightly.work_due(house.parts)
    assert len(days(house)) == 1 + NIGHTS_MADE_UP + 1


def test_a_clock_that_is_put_back_works_nothing_and_sends_nothing_again(house: House) -> None:
    house.platform(1234, ends_in=7)
    house.person("m1234")
    house.clock.move(days=6)
    nightly.work_due(house.parts)
    assert len(house.work()) == 1
    house.clock.move(days=-6)
    assert worked(house) == []
    assert house.work() == []


def test_the_clock_of_the_demonstration_is_the_one_that_counts(tmp_path: Path, database_url: str) -> None:
    house = build(tmp_path, database_url, demo=True)
    clock = MovableClock(tmp_path / "demo.clock")
    from dataclasses import replace

    parts = replace(house.parts, clock=clock)
    clock.move_to(rome("2026-11-20 12:00"))
    Rounds(parts).make_if_due()
    clock.move(timedelta(days=10))
    Rounds(parts).make_if_due()
    assert days(house) == [TODAY + timedelta(days=number) for number in range(11)]
    house.parts.database.close()


# --- who


@both_databases
def test_of_several_workers_one_does_each_step(house: House) -> None:
    for number in range(1001, 1011):
        house.platform(number, ends_in=7)
        house.person(f"m{number}")
    together(lambda _: nightly.work_due(house.parts), 4)
    assert {key: row.attempts for key, row in steps(house).items()} == {(TODAY, step): 1 for step in STEPS}
    assert days(house) == [TODAY]
    assert len(house.work()) == 10


def test_the_step_of_a_worker_that_died_is_done_by_another_when_its_lease_ends(house: House) -> None:
    house.platform(1234, ends_in=7)
    house.person("m1234")
    with house.parts.database.write() as db:
        assert nights.claim(db, TODAY, REMINDERS, at=house.clock.now())
    nightly.work_due(house.parts)
    assert (keys(house), days(house)) == ([], [])
    house.clock.instant += LEASE - TICK
    assert worked(house) == []
    house.clock.instant += TICK
    assert worked(house) == [(TODAY, REMINDERS)]
    assert (len(keys(house)), days(house)) == (1, [TODAY])


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_others_at_once(house: House) -> None:
    house.platform(1234, ends_in=7)
    house.person("m1234")
    asked = iter([False, *[True] * 20])  # before the first step, and then when it wants to go on
    assert [done.step for done in nightly.work_due(house.parts, lambda: next(asked))] == [REMINDERS]
    assert [(row.done_at, row.claimed_until) for row in steps(house).values()] == [(None, None)]
    assert keys(house) == ["expiry:1234:2026-11-27:-7"]
    nightly.work_due(house.parts)
    assert days(house) == [TODAY]
    assert len(keys(house)) == 1


def test_a_worker_whose_step_was_taken_over_stops(house: House) -> None:
    with house.parts.database.write() as db:
        mine = nights.claim(db, TODAY, REMINDERS, at=house.clock.now())
    assert mine
    house.clock.instant += LEASE
    with house.parts.database.write() as db:
        assert nights.claim(db, TODAY, REMINDERS, at=house.clock.now())
    with pytest.raises(Interrupted):
        nightly._go_on(house.parts, mine, nightly.never)


def test_a_step_that_cannot_go_on_rests_and_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_night: Night) -> Tally:
        raise ValueError("anna@example.com")

    log = logging.getLogger("portal")
    monkeypatch.setitem(nightly.STEPS, REMINDERS, broken)
    log.addHandler(caplog.handler)
    try:
        found = nightly.work_due(house.parts)
    finally:
        log.removeHandler(caplog.handler)
    assert [(done.step, done.complete) for done in found] == [(step, step != REMINDERS) for step in STEPS]
    assert "anna" not in caplog.text
    monkeypatch.undo()
    house.clock.instant += AGAIN_AFTER - TICK
    assert worked(house) == []
    house.clock.instant += TICK
    assert worked(house) == [(TODAY, REMINDERS)]
    assert days(house) == [TODAY]


# --- by hand


def command(house: House, *words: str) -> Result:
    settings = house.parts.settings
    environ = {"PORTAL_INSTANCE_PATH": str(settings.instance_path), "PORTAL_DATABASE_URL": settings.database_url}
    return CliRunner().invoke(cli.main, ["nightly", *words], env=environ | {"PORTAL_SECRET_KEY": KEY})


def contents(house: House) -> dict[str, int]:
    with house.parts.database.read() as db:
        return {
            table.name: db.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def really_today(house: House) -> date:
    """The command has the machine's clock."""
    from portal.kit.clock import SystemClock

    house.clock.set(SystemClock().now())
    return today(house)


def test_a_dry_run_says_who_would_get_what_and_writes_nothing(house: House) -> None:
    day = really_today(house)
    house.platform(1234, ends_in=7)
    house.platform(1235, ends_in=-1, cancelled=True)
    house.platform(1236, ends_in=300)
    house.person("m1234", language="it")
    house.person("m1234-marco", email="marco@example.com")
    before = contents(house)
    told = command(house, "--dry-run")
    assert (told.exit_code, told.stderr) == (0, "")
    assert contents(house) == before
    assert told.stdout.startswith(f"The night of {day}, by what is known now. Nothing is written.\n")
    week, yesterday = day + timedelta(days=7), day - timedelta(days=1)
    assert f"platform 1234: the term of {week}, 7 days before, to m1234 (it), m1234-marco (en)\n" in told.stdout
    assert f"platform 1235: the cancelled term of {yesterday}, 1 day after, to nobody" in told.stdout
    assert "1236" not in told.stdout
    assert "@" not in told.stdout


def test_a_dry_run_of_a_day_to_come_tells_what_will_be_due_then(house: House) -> None:
    day = really_today(house)
    house.platform(1234, ends_in=7)
    house.person("m1234")
    last = day + timedelta(days=7)
    told = command(house, "--day", str(last + timedelta(days=10)), "--dry-run")
    assert f"platform 1234: the term of {last}, 10 days after, to m1234 (en)" in told.stdout
    nothing = command(house, "--day", str(last + timedelta(days=11)), "--dry-run")
    assert "reminders: nothing" in nothing.stdout


def test_a_night_by_hand_does_it_at_once_and_twice_does_no_more(house: House) -> None:
    day = really_today(house)
    house.platform(1234, ends_in=7)
    house.person("m1234")
    for done in ("1 done, 0 failed", "0 done, 0 failed"):
        told = command(house, "--day", str(day))
        assert (told.exit_code, told.stderr) == (0, "")
        assert f"reminders: {done}\n" in told.stdout
    assert len(rows(house)) == 1
    assert days(house) == [day]


def test_a_night_that_has_not_come_is_refused(house: House) -> None:
    day = really_today(house) + timedelta(days=1)
    house.platform(1234, ends_in=8)
    house.person("m1234")
    told = command(house, "--day", str(day))
    assert (told.exit_code, told.stdout) == (1, "")
    assert "has not come" in told.stderr
    assert (keys(house), steps(house)) == ([], {})


def test_a_day_that_is_none_is_refused(house: House) -> None:
    assert command(house, "--day", "2026-02-30").exit_code == 2


def test_the_command_succeeds_only_if_every_step_is_done(house: House) -> None:
    day = really_today(house)
    with house.parts.database.write() as db:
        assert nights.claim(db, day, "cleaning", at=house.clock.now())
    told = command(house)
    assert told.exit_code == 1
    assert "cleaning: another worker is at it" in told.stderr
    assert "reminders: 0 done, 0 failed" in told.stdout


def test_a_platform_that_fails_is_told_and_the_others_are_reminded(house: House) -> None:
    day = really_today(house)
    for number in (1001, 1002):
        house.platform(number, ends_in=7)
        house.person(f"m{number}")
    lot = house.lot(1001, 5, bought_on=day, expires_on=day + timedelta(days=7))
    overdraw(house, lot)
    told = command(house)
    assert told.exit_code == 1
    assert "reminders: 1 done, 1 failed" in told.stderr
    assert "is not complete" in told.stderr
    assert keys(house) == [f"expiry:1002:{day + timedelta(days=7)}:-7"]


def test_each_step_has_its_report() -> None:
    assert list(REPORTS) == list(STEPS)


# --- all of it


@both_databases
def test_a_night_of_many_platforms_is_one_walk_and_not_a_query_for_each(house: House) -> None:
    """Of platforms to which nothing is to be told, ten more cost no more statements."""
    careless(house)
    counts = []
    for first in (1000, 2000):
        for number in range(first, first + 10):
            house.platform(number, ends_in=200)
        with powered(house) as power:
            assert work(house).complete
            counts.append(power.statements)
    assert counts[0] == counts[1]


def test_done_says_whether_it_is_complete() -> None:
    assert Done("x", Tally(3)).complete
    assert not Done("x", Tally(3, failed=1)).complete
    assert not Done("x", None).complete
    assert not Done("x", Tally(), "ValueError").complete


def test_the_mails_of_a_night_are_those_that_were_written(house: House) -> None:
    house.platform(1234, ends_in=0)
    house.person("m1234")
    morning(house, TODAY)
    remind(house)
    with house.parts.database.read() as db:
        keys_ = db.execute(select(notices.c.key)).scalars().all()
        (mail,) = db.execute(select(outbox.c.deduplication_key).where(outbox.c.name == "term_reminder")).scalars()
    assert [f"{key}:1" for key in keys_] == [mail]  # by which the purge finds whether it was accepted


def test_the_zone_of_these_tests_is_that_of_the_house(house: House) -> None:
    assert house.parts.settings.timezone == ROME
