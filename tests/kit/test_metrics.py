"""Counters of several processes: those of one that is gone still count, and its connections do not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from portal.kit import metrics, metrics_folder

COUNTING = """
import sys
from portal.kit import metrics
metrics.count(metrics.SIGN_INS, "in")
metrics.note(metrics.CONNECTIONS.labels("reading"), 3)
print("counted", flush=True)
sys.stdin.read()
"""


def counting(folder: Path) -> subprocess.Popen[str]:
    """A process that has counted one sign-in, has three connections, and waits for the end of its input."""
    environ = os.environ | {metrics_folder.FOLDER: str(folder)}
    words = [sys.executable, "-c", COUNTING]
    process = subprocess.Popen(words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def told() -> dict[str, float]:
    families = parsed(metrics.page().decode())
    return {
        one.name: one.value for family in families for one in family.samples if {"use", "outcome"} & set(one.labels)
    }


def test_what_a_process_has_counted_stays_and_what_it_held_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics_folder.FOLDER, str(tmp_path))
    with counting(tmp_path) as first, counting(tmp_path) as second:
        assert told() == {"portal_sign_ins_total": 2, "portal_database_connections": 6}
        first.communicate()
        assert told() == {"portal_sign_ins_total": 2, "portal_database_connections": 3}
        second.communicate()
    assert told() == {"portal_sign_ins_total": 2}


def test_a_server_sets_its_folder_for_those_it_starts_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(metrics_folder.FOLDER, raising=False)
    with metrics_folder.counted_together() as folder:
        assert os.environ[metrics_folder.FOLDER] == str(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    assert metrics_folder.FOLDER not in os.environ


def test_a_count_that_cannot_be_kept_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def inc(self) -> None:
            raise OSError("no space left on device")

    metrics.count(Full())  # type: ignore[arg-type]  # all that is asked of a counter
