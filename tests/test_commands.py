"""The commands: each does what it says and exits 0, or changes nothing, says why on stderr and does not."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, inspect, select, text

from portal import cli, migrations, serving
from portal.accounts.tables import administrators, authenticator_apps, email_changes, factor_removals, sessions
from portal.kit.audit import events
from portal.kit.db import Database
from portal.kit.links import links
from portal.kit.outbox import outbox
from portal.kit.throttle import limits
from portal.setting_values import EXAMPLE_PRICES
from portal.subscription import seating
from portal.subscription.tables import blocks, platforms, seat_grants, terms
from tests.conftest import both_databases
from tests.helpers.house import PASSWORD

KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"
TABLES = (
    *(administrators, sessions, factor_removals, events, links, outbox, limits),
    *(blocks, platforms, seat_grants, terms),
)
CREATE = (
    "platform create --id 1234 --edition pro --term 2026-03-01..2099-02-28 --channels email,sms "
    "--username m1234 --email a@b.it --language it --password-stdin"
)


class Operator:
    """Somebody at the command line of an instance of their own."""

    def __init__(self, environ: dict[str, str], database_url: str) -> None:
        self.environ = environ
        self.database = Database(database_url)

    def run(self, command: str, typed: str | bytes | None = None, **environ: str) -> Result:
        return CliRunner().invoke(cli.main, command.split(), input=typed, env=self.environ | environ)

    def does(self, command: str, typed: str | None = None) -> str:
        result = self.run(command, typed)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return result.stdout

    def refused(self, command: str, *words: str, typed: str | bytes | None = None) -> str:
        """Not done: exit code, stderr, and nothing changed."""
        before = self.rows()
        result = self.run(command, typed)
        assert result.exit_code in (1, 2), result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.stderr
        assert all(word in result.stderr for word in words), result.stderr
        assert self.rows() == before
        return result.stderr

    def rows(self) -> list[list[tuple[Any, ...]]]:
        with self.database.read() as db:
            return [sorted(map(tuple, db.execute(select(table))), key=repr) for table in TABLES]

    def table(self, table: Any) -> list[Any]:
        with self.database.read() as db:
            return list(db.execute(select(table)).all())

    def process(self, command: str, typed: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """The same from a shell."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        return subprocess.run(
            [sys.executable, "-m", "portal", *command.split()],
            input=typed,
            capture_output=True,
            text=True,
            env=inherited | self.environ | environ,
            timeout=60,
            check=False,
        )


@pytest.fixture
def operator(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    environ = {
        "PORTAL_INSTANCE_PATH": str(tmp_path),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_SECRET_KEY": KEY,
        "PORTAL_ARGON2_MEMORY_KIB": "1024",
    }
    found = Operator(environ, database_url)
    yield found
    found.database.close()


@pytest.fixture
def made(operator: Operator) -> Operator:
    """With platform 1234 and its first administrator."""
    operator.does(CREATE, PASSWORD)
    return operator


# --- platform create


@both_databases
def test_a_platform_is_created_with_its_term_and_first_administrator(operator: Operator) -> None:
    assert operator.does(CREATE, PASSWORD + "\n") == "Platform 1234 is created.\n"
    (platform,) = operator.table(platforms)
    (person,) = operator.table(administrators)
    (term,) = operator.table(terms)
    assert (platform.id, platform.email_channel, platform.sms_channel) == (1234, True, True)
    assert (person.username, person.email, person.role, person.language) == ("m1234", "a@b.it", "first", "it")
    assert person.password_hash.startswith("$argon2id$")
    assert (str(term.starts_on), str(term.ends_on), term.edition) == ("2026-03-01", "2099-02-28", "pro")
    assert [row.name for row in operator.table(outbox)] == ["switch_on"]


def test_the_very_command_of_the_design_works_from_a_script(operator: Operator) -> None:
    done = operator.process(
        "platform create --id 1234 --edition pro --term 2026-03-01..2027-02-28 --channels email,sms "
        "--username m1234 --email a@b.it --language it --password-stdin",
        PASSWORD,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Platform 1234 is created.\n", "")


def test_without_a_password_the_first_administrator_is_invited(operator: Operator) -> None:
    operator.does("platform create --id 7 --term 2026-03-01..2099-02-28 --email a@b.it")
    (person,) = operator.table(administrators)
    assert (person.username, person.password_hash) == ("m7", None)
    assert [row.name for row in operator.table(outbox)] == ["invitation", "switch_on"]


def test_a_padded_name_is_kept_as_people_know_it(operator: Operator) -> None:
    operator.does("platform create --id 7 --term 2026-03-01..2099-02-28 --email a@b.it --username M0000007")
    assert operator.table(administrators)[0].username == "m0000007"
    operator.does("administrator disable m0000007")


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ("--term 2026-03-01..2099-02-28 --trial", {"trial": True}),
        ("--term 2026-03-01..2099-02-28 --channels email", {"sms_channel": False}),
        ("--sms-only", {"email_channel": False, "sms_channel": True}),
        ("--channels sms", {"email_channel": False, "sms_channel": True}),
    ],
)
def test_kinds_of_platforms(operator: Operator, options: str, facts: dict[str, bool]) -> None:
    operator.does(f"platform create --id 1234 --email a@b.it {options}")
    (row,) = operator.table(platforms)
    assert {name: getattr(row, name) for name in facts} == facts
    operator.does("platform show 1234")


def test_a_cancelled_platform_and_its_seats(operator: Operator) -> None:
    operator.does("platform create --id 1234 --email a@b.it --term 2026-03-01..2099-02-28 --cancelled --seats 3")
    assert operator.table(platforms)[0].cancelled_at is not None
    assert operator.table(seat_grants)[0].quantity == 3
    assert json.loads(operator.does("platform show 1234 --json"))["seats"] == "1 of 4"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ("", "--term"),
        ("--term 2026-03-01", "two days"),
        ("--term 2026-03-01..2026-02-30", "two days"),
        ("--term 2026-03-02..2026-03-01", "before"),
        ("--term 2026-03-01..2027-02-28..2028-02-29", "two days"),
        ("--term 2026-03-01..2099-02-28 --channels sms", "--term"),
        ("--term 2026-03-01..2099-02-28 --sms-only", "--term"),
        ("--term 2026-03-01..2099-02-28 --channels fax", "--channels"),
        ("--term 2026-03-01..2099-02-28 --channels ,", "--channels"),
        ("--sms-only --trial", "--trial"),
        ("--sms-only --cancelled", "--cancelled"),
        ("--sms-only --seats 1", "--seats"),
        ("--term 2026-03-01..2099-02-28 --trial --cancelled", "cancelled"),
        ("--sms-only --username m1235", "--username"),
        ("--sms-only --username m1234-anna", "--username"),
        ("--sms-only --username anna", "--username"),
        ("--sms-only --username anna@b.it", "--username"),
        ("--sms-only --email nobody", "e-mail"),
        ("--sms-only --email a@b.it,c@d.it", "e-mail"),
        ("--sms-only --language fr", "--language"),
        ("--sms-only --seats -1", "--seats"),
        ("--sms-only --id 0", "--id"),
        ("--sms-only --id 1000000000", "--id"),
        ("--sms-only --edition " + "x" * 33, "--edition"),
        ("--term 2026-03-01..2027-02-28 --edition gold", "stands on no price list; today's has starter, pro, business"),
        ("--sms-only --company " + "x" * 201, "--company"),
        ("--sms-only --name " + "x" * 121, "--name"),
    ],
)
def test_a_platform_that_cannot_be_is_refused(operator: Operator, options: str, word: str) -> None:
    operator.refused(f"platform create --id 1234 --email a@b.it {options}", word)


def test_the_longest_names_are_stored(operator: Operator) -> None:
    long = f"--company {'x' * 200} --name {'x' * 120}"
    operator.does(f"platform create --id 999999999 --email a@b.it --sms-only {long}")


@both_databases
def test_an_id_is_given_once(made: Operator) -> None:
    made.refused("platform create --id 1234 --email c@d.it --sms-only", "1234 exists already")


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "short"),
        ("short", "short"),
        ("my m1234 password is long", "user-name"),
        ("x" * 257, "long"),
        (b"\xff\xfe a long enough sentence", "UTF-8"),
    ],
)
def test_a_password_that_nobody_may_have_is_refused_and_nothing_made(
    operator: Operator, typed: str | bytes, word: str
) -> None:
    operator.refused(CREATE, word, typed=typed)


def test_a_password_is_never_repeated(operator: Operator) -> None:
    assert "my m1234 pass" not in operator.refused(CREATE, typed="my m1234 password is long")


# --- platform show, block, unblock, hold, release


@both_databases
def test_a_platform_is_shown_to_people_and_to_scripts(made: Operator) -> None:
    facts = json.loads(made.does("platform show 1234 --json"))
    assert facts["platform"] == 1234
    assert facts["state"] == "active"
    assert facts["expires_on"] == "2099-02-28"
    assert facts["seats"] == "1 of 1"
    assert facts["administrators"] == ["m1234"]
    assert (facts["credits"], facts["frozen_credits"], facts["blocks"], facts["legal_hold"]) == (0, 0, [], False)
    assert "expires on: 2099-02-28\n" in made.does("platform show 1234")


def test_a_platform_is_blocked_and_unblocked(made: Operator) -> None:
    assert "blocked" in made.does("platform block 1234 --code abuse --note spam")
    assert json.loads(made.does("platform show 1234 --json"))["blocks"] == ["abuse"]
    made.refused("platform block 1234 --code abuse", "already")
    made.does("platform unblock 1234 --code abuse")
    made.refused("platform unblock 1234 --code abuse", "not blocked")
    assert json.loads(made.does("platform show 1234 --json"))["blocks"] == []


@both_databases
def test_a_compromised_platform_loses_its_sessions_and_passwords(made: Operator) -> None:
    (person,) = made.table(administrators)
    row = {"token_hash": "x", "administrator_id": person.id, "device": "", "network": "", "started_at": _now()}
    with made.database.write() as db:
        db.execute(sessions.insert().values(row | {"last_active_at": _now(), "proven_at": _now()}))
    made.does("platform block 1234 --code compromised")
    assert [row.ended_because for row in made.table(sessions)] == ["compromised"]
    assert made.table(administrators)[0].must_reset


def test_a_compromised_platform_is_unlocked_only_on_a_written_request(made: Operator) -> None:
    made.does("platform block 1234 --code compromised")
    made.refused("platform unblock 1234 --code compromised", "--request")
    made.does("platform unblock 1234 --code compromised --request T-77 --reason passport-seen")
    assert json.loads(made.does("platform show 1234 --json"))["blocks"] == []


def _now() -> datetime:
    return datetime.now(UTC)


def test_a_platform_that_has_expired_gets_more_time_to_renew(operator: Operator) -> None:
    """The commands live in real time: a platform that expired yesterday, in Rome."""
    yesterday = datetime.now(ZoneInfo("Europe/Rome")).date() - timedelta(days=1)
    first, last = yesterday - timedelta(days=364), yesterday + timedelta(days=25)
    operator.does(f"platform create --id 1234 --email a@b.it --term {first}..{yesterday}")
    operator.refused(f"platform extend 1234 --until {yesterday + timedelta(days=10)} --reason T-77", "already")
    operator.refused(f"platform extend 1234 --until {yesterday + timedelta(days=41)} --reason T-77", "at most")
    operator.refused("platform extend 1234 --until soon --reason T-77", "--until")
    said = operator.does(f"platform extend 1234 --until {last} --reason T-77")
    assert said == f"Platform 1234 can be renewed until {last}.\n"
    assert json.loads(operator.does("platform show 1234 --json"))["renewable_until"] == str(last)
    assert [row.name for row in operator.table(outbox)].count("grace_extended") == 1


def test_nobody_gets_more_time_in_advance(made: Operator) -> None:
    made.refused("platform extend 1234 --until 2099-03-20 --reason T-77", "never made in advance")


def test_a_platform_is_held_and_released(made: Operator) -> None:
    made.refused("platform release 1234", "not held")
    made.does("platform hold 1234")
    made.refused("platform hold 1234", "already")
    assert json.loads(made.does("platform show 1234 --json"))["legal_hold"] is True
    made.does("platform release 1234")
    assert json.loads(made.does("platform show 1234 --json"))["legal_hold"] is False


@both_databases
@pytest.mark.parametrize(
    "act",
    [
        "show",
        "hold",
        "release",
        "block --code abuse",
        "unblock --code abuse",
        "extend --until 2099-01-01 --reason T-77",
    ],
)
def test_a_platform_that_nobody_has_is_refused(operator: Operator, act: str) -> None:
    act, _, options = act.partition(" ")
    operator.refused(f"platform {act} 404 {options}", "404")
    operator.refused(f"platform {act} 99999999999999999999 {options}", "range")


def test_a_reason_that_is_none_is_refused_with_those_that_are(made: Operator) -> None:
    made.refused("platform block 1234 --code annoying", "payment_overdue", "abuse")
    made.refused("platform unblock 1234 --code annoying", "payment_overdue", "abuse")


# --- administrators


@pytest.fixture
def seated(operator: Operator) -> Operator:
    """With two seats more."""
    operator.does(CREATE + " --seats 2", PASSWORD)
    return operator


@both_databases
def test_an_administrator_is_created_within_the_seats(seated: Operator) -> None:
    seated.does("administrator create --username m1234-anna --email c@d.it --language en", None)
    seated.does("administrator create --username M1234-Marco --email e@f.it --password-stdin", PASSWORD)
    seated.refused("administrator create --username m1234-carla --email g@h.it --within-seats", "3 seats")
    assert [row.username for row in seated.table(administrators)] == ["m1234", "m1234-anna", "m1234-marco"]


def test_a_seat_that_is_missing_is_granted_through_the_expiry_and_recorded(operator: Operator) -> None:
    operator.does(CREATE, PASSWORD)
    operator.does("administrator create --username m1234-anna --email c@d.it", None)
    (grant,), (term,) = operator.table(seat_grants), operator.table(terms)
    assert (grant.quantity, grant.ends_on) == (1, term.ends_on)
    assert json.loads(operator.does("platform show 1234 --json"))["seats"] == "2 of 2"
    assert "subscription.seat_granted" in [row.tag for row in operator.table(events)]


def test_a_platform_in_its_grace_may_get_an_administrator_too(operator: Operator) -> None:
    today = datetime.now(UTC).date()
    term = f"{today - timedelta(days=300)}..{today - timedelta(days=3)}"
    operator.does(f"platform create --id 1234 --email a@b.it --term {term} --password-stdin", PASSWORD)
    operator.does("administrator create --username m1234-anna --email c@d.it", None)
    assert json.loads(operator.does("platform show 1234 --json"))["seats"] == "2 of 2"


def test_a_platform_without_a_term_gets_no_seat_granted(operator: Operator) -> None:
    operator.does("platform create --id 1234 --email a@b.it --sms-only --password-stdin", PASSWORD)
    operator.refused("administrator create --username m1234-anna --email c@d.it", "no term")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ("--username m1234 --email c@d.it", "exists already"),
        ("--username M1234 --email c@d.it", "exists already"),
        ("--username m01234 --email c@d.it", "first administrator"),
        ("--username m404-anna --email c@d.it", "no platform 404"),
        ("--username m0-anna --email c@d.it", "no platform 0"),
        ("--username anna --email c@d.it", "not a user name"),
        ("--username m1234-anna --email nobody", "e-mail"),
        ("--username m1234-anna", "--email"),
        ("--username m1234-anna --email c@d.it --name " + "x" * 121, "--name"),
    ],
)
def test_an_administrator_that_cannot_be_is_refused(seated: Operator, options: str, word: str) -> None:
    seated.refused(f"administrator create {options}", word)


def test_the_password_of_an_administrator_is_held_to_the_rules(seated: Operator) -> None:
    command = "administrator create --username m1234-anna --email c@d.it --password-stdin"
    seated.refused(command, "short", typed="short")


def test_an_administrator_is_disabled_once(made: Operator) -> None:
    made.does("administrator disable M1234")
    made.refused("administrator disable m1234", "already")
    made.refused("administrator disable m1235", "no administrator")
    made.refused("administrator disable anna", "not a user name")
    assert made.table(administrators)[0].disabled_at is not None


def test_a_disabled_administrator_frees_a_seat_but_not_the_name(seated: Operator) -> None:
    for name in ("anna", "marco"):
        seated.does(f"administrator create --username m1234-{name} --email c@d.it")
    seated.does("administrator disable m1234-anna")
    seated.refused("administrator create --username m1234-anna --email c@d.it", "exists already")
    seated.does("administrator create --username m1234-carla --email c@d.it")


@both_databases
def test_a_reset_link_is_mailed_with_its_reason_and_never_shown(made: Operator) -> None:
    result = CliRunner().invoke(
        cli.main, ["send-reset-link", "m1234", "--reason", "ticket 7\r\nBcc: x@y.it"], env=made.environ
    )
    assert (result.exit_code, result.output) == (0, "The link for m1234 is on its way.\n")
    (mail,) = [row for row in made.table(outbox) if row.topic == "mail"]
    assert (mail.name, mail.recipient, mail.payload["reason"]) == ("reset_link", "a@b.it", "ticket 7 Bcc: x@y.it")
    assert made.table(links)[0].purpose == "support-reset"


def test_a_link_to_an_address_of_this_week_is_asked_for_at_the_desk(made: Operator) -> None:
    """Two people have to want it, and at the command line there is one."""
    changed = {"administrator_id": 1, "old_email": "old@b.it", "new_email": "a@b.it", "new_email_folded": "a@b.it"}
    now = datetime.now(UTC)
    with made.database.write() as db:
        db.execute(email_changes.insert().values(changed | {"asked_at": now, "confirmed_at": now - timedelta(days=6)}))
    made.refused("send-reset-link m1234 --reason ticket", "two people")
    assert made.table(links) == []
    with made.database.write() as db:
        db.execute(email_changes.update().values(confirmed_at=now - timedelta(days=7)))
    made.does("send-reset-link m1234 --reason ticket")


def test_the_service_is_told_again_where_there_is_one(made: Operator) -> None:
    told = {"PORTAL_SERVICE_URL": "https://send.example", "PORTAL_SERVICE_SECRET": KEY}
    result = made.run("platform tell 1234", **told)
    assert (result.exit_code, result.output) == (0, "Platform 1234: a worker tells the sending service.\n")
    assert [row.name for row in made.table(outbox)] == ["switch_on", "switch_on"]
    assert "No sending service is configured" in made.run("platform tell 1234").stderr
    assert "no platform 7" in made.run("platform tell 7", **told).stderr


def test_a_reset_link_without_reason_or_person_is_refused(made: Operator) -> None:
    made.refused("send-reset-link m1234", "--reason")
    made.refused("send-reset-link m1235 --reason x", "no administrator")
    result = CliRunner().invoke(cli.main, ["send-reset-link", "m1234", "--reason", " \n"], env=made.environ)
    assert result.exit_code == 1
    made.does("administrator disable m1234")
    made.refused("send-reset-link m1234 --reason x", "disabled")
    assert made.table(links) == []


@pytest.fixture
def guarded(made: Operator) -> Operator:
    """With an authenticator app of m1234."""
    (person,) = made.table(administrators)
    row = {"administrator_id": person.id, "secret": "hidden", "begun_at": _now(), "confirmed_at": _now()}
    with made.database.write() as db:
        db.execute(authenticator_apps.insert().values(row | {"last_step": 0}))
    return made


@both_databases
def test_lost_factors_are_asked_to_be_taken_off_and_that_is_stopped(guarded: Operator) -> None:
    ask = ["administrator", "lost-factor", "M1234", "--reason", "ticket 7\r\nBcc: x@y.it"]
    result = CliRunner().invoke(cli.main, ask, env=guarded.environ)
    (removal,) = guarded.table(factor_removals)
    due_at = removal.due_at.astimezone(ZoneInfo("Europe/Rome"))
    day = f"{due_at:%Y-%m-%d %H:%M %Z}"
    said = f"The second factors of M1234 are taken off on {day}, if nobody stops it.\n"
    assert (result.exit_code, result.output) == (0, said)
    assert (removal.reason, removal.asked_by) == ("ticket 7 Bcc: x@y.it", "command line")
    assert removal.due_at - removal.asked_at == timedelta(hours=72)
    (mail,) = [row for row in guarded.table(outbox) if row.topic == "mail"]
    assert (mail.name, mail.recipient) == ("factor_removal_asked", "a@b.it")
    guarded.refused("administrator lost-factor m1234 --reason x", "--stop")
    assert guarded.does("administrator lost-factor m1234 --stop") == "The second factors of m1234 stay.\n"
    assert guarded.table(factor_removals)[0].stopped_at is not None
    guarded.refused("administrator lost-factor m1234 --stop", "stopped")


def test_lost_factors_of_nobody_or_for_no_reason_are_refused(guarded: Operator) -> None:
    guarded.refused("administrator lost-factor m1235 --reason x", "no administrator")
    guarded.refused("administrator lost-factor m1235 --stop", "no administrator")
    guarded.refused("administrator lost-factor anna --reason x", "not a user name")
    guarded.refused("administrator lost-factor m1234", "--reason")
    guarded.refused("administrator lost-factor m1234 --reason x --stop", "either")
    blank = ["administrator", "lost-factor", "m1234", "--reason", " \n"]
    assert CliRunner().invoke(cli.main, blank, env=guarded.environ).exit_code == 1
    guarded.does("administrator create --username m1234-anna --email c@d.it")
    guarded.refused("administrator lost-factor m1234-anna --reason x", "no second factor")
    guarded.does("administrator disable m1234")
    guarded.refused("administrator lost-factor m1234 --reason x", "disabled")
    assert guarded.table(factor_removals) == []


def test_on_a_platform_that_has_ended_no_factor_is_taken_off(operator: Operator) -> None:
    operator.does("platform create --id 1234 --email a@b.it --term 2024-03-01..2025-02-28 --password-stdin", PASSWORD)
    operator.refused("administrator lost-factor m1234 --reason x", "Nobody signs in")


# --- upgrade, serve, check, worker


@pytest.fixture
def bare(operator: Operator, tmp_path: Path) -> Operator:
    """Before the first upgrade."""
    operator.database.close()
    operator.environ["PORTAL_DATABASE_URL"] = f"sqlite:///{tmp_path / 'bare.db'}"
    return operator


def test_upgrade_makes_the_tables_and_doing_it_again_changes_nothing(bare: Operator) -> None:
    for _ in range(2):
        assert bare.does("upgrade") == "The database is up to date.\n"
    bare.does(CREATE, PASSWORD)
    bare.does("upgrade")
    assert json.loads(bare.does("platform show 1234 --json"))["state"] == "active"


@pytest.mark.parametrize("command", [CREATE, "platform show 1234", "administrator disable m1234", "worker --once"])
def test_before_upgrade_a_command_says_what_is_missing(bare: Operator, command: str) -> None:
    result = bare.run(command, PASSWORD)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "portal check" in result.stderr
    assert "Traceback" not in result.stderr
    assert "SELECT" not in result.stderr


def test_before_upgrade_nothing_is_served(bare: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "serve", lambda *_: pytest.fail("served"))
    result = bare.run("serve")
    assert result.exit_code == 1
    assert "portal upgrade" in result.stderr


def test_after_upgrade_it_is_served_where_it_was_asked_for(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[Any, ...]] = []
    monkeypatch.setattr(serving, "serve", lambda *given: served.append(given))
    operator.does("serve --host 127.0.0.1 --port 8123 --workers 1")
    assert served == [("127.0.0.1", 8123, 1, None)]
    operator.refused("serve --workers 0", "--workers")


def test_a_database_of_a_later_version_is_left_alone(operator: Operator, database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    result = operator.run("upgrade")
    assert result.exit_code == 1
    assert "9999" in result.stderr
    assert operator.run("serve").exit_code == 1


@pytest.mark.parametrize("command", ["upgrade", "serve", "worker --once", "check", "platform show 1234"])
def test_nothing_starts_with_wrong_settings_and_every_fault_is_told(operator: Operator, command: str) -> None:
    result = operator.run(command, PORTAL_SECRET_KEY="", PORTAL_MAIL_PORT="x")
    assert result.exit_code == 1
    assert "PORTAL_SECRET_KEY is missing" in result.stderr
    assert "PORTAL_MAIL_PORT is wrong" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_start_without_a_key_is_refused_from_a_shell(operator: Operator) -> None:
    done = operator.process("serve", PORTAL_SECRET_KEY="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "PORTAL_SECRET_KEY is missing" in done.stderr
    assert "Traceback" not in done.stderr


class Relay:
    """A mail server that listens until the block ends."""

    def __init__(self, **options: Any) -> None:
        class Controlled(Controller):
            def factory(self) -> SMTP:
                return SMTP(self.handler, **options)

        self.port = _free_port()
        self._controller = Controlled(object(), "127.0.0.1", self.port)

    def __enter__(self) -> "Relay":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@both_databases
def test_a_healthy_house_passes_the_check(operator: Operator) -> None:
    with Relay() as relay:
        result = operator.run("check", PORTAL_MAIL_PORT=str(relay.port))
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["ok", what]
        for what in (
            "settings:",
            "prices:",
            "pdf:",
            "files:",
            "database:",
            "migrations:",
            "outbox:",
            "worker:",
            "keys:",
            "clock:",
            "service:",
            "mail:",
        )
    ]


def test_the_check_names_the_service_that_is_told(operator: Operator) -> None:
    told = {"PORTAL_SERVICE_URL": "https://send.example/api/", "PORTAL_SERVICE_SECRET": KEY}
    with Relay() as relay:
        result = operator.run("check", PORTAL_MAIL_PORT=str(relay.port), **told)
    assert "ok    service: https://send.example/api is told" in result.stdout
    assert KEY not in result.stdout


def test_the_check_finds_that_no_price_list_is_in_effect_yet(operator: Operator, tmp_path: Path) -> None:
    example = EXAMPLE_PRICES.read_text("utf-8")
    (tmp_path / "ours.toml").write_text(
        example.replace("2020-01-01 ", "2998-01-01 ").replace("2027-", "2999-"), "utf-8"
    )
    with Relay() as relay:
        result = operator.run("check", PORTAL_MAIL_PORT=str(relay.port), PORTAL_PRICE_LIST="ours.toml")
    assert result.exit_code == 1
    assert "FAULT prices: no price list is in effect on" in result.stderr
    assert "ours.toml" in result.stderr


def test_the_check_finds_a_missing_upgrade(bare: Operator) -> None:
    with Relay() as relay:
        result = bare.run("check", PORTAL_MAIL_PORT=str(relay.port))
    assert result.exit_code == 1
    assert "FAULT migrations: missing: run `portal upgrade`" in result.stderr
    assert "ok    database" in result.stdout


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/portal.db", "postgresql://127.0.0.1:1/portal"])
def test_the_check_finds_a_database_that_does_not_answer(operator: Operator, url: str) -> None:
    with Relay() as relay:
        result = operator.run("check", PORTAL_DATABASE_URL=url, PORTAL_MAIL_PORT=str(relay.port))
    assert result.exit_code == 1
    assert "FAULT database: does not answer" in result.stderr
    assert "PORTAL_DATABASE_URL" in result.stderr
    assert "ok    mail" in result.stdout


def test_the_check_finds_a_database_that_is_none(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but long enough to be looked at" * 100, "ascii")
    result = operator.run("check", PORTAL_DATABASE_URL=f"sqlite:///{tmp_path / 'text.db'}")
    assert result.exit_code == 1
    assert "FAULT database" in result.stderr


def test_the_check_finds_a_mail_server_that_is_not_there(operator: Operator) -> None:
    result = operator.run("check", PORTAL_MAIL_PORT=str(_free_port()))
    assert result.exit_code == 1
    assert "FAULT mail: no answer from 127.0.0.1" in result.stderr


@pytest.mark.parametrize("name", ["PORTAL_MAIL_USE_TLS", "PORTAL_MAIL_USE_SSL"])
def test_the_check_finds_a_mail_server_that_does_not_encrypt(operator: Operator, name: str) -> None:
    with Relay() as relay:
        result = operator.run("check", PORTAL_MAIL_PORT=str(relay.port), **{name: "1"})
    assert result.exit_code == 1
    assert "FAULT mail" in result.stderr


def test_the_check_finds_a_mail_password_that_is_wrong(operator: Operator) -> None:
    with Relay(authenticator=lambda *_: False, auth_require_tls=False) as relay:
        result = operator.run(
            "check", PORTAL_MAIL_PORT=str(relay.port), PORTAL_MAIL_USERNAME="u", PORTAL_MAIL_PASSWORD="wrong-word"
        )
    assert result.exit_code == 1
    assert "FAULT mail" in result.stderr
    assert "wrong-word" not in result.output


def test_the_check_finds_a_mail_host_that_is_none(operator: Operator) -> None:
    result = operator.process("check", PORTAL_MAIL_SERVER="mail..example", PORTAL_MAIL_USE_TLS="1")
    assert result.returncode == 1
    assert "FAULT mail" in result.stderr


@pytest.fixture
def handlers() -> Iterator[None]:
    """The worker takes the signals over; give them back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_worker_that_finds_nothing_due_stops_when_asked_to(operator: Operator) -> None:
    operator.does("worker --once")


@pytest.mark.usefixtures("handlers")
def test_a_worker_makes_its_round_before_it_looks_for_rows(made: Operator) -> None:
    made.does("administrator create --username m1234-anna --email anna@b.it --name Anna --password-stdin", PASSWORD)
    with made.database.write() as db:
        db.execute(seat_grants.delete())
        seating.plan_reduction(db, 1234, due_on=date(2026, 3, 1), picked=[])
    made.run("worker --once")
    disabled = {row.username: row.disabled_at is not None for row in made.table(administrators)}
    assert disabled == {"m1234": False, "m1234-anna": True}


@pytest.mark.usefixtures("handlers")
def test_a_worker_whose_database_does_not_answer_says_so_and_does_not_succeed(operator: Operator) -> None:
    result = operator.run("worker --once", PORTAL_DATABASE_URL="sqlite:////nowhere/at/all/portal.db")
    assert result.exit_code == 1
    assert "portal check" in result.stderr


def test_a_worker_stops_cleanly_when_told_to(operator: Operator) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    process = subprocess.Popen(
        [sys.executable, "-c", _ANNOUNCED], stdout=subprocess.PIPE, text=True, env=inherited | operator.environ
    )
    assert process.stdout is not None
    killer = threading.Timer(60, process.kill)
    killer.start()
    assert process.stdout.readline() == "resting\n"
    process.terminate()
    assert process.wait(timeout=60) == 0
    killer.cancel()
    process.stdout.close()


_ANNOUNCED = """
import time
from portal import cli
rest = time.sleep
def announce(seconds):
    print("resting", flush=True)
    rest(seconds)
time.sleep = announce
cli.main(["worker"])
"""


def test_the_console_script_and_the_module_are_the_same_program(operator: Operator) -> None:
    script = shutil.which("portal", path=str(Path(sys.executable).parent))
    assert script is not None
    by_script = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    by_module = operator.process("--help").stdout
    assert by_script.splitlines()[1:] == by_module.splitlines()[1:]
    assert "platform" in by_script


def test_the_tables_are_those_of_the_migrations(bare: Operator, tmp_path: Path) -> None:
    bare.does("upgrade")
    database = Database(f"sqlite:///{tmp_path / 'bare.db'}")
    assert migrations.is_current(database.writer)
    assert {table.name for table in TABLES} <= set(inspect(database.writer).get_table_names())
    database.close()
