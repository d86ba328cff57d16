"""docs/operating.md: each metric that it names exists, and each that exists stands in it."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families as parsed

from portal.jobs.worker import Worker
from portal.kit import metrics
from portal.web.stock import Stock
from tests.helpers.house import House

ROOT = Path(__file__).parents[2]
PAPER = (ROOT / "docs" / "operating.md").read_text("utf-8")
EXPRESSION = re.compile(r"`([^`]*portal_[^`]*)`")
NAME = re.compile(r"portal_[a-z_]+")
PARTS = re.compile(r"_(total|bucket|count|sum)$")


def named(text: str) -> set[str]:
    """The metrics of all expressions, by the names under which they are declared."""
    return {PARTS.sub("", name) for expression in EXPRESSION.findall(text) for name in NAME.findall(expression)}


def existing(house: House) -> set[str]:
    text = metrics.page(Stock(house.parts), Worker(house.app)).decode()
    return {PARTS.sub("", family.name) for family in parsed(text)}


def test_the_extractor_finds_names_in_expressions() -> None:
    assert named('| `sum(rate(portal_a_total[5m])) / portal_b_seconds_bucket{x="portal"}` portal_c |') == {
        "portal_a",
        "portal_b_seconds",
    }


def test_each_metric_that_the_paper_names_exists(house: House) -> None:
    missing = named(PAPER) - existing(house)
    assert not missing, f"docs/operating.md: {missing} is measured nowhere; mend its row"


def test_each_metric_stands_in_the_paper(house: House) -> None:
    missing = existing(house) - named(PAPER)
    assert not missing, f"docs/operating.md: say what {missing} is good for, or do not measure it"


def test_each_outcome_of_a_sign_in_and_each_event_of_an_expression_is_really_counted() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "portal").rglob("*.py"))
    events = set(re.findall(r'event="([^"]+)"', PAPER))
    missing = [event for event in events if f'"{event}"' not in sources]
    assert not missing, f"docs/operating.md: no line of the log says {missing}"
    outcomes = {part for found in re.findall(r'outcome=~?"([^"]+)"', PAPER) for part in found.split("\\|")}
    from portal.kit.outbox import Outcome

    known = {*metrics.SIGN_IN_OUTCOMES.values(), *Outcome, "sent", "failed", "dropped"}
    assert outcomes <= known, f"docs/operating.md: {outcomes - known} is no outcome"
