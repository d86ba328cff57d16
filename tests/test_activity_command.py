"""`portal activity verify`: says that the chain of what was done holds, or where it breaks; and who makes the chain."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, select, text, update

from portal import cli
from portal.jobs.rounds import make_round
from portal.kit import chain
from portal.kit.audit import events
from tests.conftest import both_databases
from tests.helpers.house import House
from tests.helpers.together import together

KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"


def verify(house: House, database_url: str, folder: Path) -> Result:
    environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": database_url, "PORTAL_SECRET_KEY": KEY}
    return CliRunner().invoke(cli.main, ["activity", "verify"], env=environ)


def does(house: House, act: Any) -> None:
    with house.parts.database.write() as db:
        db.execute(act)


@pytest.fixture
def lived_in(house: House) -> House:
    """A house with something to tell: platform and administrator created, signed in, sealed by the worker."""
    house.person("m1234")
    house.browser().sign_in()
    make_round(house.parts)
    return house


@both_databases
def test_a_chain_that_holds_is_told_with_its_end(lived_in: House, database_url: str, tmp_path: Path) -> None:
    with lived_in.parts.database.read() as db:
        last = db.execute(select(events.c.seal).order_by(events.c.sequence.desc()).limit(1)).scalar_one()
    told = verify(lived_in, database_url, tmp_path)
    assert (told.exit_code, told.stderr) == (0, "")
    assert (
        told.stdout
        == f"3 events, each as it was sealed; 0 of them erased with their platform.\nThe last seal: {last}\n"
    )


@both_databases
def test_the_first_place_where_it_breaks_is_told(lived_in: House, database_url: str, tmp_path: Path) -> None:
    does(lived_in, update(events).where(events.c.sequence >= 2).values(administrator_id=77))
    told = verify(lived_in, database_url, tmp_path)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "Error: The chain breaks at event 2: changed.\n"


def test_an_event_that_is_gone_is_told(lived_in: House, database_url: str, tmp_path: Path) -> None:
    does(lived_in, delete(events).where(events.c.sequence == 3))
    assert verify(lived_in, database_url, tmp_path).stderr == "Error: The chain breaks at event 3: missing.\n"


# --- the round that seals --------------------------------------------------------------------------------------------


@both_databases
def test_a_round_seals_all_that_waits_however_much(house: House) -> None:
    with house.parts.database.write() as db:
        db.execute(events.insert(), [{"at": house.clock.now(), "tag": "t", "details": {}} for _ in range(1000)])
    make_round(house.parts)
    with house.parts.database.read() as db:
        assert not chain.waiting(db)
        assert isinstance(found := chain.verify(db), chain.Intact)
        assert found.count == 1000


@both_databases
def test_four_workers_that_make_their_round_at_once_make_one_chain(house: House) -> None:
    house.person("m1234")
    with house.parts.database.write() as db:
        db.execute(events.insert(), [{"at": house.clock.now(), "tag": "t", "details": {}} for _ in range(1300)])
    together(lambda _: make_round(house.parts), 4)
    with house.parts.database.read() as db:
        assert isinstance(found := chain.verify(db), chain.Intact)
        assert found.count == 1302


def test_a_place_that_is_taken_stops_the_sealing_and_nothing_else(
    lived_in: House, caplog: pytest.LogCaptureFixture
) -> None:
    does(lived_in, text("UPDATE events SET sequence = 4 WHERE sequence = 3"))
    lived_in.person("m77")
    lived_in.work()
    assert "events not sealed" in caplog.text
    with lived_in.parts.database.read() as db:
        assert chain.verify(db) == chain.Broken(3, chain.Fault.MISSING)


def test_an_event_that_somebody_erased_is_told(lived_in: House, database_url: str, tmp_path: Path) -> None:
    with lived_in.parts.database.write() as db:
        chain.erase(db, 1234, most=2)
    told = verify(lived_in, database_url, tmp_path)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == "Error: 2 events are erased, but 0 by the purges.\n"
