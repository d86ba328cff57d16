"""The start of a server: what its first page does not need, nobody waits for."""

import subprocess
import sys
from pathlib import Path

from tests.helpers.house import SECRET, House

ROOT = Path(__file__).parent.parent
LATER = {
    "alembic": "migrations",
    "cryptography": "secrets that are read again",
    "email_validator": "an e-mail address",
    "holidays": "working days",
    "phonenumbers": "a telephone number",
    "psycopg": "PostgreSQL, where the rows are not in it",
    "pypdf": "tests",
    "segno": "a code to be scanned",
    "sqlalchemy.orm": "nothing: rows are values",
    "stripe": "a payment by card",
    "weasyprint": "an invoice on paper",
    "webauthn": "a passkey",
}  # library: what it is for
FIRST_PAGE = """
import sys
from portal import create_app
assert create_app().test_client().get("/login").status_code == 200
print(*sorted(sys.modules))
"""
HELP = """
import sys
from portal.cli import main
main(["--help"], standalone_mode=False)
print(*sorted(sys.modules))
"""
GARBAGE = """
import gc
from portal import create_app
create_app()
print(gc.isenabled(), gc.get_freeze_count() > 50_000)
"""


def said(script: str, folder: Path) -> set[str]:
    """The words of the last line that a process of its own prints, with an empty folder for its portal."""
    environ = {"PORTAL_SECRET_KEY": SECRET.reveal(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_the_first_page_is_shown_without_the_libraries_that_it_does_not_need(tmp_path: Path) -> None:
    found = sorted(said(FIRST_PAGE, tmp_path) & set(LATER))
    assert not found, f"import these where they are used: {', '.join(f'{name} ({LATER[name]})' for name in found)}"


def test_who_asks_how_a_command_is_called_waits_for_no_database_and_no_pages(tmp_path: Path) -> None:
    assert not said(HELP, tmp_path) & {"sqlalchemy", "flask", "jinja2", "granian"}


def test_what_writes_an_address_is_made_when_one_is_written(house: House) -> None:
    """By werkzeug, whose way we have changed: to make all of them at once was a fifth of the start."""
    rules = list(house.app.url_map.iter_rules())
    with house.app.test_request_context():
        for _again in range(2):
            assert house.app.url_for("orders.show", order_id=7) == "/orders/7"
            assert house.app.url_for("orders.show", order_id=7, lang="it") == "/orders/7?lang=it"
    made = {rule.endpoint for rule in rules if rule._build_unknown.__code__.co_filename == "<werkzeug routing>"}
    assert "orders.show" in made
    assert len(made) < len(rules) / 2


def test_garbage_is_looked_for_again_once_all_is_loaded(tmp_path: Path) -> None:
    assert said(GARBAGE, tmp_path) == {"True"}
