"""A folder in which the processes of a server count together. Opened before any of them imports the counters.

Each start has a folder of its own, so that nothing of an earlier one is counted, and two servers on one machine do not
count each other. It lies in memory where the system has such a place: the files are written at each request.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by the library when it is imported; here, so that nothing is imported
IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of a random name is made in it, for this user only


@contextmanager
def counted_together() -> Iterator[Path]:
    """Until the end of the block; the processes started in it inherit the folder."""
    folder = tempfile.mkdtemp(prefix="portal-metrics-", dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None)
    os.environ[FOLDER] = folder
    try:
        yield Path(folder)
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)
