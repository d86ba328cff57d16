"""A CSV file as rows with their line: UTF-8 with or without its mark, comma or semicolon, any end of line.

A row is named by the line in which it begins, as an editor counts: a text in quotation marks may hold further lines.
A file is read line by line and never held as a whole.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from portal.moving_in.faults import Faults

if TYPE_CHECKING:
    import _csv

LONGEST_LINE = 100_000  # bytes: more is no line of such a file
LONGEST_CELL = 1_000  # characters: more is no cell of it
DELIMITERS = (",", ";", "\t")  # the comma first; a spreadsheet in Italian writes semicolons
_MARK = "\ufeff"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LONE_CR = ("a line that ends with CR alone", "LF, or CR and LF, at the end of each line")
_WRONG_QUOTES = "quotation marks around the whole text, and written twice inside of it"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the line in which it begins, counted from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file by the name that is told, and where it lies."""

    name: str
    path: Path

    def rows(self, faults: Faults) -> Iterator[Row]:
        """Every row that is not empty, the one with the names of the columns first; what cannot be read is a fault."""
        with self.path.open("rb") as file:
            lines = self._lines(file, faults)
            first = next(lines, None)
            if first is None:
                return
            delimiter = max(DELIMITERS, key=first.count)
            yield from self._parsed(csv.reader(chain([first], lines), delimiter=delimiter, strict=True), faults)

    def _lines(self, file: BinaryIO, faults: Faults) -> Iterator[str]:
        number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(raw) > LONGEST_LINE or raw.startswith(_UTF_16):
                found = "UTF-16" if raw.startswith(_UTF_16) else f"more than {LONGEST_LINE} bytes"
                faults.add(self.name, number, "", found, "a line of text in UTF-8; what follows was not read")
                return
            yield self._decoded(raw, number, faults).removeprefix(_MARK if number == 1 else "")

    def _decoded(self, raw: bytes, number: int, faults: Faults) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            faults.add(self.name, number, "", f"the byte {raw[error.start]:#04x}", "text in UTF-8: save the file so")
            return raw.decode("utf-8", "replace")

    def _parsed(self, reader: "_csv.Reader", faults: Faults) -> Iterator[Row]:
        limit = csv.field_size_limit()
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "limit" in str(error) or "end of data" in str(error):
                    found = "a quotation mark that is never closed, or not within what one text may hold"
                    faults.add(self.name, line, "", found, f"at most {limit} characters; what follows was not read")
                    return
                found, expected = _LONE_CR if "new-line" in str(error) else (f"a broken row ({error})", _WRONG_QUOTES)
                faults.add(self.name, line, "", found, expected)
                continue
            if any(cell.strip() for cell in cells):
                yield Row(line, cells)
