"""The PDF of an invoice: from the same template as the page, tagged for screen readers (PDF/UA), always the same bytes.

Nothing is fetched while it is made: no file, no address. Its dates are the invoice's, its identifier is the number: a
file that was lost can be made again and compared. Without the extra `pdf` there is no file, and the page says so.
"""

import logging
import os
from contextlib import suppress
from datetime import datetime
from importlib import import_module, resources
from pathlib import Path
from tempfile import mkstemp
from types import ModuleType
from typing import Any

from flask import render_template

from portal.billing import invoices, papers
from portal.billing.invoices import Invoice
from portal.billing.numbers import vat_letters
from portal.kit import texts
from portal.parts import Parts

VARIANT = "pdf/ua-1"
log = logging.getLogger("portal")


def make(parts: Parts, payload: dict[str, Any], at: datetime) -> None:
    """Make the file, or make it again."""
    library = _library()
    if library is None:
        return
    with parts.database.read() as db:
        invoice = invoices.get_invoice(db, payload["invoice_id"])
    _write(papers.pdf_path(parts.settings, invoice), printed(library, page_of(invoice), invoice.number))
    with parts.database.write() as db:
        invoices.note_pdf(db, invoice.id, at=at)


def _library() -> ModuleType | None:
    """WeasyPrint, half a second and 60 MB that only a worker pays; None where it, or what it draws with, is missing."""
    try:
        return import_module("weasyprint")
    except (ImportError, OSError) as error:
        log.warning("no PDF is made", extra={"why": type(error).__name__})
        return None


def page_of(invoice: Invoice, *, style: str = "") -> str:
    """The invoice as a page of its own, in its own language. style: the address of its style sheet, if it has one."""
    with texts.speaking(invoice.language if invoice.language in texts.LANGUAGES else texts.DEFAULT_LANGUAGE):
        return render_template(
            "invoices/print.html",
            invoice=invoice,
            country=texts.country,
            letters=vat_letters,
            style=style,
        )


def printed(library: ModuleType, page: str, identifier: str) -> bytes:
    """The PDF of a page, by WeasyPrint."""
    nothing = library.URLFetcher(allowed_protocols=())  # what a page asks for is refused, and the page goes on without
    style = resources.files("portal") / "templates" / "invoices" / "print.css"
    sheet = library.CSS(string=style.read_text("utf-8"), url_fetcher=nothing)
    document = library.HTML(string=page, url_fetcher=nothing)
    made: bytes = document.write_pdf(
        stylesheets=[sheet], pdf_variant=VARIANT, pdf_identifier=identifier.encode("ascii")
    )
    return made


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: who reads at the same moment finds the old file, or none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
