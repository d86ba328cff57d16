"""How an export is made: bounded, followed, interrupted anywhere, by one worker at a time, never half."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import OperationalError

from portal.accounts import administrators as people
from portal.accounts.queries import Administrator
from portal.jobs import export
from portal.jobs.errands import GiveUp, NotYet
from portal.jobs.post import work_once
from portal.jobs.rounds import make_round
from portal.kit import audit, outbox
from portal.kit.clock import SystemClock
from portal.rules.exports import Stage
from portal.rules.terms import EXPORT_LIFE
from portal.subscription import exports
from portal.subscription.exports import LEASE, Export
from portal.subscription.tables import exports as table
from tests.conftest import both_databases
from tests.helpers.credits import book
from tests.helpers.house import House
from tests.jobs.conftest import PostalHouse
from tests.jobs.exported import ask, export_of, find, opened
from tests.jobs.test_worker_process import wait_until, worker

MANY = 100_000
MIB = 1 << 20


@pytest.fixture
def anna(house: House) -> Administrator:
    return house.person("m1234")


def spend_often(house: House, number: int, platform_id: int = 1234) -> None:
    """A ledger of so many movements."""
    lot = house.lot(platform_id, 2 * number, bought_on=date(2026, 3, 1), expires_on=None)
    book(house, lot, *[-1] * number, key=f"{platform_id}:k")


def files(house: House) -> list[str]:
    folder = exports.folder(house.parts.settings)
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def stage(house: House, by: Administrator, asked: Export) -> Stage:
    return find(house, by, asked).stage(house.clock.now())


def tags(house: House) -> list[str]:
    with house.parts.database.read() as db:
        found = audit.of_platform(db, 1234, limit=50)
    return [event.tag.rpartition(".")[2] for event in reversed(found) if "export" in event.tag]


def make(house: House, asked: Export) -> None:
    """The errand, as a worker runs it; what it raises is raised here."""
    with house.app.app_context():
        export.make(house.parts, {"export_id": asked.id}, house.clock.now())


# --- bounded and followed ---------------------------------------------------------------------------------------------


IN_A_PROCESS = """
import resource
from portal import create_app
from portal.jobs import export
app = create_app()
peaks = []
with app.app_context():
    for number in (1, 2):  # the small one first: what it takes, any export takes
        export.make(app.extensions["portal"], {"export_id": number}, app.extensions["portal"].clock.now())
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[1] - peaks[0])
"""


@both_databases
def test_a_hundred_thousand_movements_never_stand_in_memory(house: House) -> None:
    """Measured as the system does, so that what a driver keeps for itself counts too."""
    small, anna = house.person("m99"), house.person("m1234")
    spend_often(house, MANY)
    ask(house, small)
    asked = ask(house, anna)
    done = subprocess.run([sys.executable, "-c", IN_A_PROCESS], env=environ(house), stdout=subprocess.PIPE, check=True)
    more = int(done.stdout)
    assert more < 10 * 1024, f"{more} KiB more than for a small platform: rows are to be written as they come"
    found = opened(house, find(house, anna, asked))
    assert len(found.files["json/credit_movements.json"]) > 10 * MIB
    assert len(found.rows("credit_movements")) == MANY + 1 == len(found.table("credit_movements")) - 1


def environ(house: House) -> dict[str, str]:
    """The settings of the house, for a process of its own."""
    settings = house.parts.settings
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return clean | {
        "PORTAL_INSTANCE_PATH": str(settings.instance_path),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_SECRET_KEY": settings.secret_key.reveal(),
        "PORTAL_SUPPORT_EMAIL": settings.support_email,
    }


def test_each_per_cent_is_told_as_it_is_reached(house: House, anna: Administrator, monkeypatch: Any) -> None:
    spend_often(house, 20_000)
    told, note = [], exports.note_progress

    def noted(db: Any, export: Export, progress: int, *, at: Any) -> bool:
        told.append(progress)
        return note(db, export, progress, at=at)

    monkeypatch.setattr(exports, "note_progress", noted)
    asked = ask(house, anna)
    make(house, asked)
    assert told == sorted(set(told))
    assert len(told) > 30
    assert told[-1] == 99
    assert find(house, anna, asked).progress == 100


@both_databases
def test_while_it_is_made_it_is_no_file_for_anybody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = house.person("m1234")
    asked, seen = ask(house, anna), []
    advance = export._Writing._advance

    def look(self: Any, by: int) -> None:
        advance(self, by)
        seen.append(
            (find(house, anna, asked).file, stage(house, anna, asked), [Path(name).suffix for name in files(house)])
        )

    monkeypatch.setattr(export._Writing, "_advance", look)
    make(house, asked)
    assert set(map(str, seen)) == {str((None, Stage.MAKING, [".part"]))}
    assert [Path(name).suffix for name in files(house)] == [".zip"]


def test_the_folder_and_the_file_are_for_the_portal_alone(house: House, anna: Administrator) -> None:
    export_of(house, anna)
    folder = exports.folder(house.parts.settings)
    assert folder.stat().st_mode & 0o077 == 0
    assert [path.stat().st_mode & 0o077 for path in folder.iterdir()] == [0]


def test_size_and_digest_of_the_whole_are_told(house: House, anna: Administrator) -> None:
    import hashlib

    asked = ask(house, anna)
    house.work()
    found = find(house, anna, asked)
    content = (exports.folder(house.parts.settings) / str(found.file)).read_bytes()
    assert (found.size, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert found.expires_at == house.clock.now() + EXPORT_LIFE


# --- told -------------------------------------------------------------------------------------------------------------


def test_the_asker_is_told_by_mail_and_nobody_else(house: House, anna: Administrator) -> None:
    house.person("m1234-marco")
    ask(house, anna)
    letters = house.work()
    assert [(letter.subject, letter.recipient) for letter in letters] == [
        ("Platform 1234: your export is ready", "m1234@example.com")
    ]
    assert "http://127.0.0.1:8000/subscription/export" in letters[0].text
    assert ".zip" not in letters[0].text


def test_the_first_administrator_is_told_when_somebody_else_asks(house: House, anna: Administrator) -> None:
    ask(house, house.person("m1234-marco"))
    letters = house.work()
    assert [(letter.subject, letter.recipient) for letter in letters] == [
        ("Platform 1234: m1234-marco has asked for an export", "m1234@example.com"),
        ("Platform 1234: your export is ready", "m1234-marco@example.com"),
    ]


def test_who_has_been_disabled_meanwhile_is_told_nothing(house: House, anna: Administrator) -> None:
    marco = house.person("m1234-marco")
    ask(house, marco)
    with house.parts.database.write() as db:
        people.disable(db, marco, at=house.clock.now())
    assert "your export is ready" not in " ".join(letter.subject for letter in house.work())


def test_the_activity_tells_that_it_was_asked_for_and_is_ready(house: House, anna: Administrator) -> None:
    export_of(house, anna)
    assert tags(house) == ["export_asked", "export_ready"]


# --- interrupted ------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The power went."""


def kill_after(monkeypatch: pytest.MonkeyPatch, steps: int, fault: type[BaseException] = Killed) -> None:
    """The first worker dies when it has told its progress so often; the next one does not."""
    left, advance = [steps], export._Writing._advance

    def dying(self: Any, by: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise fault("no space left on device")
        advance(self, by)

    monkeypatch.setattr(export._Writing, "_advance", dying)


@pytest.mark.parametrize("steps", [1, 7, 30])
def test_one_that_died_is_made_anew_from_the_beginning(
    house: House, anna: Administrator, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    spend_often(house, 10_000)
    asked = ask(house, anna)
    kill_after(monkeypatch, steps)
    with pytest.raises(Killed):
        make(house, asked)
    leave_behind(house, asked)
    assert stage(house, anna, asked) is Stage.MAKING
    with pytest.raises(NotYet):
        make(house, asked)  # nobody knows yet that the first worker is dead
    house.clock.move(seconds=LEASE.total_seconds())
    make(house, asked)
    assert len(opened(house, find(house, anna, asked)).rows("credit_movements")) == 10_001
    assert files(house) == [find(house, anna, asked).file], "what the dead worker had begun is gone"


def leave_behind(house: House, asked: Export) -> None:
    """What a SIGKILL leaves: a half file, and one that was finished but not yet named."""
    folder = exports.folder(house.parts.settings)
    for name in (f".{asked.id}-half.part", f"{asked.id}-1-feed.zip"):
        (folder / name).write_bytes(b"half")


@both_databases
def test_a_killed_worker_process_leaves_nothing_half_and_another_makes_it_whole(postal: PostalHouse) -> None:
    house = postal.house
    anna = house.administrator("m1234")
    assert anna
    spend_often(house, MANY)
    house.clock.set(SystemClock().now())
    asked = ask(house, anna)
    with worker(postal) as process:
        wait_until(lambda: find(house, anna, asked).progress >= 10, "the worker never began the export")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    found = find(house, anna, asked)
    assert (found.file, found.stage(house.clock.now())) == (None, Stage.MAKING)
    assert [Path(name).suffix for name in files(house)] == [".part"]
    house.clock.set(SystemClock().now() + outbox.LEASE + LEASE)
    while work_once(house.app):
        pass
    found = find(house, anna, asked)
    assert found.attempts == 2
    assert len(opened(house, found).rows("credit_movements")) == MANY + 1
    assert files(house) == [found.file]


def test_a_full_disk_leaves_no_file_and_is_tried_again(house: House, anna: Administrator, monkeypatch: Any) -> None:
    asked = ask(house, anna)
    with monkeypatch.context() as patched:
        kill_after(patched, 3, OSError)
        house.work()
    assert files(house) == []
    assert stage(house, anna, asked) is Stage.MAKING
    house.clock.move(minutes=1)
    house.work()
    assert stage(house, anna, asked) is Stage.READY


def test_after_five_faults_it_has_failed_and_says_so(house: House, anna: Administrator, monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(export, "_write", broken)
    asked = ask(house, anna)
    began = house.clock.now()
    for attempt in range(1, 6):
        assert stage(house, anna, asked) is Stage.MAKING
        house.work()
        assert find(house, anna, asked).attempts == attempt
        house.clock.move(seconds=outbox.RETRY_AFTER[attempt - 1].total_seconds())
    assert stage(house, anna, asked) is Stage.FAILED
    assert house.clock.now() - began < timedelta(hours=1)
    assert tags(house) == ["export_asked", "export_failed"]
    with house.parts.database.read() as db:
        rows = db.execute(select(outbox.outbox.c.outcome).where(outbox.outbox.c.name == "export"))
        assert rows.scalars().all() == [outbox.Outcome.FAILED]


def test_one_of_which_five_workers_died_is_given_up(house: House, anna: Administrator) -> None:
    asked = ask(house, anna)
    with house.parts.database.write() as db:
        db.execute(update(table).values(attempts=export.MOST_ATTEMPTS))
    with pytest.raises(GiveUp):
        make(house, asked)
    assert stage(house, anna, asked) is Stage.FAILED


def test_a_database_that_is_busy_for_a_moment_stops_no_export(
    house: House, anna: Administrator, monkeypatch: Any
) -> None:
    note, times = exports.note_progress, []

    def busy(*given: Any, **more: Any) -> bool:
        times.append(1)
        if len(times) == 1:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return note(*given, **more)

    monkeypatch.setattr(exports, "note_progress", busy)
    spend_often(house, 2_000)
    asked = ask(house, anna)
    make(house, asked)
    assert stage(house, anna, asked) is Stage.READY


# --- by one worker at a time ------------------------------------------------------------------------------------------


def during(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Something happens once, in the middle of the making."""
    done, advance = [False], export._Writing._advance

    def busy(self: Any, by: int) -> None:
        if not done[0]:
            done[0] = True
            act()
        advance(self, by)

    monkeypatch.setattr(export._Writing, "_advance", busy)


@both_databases
def test_a_second_worker_lets_the_first_go_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = house.person("m1234")
    asked, refused = ask(house, anna), []

    def second() -> None:
        with pytest.raises(NotYet) as why:
            make(house, asked)
        refused.append(str(why.value))

    during(monkeypatch, second)
    make(house, asked)
    assert refused == ["another worker is making it"]
    assert (stage(house, anna, asked), find(house, anna, asked).attempts) == (Stage.READY, 1)


@both_databases
def test_one_that_slept_too_long_throws_its_work_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = house.person("m1234")
    asked = ask(house, anna)

    def sleep() -> None:
        house.clock.move(seconds=LEASE.total_seconds())
        with house.parts.database.write() as db:
            assert exports.claim(db, asked.id, at=house.clock.now()), "the lease is over"

    during(monkeypatch, sleep)
    with pytest.raises(NotYet):
        make(house, asked)
    assert files(house) == []
    found = find(house, anna, asked)
    assert (found.stage(house.clock.now()), found.attempts) == (Stage.MAKING, 2)


def test_a_claim_ends_with_its_lease_and_not_before(house: House, anna: Administrator) -> None:
    asked = ask(house, anna)

    def claim() -> bool:
        with house.parts.database.write() as db:
            return exports.claim(db, asked.id, at=house.clock.now()) is not None

    assert claim()
    house.clock.move(seconds=LEASE.total_seconds(), microseconds=-1)
    assert not claim()
    house.clock.move(microseconds=1)
    assert claim()
    house.clock.move(days=-1)  # the clock was put back
    assert claim()


def test_a_finished_one_is_made_no_second_time(house: House, anna: Administrator) -> None:
    asked = ask(house, anna)
    make(house, asked)
    before = find(house, anna, asked)
    make(house, asked)
    assert find(house, anna, asked) == before


def test_one_whose_platform_went_meanwhile_leaves_no_file(house: House, anna: Administrator, monkeypatch: Any) -> None:
    asked = ask(house, anna)

    def purge() -> None:
        with house.parts.database.write() as db:
            db.execute(delete(table))

    during(monkeypatch, purge)
    with pytest.raises(NotYet):
        make(house, asked)
    assert files(house) == []
    make(house, asked)  # and nothing is left to make


# --- tidied up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("earlier", "there"), [(1, True), (0, False), (-1, False)])
def test_the_file_goes_after_seven_days_and_not_an_instant_earlier(
    house: House, anna: Administrator, earlier: int, there: bool
) -> None:
    asked = ask(house, anna)
    house.work()
    house.clock.move(seconds=EXPORT_LIFE.total_seconds(), microseconds=-earlier)
    make_round(house.parts)
    assert bool(files(house)) is there
    assert (find(house, anna, asked).file is not None) is there
    assert stage(house, anna, asked) is (Stage.READY if there else Stage.OVER)


def test_what_nobody_will_ever_name_is_removed_and_everything_else_stays(house: House, anna: Administrator) -> None:
    asked = ask(house, anna)
    house.work()
    making = ask(house, anna)
    folder = exports.folder(house.parts.settings)
    stray = [f"{asked.id}-1-feed.zip", f".{asked.id}-old.part", "77-1-feed.zip"]
    stay = [f".{making.id}-now.part", f"{making.id}-1-feed.zip", "somebody's notes.txt"]
    for name in (*stray, *stay):
        (folder / name).write_bytes(b"x")
    assert export.tidy(house.parts) == len(stray)
    assert files(house) == sorted([*stay, str(find(house, anna, asked).file)])


def test_a_folder_that_cannot_be_read_stops_no_round(house: House, anna: Administrator, monkeypatch: Any) -> None:
    def closed(*_: Any) -> None:
        raise PermissionError("exports")

    monkeypatch.setattr(export, "_lying", closed)
    make_round(house.parts)


def test_there_is_nothing_to_tidy_where_nobody_has_asked(house: House) -> None:
    assert export.tidy(house.parts) == 0


def test_the_demonstrations_files_lie_apart(house: House) -> None:
    from dataclasses import replace

    settings = replace(house.parts.settings, demo=True)
    assert exports.folder(settings).name == "demo-exports"
    assert exports.folder(house.parts.settings).name == "exports"


@both_databases
def test_reading_while_others_write_never_waits(house: House) -> None:
    """A snapshot lasts as long as the making: nobody who writes meanwhile is held up by it."""
    anna = house.person("m1234")
    before = time.monotonic()
    with house.parts.database.snapshot() as db:
        assert db.execute(select(func.count()).select_from(table)).scalar_one() == 0
        ask(house, anna)
        assert db.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert time.monotonic() - before < 5
    with house.parts.database.read() as db:
        assert db.execute(select(func.count()).select_from(table)).scalar_one() == 1
