"""The whole story as an operator walks it: real processes, a backup while they run, a disaster, and the way back."""

import json
from pathlib import Path

import pytest

from tests.helpers.house import House, build
from tests.helpers.nodes import Place, place


def say_no(here: Place, *words: str) -> str:
    """A command that must not succeed; what it says."""
    with pytest.raises(AssertionError) as told:
        here.run(*words)
    return str(told.value)


def test_a_portal_is_saved_lost_and_restored(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.run("upgrade")
        username = here.customer()
        node = here.node()
        visitor = node.visitor()
        assert visitor.sign_in(username) == 200
        assert visitor.get("/reset-password") == 200
        visitor.post("/reset-password", username=username, email=f"{username}@example.com")
        assert "Saved and examined" in here.run("backup", "first.backup")
        assert "is there already" in say_no(here, "backup", "first.backup")
        assert "Move it away first" in say_no(here, "restore", "first.backup")
        node.kill()
        for file in (tmp_path / "instance").glob("portal.db*"):
            file.rename(tmp_path / file.name)
        told = here.run("restore", "first.backup")
        assert "Signed out: 1." in told
        assert "Held: " in told
        assert "reset_password" in here.run("held", "list")
        again = here.node(port=node.port)
        assert visitor.get("/subscription") == 200
        assert "/login" in visitor.text
        assert again.visitor().sign_in(username) == 200


def test_what_is_held_is_decided_by_number_or_all_of_it_with_a_reason(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.run("upgrade")
        house = _waiting(tmp_path)
        here.run("backup", "x.backup")
        house.parts.database.close()
        for file in (tmp_path / "instance").glob("portal.db*"):
            file.unlink()
        here.run("restore", "x.backup")
        listed = here.run("held", "list").splitlines()
        assert listed[-1] == "Held: 2."
        number = listed[0].split()[0]
        assert "by its numbers, or say --all" in say_no(here, "held", "drop", "--reason", "x")
        assert "Not held: 4711. Nothing was changed." in say_no(here, "held", "drop", number, "4711", "--reason", "x")
        assert "one line" in say_no(here, "held", "drop", number, "--reason", "  ")
        assert here.run("held", "release", number, "--reason", "no trace in the log") == "Released: 1.\n"
        assert here.run("held", "drop", "--all", "--reason", "it left") == "Dropped: 1.\n"
        assert here.run("held", "list") == "Held: 0.\n"


def _waiting(folder: Path) -> House:
    """Two people who ask for their user names while no worker runs."""
    house = build(folder / "instance", f"sqlite:///{folder / 'instance' / 'portal.db'}")
    for number in (1234, 1235):
        house.person(f"m{number}")
        browser = house.browser()
        browser.get("/recover-username")
        browser.submit({"email": f"m{number}@example.com"})
    return house


def test_certificates_are_what_a_restore_reads(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.run("upgrade")
        here.customer()
        here.run("backup", "x.backup")
        for file in (tmp_path / "instance").glob("portal.db*"):
            file.unlink()
        (tmp_path / "certificates").write_text(json.dumps({"platform": 1234}) + "\n")
        assert "Deleted once more: 1 of 1" in here.run("restore", "x.backup", "--purged", "certificates")
        here.run("purge", "run")
        (told,) = here.run("purge", "certificates").splitlines()
        assert json.loads(told)["platform"] == 1234


def test_what_are_no_certificates_are_told(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        here.run("upgrade")
        here.run("backup", "x.backup")
        (tmp_path / "certificates").write_text("nonsense\n")
        assert "no certificates" in say_no(here, "restore", "x.backup", "--purged", "certificates")
