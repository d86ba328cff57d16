"""My subscription: invoices and credit notes, old and new, to read, to print and as PDF.

A paper is written in the language it was issued in, whatever language the page around it has.
"""

from collections.abc import Callable

from flask import Blueprint, Response, abort, get_template_attribute, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from portal.billing import former, papers, words
from portal.billing import invoices as bills
from portal.billing.invoices import Invoice
from portal.billing.numbers import vat_letters
from portal.kit import texts
from portal.rules.access import Act, Allowed, Role
from portal.rules.staff import SeenPage
from portal.web import access, who
from portal.web.edge import now, parts, reading, writing

pages = Blueprint("invoices", __name__)
PDF_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}
ASK_AGAIN = "%Y%m%d%H%M"  # a PDF is asked for again once a minute at most


@pages.get("/subscription/invoices")
@access.shown_to_staff(SeenPage.INVOICES)
@access.signed_in
def overview() -> str:
    """The list, newest first."""
    platform_id, page = _platform(), request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    found = bills.invoices_of(reading(), platform_id, page=number)
    earlier = former.invoices_of(reading(), platform_id)
    return render_template("invoices/overview.html", found=found, former=earlier, bill=words)


@pages.get("/subscription/invoices/<number>")
@access.shown_to_staff(SeenPage.INVOICE)
@access.signed_in
def invoice(number: str) -> str:
    """One invoice, laid out to be printed."""
    found = _found(number)
    return render_template(
        "invoices/invoice.html",
        invoice=found,
        notes=bills.credit_notes_of(reading(), found),
        paper=_paper(found),
        bill=words,
    )


@pages.get("/subscription/invoices/<number>.pdf")
@access.shown_to_staff(SeenPage.INVOICE_FILE)
@access.signed_in
def pdf(number: str) -> Response | tuple[str, int]:
    """The file, or a page that says why it is not there yet."""
    found = _found(number)
    try:
        content = papers.pdf_path(parts().settings, found).read_bytes()
    except FileNotFoundError:
        possible = papers.can_print()
        return render_template("invoices/no_pdf.html", invoice=found, possible=possible), 202 if possible else 404
    response = Response(content, mimetype="application/pdf", headers=PDF_HEADERS)
    response.headers.set("Content-Disposition", "attachment", filename=f"{found.number}.pdf")
    return response


@pages.post("/subscription/invoices/<number>.pdf")
@access.signed_in
def ask_again(number: str) -> BaseResponse:
    """Have a PDF made that was lost, or that could not be made when the invoice was issued."""
    found, key = _found(number), now().strftime(ASK_AGAIN)
    bills.ask_for_pdf(writing(), found.id, at=now(), key=f"invoice-pdf:{found.id}:{key}")
    return redirect(url_for("invoices.pdf", number=found.number), 303)


def _platform() -> int:
    """The platform whose invoices the person may see."""
    place, role = who.place(), Role(who.me().administrator.role)
    if not isinstance(place.decide(Act.SEE_INVOICES, role), Allowed):
        abort(403)
    return place.platform.id


def _found(number: str) -> Invoice:
    """The invoice of this number. Somebody else's is not found, as one that does not exist."""
    return bills.find_invoice(reading(), _platform(), number) or abort(404)


def _paper(invoice: Invoice) -> Markup:
    """The paper, in the language the invoice was issued in: taken in it, because that is when words are put in."""
    with texts.speaking(invoice.language if invoice.language in texts.LANGUAGES else texts.DEFAULT_LANGUAGE):
        sheet: Callable[..., Markup] = get_template_attribute("invoices/sheet.html", "sheet")
        return sheet(invoice, texts.country, vat_letters)
