"""Servers in processes of their own, and what their whole process trees have used: CPU and memory, from /proc."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench import houses
from portal.serving import THREADS

TICK = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 4  # over which one page is asked for at a time
CORES = os.cpu_count() or 1  # as many processes serve as it is shipped
START_SECONDS = 60
RETRY_SECONDS = 0.5  # how soon somebody who was told to come again does
_GUNICORN = ("-m", "gunicorn", "-k", "gthread", "-w", "1", "--keep-alive", "75", "--no-control-socket")
_GRANIAN = ("-m", "granian", "--interface", "wsgi", "--factory", "--workers", "1", "--no-ws")
_QUIET = ("--log-level", "error")
YARDSTICK = "bench.yardstick:create_app"


@dataclass
class Server:
    """A process that answers at a port, from its command on."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    begun: float = field(default_factory=time.perf_counter)

    def wait(self, path: str) -> float:
        """Wait for the first answer; returns the seconds since the command."""
        while True:
            try:
                connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    return time.perf_counter() - self.begun
            except OSError:
                pass
            if self.process.poll() is not None or time.perf_counter() - self.begun > START_SECONDS:
                raise RuntimeError(f"{self.name} does not answer")
            time.sleep(0.002)

    def cpu(self) -> float:
        """User and system seconds used so far, ended children included."""
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in self._tree()) / TICK

    def memory(self) -> float:
        """MiB, in which what several processes share counts once (PSS)."""
        return sum(_pss(pid) for pid in self._tree()) / 1024

    def memory_of_one(self) -> float:
        """MiB of the largest process of the tree: of one server process, that one which answers."""
        return max(_pss(pid) for pid in self._tree()) / 1024

    def _tree(self) -> list[int]:
        parents = {int(name): int((_stat(int(name)) or ["", "0"])[1]) for name in os.listdir("/proc") if name.isdigit()}
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


def _stat(pid: int) -> list[str]:
    """The fields after the name; none of a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def started(name: str, command: list[str], environ: dict[str, str], port: int) -> Iterator[Server]:
    """The command by this Python, stopped at the end. It finds its modules compiled, as an installation has them."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PORTAL_", "PYTHONDONTWRITE"))}
    root = str(Path(__file__).parent.parent)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environ = clean | {"PYTHONPATH": root} | environ
    process = subprocess.Popen([sys.executable, *command], env=environ, start_new_session=True, **quiet)
    try:
        yield Server(name, port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=5)


@contextmanager
def portal(folder: Path, *, workers: int = 1, token: bool = True, **more: str) -> Iterator[Server]:
    """The portal as it is shipped: `portal serve` on this folder."""
    port = free_port()
    command = ["-m", "portal", "serve", "--port", str(port), "--workers", str(workers)]
    with started("portal", command, houses.environment(folder, port, token=token, **more), port) as server:
        yield server


@contextmanager
def yardstick(path: Path, rows: int, *, gunicorn: bool = False, mail_port: int = 0) -> Iterator[Server]:
    """A bare page on the server that the portal is shipped with, or on gunicorn's threads."""
    port = free_port()
    environ = {"YARDSTICK_DB": str(path), "YARDSTICK_ROWS": str(rows), "YARDSTICK_MAIL_PORT": str(mail_port)}
    if gunicorn:
        command = [*_GUNICORN, *_QUIET, "--threads", str(THREADS), "-b", f"127.0.0.1:{port}", f"{YARDSTICK}()"]
    else:
        command = [*_GRANIAN, *_QUIET, "--blocking-threads", str(THREADS), "--port", str(port), YARDSTICK]
    with started("A on gunicorn" if gunicorn else "A", command, environ, port) as server:
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Load:
    """What came of asking for a page without pause: how often, and the milliseconds of the middle and the slow ones."""

    requests: int
    p50: float
    p99: float
    failed: int


def load(server: Server, path: str, cookie: str, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask for the page over so many connections that stay open, by a process of its own (`bench/load.py`)."""
    command = [sys.executable, "-m", "bench.load", str(server.port), path, str(seconds), str(connections), cookie]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    milliseconds = [float(word) * 1e3 for word in done.stdout.split()]
    good = sorted(took for took in milliseconds if took >= 0)
    return Load(len(good), statistics.median(good), good[int(len(good) * 0.99)], len(milliseconds) - len(good))
