"""The systemd units of deploy/: they are valid, they name what there is, and their times are those of the server."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from portal import cli, serving
from tests.helpers.proxy import SAMPLE

FOLDER = SAMPLE.parents[1] / "systemd"
UNITS = ["portal-web@.service", "portal-worker@.service"]
COMMAND = "/opt/portal/current/.venv/bin/portal"
EXPOSURE = "20"  # of 100, in the words of systemd 2.0 of 10: "OK"


def settings(unit: str) -> dict[str, str]:
    """What the unit says; of a key that stands several times, all that it says."""
    found: dict[str, str] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", (FOLDER / unit).read_text(), re.MULTILINE):
        found[key] = f"{found[key]} {value}" if key in found else value
    return found


def analyzed(folder: Path, unit: str, *words: str) -> str:
    """What systemd says about the unit, on a machine where the portal is not installed."""
    text = (FOLDER / unit).read_text().replace(COMMAND, sys.executable)
    path = folder / unit
    path.write_text(re.sub(r"(?m)^(User|Group)=portal$", r"\1=daemon", text))
    done = subprocess.run(["systemd-analyze", *words, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path, unit: str) -> None:
    assert analyzed(tmp_path, unit, "verify") == ""


@pytest.mark.parametrize("unit", UNITS)
def test_it_may_do_little(tmp_path: Path, unit: str) -> None:
    analyzed(tmp_path, unit, "security", "--offline=true", f"--threshold={EXPOSURE}")
    found = settings(unit)
    assert (found["NoNewPrivileges"], found["ProtectSystem"], found["LimitCORE"]) == ("yes", "strict", "0")


@pytest.mark.parametrize("unit", UNITS)
def test_it_does_not_clear_away_what_another_node_keeps_in_memory(unit: str) -> None:
    """The metrics of a node lie in shared memory; RemoveIPC would remove those of all that run as the same user."""
    assert "RemoveIPC" not in settings(unit)


@pytest.mark.parametrize("unit", UNITS)
def test_its_command_exists_with_its_options(unit: str) -> None:
    program, name, *options = settings(unit)["ExecStart"].replace("%i", "1").split()
    command = cli.main.commands[name]
    assert program == COMMAND
    assert isinstance(command.make_context(name, options), click.Context)


def test_a_node_has_the_time_to_finish_before_it_is_killed() -> None:
    """Twice: a stop may come during a reload, which waits for the process that it replaces."""
    found = settings("portal-web@.service")
    longest = serving.OVERLAP_SECONDS + serving.FINISH_SECONDS + serving.EMPTYING_SECONDS + serving.FINISH_SECONDS
    assert int(found["TimeoutStopSec"]) > longest
    assert found["KillMode"] == "mixed"  # else the processes that serve are told to stop before nobody comes any more


def test_a_node_is_reloaded_by_the_signal_that_it_knows() -> None:
    assert settings("portal-web@.service")["ExecReload"] == "/bin/kill -HUP $MAINPID"


@pytest.mark.parametrize("unit", UNITS)
def test_what_breaks_is_started_again(unit: str) -> None:
    assert settings(unit)["Restart"] == "on-failure"


def test_nginx_asks_the_nodes_where_they_listen() -> None:
    found = settings("portal-web@.service")
    path = re.search(r"--socket (\S+)", found["ExecStart"])
    assert path is not None
    assert path[1].startswith(f"/run/{found['RuntimeDirectory']}/")
    for number in "12":
        assert f"server unix:{path[1].replace('%i', number)} max_fails=0;" in SAMPLE.read_text()
