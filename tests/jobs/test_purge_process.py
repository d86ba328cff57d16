"""`portal purge run` killed for real, by SIGKILL in the middle of its transactions, and started again."""

import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.jobs import purge
from portal.kit import chain, erasing
from portal.purging import actions, certificates, queries
from portal.rules.dates import business_date
from tests.conftest import both_databases
from tests.helpers.credits import book
from tests.helpers.house import House
from tests.jobs.test_purge import marked, warn

KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"
SLICE = 50
DYING = """
import os, signal, sys
from sqlalchemy import Engine, event
from portal.kit import erasing

erasing.SLICE, left = int(sys.argv.pop(1)), int(sys.argv.pop(1))

@event.listens_for(Engine, "after_cursor_execute")
def die(_connection, _cursor, statement, *_rest):
    global left
    left -= statement.startswith(("DELETE", "UPDATE", "INSERT"))
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

from portal.cli import main
main()
"""


def begun(house: House, monkeypatch: Any) -> dict[str, Any]:
    """A deletion that has begun, with 400 movements; returns what an undisturbed one certifies."""
    now = datetime.now(UTC)
    house.clock.set(now - timedelta(days=16))
    house.platform(1234, ends_in=2)
    house.person("m1234")
    today = business_date(house.clock.now(), house.parts.settings.timezone)
    lot = house.lot(1234, 10_000, bought_on=today, expires_on=None)
    book(house, lot, *[-1] * 400, key="k")
    expires_on = house.place().expires_on
    assert expires_on
    house.clock.set(now - timedelta(days=2))
    warn(house, expires_on=expires_on)
    purge.mark_due(house.parts)
    house.clock.set(now)
    with house.parts.database.write() as db:
        (going,) = queries.find_marked(db)
        assert actions.begin(db, going, at=now, zone=house.parts.settings.timezone) == ()
        while chain.waiting(db):  # each seal has a salt of its own: what is sealed now stays as it is
            chain.seal(db)
    monkeypatch.setattr(erasing, "SLICE", SLICE)
    with house.parts.database.writer.connect() as db:
        transaction = db.begin()
        while actions.erase_slice(db, going.id, at=now):
            pass
        done = queries.find(db, 1234)
        transaction.rollback()
    assert done
    return dict(certificates.certificate(done)["removed"])


def run(house: House, folder: Path, database_url: str, *, writes: int) -> int:
    """The command in a process that dies after so many statements that write; how it ended."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    own = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": database_url, "PORTAL_SECRET_KEY": KEY}
    words = [sys.executable, "-c", DYING, str(SLICE), str(writes), "purge", "run"]
    return subprocess.run(words, env=clean | own, capture_output=True, timeout=60, check=False).returncode


@both_databases
def test_killed_at_random_and_started_again_it_gives_the_certificate_of_an_undisturbed_one(
    house: House, tmp_path: Path, database_url: str, monkeypatch: Any
) -> None:
    whole, dice = begun(house, monkeypatch), random.Random(4)
    for _ in range(5):
        assert run(house, tmp_path, database_url, writes=dice.randint(1, 6)) == -signal.SIGKILL
        found = marked(house)
        assert found
        assert found.erased_at is None
    assert run(house, tmp_path, database_url, writes=10_000) == 0
    found = marked(house)
    assert found
    assert certificates.certificate(found)["removed"] == whole
    assert whole["movements"]["rows"] == 401
