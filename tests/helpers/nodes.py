"""Nodes and workers as an operator runs them: real processes of the real commands, on free ports, on one database.

    with place(tmp_path, PORTAL_DATABASE_URL=url) as here:
        here.run("upgrade")
        first, second = here.node(), here.node()
        worker = here.worker()
        first.kill()  # the whole node at once, as when its machine loses power
        first = here.node(port=first.port)

Everything that was started is gone at the end, whatever happened to it meanwhile.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.helpers.house import CHEAP_HASH, PASSWORD, SECRET
from tests.helpers.load import GET, outcome, unix
from tests.helpers.processes import Visitor, free_port

CHEAP = {f"PORTAL_{name.upper()}": str(value) for name, value in CHEAP_HASH.items()}
LONG = 60.0  # seconds: far beyond what anything here takes, on a busy machine too


def until(what: Callable[[], bool], why: Callable[[], str] = str, *, seconds: float = LONG) -> None:
    """Wait for something to become true; `why` is asked for the words of the failure."""
    last = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < last, f"waited for {seconds:.0f} s: {why()}"
        time.sleep(0.05)


@dataclass
class Running:
    """A process that was started, the first of its process group."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def log(self) -> str:
        """All that it has written, to either stream."""
        return self.log_file.read_text()

    def children(self) -> list[int]:
        """The processes that it has started itself: those that serve."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in found.read_text().split()] if found.exists() else []

    def wait_for_processes(self, number: int) -> None:
        """Until so many serve: they are started one after the other, and the first answers before the last is there."""
        until(lambda: len(self.children()) == number, self.log)

    def signal(self, number: signal.Signals) -> None:
        """To the first process alone, as systemd and an operator send it."""
        self.process.send_signal(number)

    def wait(self, seconds: float = LONG) -> int:
        """Until it has ended; its exit code."""
        return self.process.wait(timeout=seconds)

    def stop(self, seconds: float = LONG) -> int:
        """SIGTERM, and wait until it has ended; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        """SIGKILL for all its processes at once, which may have ended already."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(timeout=LONG)


@dataclass
class Node(Running):
    """`portal serve`."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def visitor(self) -> Visitor:
        """Somebody who speaks to this node alone."""
        return Visitor(self.address)

    def ready(self) -> bool:
        visitor = self.visitor()
        try:
            return visitor.get("/health/ready") == 200 and json.loads(visitor.text) == {"status": "ready"}
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        until(lambda: not self.alive() or self.ready(), self.log)
        assert self.alive(), self.log()

    def reload(self) -> None:
        """SIGHUP: returns at once; the processes that serve are replaced one after the other."""
        self.signal(signal.SIGHUP)


@dataclass
class Place:
    """A folder, settings for all that is started in it, and what was started."""

    folder: Path
    environ: dict[str, str]
    started: list[Running] = field(default_factory=list)

    def run(self, *words: str, typed: str = "") -> str:
        """A command from its start to its end; what it printed. It has to succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "portal", *words],
            cwd=self.folder,
            env=self.environ,
            input=typed,
            text=True,
            capture_output=True,
            check=False,
            timeout=LONG * 5,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def customer(self, platform_id: int = 1234) -> str:
        """A platform with its first administrator, m1234, whose password is PASSWORD."""
        username = f"m{platform_id}"
        create = f"platform create --id {platform_id} --edition pro --term 2026-03-01..2099-02-28 --channels email,sms"
        person = f"--username {username} --email {username}@example.com --language en --password-stdin"
        self.run(*create.split(), *person.split(), typed=PASSWORD)
        return username

    def node(self, *, port: int = 0, workers: int = 1, wait: bool = True, **environ: str) -> Node:
        """`portal serve` on a free port or on the given one, ready to serve. environ: settings of this node alone."""
        port = port or free_port()
        words = ("serve", "--port", str(port), "--workers", str(workers))
        process, log = self._start(words, environ)
        node = Node(process, log, port)
        self.started.append(node)
        if wait:
            node.wait_until_ready()
            node.wait_for_processes(workers)
        return node

    def node_at(self, path: Path, *, workers: int = 1, wait: bool = True, **environ: str) -> Running:
        """`portal serve` on a Unix socket, as nginx speaks to it, ready to serve."""
        words = ("serve", "--socket", str(path), "--workers", str(workers))
        node = Running(*self._start(words, {"PORTAL_TRUSTED_PROXIES": "1"} | environ))
        self.started.append(node)
        if wait:
            until(lambda: not node.alive() or outcome(unix(path), GET) == "200", node.log)
            assert node.alive(), node.log()
            node.wait_for_processes(workers)
        return node

    def worker(self, **environ: str) -> Running:
        """`portal worker`, which is at work a moment later."""
        worker = Running(*self._start(("worker",), environ))
        self.started.append(worker)
        return worker

    def _start(self, words: tuple[str, ...], environ: dict[str, str]) -> tuple[subprocess.Popen[bytes], Path]:
        path = self.folder / f"{words[0]}-{len(self.started)}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "portal", *words],
                cwd=self.folder,
                env=self.environ | environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return process, path


def settings(**environ: str) -> dict[str, str]:
    """An environment with a key and cheap hashes, and no setting of the one that the tests run in."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return clean | {"PORTAL_SECRET_KEY": SECRET.reveal()} | CHEAP | environ


@contextmanager
def place(folder: Path, **environ: str) -> Iterator[Place]:
    """Where nodes and workers are started; all of them are gone when the block ends."""
    here = Place(folder, settings(**environ))
    try:
        yield here
    finally:
        for running in here.started:
            running.kill()
