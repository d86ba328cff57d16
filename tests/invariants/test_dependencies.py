"""What the portal is made of: pinned with hashes, licensed as we may use it, listed, and asked about."""

import ast
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.invariants.sources import modules
from tools import audit, pinned, sbom
from tools.pinned import Pin

ROOT = Path(__file__).parents[2]
PINS = pinned.everything()
FILES = sorted(path.name for path in pinned.REQUIREMENTS.glob("*.txt"))
REMEDY = "run `make lock`, and mind the licence: tools/pinned.py"


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    text = (pinned.REQUIREMENTS / name).read_text("utf-8")
    found = pinned.read(text)
    lines = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert len(found) == len(lines) > 0, f"{name}: a line without `==`; {REMEDY}"
    assert [pin.name for pin in found if not pin.hashes] == [], REMEDY


@pytest.mark.parametrize("name", FILES)
def test_where_packages_come_from_is_not_written_down(name: str) -> None:
    text = (pinned.REQUIREMENTS / name).read_text("utf-8")
    assert not [line for line in text.splitlines() if "://" in line or line.startswith("-") or " @ " in line]


def test_the_pins_of_all_files_agree() -> None:
    versions: dict[str, set[str]] = {}
    for name in FILES:
        for pin in pinned.read((pinned.REQUIREMENTS / name).read_text("utf-8")):
            versions.setdefault(pin.name, set()).add(pin.version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}, REMEDY


def test_what_is_installed_is_what_is_pinned() -> None:
    assert {pin.name: metadata.version(pin.name) for pin in PINS} == {pin.name: pin.version for pin in PINS}


def imported() -> set[str]:
    """The first part of every module that the portal imports, wherever it does."""
    found: set[str] = set()
    for _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"portal", "_typeshed"}  # the types' own


def test_nothing_is_imported_that_is_not_pinned() -> None:
    """A package that is there only because the tests need it is missing where the portal runs."""
    owners, ours = metadata.packages_distributions(), {pin.name for pin in PINS}
    names = imported()
    assert {"flask", "sqlalchemy", "stripe"} <= names
    strangers = {name for name in names if not {_plain(owner) for owner in owners.get(name, [])} & ours}
    assert not strangers, f"{strangers} is imported and not pinned: pyproject.toml, then {REMEDY}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin.name)
def test_every_licence_is_one_that_we_may_use(pin: Pin) -> None:
    found = pinned.licence(pin.name)
    assert pinned.is_allowed(found), f"{pin.name} is under {found}: decide, and say why in tools/pinned.py"


@pytest.mark.parametrize(
    "text", ["GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND GPL-3.0-only", "none", "", "Proprietary"]
)
def test_others_are_not(text: str) -> None:
    assert not pinned.is_allowed(text)


def test_the_bill_of_materials_lists_each_pin_with_version_hashes_and_licence() -> None:
    bill = json.loads(sbom.document(PINS))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "portal")
    listed = {(one["name"], one["version"], tuple(h["content"] for h in one["hashes"])) for one in bill["components"]}
    assert listed == {(pin.name, pin.version, pin.hashes) for pin in PINS}
    assert all(one["licenses"] and one["purl"] for one in bill["components"])


def test_it_is_the_same_each_time_and_tells_nothing_of_this_machine() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.sbom"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == sbom.document(PINS)
    addresses = {word for word in done.stdout.split('"') if "://" in word}
    assert addresses == {"http://cyclonedx.org/schema/bom-1.6.schema.json"}
    assert str(ROOT) not in done.stdout
    assert "timestamp" not in done.stdout


def test_where_nobody_can_be_asked_about_faults_that_is_said_and_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is not there stands for a network that is not."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    code, words = audit.ask(pinned.REQUIREMENTS / "build.txt", "osv")
    assert (code, words) == (audit.UNASKED, "could not ask: osv does not answer from here")
