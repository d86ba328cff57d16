"""What the database knows of what waits and of what was done, for /metrics: asked at most every KEPT_SECONDS.

The same numbers whichever process or node is asked. Each question is answered by an index or by a table that stays
small, so that being measured costs the database nothing that anybody notices.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from platform import python_version
from threading import Lock

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal.billing import queries as billing
from portal.kit import nights, outbox
from portal.kit.clock import stopwatch
from portal.kit.version import VERSION
from portal.parts import Parts
from portal.purging import queries as purging
from portal.staff import approvals

KEPT_SECONDS = 10.0
RECENT = timedelta(minutes=15)  # in which rows that ended are counted: longer than any collector's round
NIGHTS_SHOWN = timedelta(days=7)


class Stock:
    """A source for `metrics.page`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = Lock()
        self._found: list[Metric] = []
        self._age: Callable[[], float] | None = None

    def collect(self) -> Iterable[Metric]:
        with self._lock:  # of several who ask at once one asks the database
            if self._age is None or self._age() >= KEPT_SECONDS:
                self._found, self._age = [*_constants(self._parts), *self._ask()], stopwatch()
            return self._found

    def _ask(self) -> list[Metric]:
        try:
            with self._parts.database.read() as db:
                return [_gauge("database_up", "Whether the database answers.", 1), *_all(db, self._parts.clock.now())]
        except SQLAlchemyError:
            return [_gauge("database_up", "Whether the database answers.", 0)]


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"portal_{name}", words, value)


def _constants(parts: Parts) -> list[Metric]:
    build = GaugeMetricFamily(
        "portal_build_info", "What runs here; always 1.", labels=["version", "python", "database"]
    )
    build.add_metric([VERSION, python_version(), parts.database.reader.dialect.name], 1)
    return [build]


def _all(db: Connection, at: datetime) -> list[Metric]:
    return [*_outbox(db, at), *_people(db, at), *_nights(db, at), *_deletions(db, at)]


def _outbox(db: Connection, at: datetime) -> list[Metric]:
    waiting = GaugeMetricFamily("portal_outbox_waiting", "Rows to be done, due or not yet.", labels=["kind"])
    due = GaugeMetricFamily("portal_outbox_due", "Rows that could be done now.", labels=["kind"])
    again = GaugeMetricFamily("portal_outbox_retrying", "Rows that failed, to be tried again.", labels=["kind"])
    age = GaugeMetricFamily(
        "portal_outbox_oldest_due_seconds", "For how long the oldest due row has been due.", labels=["kind"]
    )
    done = GaugeMetricFamily(
        "portal_outbox_ended", "Rows that ended in the last 15 minutes.", labels=["kind", "outcome"]
    )
    for kind, found in outbox.queues(db, at=at).items():
        waiting.add_metric([kind], found.waiting)
        due.add_metric([kind], found.due)
        again.add_metric([kind], found.retrying)
        age.add_metric([kind], max(0.0, (at - found.oldest_due_at).total_seconds()) if found.oldest_due_at else 0)
    for (kind, outcome), rows in outbox.ended(db, since=at - RECENT).items():
        done.add_metric([kind, outcome], rows)
    return [waiting, due, again, age, done]


def _people(db: Connection, at: datetime) -> list[Metric]:
    what = GaugeMetricFamily("portal_waiting_for_people", "What somebody of the staff has to look at.", labels=["what"])
    what.add_metric(["money"], billing.count_open_tasks(db))
    what.add_metric(["approval"], len(approvals.waiting(db, at=at)))
    return [what]


def _nights(db: Connection, at: datetime) -> list[Metric]:
    """By what is written of nights; which of them ought to have been done by now is the alarm's to say."""
    since = (at - NIGHTS_SHOWN).date()
    open_steps, last = nights.summary(db, since=since)
    return [
        _gauge("night_open_steps", "Steps of the last nights that were begun and are not done.", open_steps),
        _gauge("night_last_done_timestamp_seconds", "When a step of a night was last done; 0: never.", _stamp(last)),
    ]


def _deletions(db: Connection, at: datetime) -> list[Metric]:
    going = purging.find_marked(db)
    late = [(at - purge.due_at).total_seconds() for purge in going if purge.due_at <= at]
    return [
        _gauge("deletions_waiting", "Platforms marked for deletion and not yet deleted.", len(going)),
        _gauge("deletions_oldest_due_seconds", "For how long the oldest of them has been due.", max(late, default=0)),
    ]


def _stamp(instant: datetime | None) -> float:
    return instant.timestamp() if instant else 0
