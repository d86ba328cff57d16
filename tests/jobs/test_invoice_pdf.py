"""The PDF of an invoice: readable by a screen reader, made of nothing but the invoice, the same bytes each time."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import weasyprint
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject
from sqlalchemy import select

from portal.billing import invoices, papers
from portal.billing.invoices import Invoice
from portal.jobs import invoice_pdf
from portal.kit import outbox
from portal.rules.money import Money
from portal.rules.pricing import Line, TaxTreatment
from tests.billing.bills import BUYER, GERMAN, issue, offer
from tests.helpers.house import SECRET, House

HOSTILE = '<script>alert(1)</script><img src="file:///etc/hostname"><link rel="stylesheet" href="http://127.0.0.1:1/x">'


def made(house: House, invoice: Invoice) -> PdfReader:
    house.work()
    return PdfReader(BytesIO(papers.pdf_path(house.parts.settings, invoice).read_bytes()))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def root_of(reader: PdfReader) -> DictionaryObject:
    found = reader.trailer["/Root"]
    assert isinstance(found, DictionaryObject)
    return found


def tags(reader: PdfReader) -> list[tuple[str, Any]]:
    """Each tag of the document in reading order, with its attributes."""
    found: list[tuple[str, Any]] = []

    def walk(node: Any) -> None:
        node = node.get_object() if isinstance(node, IndirectObject) else node
        if isinstance(node, ArrayObject):
            for child in node:
                walk(child)
        elif isinstance(node, DictionaryObject):
            if "/S" in node:
                found.append((str(node["/S"]), node.get("/A")))
            walk(node.get("/K"))

    walk(root_of(reader)["/StructTreeRoot"])
    return found


# --- readable --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [
        ("en", "Invoice 2026-000001 · Posta Chiara S.r.l.", "Net €65.10 VAT 22 % €14.32 Total €79.42"),
        ("it", "Fattura 2026-000001 · Posta Chiara S.r.l.", "Imponibile 65,10 € IVA 22 % 14,32 € Totale 79,42 €"),
    ],
)
def test_the_file_says_what_the_paper_says_in_its_language(house: House, language: str, title: str, said: str) -> None:
    reader = made(house, issue(house, language=language))
    assert said in text_of(reader)
    assert "Bianchi S.r.l." in text_of(reader)
    assert root_of(reader)["/Lang"] == language
    assert reader.metadata is not None
    assert reader.metadata.title == title


def test_the_file_is_tagged_and_says_that_it_is_made_for_everybody(house: House) -> None:
    reader = made(house, issue(house))
    root = root_of(reader)
    assert root["/MarkInfo"] == {"/Marked": True}
    assert root["/ViewerPreferences"] == {"/DisplayDocTitle": True}
    metadata = root["/Metadata"].get_object()
    assert b'pdfuaid:part="1"' in metadata.get_data()
    names = [name for name, _ in tags(reader)]
    assert names.count("/H1") == 1
    assert names.count("/H2") == 2
    assert {"/Document", "/Table", "/Caption", "/THead", "/TBody", "/P"} <= set(names)


def test_each_cell_of_the_table_knows_its_headers(house: House) -> None:
    found = tags(made(house, issue(house)))
    cells = [attributes for name, attributes in found if name == "/TD"]
    assert len([name for name, _ in found if name == "/TH"]) == 6  # three columns; net, tax and total
    assert len(cells) == 6
    assert all(attributes and attributes.get("/Headers") for attributes in cells)


def test_the_dates_of_the_file_are_those_of_the_invoice(house: House) -> None:
    reader = made(house, issue(house))
    assert reader.metadata is not None
    assert reader.metadata["/CreationDate"] == reader.metadata["/ModDate"] == "D:20261120"


def test_a_long_invoice_goes_over_several_pages(house: House) -> None:
    lines = [Line("administrator", number, Money(12000, "EUR"), 99, 365) for number in range(1, 81)]
    reader = made(house, issue(house, offer=offer(*lines)))
    assert len(reader.pages) > 2
    assert f"2 / {len(reader.pages)}" in text_of(reader)


def test_an_invoice_without_tax_says_why_in_the_file(house: House) -> None:
    reader = made(house, issue(house, offer=offer(treatment=TaxTreatment.REVERSE_CHARGE), billing=GERMAN))
    assert "Articles 44 and 196 of Directive 2006/112/EC" in text_of(reader)
    assert "Müller GmbH" in text_of(reader)


# --- made of nothing else --------------------------------------------------------------------------------------------


class _Server(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    found = HTTPServer(("127.0.0.1", 0), _Server)
    _Server.asked.clear()
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    thread.join()
    found.server_close()


PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def page_with(address: str) -> str:
    """A page that asks for an address in every way there is."""
    return f"""<!doctype html><html lang="en"><head><title>x</title><link rel="stylesheet" href="{address}">
    <link rel="attachment" href="{address}"><style>@import url("{address}"); body {{ background: url("{address}") }}
    @font-face {{ font-family: x; src: url("{address}") }} p {{ font-family: x }}
    p::before {{ content: url("{address}") }}
    </style></head><body><p>text</p><img src="{address}" alt=""><object data="{address}"></object>
    <embed src="{address}"><svg xmlns="http://www.w3.org/2000/svg"><image href="{address}"/></svg></body></html>"""


def bare(page: str) -> bytes:
    return invoice_pdf.printed(weasyprint, page, "x")


def test_no_address_is_asked_while_a_file_is_made(server: str) -> None:
    bare(page_with(f"{server}/pixel"))
    assert _Server.asked == []


def test_the_server_of_this_test_would_be_asked_otherwise(server: str) -> None:
    weasyprint.HTML(string=page_with(f"{server}/pixel")).write_pdf()
    assert _Server.asked


def test_no_file_of_this_machine_gets_into_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of this machine")
    made_of = bare(page_with(secret.as_uri()))
    assert made_of == bare(page_with((tmp_path / "nothing").as_uri()))
    assert "/EmbeddedFiles" not in str(root_of(PdfReader(BytesIO(made_of))).get("/Names"))


def test_not_even_what_stands_in_the_page_itself_is_decoded() -> None:
    reader = PdfReader(BytesIO(bare(f'<!doctype html><html lang="en"><title>x</title><img src="{PIXEL}" alt="x">')))
    assert not list(reader.pages[0].images)


def test_a_hostile_name_is_text_in_the_file(house: House) -> None:
    hostile = type(BUYER).from_json(BUYER.to_json() | {"name": HOSTILE})
    reader = made(house, issue(house, billing=hostile))
    squeezed = text_of(reader).replace(" ", "")
    assert HOSTILE.replace(" ", "") in squeezed
    assert not list(reader.pages[0].images)


# --- always the same -------------------------------------------------------------------------------------------------

AGAIN = """
import sys
from portal import create_app
from portal.billing import invoices
from portal.jobs import invoice_pdf
app = create_app()
parts = app.extensions["portal"]
with app.app_context(), parts.database.read() as db:
    found = invoices.get_invoice(db, 1)
    sys.stdout.buffer.write(invoice_pdf.printed(invoice_pdf._library(), invoice_pdf.page_of(found), found.number))
"""


def test_the_same_invoice_is_the_same_bytes_in_another_process(house: House, tmp_path: Path) -> None:
    invoice = issue(house, language="it")
    house.work()
    environ = {"PORTAL_INSTANCE_PATH": str(tmp_path), "PORTAL_SECRET_KEY": SECRET.reveal(), "PATH": "/usr/bin:/bin"}
    environ |= {"PORTAL_DATABASE_URL": house.parts.settings.database_url}
    environ |= {"PORTAL_SELLER_NAME": "Somebody else by now S.p.A.", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    given = [sys.executable, "-c", AGAIN]
    done = [subprocess.run(given, env=environ, stdout=subprocess.PIPE, check=True).stdout for _ in range(2)]
    assert done[0] == done[1] == papers.pdf_path(house.parts.settings, invoice).read_bytes()
    assert done[0].startswith(b"%PDF-")


# --- the errand ------------------------------------------------------------------------------------------------------


def rows(house: House) -> list[Any]:
    with house.parts.database.read() as db:
        return list(db.execute(select(outbox.outbox)))


def test_the_worker_makes_the_file_and_writes_down_when(house: House, tmp_path: Path) -> None:
    invoice = issue(house)
    house.clock.move(minutes=3)
    house.work()
    folder = tmp_path / "invoices"
    assert [path.name for path in folder.iterdir()] == ["2026-000001.pdf"]
    assert folder.stat().st_mode & 0o077 == 0
    with house.parts.database.read() as db:
        assert invoices.get_invoice(db, invoice.id).pdf_made_at == house.clock.now()
    assert [row.outcome for row in rows(house)] == ["handled"]


@pytest.mark.parametrize("fault", [ModuleNotFoundError, OSError])
def test_without_the_library_or_what_it_draws_with_the_errand_is_done_without_a_file(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def missing(_name: str) -> None:
        raise fault("libpango-1.0-0")

    monkeypatch.setattr(invoice_pdf, "import_module", missing)
    invoice = issue(house)
    house.work()
    assert [row.outcome for row in rows(house)] == ["handled"]
    assert not (tmp_path / "invoices").exists()
    with house.parts.database.read() as db:
        assert invoices.get_invoice(db, invoice.id).pdf_made_at is None


def test_a_full_disk_leaves_no_half_file_and_is_tried_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left")

    issue(house)
    with monkeypatch.context() as patched:
        patched.setattr(invoice_pdf.os, "fsync", full)
        house.work()
    assert list((tmp_path / "invoices").iterdir()) == []
    assert [row.done_at for row in rows(house)] == [None]
    house.clock.move(minutes=1)
    house.work()
    assert [path.name for path in (tmp_path / "invoices").iterdir()] == ["2026-000001.pdf"]
