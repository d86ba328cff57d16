"""The ledger of OWASP ASVS 5.0: each claimed id names the tests that show it, and those exist (so they must pass)."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEDGER = tomllib.loads((Path(__file__).parent / "asvs.toml").read_text("utf-8"))
ID = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}")


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def missing(shown_by: list[str]) -> list[str]:
    """The named tests that do not exist."""
    found = []
    for name in shown_by:
        path, _, test = name.partition("::")
        if not (ROOT / path).is_file() or test not in functions_in(path):
            found.append(name)
    return found


def test_a_test_that_is_not_there_is_found() -> None:
    own = "tests/invariants/test_asvs.py"
    assert missing([f"{own}::test_a_test_that_is_not_there_is_found"]) == []
    assert missing([f"{own}::test_of_nothing", "tests/nowhere.py::test"]) == [
        f"{own}::test_of_nothing",
        "tests/nowhere.py::test",
    ]


def test_every_claim_is_shown_by_a_test() -> None:
    for claim, shown_by in LEDGER["shown"].items():
        assert ID.fullmatch(claim), f"{claim} is no id of ASVS 5.0"
        assert shown_by, f"{claim}: a claim without a test; take it out or write one"
        assert not missing(shown_by), f"{claim}: {missing(shown_by)} moved; mend tests/invariants/asvs.toml"


def test_what_is_not_claimed_says_why() -> None:
    for claim, reason in LEDGER["not_yet"].items():
        assert ID.fullmatch(claim), f"{claim} is no id of ASVS 5.0"
        assert len(reason) > 10, f"{claim}: say why"
    assert not LEDGER["shown"].keys() & LEDGER["not_yet"].keys()
