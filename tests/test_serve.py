"""The production server: the commands of the README, one after the other, with real processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal import cli, serving
from portal.cli import running
from tests.helpers.house import SECRET
from tests.helpers.nodes import Node, place
from tests.helpers.processes import Visitor


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with place(tmp_path_factory.mktemp("serve")) as here:
        here.run("upgrade")
        here.customer()
        yield here.node(workers=2)


def test_a_customer_comes_in_whichever_process_answers(node: Node) -> None:
    visitor = node.visitor()
    assert visitor.sign_in("m1234") == 200
    assert {visitor.get("/subscription") for _ in range(10)} == {200}
    assert visitor.state() == "active"


def test_the_answer_does_not_tell_what_the_server_is(node: Node) -> None:
    visitor: Visitor = node.visitor()
    visitor.get("/login")
    assert "granian" not in str(visitor.headers).lower()
    assert "python" not in str(visitor.headers).lower()


def test_it_stops_when_asked(node: Node) -> None:
    """The last of this module, therefore."""
    assert node.stop() == 0


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
    monkeypatch.setattr(serving, "serve", lambda *_: seen.append(os.environ.get("PORTAL_ARGON2_SIMULTANEOUS")))
    runner = CliRunner()
    assert runner.invoke(cli.main, ["upgrade"]).exit_code == 0
    assert runner.invoke(cli.main, ["serve", "--workers", str(workers)]).exit_code == 0
    assert seen == [each]
