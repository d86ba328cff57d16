"""Invoices on the page: the list, the paper, the file, and nothing of anybody else's."""

from datetime import timedelta
from pathlib import Path

import pytest

from portal.billing import invoices, papers
from portal.billing.invoices import Invoice
from portal.rules.money import Money
from portal.rules.pricing import Line, TaxTreatment
from tests.billing.bills import BUYER, GERMAN, SWISS, issue, offer
from tests.helpers.browser import Browser
from tests.helpers.house import House

HOSTILE = '<script>alert(1)</script><img src="file:///etc/passwd">"&\''


@pytest.fixture
def anna(house: House, browser: Browser) -> Browser:
    house.person("m1234")
    browser.sign_in()
    return browser


def credit(house: House, invoice: Invoice, cents: int) -> Invoice:
    with house.parts.database.write() as db:
        given = {"reason": "agreed with support", "by": "command line", "at": house.clock.now()}
        zone = house.parts.settings.timezone
        written = invoices.credit_note(db, invoice=invoice, amount=Money(cents, "EUR"), zone=zone, **given)
    assert isinstance(written, Invoice)
    return written


# --- the list --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "heading", "said"),
    [("en", "My invoices", "There are no invoices yet"), ("it", "Profilo Fatture", "Non ci sono ancora fatture")],
)
def test_an_empty_list_says_so(house: House, language: str, heading: str, said: str) -> None:
    house.person("m1234", language=language)
    browser = house.browser(language=language)
    browser.sign_in()
    page = browser.get("/subscription/invoices")
    assert page.heading == heading
    assert said in page.text


def test_the_list_tells_of_each_what_for_and_how_much(house: House, anna: Browser) -> None:
    credit(house, issue(house), 1250)
    page = anna.get("/subscription/invoices")
    rows = [" ".join(" ".join(row.itertext()).split()) for row in page.all("tr")][1:]
    assert rows == [
        "C2026-000001 Credit note for 2026-000001 20 November 2026 Part of the amount, given back "
        "-€10.25 -€2.25 -€12.50 PDF C2026-000001",
        "2026-000001 Invoice, paid 20 November 2026 Additional administrator × 2, 99 of 365 days "
        "€65.10 €14.32 €79.42 PDF 2026-000001",
    ]


def test_the_list_is_read_in_italian(house: House) -> None:
    house.person("m1234", language="it")
    issue(house)
    browser = house.browser(language="it")
    browser.sign_in()
    page = browser.get("/subscription/invoices")
    assert "Fattura, pagata 20 novembre 2026 Amministratore aggiuntivo × 2, 99 giorni su 365 65,10 €" in page.text


def test_the_list_has_pages_of_twenty_five(house: House, anna: Browser) -> None:
    for number in range(1, 27):
        issue(house, number, at=house.clock.now() + timedelta(seconds=number))
    first = anna.get("/subscription/invoices")
    assert "Page 1 of 2" in first.text
    assert "2026-000026" in first.text
    assert "2026-000001" not in first.text
    (older,) = [a.get("href", "") for a in first.all("a") if a.get("rel") == "next"]
    second = anna.get(older)
    assert "Page 2 of 2" in second.text
    assert "2026-000001" in second.text
    assert [a.get("rel") for a in second.all("a") if a.get("rel")] == ["prev"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "2", "99999999999999999999", "١", "", "1e3"])
def test_a_page_that_does_not_exist_is_the_nearest_that_does(house: House, anna: Browser, page: str) -> None:
    issue(house)
    assert "2026-000001" in anna.get(f"/subscription/invoices?page={page}").text


def test_twenty_five_invoices_need_no_second_page(house: House, anna: Browser) -> None:
    for number in range(1, 26):
        issue(house, number)
    page = anna.get("/subscription/invoices")
    assert "Page 1" not in page.text
    assert len(page.all("tr")) == 26


# --- the paper -------------------------------------------------------------------------------------------------------


def test_the_paper_says_all_that_an_invoice_has_to_say(house: House, anna: Browser) -> None:
    issue(house)
    page = anna.get("/subscription/invoices/2026-000001")
    assert page.heading == "Invoice 2026-000001"
    for words in (
        "Date: 20 November 2026",
        "Period: 22 November 2026 – 28 February 2027",
        "Posta Chiara S.r.l. Corso Buenos Aires 10 20124 Milano (MI) Italy VAT number: IT00743110157",
        "Bianchi S.r.l. Via Roma 1 20121 Milano (MI) Italy VAT number: IT12345670785",
        "Recipient code: ABC1234",
        "Additional administrator × 2, 99 of 365 days 2 × €120.00 × 99/365 €65.10",
        "Net €65.10 VAT 22 % €14.32 Total €79.42",
        "nothing is left to pay",
        "this is not the electronic invoice",
    ):
        assert words in page.text, words


def test_the_paper_keeps_its_language_and_the_page_around_it_its_own(house: House, anna: Browser) -> None:
    issue(house, language="it")
    page = anna.get("/subscription/invoices/2026-000001")
    (paper,) = page.all("article")
    assert (page.root.get("lang"), paper.get("lang")) == ("en", "it")
    assert page.heading == "Fattura 2026-000001"
    assert "Imponibile 65,10 € IVA 22 % 14,32 € Totale 79,42 €" in page.text
    assert "Download the PDF" in page.text


@pytest.mark.parametrize(
    ("treatment", "buyer", "said", "unsaid"),
    [
        (TaxTreatment.REVERSE_CHARGE, GERMAN, "VAT number: DE136695976", "electronic invoice"),
        (TaxTreatment.REVERSE_CHARGE, GERMAN, "Articles 44 and 196 of Directive 2006/112/EC", "electronic invoice"),
        (TaxTreatment.OUTSIDE_EU, SWISS, "established outside the European Union", "Reverse charge"),
        (TaxTreatment.OUTSIDE_EU, SWISS, "Switzerland VAT number: CHE107787577", "Reverse charge"),
        (TaxTreatment.ITALIAN_VAT, BUYER, "VAT 22 %", "7-ter"),
    ],
)
def test_the_paper_says_why_there_is_no_tax(
    house: House, anna: Browser, treatment: TaxTreatment, buyer: object, said: str, unsaid: str
) -> None:
    issue(house, offer=offer(treatment=treatment), billing=buyer)
    text = anna.get("/subscription/invoices/2026-000001").text
    assert said in text
    assert unsaid not in text


def test_a_credit_note_names_its_invoice_and_the_reason_and_the_invoice_names_it(house: House, anna: Browser) -> None:
    credit(house, issue(house), 1250)
    note = anna.get("/subscription/invoices/C2026-000001")
    assert note.heading == "Credit note C2026-000001"
    assert "Corrects: Invoice 2026-000001, 20 November 2026" in note.text
    assert "Reason: agreed with support" in note.text
    assert "Total -€12.50" in note.text
    invoice = anna.get("/subscription/invoices/2026-000001")
    (notice,) = [" ".join("".join(p.itertext()).split()) for p in invoice.all("p") if p.get("class") == "notice"]
    assert notice == "Credited on 20 November 2026: €12.50. Credit note C2026-000001"


def test_what_has_no_dates_and_no_numbers_leaves_no_empty_labels(house: House, anna: Browser) -> None:
    private = GERMAN.to_json() | {"vat_number": "", "country": "IT"}
    lines = offer(Line("credits.5000", 1, Money(4999, "EUR")), dated=False)
    issue(house, offer=lines, billing=type(GERMAN).from_json(private))
    text = anna.get("/subscription/invoices/2026-000001").text
    assert "5,000 SMS credits €49.99 €49.99" in text
    assert "Period:" not in text
    assert text.count("VAT number:") == 1  # the seller's
    assert "Recipient code:" not in text


def test_a_hostile_name_is_text_and_nothing_else(house: House, anna: Browser) -> None:
    hostile = type(BUYER).from_json(BUYER.to_json() | {"name": HOSTILE, "city": HOSTILE})
    issue(house, billing=hostile)
    page = anna.get("/subscription/invoices/2026-000001")
    assert page.text.count(HOSTILE) == 2
    assert not [script for script in page.all("script") if script.text]
    assert not page.all("img")


# --- the file --------------------------------------------------------------------------------------------------------


def made(house: House, invoice: Invoice, content: bytes = b"%PDF-1.7 a file") -> Path:
    path = papers.pdf_path(house.parts.settings, invoice)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_file_is_handed_out_to_be_saved_and_kept_nowhere_else(house: House, anna: Browser) -> None:
    made(house, issue(house))
    answer = anna.open("/subscription/invoices/2026-000001.pdf")
    assert (answer.status_code, answer.data) == (200, b"%PDF-1.7 a file")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename=2026-000001.pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_file_that_is_being_made_is_waited_for_in_words(house: House, anna: Browser) -> None:
    issue(house)
    answer = anna.open("/subscription/invoices/2026-000001.pdf")
    assert answer.status_code == 202
    assert anna.page is not None
    assert anna.page.heading == "The PDF of 2026-000001 is being made"
    assert {"/subscription/invoices/2026-000001.pdf", "/subscription/invoices/2026-000001"} <= {
        link.get("href") for link in anna.page.all("a")
    }


def test_a_file_that_was_lost_is_made_again_when_asked_for(house: House, anna: Browser) -> None:
    invoice = issue(house)
    house.work()
    path = papers.pdf_path(house.parts.settings, invoice)
    before = path.read_bytes()
    path.unlink()
    anna.get("/subscription/invoices/2026-000001.pdf")
    anna.submit()
    anna.submit()
    house.work()
    assert anna.open("/subscription/invoices/2026-000001.pdf").data == before


def test_where_no_pdf_can_be_made_the_page_says_so(
    house: House, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(house)
    monkeypatch.setattr(papers, "can_print", lambda: False)
    answer = anna.open("/subscription/invoices/2026-000001.pdf")
    assert answer.status_code == 404
    assert anna.page is not None
    assert anna.page.heading == "There is no PDF of 2026-000001"
    assert "/subscription/invoices/2026-000001" in {link.get("href") for link in anna.page.all("a")}


# --- whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", ".pdf"])
def test_somebody_elses_invoice_is_as_missing_as_one_that_never_was(house: House, anna: Browser, ending: str) -> None:
    made(house, issue(house, platform_id=5678))
    pages = []
    for number in ("2026-000001", "2026-000002", "C2026-000001", "%00", "..", "2026-000001%0a"):
        answer = anna.open(f"/subscription/invoices/{number}{ending}")
        assert answer.status_code == 404
        assert anna.page is not None
        pages.append(anna.page.text)
    shown = {page.rpartition("Reference number")[0] for page in pages}
    assert len(shown) == 1


def test_nobody_has_a_file_made_of_somebody_elses_invoice(house: House, anna: Browser) -> None:
    issue(house, 1)
    issue(house, 2, platform_id=5678)
    anna.get("/subscription/invoices/2026-000001.pdf")
    _action, values = anna.page.form() if anna.page else ("", {})
    headers = {"Sec-Fetch-Site": "same-origin"}
    path = "/subscription/invoices/2026-000002.pdf"
    assert anna.open(path, method="POST", data=values, headers=headers).status_code == 404


@pytest.mark.parametrize("username", ["m1234", "m1234-marco"])
def test_every_administrator_reads_the_invoices_in_the_grace_too(house: House, username: str) -> None:
    house.platform(ends_in=-3, additional_seats=1)
    house.person("m1234")
    if username != "m1234":
        house.person(username)
    issue(house)
    browser = house.browser()
    browser.sign_in(username)
    assert "2026-000001" in browser.get("/subscription/invoices").text
    assert browser.get("/subscription/invoices/2026-000001").heading == "Invoice 2026-000001"
