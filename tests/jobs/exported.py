"""An export as its reader opens it."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

from portal.accounts.queries import Administrator
from portal.subscription import exports
from portal.subscription.exports import Export
from tests.helpers.house import House


@dataclass
class Opened:
    """The files of a zip by their names, in their order."""

    files: dict[str, bytes]

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files["manifest.json"])
        return found

    @property
    def readme(self) -> str:
        return self.files["README.txt"].decode()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """As a program reads them."""
        found: list[dict[str, Any]] = json.loads(self.files[f"json/{name}.json"])
        return found

    def table(self, name: str) -> list[list[str]]:
        """As a spreadsheet reads them, the head included."""
        text = self.files[f"csv/{name}.csv"].decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))


def ask(house: House, by: Administrator) -> Export:
    """Somebody asks; nothing is made yet."""
    with house.parts.database.write() as db:
        found = exports.ask(db, by, network="198.51.100.0/24", at=house.clock.now())
    assert isinstance(found, Export)
    return found


def find(house: House, by: Administrator, export: Export) -> Export:
    """The row as it stands now, for a reader who may see it."""
    with house.parts.database.read() as db:
        found = exports.find(db, by, export.id)
    assert found is not None
    return found


def export_of(house: House, by: Administrator) -> Opened:
    """Ask, let the worker make it, and open it."""
    asked = ask(house, by)
    house.work()
    return opened(house, find(house, by, asked))


def opened(house: House, export: Export) -> Opened:
    assert export.file is not None, f"it is not ready: {export}"
    with ZipFile(exports.folder(house.parts.settings) / export.file) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert len(names) == len(set(names)), "two files of one name"
        return Opened({name: found.read(name) for name in names})
