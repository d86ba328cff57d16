"""Invoices of the former system beside ours: seen by their customer, and never taken for ours."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.billing import former, invoices
from portal.billing.tables import invoices as rows
from portal.desk import search
from portal.desk.search import By
from portal.rules.invoices import FORMER
from tests.billing.bills import issue
from tests.conftest import both_databases
from tests.helpers.browser import Browser
from tests.helpers.desk import at_the_desk
from tests.helpers.house import House
from tests.helpers.moving_in import Mover, invoice, platform
from tests.jobs.exported import export_of

NOTE = invoice(
    "NC 4/2025", issued_on="2025-04-02", net="-10.00", tax="-2.20", total="-12.20", seller="Posta <b> S.r.l."
)
HOSTILE = {"customer": "<script>alert(1)</script>", "description": "credits.500", "address": '"><img src=x>'}


@pytest.fixture
def moved(house: House, tmp_path: Path) -> Mover:
    """Two papers of m1234 and one of another platform."""
    house.person("m1234")
    house.platform(7)
    mover = Mover(house, tmp_path).bring(platforms=[platform(8)], invoices=[invoice(), NOTE, invoice("9", platform=7)])
    mover.moved()
    return mover


def lines(browser: Browser) -> list[str]:
    page = browser.get("/subscription/invoices")
    return [" ".join(" ".join(row.itertext()).split()) for row in page.all("tr")]


@both_databases
def test_the_customer_sees_them_below_ours_as_they_were_printed(house: House, moved: Mover, browser: Browser) -> None:
    issue(house)
    browser.sign_in()
    found = lines(browser)
    assert found[1].startswith("2026-000001 Invoice, paid")
    assert found[3:] == [
        "NC 4/2025 Credit note 2 April 2025 Bianchi S.r.l. Via Roma 1, 20121 Milano VAT number: 12345670785 "
        "Pro Seller: Posta <b> S.r.l. -€10.00 -€2.20 -€12.20",
        "118/2025 1 March 2025 Bianchi S.r.l. Via Roma 1, 20121 Milano VAT number: 12345670785 "
        "Pro €100.00 €22.00 €122.00",
    ]


def test_what_stood_on_a_paper_is_shown_and_nothing_more(house: House, tmp_path: Path, browser: Browser) -> None:
    house.person("m1234")
    Mover(house, tmp_path).bring(platforms=[platform(8)], invoices=[invoice() | HOSTILE]).moved()
    browser.sign_in()
    assert all(text in lines(browser)[-1] for text in HOSTILE.values())


def test_without_any_nothing_is_said_of_a_former_system(house: House, browser: Browser) -> None:
    house.person("m1234")
    browser.sign_in()
    assert "former system" not in browser.get("/subscription/invoices").text


@pytest.mark.parametrize("number", ["9", "2025-000001"])
def test_they_have_no_page_and_no_file_whatever_their_number(
    house: House, tmp_path: Path, browser: Browser, number: str
) -> None:
    house.person("m1234")
    Mover(house, tmp_path).bring(platforms=[platform(8)], invoices=[invoice(number)]).moved()
    browser.sign_in()
    for path in (f"/subscription/invoices/{number}", f"/subscription/invoices/{number}.pdf"):
        assert browser.open(path).status_code == 404
    with house.parts.database.read() as db:
        assert invoices.find_invoice(db, None, number) is None, "so that nothing of it is credited here"


@both_databases
def test_our_numbers_go_on_as_if_they_were_not_there(house: House, tmp_path: Path) -> None:
    house.person("m1234")
    assert issue(house).number == "2026-000001"
    papers = [invoice(f"{place}/26", issued_on="2026-01-01") for place in range(1, 4)]
    Mover(house, tmp_path).bring(platforms=[platform(8)], invoices=papers).moved()
    assert issue(house, 2).number == "2026-000002"
    papers.append(invoice("4/26", issued_on="2026-01-01"))
    Mover(house, tmp_path).bring(platforms=[platform(8)], invoices=papers).moved()
    with house.parts.database.read() as db:
        kept = select(rows.c.sequence, rows.c.number).where(rows.c.series == FORMER).order_by(rows.c.sequence)
        assert [tuple(row) for row in db.execute(kept)] == [(1, "1/26"), (2, "2/26"), (3, "3/26"), (4, "4/26")]


def test_the_export_tells_them_as_they_were_printed(house: House, moved: Mover) -> None:
    first = house.administrator("m1234")
    assert first is not None
    issue(house)
    zipped = export_of(house, first)
    found = {paper["number"]: paper for paper in zipped.rows("invoices")}
    assert set(found) == {"118/2025", "NC 4/2025", "2026-000001"}
    assert found["118/2025"]["offer"] == {"description": "Pro"}
    assert found["118/2025"]["order_id"] is None
    assert found["2026-000001"]["order_id"] > 0
    assert not [name for name in zipped.files if "118" in name]


def test_they_are_read_as_they_were_written(house: House, moved: Mover) -> None:
    with house.parts.database.read() as db:
        note, paper = former.invoices_of(db, 1234)
    assert (note.number, note.is_credit_note, paper.is_credit_note) == ("NC 4/2025", True, False)
    assert (paper.issued_on, paper.total.cents, paper.total.currency) == (date(2025, 3, 1), 12200, "EUR")
    assert paper.printed.vat_number == "12345670785"


def test_staff_find_the_customer_by_such_a_number_and_see_it_there(house: House, moved: Mover) -> None:
    with house.parts.database.read() as db:
        assert [(hit.platform_id, hit.by) for hit in search.find(db, "nc 4/2025").hits] == [(1234, By.INVOICE)]
        assert search.find(db, "119/2025").hits == []
    shown = at_the_desk(house).get("/staff/platforms/1234")
    assert "NC 4/2025 From our former system" in shown.text
    assert "118/2025 From our former system" in shown.text
