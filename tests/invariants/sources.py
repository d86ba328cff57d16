"""The sources as syntax trees, for the laws that hold about every line of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

PORTAL = Path(__file__).parents[2] / "portal"


def modules() -> Iterator[tuple[str, ast.Module]]:
    """(path inside the repository, tree) of each Python file of the portal."""
    for path in sorted(PORTAL.rglob("*.py")):
        yield str(path.relative_to(PORTAL.parent)), ast.parse(path.read_text("utf-8"))


def templates() -> Iterator[tuple[str, str]]:
    for path in sorted((PORTAL / "templates").rglob("*")):
        if path.is_file():
            yield str(path.relative_to(PORTAL.parent)), path.read_text("utf-8")


def full_names(tree: ast.AST) -> dict[str, str]:
    """What each name of a module was imported as: {"dt": "datetime.datetime", "time": "time"}."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """The full name that an expression such as `dt.now` stands for, or ""."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=attr):
            before = dotted(value, names)
            return f"{before}.{attr}" if before else ""
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the full name of what is called."""
    names = full_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func, names)
