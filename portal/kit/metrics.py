"""What a process counts: requests, sign-ins, events of the log, hashes, connections. docs/operating.md says what for.

`portal serve` runs several processes, and a counter of one is not the node's. Where PROMETHEUS_MULTIPROC_DIR is set
(portal/kit/metrics_folder.py), each counts into a file of its own there, and whoever is asked adds the files up. What
the database knows is counted by nobody, but asked of it (portal/web/stock.py).

No label may hold what somebody typed or who somebody is: endpoints, outcomes and the events of our own sources only.
"""

import hmac
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from portal.kit import metrics_folder

# When each was first counted: the files in which several processes count cannot hold it, so nobody tells it.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library gives this one no types
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_EVENTS = 300  # different ones; the sources have a third of it. Beyond them it is a fault of ours: "other"
OURS = CollectorRegistry()  # and not the library's own, which measures the process at each import

REQUEST_SECONDS = Histogram(
    "portal_request_seconds",
    "Seconds until a request was answered, by page and kind of answer.",
    ["endpoint", "status"],
    buckets=(0.025, 0.1, 0.5, 2.5),
    registry=OURS,
)
SIGN_INS = Counter("portal_sign_ins", "Sign-ins by outcome, of customers and staff.", ["outcome"], registry=OURS)
EVENTS = Counter("portal_events", "Lines of the log by what happened.", ["event", "level"], registry=OURS)
LOG_LINES_LOST = Counter("portal_log_lines_lost", "Lines of the log that could not be written.", registry=OURS)
HASH_WAIT = Histogram(
    "portal_hash_wait_seconds",
    "Seconds until there was a place to compute a password hash.",
    buckets=(0.005, 0.05, 0.25),
    registry=OURS,
)
HASHES_REFUSED = Counter(
    "portal_hashes_refused", "Password hashes refused because every place was taken.", registry=OURS
)
CONNECTIONS = Gauge(
    "portal_database_connections",
    "Database connections in use when each process last answered.",
    ["use"],
    multiprocess_mode="livesum",
    registry=OURS,
)
ERROR_REPORTS = Counter("portal_error_reports", "Reports of unexpected errors, by outcome.", ["outcome"], registry=OURS)

SIGN_IN_OUTCOMES = {  # the words of the log, and what they are for who counts
    "signed in": "in",
    "sign-in refused": "refused",
    "sign-in closed": "closed",
    "sign-in led to a reset": "reset",
    "second factor asked for": "second factor asked for",
    "second factor refused": "second factor refused",
    "passkey refused": "passkey refused",
    "staff signed in": "staff in",
    "staff sign-in refused": "staff refused",
    "staff second factor refused": "staff second factor refused",
}


class Source(Protocol):
    def collect(self) -> Iterable[Metric]: ...


def count(counter: Counter, *labels: str) -> None:
    with suppress(OSError):  # no room for the file of the counts: whatever is counted counts for more
        (counter.labels(*labels) if labels else counter).inc()


def count_request(endpoint: str, status: int, seconds: float) -> None:
    with suppress(OSError):
        _requests(endpoint, status // 100).observe(seconds)


def count_hash_wait(seconds: float) -> None:
    with suppress(OSError):
        HASH_WAIT.observe(seconds)


@lru_cache(maxsize=2048)
def _requests(endpoint: str, hundred: int) -> Histogram:
    """Kept, because finding it anew costs as much as counting."""
    return REQUEST_SECONDS.labels(endpoint, f"{hundred}xx")


def note(gauge: Gauge, value: float) -> None:
    with suppress(OSError):
        gauge.set(value)


def count_event(event: str, level: str) -> None:
    if event not in _known and len(_known) >= MOST_EVENTS:
        event = "other"
    _known.add(event)
    count(EVENTS, event, level)
    if event in SIGN_IN_OUTCOMES:
        count(SIGN_INS, SIGN_IN_OUTCOMES[event])


_known: set[str] = set()


class _Processes:
    """What this process has counted, or all of a node where they count into files."""

    def collect(self) -> Iterator[Metric]:
        folder = os.environ.get(metrics_folder.FOLDER)
        if not folder:
            yield from OURS.collect()
            return
        _forget_the_dead(Path(folder))
        together: Source = multiprocess.MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]  # nor this
        yield from together.collect()


def _forget_the_dead(folder: Path) -> None:
    """A process that is gone has no connections any more; what it has counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        if not metrics_folder.lives(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)


class _All:
    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        for source in self._sources:
            yield from source.collect()


def may_read(token: str, authorization: str) -> bool:
    """Whether this is the header of somebody who knows the token. Without a token nobody does.

    >>> may_read("x" * 32, "Bearer " + "x" * 32), may_read("", "Bearer "), may_read("x" * 32, "x" * 32)
    (True, False, False)
    """
    kind, _, shown = authorization.partition(" ")
    known = hmac.compare_digest(shown.strip().encode("utf-8", "surrogatepass"), token.encode())
    return bool(token) and kind.lower() == "bearer" and known


def page(*more: Source) -> bytes:
    """Everything, in the text format of Prometheus."""
    return generate_latest(_All([_Processes(), *more]))
