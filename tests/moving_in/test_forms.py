"""Rows as values: every cell is looked at, and what is wrong is told with what is expected."""

import doctest
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.moving_in import write
from portal.moving_in import cells, checks, faults, forms, hashes
from portal.moving_in.cells import EARLIEST, LATEST, Channels
from portal.moving_in.faults import Faults
from portal.moving_in.forms import INVOICES, LOTS, PLATFORMS, InvoiceRow, LotRow, PersonRow, PlatformRow
from portal.rules import names
from portal.rules.terms import MOST_ADDITIONAL, MOVED_IN_ID_MAX
from tests.helpers.moving_in import STRENGTH, invoice, lot, person, platform, printed, read

HASH = "$argon2id$v=19$m=1024,t=1,p=1$c1NPMgvIvqz8J8npLYX4eQ$bDvK5TPAL+Aio9IPBVB8bQQgYMTTzl5h1l9Vbl3PGr0"
IDS = st.integers(1, MOVED_IN_ID_MAX)
DAYS = st.dates(EARLIEST, LATEST)
NO_DAY = st.none() | DAYS
CENTS = st.integers(-99_999_999_999, 99_999_999_999)
AMOUNT = st.integers(1, 2**31 - 1)


def one_line(longest: int, least: int = 0) -> st.SearchStrategy[str]:
    text = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=longest)
    return text.map(lambda found: " ".join(found.split())).filter(lambda found: least <= len(found) <= longest)


USER_NAMES = st.from_regex(r"m[1-9][0-9]{0,8}(-[a-z0-9][a-z0-9._-]{0,31})?", fullmatch=True).map(names.parse)
ROWS = {
    "platforms": st.builds(
        PlatformRow, IDS, one_line(200), st.sampled_from(Channels), one_line(32), NO_DAY, NO_DAY, st.booleans(), NO_DAY,
        st.integers(0, MOST_ADDITIONAL),
    ),
    "people": st.builds(
        PersonRow, USER_NAMES, IDS, one_line(120), st.sampled_from(["anna@example.com", "a+b@esempio.it"]),
        st.sampled_from(["it", "en"]), st.booleans(), st.none() | st.just(HASH), NO_DAY,
    ),
    "lots": st.builds(LotRow, IDS, AMOUNT, st.integers(0, 2**31 - 1), DAYS, NO_DAY),
    "invoices": st.builds(
        InvoiceRow, st.from_regex(r"[A-Z]{0,2}[1-9]{1,4}/20[0-9]{2}", fullmatch=True), IDS, DAYS, one_line(200, 1),
        one_line(200), one_line(20), one_line(20), one_line(300, 1), st.sampled_from(["EUR", "CHF"]), CENTS, CENTS,
        CENTS, one_line(200),
    ),
}  # fmt: skip
FORMS = {"platforms": PLATFORMS, "people": forms.people(STRENGTH), "lots": LOTS, "invoices": INVOICES}
GOOD = {"platforms": platform(), "people": person(), "lots": lot(), "invoices": invoice()}


@given(data=st.data())
@pytest.mark.parametrize("kind", ROWS)
def test_what_was_printed_is_read_as_the_same(kind: str, data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = data.draw(st.lists(ROWS[kind], min_size=1, max_size=4))
    how = data.draw(st.sampled_from([{}, {"delimiter": ";", "encoding": "utf-8-sig"}, {"lineterminator": "\n"}]))
    path = write(tmp_path_factory.mktemp("form") / "file.csv", map(printed, rows), **how)
    assert read(path, FORMS[kind]) == (rows, [])


@pytest.mark.parametrize("module", [cells, checks, faults, hashes])
def test_the_examples_are_true(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_all_missing_unknown_and_doubled_columns_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_text("platform,credits,credits,left,colour,size\n1,2,3,4,5,6\n", "utf-8")
    found, faults = read(path, LOTS)
    assert found == []
    assert len(faults) == 1
    for words in ("no column 'bought_on'", "unknown column 'colour', 'size'", "twice the column 'credits'"):
        assert words in faults[0]
    assert "expires_on" in faults[0].partition("expected")[2]


def test_columns_stand_in_any_order_and_their_names_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_text("Bought on,LEFT,platform,Credits\n2026-03-01,4,1234,1000\n", "utf-8")
    assert read(path, LOTS) == ([LotRow(1234, 1000, 4, date(2026, 3, 1), None)], [])


@pytest.mark.parametrize("content", ["", "\n\n", ",,,\n"])
def test_an_empty_file_is_a_fault(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lots.csv"
    path.write_text(content, "utf-8")
    _found, faults = read(path, LOTS)
    assert faults == ["lots.csv, line 1: found nothing, expected a line with the names of the columns"]


@pytest.mark.parametrize("row", ["1234,1000", "1234,1000,4,2026-03-01,,"])
def test_a_row_with_other_cells_than_columns_is_a_fault(tmp_path: Path, row: str) -> None:
    path = tmp_path / "lots.csv"
    path.write_text(f"platform,credits,left,bought_on,expires_on\n{row}\n", "utf-8")
    _found, faults = read(path, LOTS)
    assert [fault.partition(" cells")[0] for fault in faults] == [f"lots.csv, line 2: found {row.count(',') + 1}"]


WRONG = [
    ("platforms", "id", "0"),
    ("platforms", "id", "-1"),
    ("platforms", "id", "m1234"),
    ("platforms", "id", "1e3"),
    ("platforms", "id", "٣"),
    ("platforms", "id", str(MOVED_IN_ID_MAX + 1)),
    ("platforms", "company", "x" * 201),
    ("platforms", "company", "Rossi\x1b[31m"),
    ("platforms", "company", "Rossi\u200b"),
    ("platforms", "channels", "email,fax"),
    ("platforms", "edition", "x" * 33),
    ("platforms", "first_day", "2026-02-30"),
    ("platforms", "first_day", "20260301"),
    ("platforms", "first_day", "2026-W10-1"),
    ("platforms", "last_day", "1/3/2027"),
    ("platforms", "last_day", "9999-12-31"),
    ("platforms", "trial", "maybe"),
    ("platforms", "additional_administrators", str(MOST_ADDITIONAL + 1)),
    ("people", "user_name", "anna@example.com"),
    ("people", "user_name", "m12-"),
    ("people", "user_name", "M\u212a1"),
    ("people", "email", "anna"),
    ("people", "email", "anna@example.com, b@example.com"),
    ("people", "email", "anna@example.com\r\nBcc: b@example.com"),
    ("people", "language", "fr"),
    ("people", "name", "x" * 121),
    ("people", "first", "1"),
    ("lots", "credits", "0"),
    ("lots", "credits", "1.000"),
    ("lots", "credits", str(2**31)),
    ("lots", "left", "-1"),
    ("lots", "bought_on", ""),
    ("invoices", "number", ""),
    ("invoices", "number", "../../etc/passwd<"),
    ("invoices", "number", "/1"),
    ("invoices", "number", "1" * 21),
    ("invoices", "customer", " "),
    ("invoices", "description", ""),
    ("invoices", "currency", "JPY"),
    ("invoices", "currency", "Euro"),
    ("invoices", "net", "100,00"),
    ("invoices", "net", "1,000.00"),
    ("invoices", "net", "1e2"),
    ("invoices", "net", "100.0"),
    ("invoices", "net", "100.005"),
    ("invoices", "net", "NaN"),
    ("invoices", "tax", ""),
    ("invoices", "total", "1000000000.00"),
]


@pytest.mark.parametrize(("kind", "column", "cell"), WRONG)
def test_a_wrong_cell_is_named_by_its_line_and_column(tmp_path: Path, kind: str, column: str, cell: str) -> None:
    path = write(tmp_path / "file.csv", [GOOD[kind], GOOD[kind] | {column: cell}])
    _found, faults = read(path, FORMS[kind])
    assert [fault.split(": found")[0] for fault in faults] == [f"file.csv, line 3, {column}"]
    assert faults[0].isprintable()


@pytest.mark.parametrize("kind", GOOD)
def test_the_good_row_of_these_tests_is_good(tmp_path: Path, kind: str) -> None:
    _found, faults = read(write(tmp_path / "file.csv", [GOOD[kind]]), FORMS[kind])
    assert faults == []


def test_every_wrong_cell_of_a_row_is_named(tmp_path: Path) -> None:
    row = lot(platform="x", credits="y", left="z", bought_on="")
    _found, faults = read(write(tmp_path / "file.csv", [row]), LOTS)
    assert [fault.split(":")[0].rpartition(" ")[2] for fault in faults] == ["platform", "credits", "left", "bought_on"]


@pytest.mark.parametrize(("length", "expected"), [(1000, "one line of at most 200"), (1001, "at most 1000 characters")])
def test_a_cell_is_cut_where_it_is_shown_and_has_a_limit(tmp_path: Path, length: int, expected: str) -> None:
    _found, (fault,) = read(write(tmp_path / "file.csv", [platform(company="x" * length)]), PLATFORMS)
    assert f"({length} characters), expected {expected}" in fault
    assert len(fault) < 250


@pytest.mark.parametrize("last", [MOVED_IN_ID_MAX - 1, MOVED_IN_ID_MAX])
def test_the_largest_number_of_a_platform_leaves_some_for_trials(tmp_path: Path, last: int) -> None:
    _found, faults = read(write(tmp_path / "file.csv", [platform(last)]), PLATFORMS)
    assert faults == []


def test_only_so_many_faults_are_kept_and_all_are_counted() -> None:
    faults = Faults(["a.csv", "b.csv"], most=2)
    for line in (9, 8, 7):
        faults.add("b.csv", line, "", "x", "y")
    assert [fault.line for fault in faults.kept()] == [8, 9]
    assert faults.count == 3
