"""CSV files as they come out of programs: the rows, and the lines in which they begin."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.moving_in.faults import Faults
from portal.moving_in.sheets import LONGEST_LINE, Row, Sheet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def rows(path: Path, content: bytes) -> tuple[list[Row], list[str]]:
    path.write_bytes(content)
    faults = Faults(["people.csv"])
    found = list(Sheet("people.csv", path).rows(faults))
    return found, [str(fault) for fault in faults.kept()]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_whatever_program_wrote_it_the_rows_are_the_same(path: Path, mark: bytes, delimiter: str, end: str) -> None:
    lines = [delimiter.join(cells) for cells in (["name", "city"], ["Perù", '"a; b, c\t""d"""'])]
    found, faults = rows(path, mark + end.join(lines).encode())
    assert found == [Row(1, ["name", "city"]), Row(2, ["Perù", 'a; b, c\t"d"'])]
    assert faults == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_row_is_named_by_the_line_in_which_it_begins(path: Path, end: bytes) -> None:
    """With a mark, semicolons, a text of three lines, an empty line, and one with nothing but semicolons."""
    lines = [b"\xef\xbb\xbfname;city", b'"Bianchi', b"e figli", b'S.r.l.";Roma', b"", b";;", b"Rossi;Milano"]
    found, faults = rows(path, end.join(lines))
    assert [(row.line, row.cells[1]) for row in found] == [(1, "city"), (2, "Roma"), (7, "Milano")]
    assert found[1].cells[0].split() == ["Bianchi", "e", "figli", "S.r.l."]
    assert faults == []


@given(st.lists(st.lists(st.text("ab \"\n;,è'", max_size=5), min_size=2, max_size=2), max_size=6))
def test_what_was_written_is_read_and_every_line_is_where_an_editor_shows_it(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("sheet") / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "city"])
        writer.writerows(texts)
    editor = path.read_text("utf-8")
    found, faults = rows(path, editor.encode())
    kept = [cells for cells in texts if any(cell.strip() for cell in cells)]
    assert [row.cells for row in found[1:]] == kept
    assert faults == []
    for row in found[1:]:
        start = "\n".join(editor.split("\n")[row.line - 1 :])
        assert next(csv.reader(start.splitlines(keepends=True))) == row.cells


def test_bytes_that_are_no_utf_8_are_named_and_reading_goes_on(path: Path) -> None:
    found, faults = rows(path, b"name,city\nRossi,Forl\xec\nVerdi,Roma\nNeri,Cant\xf9\n")
    assert [row.line for row in found] == [1, 2, 3, 4]
    assert [fault.split(":")[0] for fault in faults] == ["people.csv, line 2", "people.csv, line 4"]
    assert "0xec" in faults[0]


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le"])
def test_a_file_in_utf_16_is_told_once(path: Path, coding: str) -> None:
    mark = b"" if coding == "utf-16" else b"\xff\xfe"
    found, faults = rows(path, mark + "name,city\nRossi,Roma\n".encode(coding))
    assert found == []
    assert [fault.partition(", expected")[0] for fault in faults] == ["people.csv, line 1: found UTF-16"]


def test_a_quotation_mark_that_is_never_closed_is_told_where_it_opens(path: Path) -> None:
    _found, faults = rows(path, b'name,city\nRossi,Roma\n"Verdi,Roma\nNeri,Roma\n')
    assert len(faults) == 1
    assert faults[0].startswith("people.csv, line 3: found a quotation mark that is never closed")


def test_an_open_quotation_mark_before_a_long_file_is_told_where_it_opens(path: Path) -> None:
    _found, faults = rows(path, b'name,city\n"Verdi,Roma\n' + b"Rossi,Roma\n" * 20_000)
    assert len(faults) == 1
    assert faults[0].startswith("people.csv, line 2: found a quotation mark that is never closed")


def test_after_a_broken_row_reading_goes_on(path: Path) -> None:
    found, faults = rows(path, b'name,city\n"Rossi"s,Roma\nVerdi,Roma\n')
    assert found[-1] == Row(3, ["Verdi", "Roma"])
    assert [fault.split(":")[0] for fault in faults] == ["people.csv, line 2"]


@pytest.mark.parametrize(
    ("length", "read"), [(LONGEST_LINE - 1, True), (LONGEST_LINE, True), (LONGEST_LINE + 1, False)]
)
def test_a_line_that_is_too_long_ends_the_reading(path: Path, length: int, read: bool) -> None:
    found, faults = rows(path, b"name,city\n" + b"a" * (length - 6) + b",Roma\n")
    assert (len(found) == 2, faults == []) == (read, read)


def test_a_file_of_lines_without_end_takes_no_more_memory_than_a_line(path: Path) -> None:
    _found, faults = rows(path, b"\x00" * (50 * LONGEST_LINE))
    assert len(faults) == 1


def test_lines_that_end_with_cr_alone_are_told_as_such(path: Path) -> None:
    _found, faults = rows(path, b"name,city\rRossi,Roma\rVerdi,Roma\r")
    assert faults == [
        "people.csv, line 1: found a line that ends with CR alone, expected LF, or CR and LF, at the end of each line"
    ]
