"""A folder in which the processes of a server count together. Opened before any of them imports the counters.

Each start has a folder of its own, so that nothing of an earlier one is counted, and two servers on one machine do not
count each other. It lies in memory where the system has such a place: the files are written at each request. One that a
killed server has left is taken away by the next.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by the library when it is imported; here, so that nothing is imported
IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of a random name is made in it, for this user only
PREFIX = "portal-metrics-"  # then the number of the process, and something random


def place() -> Path:
    return IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())


@contextmanager
def counted_together() -> Iterator[Path]:
    """Until the end of the block; the processes started in it inherit the folder."""
    _take_away_what_was_left()
    folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place())
    os.environ[FOLDER] = folder
    try:
        yield Path(folder)
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def _take_away_what_was_left() -> None:
    for path in place().glob(f"{PREFIX}*-*"):
        number = path.name.removeprefix(PREFIX).partition("-")[0]
        if number.isdecimal() and not lives(int(number)):
            shutil.rmtree(path, ignore_errors=True)  # another user's cannot be


def lives(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True
