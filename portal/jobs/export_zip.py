"""A zip that is written as it goes: nothing of a file stays in memory, and each is counted and hashed for the manifest.

JSON: an array with one row a line, UTF-8, keys in the order of the part; instants in UTC and days in ISO 8601, amounts
as {"cents": 1234, "currency": "EUR"}. CSV: the same rows after RFC 4180, UTF-8 with its mark, amounts in two columns,
lists and objects as JSON, and no cell that a spreadsheet would compute. Every entry has the same date, so that the
same data are the same bytes.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from portal.jobs.export_fields import Field
from portal.kit.spreadsheets import ENCODING, harmless
from portal.rules.money import Money

FORMAT = 1  # of the files and the manifest: another one when somebody's program would have to know
MANIFEST = "manifest.json"
ALWAYS = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
OURS_ALONE = 0o600 << 16  # rights of a file that is unpacked
UNIX = 3
LARGE = 1_000_000  # rows from which a file may need the form of zip for more than 2 GiB
Write = Callable[[bytes], None]


class Package:
    """The zip: files one after the other, then the manifest; and `close`, whatever has happened."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED)
        self._listed: list[dict[str, Any]] = []

    @contextmanager
    def add(self, name: str, *, rows: int | None = None) -> Iterator[Write]:
        """A file; what is written in the block is its content. rows: how many it holds, where it holds rows."""
        size, digest = 0, hashlib.sha256()
        with self._zip.open(_entry(name), "w", force_zip64=(rows or 0) > LARGE) as file:

            def write(content: bytes) -> None:
                nonlocal size
                size += len(content)
                digest.update(content)
                file.write(content)

            yield write
        self._listed.append({"name": name, "bytes": size, "sha256": digest.hexdigest(), "rows": rows})

    def add_manifest(self, facts: dict[str, Any]) -> None:
        """The last file: the facts, and every other file with its size, its SHA-256 and its rows."""
        manifest = {"format": FORMAT} | facts | {"files": self._listed}
        content = json.dumps(manifest, ensure_ascii=False, indent=1, default=_plain) + "\n"
        with self._zip.open(_entry(MANIFEST), "w") as file:
            file.write(content.encode())

    def close(self) -> None:
        self._zip.close()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, ALWAYS)
    entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, OURS_ALONE, UNIX
    return entry


def as_json(fields: Sequence[Field], slices: Iterator[list[list[Any]]], write: Write) -> Iterator[int]:
    """Write the rows as a JSON array; yields how many after each slice."""
    names, between = [field.name for field in fields], "[\n"
    for rows in slices:
        lines = [_text(dict(zip(names, row, strict=True))) for row in rows]
        write(_bytes(between + ",\n".join(lines)))
        between = ",\n"
        yield len(rows)
    write(b"[]\n" if between == "[\n" else b"\n]\n")


def as_csv(fields: Sequence[Field], slices: Iterator[list[list[Any]]], write: Write) -> Iterator[int]:
    """Write the rows as a table; yields how many after each slice."""
    mark = "".encode(ENCODING)
    write(mark + _table([[name for field in fields for name in _names(field)]]))
    for rows in slices:
        write(_table([_cells(row) for row in rows]))
        yield len(rows)


def _table(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return _bytes(out.getvalue())


def _names(field: Field) -> list[str]:
    return [f"{field.name}_cents", f"{field.name}_currency"] if field.money else [field.name]


def _cells(row: list[Any]) -> list[Any]:
    return [cell for value in row for cell in _cell(value)]


def _cell(value: Any) -> list[Any]:
    """What stands in the cells of a value. Numbers stay numbers, a minus before them is no formula."""
    match value:
        case None:
            return [""]
        case str():
            return [harmless(value)]
        case bool() | dict() | list() | tuple():
            return [_text(value)]
        case int():
            return [value]
        case Money():
            return [value.cents, value.currency]
    return [_plain(value)]


def _bytes(text: str) -> bytes:
    """UTF-8. What is no character (half of one, from a broken program) is written as JSON writes it."""
    return text.encode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    """What JSON does not know by itself."""
    if isinstance(value, Money):
        return {"cents": value.cents, "currency": value.currency}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no way to write a {type(value).__name__}")


_text = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
