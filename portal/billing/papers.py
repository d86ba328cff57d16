"""The papers made of invoices: where a PDF lies, and whether this installation can make one at all."""

from importlib.util import find_spec
from pathlib import Path

from portal.billing.invoices import Invoice

FOLDER = "invoices"


def pdf_path(instance: Path, invoice: Invoice) -> Path:
    """Where the PDF of an invoice lies once it is made. The name comes from our own number, never from a request."""
    return instance / FOLDER / f"{invoice.number}.pdf"


def can_print() -> bool:
    """Whether the extra `pdf` is installed; looked for, not imported, since it takes half a second and 60 MB."""
    return find_spec("weasyprint") is not None
