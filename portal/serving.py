"""The production server: granian, with the reason of each option where it is set.

    main process ── holds the socket, replaces processes ── serves nobody
      └─ one process a core, six threads each, all of them on the same socket

SIGTERM ends it: nobody new is let in, requests under way are finished, at most FINISH_SECONDS later it is gone. SIGHUP
replaces the processes one after the other: the new one serves before the old one stops, and reads the settings and
prices of the files again. It brings no new code, because the main process has loaded the old: for that, start it again
(docs/deploying.md does so with one node after the other).

Two things differ from granian's own ways, because under load they lost requests. It binds one TCP socket for each
process, and a process that ends takes its waiting connections with it: here all share one. And a connection of which
nothing has been read yet counts as idle, so that a process that stops closes it just when its request arrives: here the
kernel hands over a connection when its first bytes are there.
"""

import ctypes
import errno
import gc
import logging
import os
import signal
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # its public name, re-exported undeclared
from granian.server.mp import MPServer

from portal import settings
from portal.kit import logs

log = logging.getLogger("portal")
THREADS = 6  # a process; Python runs one at a time, the others wait for the database or, four at most, for a hash
CONNECTIONS = 256  # a process, of which THREADS are worked on: whoever comes later waits in the kernel
BACKLOG = 256  # wait there; beyond it the connection is refused, and the proxy asks the other node or answers 502
HEAD_SECONDS = 10  # for a request's head, and between two requests on one connection
HEAD_BYTES = 64 * 1024  # the largest head; nginx passes 32 KiB at most. Bodies are the application's (LARGEST_BODY)
FINISH_SECONDS = 20  # to finish what is under way; after it the process is killed. Known to deploy/*.service
OVERLAP_SECONDS = 2.0  # how long an old process goes on beside its successor, which needs about one to start
EMPTYING_SECONDS = 0.5  # to take what waits in the kernel before the socket is closed
SOCKET_MODE = 0o660  # whoever speaks through the socket is believed about the client: its group is the proxy's
PR_SET_PDEATHSIG = 1  # Linux, prctl(2)
M_ARENA_MAX = -8  # glibc, mallopt(3)


class NoSocket(Exception):
    """The address is taken, or may not be used: the system's own words."""


class Server(MPServer):
    """granian with one socket for all processes, which is emptied before it is closed."""

    def _init_shared_socket(self) -> None:
        """In the place of granian's, of which TCP sockets are one a process. Where an update changes it, tests fail."""
        path = self.bind_uds
        self._sso: Any = listen_at(path) if path else listen_on(self.bind_addr, self.bind_port)
        holder = SocketHolder(self._sso.fileno(), path is not None, BACKLOG)  # type: ignore[call-arg]  # its stub is old
        self._shd: Any = holder

    def signal_handler_reload(self, *given: Any) -> None:
        """Not with settings that would be refused: the new processes would not start, and the old ones be gone."""
        try:
            settings.load()
        except settings.SettingsError as error:
            log.error("reload refused", extra={"faults": error.faults})
        else:
            super().signal_handler_reload(*given)  # type: ignore[no-untyped-call]  # granian's

    def shutdown(self, exit_code: int = 0) -> None:
        """Nobody finds the way in any more; who is on it still comes in, and is served to the end."""
        if self.bind_uds:
            self.bind_uds.unlink(missing_ok=True)
        else:
            self._sso.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 0)
        time.sleep(EMPTYING_SECONDS)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # granian's


def serve(host: str, port: int, workers: int, path: Path | None = None) -> None:
    """Serve until SIGTERM. path: a Unix socket instead of host and port."""
    server = Server(
        "portal",
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # HTTP/2 ends at the proxy
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
        websockets=False,
        address=host,
        port=port,
        uds=path,
        workers=workers,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        backlog=BACKLOG,
        respawn_failed_workers=True,  # twice within five seconds ends it all, for systemd to start and to tell
        respawn_interval=OVERLAP_SECONDS,
        workers_kill_timeout=FINISH_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=_own_words(),
    )
    gc.freeze()  # what is loaded stays: the processes share its pages, which no look for garbage touches any more
    try:
        server.serve(target_loader=partial(application, os.getpid()), wrap_loader=False)
    except OSError as error:
        raise NoSocket(error.strerror) from None


def _own_words() -> dict[str, Any]:
    """What the server itself has to say are lines of our log: that a process died unasked, or would not stop."""
    lines = {"()": logs.Lines, "context": dict, "filters": ["news"]}
    words = {"handlers": ["lines"], "propagate": False}
    return {"filters": {"news": {"()": lambda: _is_news}}, "handlers": {"lines": lines}, "loggers": {"_granian": words}}


def _is_news(record: logging.LogRecord) -> bool:
    """Not that there are more threads than twice the cores: they are there to wait (THREADS)."""
    return "Python threads" not in record.getMessage()


def listen_on(host: str, port: int) -> socket.socket:
    """Handing over what has begun to speak, and closing what does not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.create_server((host, port), family=family, backlog=BACKLOG)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, HEAD_SECONDS)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the end of an answer waits 40 ms for an ACK
    return found


def listen_at(path: Path) -> socket.socket:
    """For its owner and group. What a killed server left behind is replaced; a socket that answers is somebody's."""
    _remove_if_deserted(path)
    found = socket.socket(socket.AF_UNIX)
    found.bind(str(path))
    path.chmod(SOCKET_MODE)
    found.listen(BACKLOG)
    return found


def _remove_if_deserted(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
            path.unlink()


def application(main_process: int) -> Any:
    """In each process that serves: the application, which is built anew, with database connections of its own."""
    from portal import create_app

    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until granian sets its own, the main process's would do nothing
    _end_with(main_process)
    _keep_one_heap()
    return create_app()


def _keep_one_heap() -> None:
    """For all threads, of which one runs at a time: a heap for each took 5 MB more (`make bench`, memory)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # of glibc alone
    if mallopt:
        mallopt(M_ARENA_MAX, 1)


def _end_with(parent: int) -> None:
    """Stop when the main process is killed: else this one would go on, and hold the port of its successor."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
