"""The log: one JSON object a line, which nothing that people type can forge, and which holds no secret."""

import io
import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest

from portal.kit import logs, metrics
from portal.kit.db import Database
from portal.kit.logs import JsonLines, Lines
from portal.kit.throttle import limits
from portal.setting_values import Secret

NASTY = "a\r\nb\x1b[2Jc\u2028d\u2029e\x85f\x00g\x0bh\u202ei\udc80\x7f"


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(lambda: {"reference": "abc", "network": "198.51.100.0/24"}))
    logger = logging.Logger("portal.test")
    logger.addHandler(handler)
    return logger, stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line, as the strictest reader would split them."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_who_what_when_from_where(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    before = datetime.now(UTC)
    logger.warning("refused %s", "twice", extra={"code": 403})
    (line,) = lines(stream)
    assert before <= datetime.fromisoformat(line.pop("at")) <= datetime.now(UTC)
    assert line == {
        "level": "warning",
        "logger": "portal.test",
        "event": "refused twice",
        "reference": "abc",
        "network": "198.51.100.0/24",
        "code": 403,
    }


def test_the_instant_of_a_line_is_in_utc(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("x")
    assert lines(stream)[0]["at"].endswith("+00:00")


def test_nothing_that_was_typed_begins_a_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("typed %s", NASTY, extra={"name_typed": NASTY, NASTY: 1, "deep": {NASTY: [NASTY]}})
    (line,) = lines(stream)
    assert line["event"] == f"typed {NASTY}"
    assert line["name_typed"] == NASTY
    written = stream.getvalue().rstrip("\n")
    assert all(" " <= character <= "~" or character == "\x7f" for character in written)


def test_a_traceback_stays_within_its_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError(NASTY)
    except ValueError as error:
        logger.error("failed", exc_info=error)
    (line,) = lines(stream)
    assert "ValueError" in line["traceback"]
    assert "test_logs.py" in line["traceback"]


def test_a_value_of_any_kind_is_written(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("x", extra={"a": datetime(2026, 11, 22, tzinfo=UTC), "b": {1, 2}, "c": b"bytes", "d": object})
    assert len(lines(stream)) == 1


def test_a_secret_is_not_written_wherever_it_stands(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    secret = Secret("the-key-itself")
    logger.info("key %s", secret, extra={"key": secret, "keys": [secret], "deep": {"key": secret}})
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("failed")
    assert len(lines(stream)) == 2
    assert "the-key-itself" not in stream.getvalue()


def test_a_failed_statement_is_logged_without_what_people_typed(
    log: tuple[logging.Logger, io.StringIO], database: Database
) -> None:
    logger, stream = log
    row = {"key": "typed-by-somebody", "state": "typed-too", "changed_at": datetime(2026, 11, 22, tzinfo=UTC)}
    try:
        with database.write() as db:
            db.execute(limits.insert().values(row))
            db.execute(limits.insert().values(row))
    except Exception as error:  # whatever it is: it is what is told
        logger.error("database", exc_info=error)
    (line,) = lines(stream)
    assert "IntegrityError" in line["traceback"]
    assert "typed-" not in line["traceback"].replace("test_logs.py", "").split("sqlalchemy.exc.IntegrityError")[-1]


def test_configuring_twice_writes_each_line_once() -> None:
    program = (
        "import logging; from portal.kit import logs;"
        "logs.configure(lambda: {'n': 1}); logs.configure(lambda: {'n': 2});"
        "logging.getLogger('portal').info('once'); logging.getLogger('portal').debug('never');"
        "logging.getLogger('a.library').warning('once too'); logging.getLogger('a.library').info('never')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in done.stderr.splitlines()]
    told = [(line["logger"], line["event"], line["n"]) for line in found]
    assert told == [("portal", "once", 1), ("a.library", "once too", 1)]
    assert done.stdout == ""


def lost() -> float:
    return float(metrics.LOG_LINES_LOST._value.get())


@pytest.mark.parametrize(
    "value", ["a text", NASTY, 7, -1.5, None, True, {"a": [1]}, datetime(2026, 11, 22, tzinfo=UTC)]
)
def test_a_line_is_what_the_json_module_makes_of_it(value: object) -> None:
    line = {"at": "2026", NASTY: value, "last": value}
    assert logs.to_json(line) == json.dumps(line, default=str)


def test_a_log_that_nobody_reads_any_more_loses_lines_and_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    before = lost()
    logger = logging.Logger("portal.test")
    logger.addHandler(Lines(dict, writer))
    logger.info("nobody reads this")
    assert lost() == before + 1
    os.close(writer)
    logger.info("nor this")
    assert lost() == before + 2


def test_a_value_that_cannot_be_told_stops_nobody() -> None:
    class Odd:
        def __str__(self) -> str:
            raise ValueError("odd")

    before = lost()
    logger = logging.Logger("portal.test")
    logger.addHandler(Lines(dict))
    logger.info("odd", extra={"value": Odd()})
    assert lost() == before + 1


def test_lines_of_several_threads_do_not_mix() -> None:
    reader, writer = os.pipe()
    lines = Lines(dict, writer)
    line = logs.to_json({"x": "y" * 3000})
    found: list[str] = []

    def read() -> None:
        with os.fdopen(reader) as stream:
            found.extend(stream.read().splitlines())

    collecting = Thread(target=read)
    collecting.start()
    writing = [Thread(target=lambda: [lines.write(line) for _ in range(50)]) for _ in range(4)]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join(30)
    os.close(writer)
    collecting.join(30)
    assert found == [line] * 200


def test_a_log_that_is_silent_is_not_written_to(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As benches set it."""
    logger = logging.getLogger("portal")
    monkeypatch.setattr(logger, "handlers", [Lines(dict)])
    level, written = logger.level, []
    try:
        for present in (logging.INFO, logging.CRITICAL):
            logger.setLevel(present)
            logs.write({"event": "request"})
            written.append(capfd.readouterr().err)
    finally:
        logger.setLevel(level)
    assert written == ['{"event": "request"}\n', ""]
