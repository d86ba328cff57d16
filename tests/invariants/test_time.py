"""The law of time: one module reads the clock, and no datetime is naive. Everybody else is told what time it is."""

import ast

import pytest

from tests.invariants import sources

THE_CLOCK = "portal/kit/clock.py"
READERS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "time.strftime",
    "time.monotonic",
    "time.perf_counter",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
    "sqlalchemy.func.current_date",
}
ALWAYS_NAIVE = {"datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp", "datetime.datetime.today"}
REMEDY = "take the instant as a parameter `at`; at the edge it comes from parts().clock.now()"


def clock_readings(tree: ast.AST) -> list[int]:
    """The lines where the clock is read, called or handed on."""
    names = sources.full_names(tree)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
    return sorted({node.lineno for node in found if sources.dotted(node, names) in READERS})


def naive_datetimes(tree: ast.AST) -> list[int]:
    """The lines where a datetime is made without a zone."""
    found = []
    for call, name in sources.calls(tree):
        given = {keyword.arg for keyword in call.keywords}
        if (
            name in ALWAYS_NAIVE
            or (name == "datetime.datetime" and "tzinfo" not in given and len(call.args) < 8)
            or (name == "datetime.datetime.fromtimestamp" and "tz" not in given and len(call.args) < 2)
            or (name == "datetime.datetime.combine" and "tzinfo" not in given and len(call.args) < 3)
            or name == "datetime.datetime.strptime"
        ):
            found.append(call.lineno)
    return sorted(found)


def test_nobody_but_the_clock_reads_the_clock() -> None:
    found = {path: lines for path, tree in sources.modules() if (lines := clock_readings(tree))}
    found.pop(THE_CLOCK)
    assert not found, f"the clock is read in {found}: {REMEDY}"


def test_no_datetime_is_naive() -> None:
    found = {path: lines for path, tree in sources.modules() if (lines := naive_datetimes(tree))}
    assert not found, f"naive datetimes in {found}: give them tzinfo=UTC"


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
        "from datetime import datetime as dt\ndt.utcnow()",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
        "import datetime as d\nd.date.today()",
        "from datetime import date\ndate.today()",
        "from time import time\ntime()",
        "import time\ntime.time()",
        "from dataclasses import field\nfrom datetime import datetime\nx = field(default_factory=datetime.now)",
        "from sqlalchemy import func\nfunc.now()",
    ],
)
def test_the_law_sees_each_way_to_read_the_clock(source: str) -> None:
    assert clock_readings(ast.parse(source)) == [len(source.splitlines())]


@pytest.mark.parametrize(
    "source",
    [
        "parts.clock.now()",
        "from portal.web.edge import now\nnow()",
        "from datetime import datetime\ndatetime.fromisoformat('2026-11-22T12:00+01:00')",
        "import time\ntime.sleep(1)",
        "from datetime import time\ntime(9)",
        "record.created",
    ],
)
def test_the_law_leaves_other_things_of_that_name_alone(source: str) -> None:
    assert clock_readings(ast.parse(source)) == []


@pytest.mark.parametrize(
    ("call", "naive"),
    [
        ("datetime(2026, 11, 22)", True),
        ("datetime(2026, 11, 22, tzinfo=UTC)", False),
        ("datetime(2026, 11, 22, 0, 0, 0, 0, UTC)", False),
        ("datetime.fromtimestamp(1)", True),
        ("datetime.fromtimestamp(1, UTC)", False),
        ("datetime.fromtimestamp(1, tz=UTC)", False),
        ("datetime.utcfromtimestamp(1)", True),
        ("datetime.combine(day, time.min)", True),
        ("datetime.combine(day, time.min, tzinfo=UTC)", False),
        ("datetime.strptime(text, form)", True),
    ],
)
def test_the_law_tells_a_naive_datetime_from_an_aware_one(call: str, naive: bool) -> None:
    source = f"from datetime import datetime, time, UTC\n{call}"
    assert bool(naive_datetimes(ast.parse(source))) is naive


def test_the_law_reads_every_module_of_the_portal() -> None:
    paths = {path for path, _ in sources.modules()}
    assert THE_CLOCK in paths
    assert "portal/__init__.py" in paths
    assert len(paths) > 50
    assert clock_readings(dict(sources.modules())[THE_CLOCK])
