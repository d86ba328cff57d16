"""`portal credit-note` and `portal confirm-transfer`: money as the operator's own people write it down."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from portal import cli, diagnosis
from portal.billing import invoices, papers, queries
from portal.billing.invoices import Invoice
from portal.billing.tables import invoices as table
from portal.rules import dates
from tests.billing.bills import issue
from tests.conftest import both_databases
from tests.helpers.house import SECRET, House

Run = Callable[..., Result]
NUMBER = "2026-000001"


@pytest.fixture
def run(house: House, database_url: str) -> Run:
    """The command of somebody at the command line of the house."""
    environ = {"PORTAL_DATABASE_URL": database_url, "PORTAL_SECRET_KEY": SECRET.reveal()}
    environ |= {"PORTAL_INSTANCE_PATH": str(house.parts.settings.instance_path)}

    def command(*words: str) -> Result:
        return CliRunner().invoke(cli.main, ["credit-note", *words], env=environ)

    return command


def notes(house: House) -> list[Invoice]:
    with house.parts.database.read() as db:
        ids = db.execute(select(table.c.id).where(table.c.refers_to.is_not(None)).order_by(table.c.id)).scalars()
        return [invoices.get_invoice(db, found) for found in ids]


@both_databases
def test_an_invoice_is_credited_in_whole(house: House, run: Run) -> None:
    invoice = issue(house)
    result = run(NUMBER, "--reason", "ordered  twice")
    (note,) = notes(house)
    assert (result.exit_code, result.stdout) == (0, f"Credit note {note.number} is issued for {NUMBER}.\n")
    assert (note.total, note.note) == (-invoice.total, "ordered twice")


@pytest.mark.parametrize(("amount", "cents"), [("12.50", 1250), ("12,50", 1250), ("12", 1200), ("0.01", 1)])
def test_an_invoice_is_credited_in_part(house: House, run: Run, amount: str, cents: int) -> None:
    issue(house)
    assert run(NUMBER, "--reason", "x", "--amount", amount).exit_code == 0
    assert [note.total.cents for note in notes(house)] == [-cents]


@pytest.mark.parametrize("amount", ["79.43", "9999999.99"])
def test_more_than_is_left_is_refused_with_what_is(house: House, run: Run, amount: str) -> None:
    issue(house)
    result = run(NUMBER, "--reason", "x", "--amount", amount)
    assert (result.exit_code, result.stderr) == (1, f"Error: Only 79.42 EUR are left of {NUMBER}.\n")
    assert notes(house) == []


def test_what_is_credited_in_whole_is_not_credited_again(house: House, run: Run) -> None:
    issue(house)
    run(NUMBER, "--reason", "x")
    result = run(NUMBER, "--reason", "x")
    assert result.exit_code == 1
    assert "There is nothing to credit: 0.00 EUR are left" in result.stderr
    assert len(notes(house)) == 1


def test_a_credit_note_is_not_credited(house: House, run: Run) -> None:
    issue(house)
    run(NUMBER, "--reason", "x", "--amount", "1.00")
    (note,) = notes(house)
    assert "is a credit note itself" in run(note.number, "--reason", "x").stderr
    assert len(notes(house)) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((NUMBER,), 2, "--reason"),
        ((NUMBER, "--reason", " "), 1, "--reason is one line"),
        ((NUMBER, "--reason", "x" * 201), 1, "--reason is one line"),
        ((NUMBER, "--reason", "a\x07b"), 1, "--reason is one line"),
        ((NUMBER, "--reason", "x", "--amount", "-1.00"), 2, "write an amount such as 12.50"),
        ((NUMBER, "--reason", "x", "--amount", "1.5"), 2, "write an amount such as 12.50"),
        ((NUMBER, "--reason", "x", "--amount", "1.234,50"), 2, "write an amount such as 12.50"),
        ((NUMBER, "--reason", "x", "--amount", "0.00"), 1, "There is nothing to credit"),
        (("2026-000002", "--reason", "x"), 1, "There is no invoice 2026-000002."),
        (("2026", "--reason", "x"), 1, "There is no invoice 2026."),
    ],
)
def test_what_cannot_be_credited_is_refused_with_the_reason(
    house: House, run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    issue(house)
    result = run(*words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
    assert notes(house) == []


def test_the_longest_reason_is_kept(house: House, run: Run) -> None:
    issue(house)
    assert run(NUMBER, "--reason", "x" * 200).exit_code == 0
    assert [len(note.note) for note in notes(house)] == [200]


# --- portal check ----------------------------------------------------------------------------------------------------


def pdf_finding(house: House) -> diagnosis.Finding:
    return next(finding for finding in diagnosis.examine(house.app) if finding.what == "pdf")


def test_the_diagnosis_says_whether_invoices_become_files(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pdf_finding(house) == diagnosis.Finding("pdf", True, "invoices are made")
    monkeypatch.setattr(papers, "can_print", lambda: False)
    assert pdf_finding(house).ok
    assert pdf_finding(house).words.startswith("not installed")


def test_the_diagnosis_names_what_is_missing_of_the_system(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(diagnosis, "import_module", missing)
    found = pdf_finding(house)
    assert not found.ok
    assert "libpango" in found.words


# --- confirm-transfer


@pytest.fixture
def confirm(house: House, database_url: str) -> Run:
    """`portal confirm-transfer` of order 1, a year of Pro for 585.60 that was placed just now."""
    house.clock.set(datetime.now(UTC))
    house.platform(1234, ends_in=30)
    house.order()
    environ = {"PORTAL_DATABASE_URL": database_url, "PORTAL_SECRET_KEY": SECRET.reveal()}
    environ |= {"PORTAL_INSTANCE_PATH": str(house.parts.settings.instance_path)}
    today = dates.business_date(house.clock.now(), house.parts.settings.timezone)

    def command(*words: str, order: str = "1", day: str = str(today), reference: str = "TRN 1") -> Result:
        given = [order, "--value-date", day, "--reference", reference, *words]
        return CliRunner().invoke(cli.main, ["confirm-transfer", *given], env=environ)

    return command


def payments(house: House) -> list[tuple[str, int]]:
    with house.parts.database.read() as db:
        return [(paid.reference or "", paid.amount.cents) for paid in queries.payments_of(db, 1)]


@both_databases
def test_a_transfer_is_confirmed_once(house: House, confirm: Run) -> None:
    result = confirm()
    assert (result.exit_code, result.stdout) == (0, "Order 1: paid and delivered.\n")
    result = confirm()
    assert (result.exit_code, result.stdout) == (1, "")
    assert "this transfer was known already; nothing was changed" in result.stderr
    assert payments(house) == [("TRN 1", 58560)]


def test_a_part_a_rest_and_too_much_are_each_told(house: House, confirm: Run) -> None:
    result = confirm("--amount", "500.00")
    assert (result.exit_code, "waits for the rest" in result.stdout) == (0, True)
    assert confirm("--amount", "85.60", reference="TRN 2").stdout == "Order 1: paid and delivered.\n"
    result = confirm(reference="TRN 3")
    assert (result.exit_code, "there is a task to give it back" in result.stdout) == (0, True)
    assert payments(house) == [("TRN 1", 50000), ("TRN 2", 8560), ("TRN 3", 58560)]


@pytest.mark.parametrize(
    ("given", "options", "word"),
    [
        ({"order": "404"}, [], "there is no such order"),
        ({"order": "0"}, [], "range"),
        ({"day": "2999-01-01"}, [], "lies in the future"),
        ({"day": "2020-01-01"}, [], "before the day of the order"),
        ({"day": "1.2.2026"}, [], "--value-date"),
        ({"reference": " "}, [], "--reference"),
        ({}, ["--amount", "0.00"], "--amount is 0.00"),
        ({}, ["--amount", "-1"], "--amount"),
        ({}, ["--amount", "12.345"], "--amount"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(
    house: House, confirm: Run, given: dict[str, str], options: list[str], word: str
) -> None:
    result = confirm(*options, **given)
    assert result.exit_code in (1, 2)
    assert word in result.stderr
    assert payments(house) == []
