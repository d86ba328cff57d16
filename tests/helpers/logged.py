"""What the portal has written to its log, as whoever collects standard error gets it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Lines:
    """The lines since it was last asked; each must be one JSON object, and there must be nothing else."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    read()
    return read
