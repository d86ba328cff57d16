"""The production server: the commands of the README, one after the other, with real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal import cli
from portal.cli import running
from tests.helpers.house import CHEAP_HASH, PASSWORD, SECRET
from tests.helpers.processes import Visitor, command, free_port, wait_for

CHEAP = {f"PORTAL_{name.upper()}": str(value) for name, value in CHEAP_HASH.items()}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("serve"), free_port()
    environ = CHEAP | {"PORTAL_SECRET_KEY": SECRET.reveal(), "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    create = "platform create --id 1234 --edition pro --term 2026-03-01..2099-02-28 --channels email,sms"
    person = "--username m1234 --email a@b.it --language it --password-stdin"
    run(folder, environ, "upgrade")
    run(folder, environ, *create.split(), *person.split(), typed=PASSWORD)
    with command(folder, "serve", "--port", str(port), "--workers", "2", **environ) as process:
        wait_for(f"http://127.0.0.1:{port}", process, folder / "log")
        yield f"http://127.0.0.1:{port}"


def run(folder: Path, environ: dict[str, str], *words: str, typed: str = "") -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portal", *words],
        cwd=folder,
        env={"PATH": ""} | environ,
        input=typed,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_customer_comes_in_whichever_process_answers(address: str) -> None:
    visitor = Visitor(address)
    assert visitor.sign_in("m1234") == 200
    assert {visitor.get("/subscription") for _ in range(10)} == {200}
    assert visitor.state() == "active"


def test_the_answer_does_not_tell_what_the_server_is(address: str) -> None:
    visitor = Visitor(address)
    visitor.get("/login")
    assert "granian" not in str(visitor.headers).lower()
    assert "python" not in str(visitor.headers).lower()


def test_it_stops_when_asked(tmp_path: Path) -> None:
    port = free_port()
    environ = CHEAP | {"PORTAL_SECRET_KEY": SECRET.reveal(), "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    run(tmp_path, environ, "upgrade")
    with command(tmp_path, "serve", "--port", str(port), "--workers", "1", **environ) as process:
        wait_for(f"http://127.0.0.1:{port}", process, tmp_path / "log")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0


@pytest.mark.parametrize(("workers", "each"), [(1, "7"), (2, "3"), (4, "1"), (16, "1")])
def test_the_processes_share_the_hashes_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, each: str
) -> None:
    """Eight cores: seven hashes at once in all, however many processes serve."""
    seen: list[str | None] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTAL_SECRET_KEY", SECRET.reveal())
    monkeypatch.setenv("PORTAL_ARGON2_SIMULTANEOUS", "7")
    monkeypatch.setattr(running, "HASHES", 7)
    monkeypatch.setattr(running, "_serve", lambda *_: seen.append(os.environ.get("PORTAL_ARGON2_SIMULTANEOUS")))
    runner = CliRunner()
    assert runner.invoke(cli.main, ["upgrade"]).exit_code == 0
    assert runner.invoke(cli.main, ["serve", "--workers", str(workers)]).exit_code == 0
    assert seen == [each]
