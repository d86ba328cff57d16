"""`portal end-sessions`: staff sign out one administrator, or everybody, and what was done is there to read."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from portal import cli
from portal.kit.audit import events
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.house import SECRET, House

REASON = ["--reason", "ticket 7"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run(house: House, folder: Path, *words: str) -> Result:
    url = house.parts.settings.database_url
    environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": url}
    return CliRunner().invoke(cli.main, ["end-sessions", *words], env=environ | {"PORTAL_SECRET_KEY": SECRET.reveal()})


def signed_in(house: House, *usernames: str) -> list[Browser]:
    house.platform(1234, additional_seats=1)
    found = []
    for username in usernames:
        house.person(username)
        found.append(house.browser())
        found[-1].sign_in(username)
    return found


def is_in(browser: Browser) -> bool:
    return browser.open("/profile").status_code == 200


def noted(house: House) -> list[tuple[int, object]]:
    with house.parts.database.read() as db:
        rows = db.execute(select(events).where(events.c.tag == "accounts.session_ended").order_by(events.c.id))
        return [(row.administrator_id, row.details) for row in rows]


@both_databases
def test_one_administrator_is_signed_out_and_nobody_else(house: House, folder: Path) -> None:
    anna, marco, zoe = signed_in(house, "m1234", "m1234-marco", "m5678")
    done = run(house, folder, "M1234-marco", *REASON)
    assert (done.exit_code, done.stdout) == (0, "Sessions ended: 1.\n")
    assert [is_in(anna), is_in(marco), is_in(zoe)] == [True, False, True]
    assert "Our staff ended your session." in marco.get("/login").text
    assert noted(house) == [(2, {"by": "command line", "reason": "ticket 7"})]


@both_databases
def test_everybody_is_signed_out_on_all_platforms(house: House, folder: Path) -> None:
    people = signed_in(house, "m1234", "m1234-marco", "m5678")
    done = run(house, folder, "--everybody", *REASON)
    assert (done.exit_code, done.stdout) == (0, "Sessions ended: 3.\n")
    assert [is_in(person) for person in people] == [False, False, False]
    assert len(noted(house)) == 3
    people[0].sign_in()
    assert is_in(people[0])  # nobody is locked out


def test_whoever_is_on_the_way_in_begins_anew(house: House, folder: Path) -> None:
    signed_in(house, "m1234")
    second = house.browser()
    second.sign_in()
    assert run(house, folder, "m1234", *REASON).exit_code == 0
    second.submit({"choice": "continue"})
    assert not is_in(second)


def test_the_customer_reads_that_staff_did_it(house: House, folder: Path) -> None:
    (anna,) = signed_in(house, "m1234")
    run(house, folder, "m1234", *REASON)
    anna.sign_in()
    told = anna.get("/subscription/activity").text
    assert "m1234 was signed out." in told
    assert "Our staff" in told


def test_nobody_signed_in_is_no_fault_and_writes_nothing(house: House, folder: Path) -> None:
    house.person("m1234")
    for who in ("m1234", "--everybody"):
        assert run(house, folder, who, *REASON).stdout == "Sessions ended: 0.\n"
    assert noted(house) == []


@pytest.mark.parametrize(
    "words",
    [("m1234",), REASON, ("m1234", "--everybody", *REASON), ("m9", *REASON), ("anna", *REASON), ("m1234", "--reason=")],
)
def test_what_cannot_be_done_is_refused_and_nobody_signed_out(
    house: House, folder: Path, words: tuple[str, ...]
) -> None:
    (anna,) = signed_in(house, "m1234")
    refused = run(house, folder, *words)
    assert refused.exit_code in (1, 2)
    assert refused.stderr
    assert is_in(anna)
