"""The laws of the code: who imports whom, and what nobody writes."""

import ast
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.invariants import sources

ROOT = Path(__file__).parents[2]
DANGEROUS = {
    "eval": "parse what is expected, or refuse it",
    "exec": "write a function",
    "compile": "write a function",
    "pickle.loads": "use JSON: a pickle runs what it holds",
    "pickle.load": "use JSON: a pickle runs what it holds",
    "marshal.loads": "use JSON",
    "yaml.load": "use TOML or JSON",
    "os.system": "use subprocess.run with a list",
    "os.popen": "use subprocess.run with a list",
    "flask.render_template_string": "write a template: text is never a program",
    "ssl._create_unverified_context": "use ssl.create_default_context",
    "tempfile.mktemp": "use tempfile.mkstemp",
    "random.random": "use the secrets module",
    "random.choice": "use the secrets module",
    "random.randint": "use the secrets module",
}
STATEMENTS = {"text", "exec_driver_sql", "execute", "executescript", "literal_column"}


def dangers(tree: ast.AST) -> list[str]:
    """What is called that nobody should call, with its line and the remedy."""
    found = [
        f"line {call.lineno}: {name}; {DANGEROUS[name]}" for call, name in sources.calls(tree) if name in DANGEROUS
    ]
    for call, name in sources.calls(tree):
        shell = next((keyword.value for keyword in call.keywords if keyword.arg == "shell"), None)
        if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
            found.append(f"line {call.lineno}: {name} with shell; use a list of arguments")
    return found


def marked_up_data(tree: ast.AST) -> list[int]:
    """The lines where something else than a literal is declared to be HTML that needs no escaping."""
    found = []
    for call, name in sources.calls(tree):
        if name in ("markupsafe.Markup", "flask.Markup") and call.args and not isinstance(call.args[0], ast.Constant):
            found.append(call.lineno)
    return found


def composed_statements(tree: ast.AST) -> list[int]:
    """The lines where SQL is put together from pieces: an f-string, %, + or format handed to what runs statements."""
    found = []
    for call, name in sources.calls(tree):
        if (name or getattr(call.func, "attr", "")).rpartition(".")[2] in STATEMENTS and call.args:
            first = call.args[0]
            joined = isinstance(first, ast.JoinedStr) and any(isinstance(p, ast.FormattedValue) for p in first.values)
            formatted = isinstance(first, ast.Call) and getattr(first.func, "attr", "") == "format"
            if joined or formatted or isinstance(first, ast.BinOp):
                found.append(call.lineno)
    return found


def unescaped(template: str) -> list[str]:
    return re.findall(r"\|\s*safe\b|\{%-?\s*autoescape\s+false|\bMarkup\(", template)


def test_every_import_goes_the_way_of_the_contracts() -> None:
    """In a process of its own: the tool sets up logging anew, and would silence ours for the tests that follow."""
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"turn round the import that is named here:\n{done.stdout}"


def test_there_are_contracts_for_the_house_and_for_the_rules() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import tomllib; print(len(tomllib.load(open('pyproject.toml', 'rb'))"
         "['tool']['importlinter']['contracts']))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(found.stdout) >= 2


@pytest.mark.parametrize("module", sorted(path.stem for path in (ROOT / "portal" / "rules").glob("[a-z]*.py")))
def test_the_rules_need_nothing_but_the_standard_library(module: str) -> None:
    """Imported without site-packages: whatever is not of the standard library is not there."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import portal.rules.{module}"
    done = subprocess.run([sys.executable, "-S", "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"portal.rules.{module} imports something of ours or of others:\n{done.stderr}"


def test_importing_a_rule_imports_no_flask() -> None:
    program = "import sys, portal.rules.lifecycle; print([m for m in sys.modules if m in ('flask', 'sqlalchemy')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n", "create_app imports the factory inside itself; keep portal/__init__.py that way"


def test_no_dangerous_call() -> None:
    found = {path: lines for path, tree in sources.modules() if (lines := dangers(tree))}
    assert not found, found


def test_nothing_but_a_literal_is_declared_to_be_html() -> None:
    found = {path: lines for path, tree in sources.modules() if (lines := marked_up_data(tree))}
    assert not found, f"{found}: write Markup('<b>%s</b>') % value, which escapes the value"


def test_no_statement_is_put_together_from_pieces() -> None:
    found = {path: lines for path, tree in sources.modules() if (lines := composed_statements(tree))}
    found.pop("portal/kit/db.py", None)  # the names of three pragmas, written beside it
    assert not found, f"{found}: bind what varies as a parameter"


def test_no_template_writes_what_it_did_not_escape() -> None:
    found = {path: marks for path, text in sources.templates() if (marks := unescaped(text))}
    assert not found, f"{found}: let autoescaping do its work"


def test_the_law_on_statements_has_one_exception_and_it_is_what_it_was() -> None:
    tree = dict(sources.modules())["portal/kit/db.py"]
    assert len(composed_statements(tree)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "import pickle\npickle.loads(x)",
        "from pickle import loads\nloads(x)",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.run('ls', shell=flag)",
        "from flask import render_template_string as r\nr(x)",
        "import yaml\nyaml.load(x)",
        "import random\nrandom.choice(x)",
    ],
)
def test_the_law_sees_each_danger(source: str) -> None:
    assert len(dangers(ast.parse(source))) == 1


@pytest.mark.parametrize(
    "source", ["import subprocess\nsubprocess.run(['ls'], shell=False)", "model.eval()", "import re\nre.compile('a')"]
)
def test_the_law_leaves_what_is_harmless_alone(source: str) -> None:
    assert dangers(ast.parse(source)) == []


@pytest.mark.parametrize(
    ("source", "composed"),
    [
        ("from sqlalchemy import text\ntext(f'SELECT {x}')", True),
        ("from sqlalchemy import text\ntext('SELECT %s' % x)", True),
        ("from sqlalchemy import text\ntext('SELECT ' + x)", True),
        ("from sqlalchemy import text\ntext('SELECT {}'.format(x))", True),
        ("db.exec_driver_sql(f'SELECT {x}')", True),
        ("db.execute(f'SELECT {x}')", True),
        ("from sqlalchemy import text\ntext('SELECT 1')", False),
        ("db.execute(select(table))", False),
    ],
)
def test_the_law_tells_a_composed_statement_from_a_plain_one(source: str, composed: bool) -> None:
    assert bool(composed_statements(ast.parse(source))) is composed


@pytest.mark.parametrize(
    "template", ["{{ name|safe }}", "{{ name | safe }}", "{% autoescape false %}", "{{ Markup(a) }}"]
)
def test_the_law_sees_what_is_not_escaped(template: str) -> None:
    assert unescaped(template)


def test_the_law_reads_every_template() -> None:
    paths = {path for path, _ in sources.templates()}
    assert any(path.endswith("layout.html") for path in paths)
    assert not any(unescaped("{{ name }}") for _ in paths)


def test_no_test_reaches_beyond_this_machine() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="beyond this machine"):
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(AssertionError, match="beyond this machine"):
        socket.create_connection(("mail.example.com", 25), timeout=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside, pytest.raises(AssertionError):
        outside.connect(("192.0.2.1", 53))


def test_a_test_reaches_its_own_machine() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
