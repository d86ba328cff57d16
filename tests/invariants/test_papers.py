"""Papers: every setting and command is in the README, and its answers point to what exists."""

import re
from pathlib import Path

import click

from portal.cli import main
from portal.settings import NAMES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CODE = re.compile(r"`([^`]+)`")


def section(title: str) -> str:
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def answers(table: str) -> list[str]:
    """The paths in the second column of a table."""
    rows = [row.split("|")[2] for row in table.splitlines() if row.startswith("| …")]
    return [path for row in rows for path in CODE.findall(row)]


def test_the_extractor_finds_paths() -> None:
    assert answers("| … a? | `x/y.py`, kept by `z` |\n| b | `c` |") == ["x/y.py", "z"]


def test_where_is_points_to_what_exists() -> None:
    found = answers(section("Where is …?"))
    missing = [path for path in found if not (ROOT / path).exists()]
    assert found
    assert not missing, f"README, Where is …?: {missing} moved; mend the row"


def test_every_setting_is_in_the_readme() -> None:
    told = set(CODE.findall(section("Configuration")))
    missing = set(NAMES) - told
    assert not missing, f"README, Configuration: add a row for {missing}"


def commands(group: click.Group, prefix: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        found += commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else [f"{prefix}{name}"]
    return found


def test_every_command_is_in_the_readme() -> None:
    told = section("Commands")
    for command in commands(main):
        group, _, name = command.rpartition(" ")
        assert re.search(rf"\b{group}\b", told), f"README, Commands: add {command}"
        assert re.search(rf"\b{name}\b", told), f"README, Commands: add {command}"


def test_every_direct_dependency_has_a_row_in_the_parts_table() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    parts = section("Parts").lower()
    for requirement in project["dependencies"] + project["optional-dependencies"]["postgres"]:
        name = re.match(r"[a-zA-Z0-9-]+", requirement)[0].lower()  # type: ignore[index]
        assert name in parts, f"README, Parts: {name} has no reason"
