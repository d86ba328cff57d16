"""The papers made of invoices: where a PDF lies, and whether this installation can make one at all."""

from importlib.util import find_spec
from pathlib import Path

from portal.billing.invoices import Invoice
from portal.settings import Settings


def folder(settings: Settings) -> Path:
    """Where the PDFs lie. Those of the demonstration, whose numbers begin anew each time, lie apart."""
    return settings.instance_path / ("demo-invoices" if settings.demo else "invoices")


def pdf_path(settings: Settings, invoice: Invoice) -> Path:
    """Where the PDF of an invoice lies once it is made. The name comes from our own number, never from a request."""
    return folder(settings) / f"{invoice.number}.pdf"


def can_print() -> bool:
    """Whether the extra `pdf` is installed; looked for, not imported, since it takes half a second and 60 MB."""
    return find_spec("weasyprint") is not None
